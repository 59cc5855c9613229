/** Run by privileges.test.ts: PR_GET_DUMPABLE before and after. */

import { loadNative } from "../../shared/linux/native-loader.ts";
import { hideMemory } from "../../shared/linux/privileges.ts";

const PR_GET_DUMPABLE = 3;
const dumpable = (): number => loadNative().prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
const before = dumpable();
hideMemory();
process.stdout.write(`${before} ${dumpable()}\n`);
