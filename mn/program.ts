/** mip4-mn, the mobile node client, as the service layer sees it. */

import type { Program } from "../shared/service/program.ts";
import { describeMn, healthMn, mnActions, mnTables, performanceMn } from "./cli.ts";
import type { MnConfig } from "./config.ts";
import type { MnSettings } from "./core/config.ts";
import { initCommand } from "./init-command.ts";

export const mnProgram: Program<MnConfig, MnSettings> = {
  name: "mip4-mn",
  role: "mn",
  summary: "Mobile IPv4 mobile node",
  rules: async () => (await import("./config-rules.ts")).mnRules,
  engine: async () => (await import("./engine.ts")).mnEngine,
  tables: mnTables,
  actions: mnActions,
  commands: (self) => [initCommand(self)],
  describe: describeMn,
  health: healthMn,
  performance: performanceMn,
};
