/** The lab's helpers in C: compiled when they are first needed. */

import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { CommandError, runSync } from "./process.ts";
import { PROJECT_ROOT } from "./root.ts";

const compiled = new Map<string, string>();

/** A checkout keeps the binary; a read-only one compiles into the lab's own directory. */
function cacheFolder(fallback: string): string {
  const folder = join(PROJECT_ROOT, ".cache/lab");
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return fallback;
  }
}

/** Path of what `test/lab/NAME.c` becomes with these flags of the compiler. */
export function compiledHelper(
  name: string,
  labDirectory: string,
  flags: readonly string[] = [],
): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const source = join(PROJECT_ROOT, "test/lab", `${name}.c`);
  const digest = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 12);
  const path = join(cacheFolder(labDirectory), `${name}-${process.arch}-${digest}`);
  if (!existsSync(path)) {
    const draft = `${path}.${process.hrtime.bigint()}`;
    const argv = [process.env.CC ?? "cc", "-O2", ...flags, "-o", draft, source];
    const done = runSync(argv);
    if (done.status !== 0) throw new CommandError(argv, done);
    renameSync(draft, path); // another run may compile at the same time
  }
  compiled.set(name, path);
  return path;
}
