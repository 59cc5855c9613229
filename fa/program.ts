/** mip4-fa, the foreign agent, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { describeFa, faTables, healthFa, performanceFa } from "./cli.ts";
import {
  completeFa,
  crossCheckFa,
  type FaConfig,
  faPlanned,
  faSchema,
  resolveFa,
} from "./config.ts";
import type { FaCoreConfig } from "./core/config.ts";
import { ForeignAgent } from "./core/foreign-agent.ts";

export const faProgram: Program<FaConfig, FaCoreConfig> = {
  name: "mip4-fa",
  role: "fa",
  summary: "Mobile IPv4 foreign agent",
  schema: faSchema,
  planned: faPlanned,
  complete: completeFa,
  crossCheck: crossCheckFa,
  resolve: resolveFa,
  createCore: (config, random) => new ForeignAgent(config, random),
  tables: faTables,
  actions: [],
  describe: describeFa,
  health: healthFa,
  performance: performanceFa,
};
