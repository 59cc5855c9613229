/**
 * The journal: what must outlive a crash, as an append-only file of JSON records.
 *
 * One record a line, `CRC32 JSON`: eight hex digits over the JSON text, which is `[key, value]`;
 * the last value of a key wins and `null` forgets it. A line that does not check is skipped and
 * reported, never fatal: every record stands for itself, so the good ones after it still count.
 *
 * Durability: `append` has handed the records to the kernel when it returns, which outlives the
 * death of this process; `sync` resolves when they outlive a loss of power. A failed write (full
 * disk) loses nothing but time: the values are kept in memory and written by the next `append` or
 * `retry`.
 */

import { crc32 } from "node:zlib";
import type { Json } from "../../base/result.ts";
import { type JournalFiles, realFiles } from "./journal-files.ts";

/** Rewriting is not worth it before the file holds this many superseded records. */
export const COMPACT_MIN_GARBAGE = 1024;
const NEWLINE = 0x0a;
const HEADER = "mip4-journal 1\n";

export interface LoadReport {
  readonly records: number;
  /** Lines that did not check: torn by a crash, or damaged. */
  readonly damaged: number;
}

function encodeRecord(key: string, value: Json): string {
  const text = JSON.stringify([key, value]);
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

/** `undefined` for a line that is not exactly what `encodeRecord` writes. */
function decodeRecord(line: string): readonly [string, Json] | undefined {
  const text = line.slice(9);
  const isIntact =
    line[8] === " " && line.slice(0, 8) === crc32(text).toString(16).padStart(8, "0");
  if (!isIntact) return undefined;
  try {
    const record: unknown = JSON.parse(text);
    if (!Array.isArray(record) || record.length !== 2 || typeof record[0] !== "string") {
      return undefined;
    }
    return [record[0], record[1] as Json];
  } catch {
    return undefined;
  }
}

export class Journal {
  readonly path: string;
  readonly #files: JournalFiles;
  readonly #values = new Map<string, Json>();
  /** Keys whose newest value is not in the file yet. */
  readonly #unwritten = new Set<string>();
  #handle: number | undefined;
  /** Octets of whole, intact records; what is beyond is cut before the next write. */
  #size = 0;
  #recordsInFile = 0;
  /** Something follows the intact records and must be cut before the next write. */
  #isTorn = false;
  /** After a failed rewrite: not again before the file has grown this far. */
  #compactFrom = 0;
  #error: string | undefined;

  constructor(path: string, files: JournalFiles = realFiles) {
    this.path = path;
    this.#files = files;
  }

  /** Why the newest values are not in the file; `undefined` while all is well. */
  get error(): string | undefined {
    return this.#error;
  }

  entries(): readonly (readonly [string, Json])[] {
    return [...this.#values];
  }

  /** Reads what is there; a damaged file is rewritten with the records that were intact. */
  load(): LoadReport {
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#files.read(this.path);
    } catch (error) {
      this.#fail(error);
    }
    if (bytes === undefined || bytes.length === 0) return { records: 0, damaged: 0 };
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      .toString("utf8")
      .split("\n");
    this.#isTorn = lines.pop() !== "";
    let damaged = this.#isTorn ? 1 : 0;
    lines.forEach((line, index) => {
      if (index === 0 && `${line}\n` === HEADER) return;
      const record = decodeRecord(line);
      if (record === undefined) damaged++;
      else this.#remember(record[0], record[1]);
    });
    this.#size = bytes.lastIndexOf(NEWLINE) + 1;
    this.#recordsInFile = lines.length;
    if (damaged > 0) this.compact();
    return { records: this.#values.size, damaged };
  }

  /** Remembers some values and writes them with one system call. */
  append(records: readonly (readonly [key: string, value: Json])[]): void {
    for (const [key, value] of records) {
      this.#remember(key, value);
      this.#unwritten.add(key);
    }
    this.retry();
  }

  /** Writes what could not be written before. */
  retry(): void {
    if (this.#unwritten.size === 0 && this.#error === undefined) return;
    const isNew = this.#size === 0;
    let text = isNew ? HEADER : "";
    for (const key of this.#unwritten) text += encodeRecord(key, this.#values.get(key) ?? null);
    try {
      this.#handle ??= this.#files.open(this.path);
      if (this.#isTorn || isNew) this.#files.truncate(this.#handle, this.#size);
      this.#isTorn = false;
      const bytes = Buffer.from(text);
      this.#files.write(this.#handle, bytes, this.#size);
      this.#size += bytes.length;
      this.#recordsInFile += this.#unwritten.size;
      this.#unwritten.clear();
      this.#error = undefined;
    } catch (error) {
      this.#isTorn = true;
      this.#fail(error);
    }
  }

  /** Resolves when everything appended so far would survive a loss of power, or cannot. */
  async sync(): Promise<void> {
    if (this.#handle === undefined) return;
    try {
      await this.#files.sync(this.#handle);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Is the file mostly records that newer ones have replaced? */
  needsCompaction(): boolean {
    const garbage = this.#recordsInFile - this.#values.size;
    return (
      garbage > Math.max(COMPACT_MIN_GARBAGE, this.#values.size) &&
      this.#recordsInFile >= this.#compactFrom
    );
  }

  /** Rewrites the file with the living values only: aside, synced, then renamed over the old. */
  compact(): void {
    try {
      const records = [...this.#values].map(([key, value]) => encodeRecord(key, value));
      const bytes = Buffer.from(HEADER + records.join(""));
      const handle = this.#files.replace(this.path, bytes);
      if (this.#handle !== undefined) this.#files.close(this.#handle);
      this.#handle = handle;
      this.#size = bytes.length;
      this.#recordsInFile = this.#values.size;
      this.#isTorn = false;
      this.#unwritten.clear();
      this.#error = undefined;
    } catch (error) {
      this.#compactFrom = this.#recordsInFile + COMPACT_MIN_GARBAGE;
      this.#fail(error);
    }
  }

  close(): void {
    if (this.#handle !== undefined) this.#files.close(this.#handle);
    this.#handle = undefined;
  }

  #remember(key: string, value: Json): void {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  #fail(error: unknown): void {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    this.#error = `${this.path}: ${code}`;
  }
}
