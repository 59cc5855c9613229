/**
 * A journal written anew beside the old one, without the records that newer ones have replaced.
 *
 * It takes turns with the loop, a portion at a time, while records go on being appended to the old
 * file. Once it has everything, whatever is appended goes into both files and is durable when it is
 * durable in both; so it does not matter which of them a loss of power leaves under the name.
 */

import type { Json } from "../../base/result.ts";
import type { JournalFiles } from "./journal-files.ts";
import { encodeRecord, HEADER } from "./journal-record.ts";

/** Records written in one turn: about a millisecond of a slow processor. */
const PORTION = 256;
/** How often the keys that have changed meanwhile are gone through before they are written at once. */
const CATCH_UP_ROUNDS = 8;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Rewrite {
  readonly handle: number;
  readonly #files: JournalFiles;
  readonly #values: ReadonlyMap<string, Json>;
  #size = 0;
  #records = 0;
  #changed = new Set<string>();
  #isMirror = false;
  #isCancelled = false;

  /** `values` is the living map: what changes in it is told by `changed`. Throws what `create` throws. */
  constructor(path: string, files: JournalFiles, values: ReadonlyMap<string, Json>) {
    this.#files = files;
    this.#values = values;
    this.handle = files.create(path);
  }

  /** Octets written. */
  get size(): number {
    return this.#size;
  }

  get records(): number {
    return this.#records;
  }

  /** Everything is in it: whatever is appended must be written to it too. */
  get isMirror(): boolean {
    return this.#isMirror;
  }

  /** The value of a key has changed, so a record of it that is written already is an old one. */
  changed(key: string): void {
    if (!this.#isMirror) this.#changed.add(key);
  }

  cancel(): void {
    this.#isCancelled = true;
  }

  /** Resolves with true once all of it is written and durable, with false when cancelled. */
  async run(): Promise<boolean> {
    this.write(HEADER, 0);
    // A map can be changed while it is gone through: what is added meanwhile comes last.
    if (!(await this.#writeAll(this.#values.keys(), false))) return false;
    for (let round = 0; round < CATCH_UP_ROUNDS && this.#changed.size > PORTION; round++) {
      const changed = this.#changed;
      this.#changed = new Set();
      if (!(await this.#writeAll(changed, true))) return false;
    }
    this.#writeKeys([...this.#changed], true);
    this.#isMirror = true;
    await this.#files.sync(this.handle);
    return !this.#isCancelled;
  }

  write(text: string, records: number): void {
    const bytes = Buffer.from(text);
    this.#files.write(this.handle, bytes, this.#size);
    this.#size += bytes.length;
    this.#records += records;
  }

  async #writeAll(keys: Iterable<string>, withForgotten: boolean): Promise<boolean> {
    let portion: string[] = [];
    for (const key of keys) {
      portion.push(key);
      if (portion.length < PORTION) continue;
      this.#writeKeys(portion, withForgotten);
      portion = [];
      await turn();
      if (this.#isCancelled) return false;
    }
    this.#writeKeys(portion, withForgotten);
    return true;
  }

  /** What has been forgotten since must be forgotten here only if it may stand here already. */
  #writeKeys(keys: readonly string[], withForgotten: boolean): void {
    let text = "";
    let count = 0;
    for (const key of keys) {
      const value = this.#values.get(key) ?? null;
      if (value === null && !withForgotten) continue;
      text += encodeRecord(key, value);
      count++;
    }
    if (count > 0) this.write(text, count);
  }
}
