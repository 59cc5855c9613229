/**
 * Kernel settings that are changed for a while. What was there before is kept in a small file, so
 * that it can be put back after the process was killed.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf, readKept, writeKept } from "./kept-file.ts";
import { IoError } from "./packet-io.ts";

export interface SysctlOptions {
  /** Where originals are kept; without it they live as long as the process. */
  readonly file: string | undefined;
  readonly root?: string;
}

export class Sysctls {
  readonly #file: string | undefined;
  readonly #root: string;
  readonly #originals = new Map<string, string>();

  constructor(options: SysctlOptions) {
    this.#file = options.file;
    this.#root = options.root ?? "/proc/sys";
  }

  /** Takes up what an earlier run left; a file that cannot be understood is forgotten. */
  load(): void {
    const saved = readKept(this.#file);
    if (typeof saved !== "object" || saved === null) return;
    for (const [path, value] of Object.entries(saved)) {
      const isPlain = /^net\/ipv4\/[^\0]+$/.test(path) && !path.includes("..");
      if (isPlain && typeof value === "string") this.#originals.set(path, value);
    }
  }

  /** Settings whose original value is kept, which are those that differ because of us. */
  changed(): readonly string[] {
    return [...this.#originals.keys()];
  }

  /** The value now; `undefined` when the setting does not exist (its interface is gone). */
  read(path: string): string | undefined {
    try {
      return readFileSync(join(this.#root, path), "utf8").trim();
    } catch {
      return undefined;
    }
  }

  /** Sets a value; throws an `IoError`. */
  set(path: string, value: string): void {
    const found = this.read(path);
    if (found === value) return;
    if (found !== undefined && !this.#originals.has(path)) {
      this.#originals.set(path, found);
      this.#save();
    }
    this.#write(path, value);
  }

  /** Puts the original back, if it is known and the setting still exists. */
  restore(path: string): void {
    const original = this.#originals.get(path);
    if (original === undefined) return;
    if (this.read(path) !== undefined) this.#write(path, original);
    this.#originals.delete(path);
    this.#save();
  }

  #write(path: string, value: string): void {
    try {
      writeFileSync(join(this.#root, path), value);
    } catch (error) {
      throw new IoError(codeOf(error), `setting ${path}=${value}`);
    }
  }

  #save(): void {
    const isEmpty = this.#originals.size === 0;
    writeKept(this.#file, isEmpty ? undefined : Object.fromEntries(this.#originals));
  }
}
