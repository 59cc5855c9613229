/** mip4-fa, the foreign agent, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { describeFa, faActions, faTables } from "./cli.ts";
import { type FaConfig, faPlanned, faSchema } from "./config.ts";
import { completeFa, crossCheckFa } from "./config-checks.ts";
import { resolveFa } from "./config-resolve.ts";
import type { FaCoreConfig } from "./core/config.ts";
import { ForeignAgent } from "./core/foreign-agent.ts";
import { healthFa, performanceFa } from "./health.ts";
import { HostapdTriggers } from "./hostapd.ts";
import { faMetrics } from "./metrics.ts";

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
  createTriggers: (context) => new HostapdTriggers(context),
  tables: faTables,
  actions: faActions,
  describe: describeFa,
  health: healthFa,
  performance: performanceFa,
  metrics: faMetrics,
};
