/** The checkout that this module was compiled in. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../../base/result.ts";

/** The nearest directory with our boards. */
export function checkout(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "board-configs"))) {
    const parent = dirname(directory);
    assert(parent !== directory, "no checkout around this module");
    directory = parent;
  }
  return directory;
}
