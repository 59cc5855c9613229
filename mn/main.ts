/** mip4-mn, the mobile node client: the program. */

import { start } from "../shared/service/cli/main.ts";
import { mnProgram } from "./program.ts";

start(mnProgram);
