/** Where the project's own files are, seen from the compiled code or from the source. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds `package.json`, above this file. */
function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("no package.json above the compiled lab");
    folder = parent;
  }
  return folder;
}

export const PROJECT_ROOT = findRoot();
