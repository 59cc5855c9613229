/** mip4-mn, the mobile node client, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { describeMn, healthMn, mnActions, mnTables, performanceMn } from "./cli.ts";
import {
  completeMn,
  crossCheckMn,
  type MnConfig,
  mnPlanned,
  mnSchema,
  resolveMn,
} from "./config.ts";
import type { MnSettings } from "./core/config.ts";
import { MobileNode } from "./core/mobile-node.ts";
import { initCommand } from "./init-command.ts";
import { mnMetrics } from "./metrics.ts";

export const mnProgram: Program<MnConfig, MnSettings> = {
  name: "mip4-mn",
  role: "mn",
  summary: "Mobile IPv4 mobile node",
  schema: mnSchema,
  planned: mnPlanned,
  complete: completeMn,
  crossCheck: crossCheckMn,
  resolve: resolveMn,
  createCore: (config, random) => new MobileNode(config, random),
  tables: mnTables,
  actions: mnActions,
  commands: (self) => [initCommand(self)],
  describe: describeMn,
  health: healthMn,
  performance: performanceMn,
  metrics: mnMetrics,
};
