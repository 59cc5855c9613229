/** `make docs`: writes the pages that are made from the code. Run in the project's root. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generatedPages } from "./docs/pages.ts";

for (const [path, text] of generatedPages()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
