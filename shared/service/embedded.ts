/**
 * What a bundle carries inside itself. In a checkout it is read from the files; scripts/bundle.ts
 * puts the same exports with their content in the place of this module.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../base/result.ts";

/** The checkout that this module was compiled in: the nearest directory with our package.json. */
function checkout(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "board-configs"))) {
    const parent = dirname(directory);
    assert(parent !== directory, "no checkout around this module");
    directory = parent;
  }
  return directory;
}

/** The version in package.json. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(checkout(), "package.json"), "utf8"));
  assert(typeof manifest === "object" && manifest !== null && "version" in manifest, "no version");
  return String(manifest.version);
}

/** board-configs/*.toml: name without the ending, and text. */
export function boardFiles(): readonly (readonly [name: string, text: string])[] {
  const directory = join(checkout(), "board-configs");
  return readdirSync(directory)
    .filter((file) => file.endsWith(".toml"))
    .sort()
    .map((file) => [file.slice(0, -".toml".length), readFileSync(join(directory, file), "utf8")]);
}
