/** mip4-ha, the home agent, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { addCommand } from "./add-command.ts";
import { describeHa, haActions, haTables } from "./cli.ts";
import { type HaConfig, haPlanned, haSchema } from "./config.ts";
import { completeHa, crossCheckHa } from "./config-checks.ts";
import { resolveHa } from "./config-resolve.ts";
import { refuseStoreChange } from "./config-store.ts";
import type { HaCoreConfig } from "./core/config.ts";
import { HomeAgent } from "./core/home-agent.ts";
import { healthHa, performanceHa } from "./health.ts";
import { haMetrics } from "./metrics.ts";
import { createRedisStore } from "./store/create.ts";

export const haProgram: Program<HaConfig, HaCoreConfig> = {
  name: "mip4-ha",
  role: "ha",
  summary: "Mobile IPv4 home agent",
  schema: haSchema,
  planned: haPlanned,
  complete: completeHa,
  crossCheck: crossCheckHa,
  resolve: resolveHa,
  createCore: (config, random) => new HomeAgent(config, random),
  createStore: ({ store }, clock) =>
    store.kind === "redis" ? createRedisStore(store, clock) : undefined,
  refuseReload: refuseStoreChange,
  tables: haTables,
  actions: haActions,
  commands: (self) => [addCommand(self)],
  describe: describeHa,
  health: healthHa,
  performance: performanceHa,
  metrics: haMetrics,
};
