/** mip4-mn, the mobile node client: the program. */

import { main } from "../shared/service/cli/main.ts";
import type { Program } from "../shared/service/program.ts";
import { runProgram } from "../shared/service/runtime/run.ts";
import { describeMn, healthMn, mnActions, mnTables, performanceMn } from "./cli.ts";
import {
  completeMn,
  crossCheckMn,
  type MnConfig,
  mnPlanned,
  mnSchema,
  resolveMn,
} from "./config.ts";
import type { MnCoreConfig } from "./core/config.ts";
import { MobileNode } from "./core/mobile-node.ts";

const program: Program<MnConfig, MnCoreConfig> = {
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
  describe: describeMn,
  health: healthMn,
  performance: performanceMn,
};

main(program, runProgram).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
