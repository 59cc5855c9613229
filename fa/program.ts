/** mip4-fa, the foreign agent, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { describeFa, faActions, faTables } from "./cli.ts";
import type { FaConfig } from "./config.ts";
import type { FaCoreConfig } from "./core/config.ts";
import { healthFa, performanceFa } from "./health.ts";

export const faProgram: Program<FaConfig, FaCoreConfig> = {
  name: "mip4-fa",
  role: "fa",
  summary: "Mobile IPv4 foreign agent",
  rules: async () => (await import("./config-rules.ts")).faRules,
  engine: async () => (await import("./engine.ts")).faEngine,
  tables: faTables,
  actions: faActions,
  describe: describeFa,
  health: healthFa,
  performance: performanceFa,
};
