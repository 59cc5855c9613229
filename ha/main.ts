/** mip4-ha, the home agent: the program. */

import { start } from "../shared/service/cli/main.ts";
import { haProgram } from "./program.ts";

start(haProgram);
