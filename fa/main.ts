/** mip4-fa, the foreign agent: the program. */

import { start } from "../shared/service/cli/main.ts";
import { runProgram } from "../shared/service/runtime/run.ts";
import { faProgram } from "./program.ts";

start(faProgram, runProgram);
