/**
 * Where the native helper's file comes from. In a checkout it is `build/native/<arch>.node`, which
 * scripts/build-native.sh makes; in a bundle this whole module is replaced: the esbuild plugin of
 * scripts/embed-native.ts puts the same exports in its place, with the files inside, gzipped.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** `build/native` of the checkout that this module was compiled in, wherever its output went. */
export function imageDirectory(): string | undefined {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(directory, "build", "native");
    if (existsSync(candidate)) return candidate;
    const parent = dirname(directory);
    if (parent === directory) return undefined;
    directory = parent;
  }
}

/** CPUs, as `process.arch` names them, that there is a helper for. */
export function helperArchitectures(): readonly string[] {
  const directory = imageDirectory();
  if (directory === undefined) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith(".node"))
    .map((file) => file.slice(0, -".node".length))
    .sort();
}

/** The shared object for a CPU; `undefined` when there is none. */
export function helperImage(architecture: string): Uint8Array | undefined {
  const directory = imageDirectory();
  if (directory === undefined || !helperArchitectures().includes(architecture)) return undefined;
  return readFileSync(join(directory, `${architecture}.node`));
}
