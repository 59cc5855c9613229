/**
 * Kernel settings that are changed for a while. What was there before is kept in a small file, so
 * that it can be put back after the process was killed.
 */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { IoError } from "./packet-io.ts";

export interface SysctlOptions {
  /** Where originals are kept; without it they live as long as the process. */
  readonly file: string | undefined;
  readonly root?: string;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EIO";
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
    if (this.#file === undefined) return;
    try {
      const saved: unknown = JSON.parse(readFileSync(this.#file, "utf8"));
      if (typeof saved !== "object" || saved === null) return;
      for (const [path, value] of Object.entries(saved)) {
        const isPlain = /^net\/ipv4\/[^\0]+$/.test(path) && !path.includes("..");
        if (isPlain && typeof value === "string") this.#originals.set(path, value);
      }
    } catch {
      // No file: nothing was left.
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
    if (this.#file === undefined) return;
    try {
      if (this.#originals.size === 0) {
        rmSync(this.#file, { force: true });
        return;
      }
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(
        `${this.#file}.new`,
        `${JSON.stringify(Object.fromEntries(this.#originals))}\n`,
      );
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      throw new IoError(codeOf(error), `keeping original settings in ${this.#file}`);
    }
  }
}
