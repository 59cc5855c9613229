/** mip4-ha, the home agent, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { addCommand } from "./add-command.ts";
import { describeHa, haActions, haTables } from "./cli.ts";
import type { HaConfig } from "./config.ts";
import type { HaCoreConfig } from "./core/config.ts";
import { healthHa, performanceHa } from "./health.ts";

export const haProgram: Program<HaConfig, HaCoreConfig> = {
  name: "mip4-ha",
  role: "ha",
  summary: "Mobile IPv4 home agent",
  rules: async () => (await import("./config-rules.ts")).haRules,
  engine: async () => (await import("./engine.ts")).haEngine,
  tables: haTables,
  actions: haActions,
  commands: (self) => [addCommand(self)],
  describe: describeHa,
  health: healthHa,
  performance: performanceHa,
};
