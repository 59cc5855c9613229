/** mip4-fa, the foreign agent: the program. */

import { start } from "../shared/service/cli/main.ts";
import { faProgram } from "./program.ts";

start(faProgram);
