/**
 * A small JSON file in which what was there before is kept, so that it can be put back after the
 * process was killed. There is a file only while there is something to put back.
 */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { IoError } from "./packet-io.ts";

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EIO";
}

/** What an earlier run left; `undefined` when nothing was left or it cannot be understood. */
export function readKept(file: string | undefined): unknown {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes in one step; `undefined` removes the file. Throws an `IoError`. */
export function writeKept(file: string | undefined, value: unknown): void {
  if (file === undefined) return;
  try {
    if (value === undefined) {
      rmSync(file, { force: true });
      return;
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new IoError(codeOf(error), `keeping original settings in ${file}`);
  }
}
