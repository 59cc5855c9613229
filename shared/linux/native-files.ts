/**
 * What scripts/build-native.sh makes: the native helper of each CPU, `<arch>.node`, and the BPF
 * programs, `bpfel.o` and `bpfeb.o`. In a checkout they are in `build/native`; in a bundle this module is
 * replaced by one with the same exports whose files are the program's own (scripts/bundle/embed.ts).
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** `build/native` of the checkout that this module was compiled in, wherever its output went. */
function directory(): string | undefined {
  let parent = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(parent, "build", "native");
    if (existsSync(candidate)) return candidate;
    if (parent === dirname(parent)) return undefined;
    parent = dirname(parent);
  }
}

/** The names of all of them. */
export function nativeFileNames(): readonly string[] {
  const here = directory();
  return here === undefined ? [] : readdirSync(here).sort();
}

/** One's octets; `undefined`: it was not built. */
export function nativeFile(name: string): Uint8Array | undefined {
  const path = join(directory() ?? "", name);
  return existsSync(path) ? readFileSync(path) : undefined;
}
