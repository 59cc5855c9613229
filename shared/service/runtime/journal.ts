/**
 * The journal: what must outlive a crash, as an append-only file of records (journal-record.ts).
 *
 * The last value of a key wins and `null` forgets it. A line that does not check is skipped and
 * reported, never fatal: every record stands for itself, so the good ones after it still count.
 *
 * Durability: `append` has handed the records to the kernel when it returns, which outlives the
 * death of this process; `sync` resolves when they outlive a loss of power. A failed write (full
 * disk) loses nothing but time: the values are kept in memory and written by the next `append` or
 * `retry`. Until then they do not outlive the process, which `error` says.
 */

import type { Json, JsonObject } from "../../base/result.ts";
import { type JournalFiles, realFiles } from "./journal-files.ts";
import { decodeRecord, encodeRecord, HEADER } from "./journal-record.ts";
import { Rewrite } from "./journal-rewrite.ts";
import type { Kept, Records, Store, Tenant } from "./store.ts";

/** Rewriting is not worth it before the file holds this many superseded records: about a megabyte. */
export const COMPACT_MIN_GARBAGE = 4096;
const NEWLINE = 0x0a;

export class Journal implements Store {
  readonly name = "journal";
  readonly path: string;
  readonly #files: JournalFiles;
  readonly #values = new Map<string, Json>();
  /** Keys whose newest value is not in the file yet. */
  readonly #unwritten = new Set<string>();
  readonly #syncing = new Set<Promise<unknown>>();
  #handle: number | undefined;
  /** Octets of whole, intact records; what is beyond is cut before the next write. */
  #size = 0;
  #recordsInFile = 0;
  /** Something follows the intact records and must be cut before the next write. */
  #isTorn = false;
  #rewrite: Rewrite | undefined;
  #rewriting: Promise<void> | undefined;
  /** The file before the last rewrite, until it is sure that the new one has its name. */
  #former: { readonly handle: number; size: number } | undefined;
  /** After a failed rewrite: not again before the file has grown this far. */
  #compactFrom = 0;
  #error: string | undefined;

  constructor(path: string, files: JournalFiles = realFiles) {
    this.path = path;
    this.#files = files;
  }

  get error(): string | undefined {
    return this.#error;
  }

  status(): JsonObject {
    return { kind: "journal", path: this.path };
  }

  entries(): Records {
    return [...this.#values];
  }

  async open(tenant: Tenant): Promise<void> {
    await tenant.begin(this.load());
  }

  /** Reads what is there. */
  load(): Kept {
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#files.read(this.path);
    } catch (error) {
      this.#fail(error);
    }
    const damaged = bytes === undefined || bytes.length === 0 ? 0 : this.#parse(bytes);
    // So that damage is reported once.
    if (damaged > 0) void this.compact();
    return { entries: this.entries(), damaged, isTakeover: false };
  }

  append(records: Records): void {
    for (const [key, value] of records) {
      this.#remember(key, value);
      this.#unwritten.add(key);
      this.#rewrite?.changed(key);
    }
    this.retry();
  }

  /** Writes what could not be written before. */
  retry(): void {
    if (this.#unwritten.size === 0 && this.#error === undefined) return;
    let text = "";
    for (const key of this.#unwritten) text += encodeRecord(key, this.#values.get(key) ?? null);
    this.#writeCopies(text, this.#unwritten.size);
    const isNew = this.#size === 0;
    try {
      this.#handle ??= this.#files.open(this.path);
      if (this.#isTorn || isNew) this.#files.truncate(this.#handle, this.#size);
      this.#isTorn = false;
      const bytes = Buffer.from(isNew ? HEADER + text : text);
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

  async sync(): Promise<void> {
    const handles = [this.#handle, this.#former?.handle];
    if (this.#rewrite?.isMirror === true) handles.push(this.#rewrite.handle);
    const open = handles.filter((handle) => handle !== undefined);
    const work = Promise.all(open.map((handle) => this.#files.sync(handle)));
    this.#syncing.add(work);
    try {
      await work;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#syncing.delete(work);
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

  tidy(): void {
    if (this.needsCompaction()) void this.compact();
  }

  /** Rewrites the file with the living values only; resolves when that is done or has failed. */
  compact(): Promise<void> {
    this.#rewriting ??= this.#replaceFile().finally(() => {
      this.#rewriting = undefined;
    });
    return this.#rewriting;
  }

  async close(): Promise<void> {
    this.#rewrite?.cancel();
    await this.#rewriting;
    await this.#quiet();
    if (this.#handle !== undefined) this.#files.close(this.#handle);
    this.#handle = undefined;
  }

  /** Takes the records of a file; the number of lines that did not check. */
  #parse(bytes: Uint8Array): number {
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
    return damaged;
  }

  /** While a file is being replaced, either may be the one that a loss of power leaves. */
  #writeCopies(text: string, records: number): void {
    try {
      if (this.#rewrite?.isMirror === true) this.#rewrite.write(text, records);
    } catch (error) {
      this.#rewrite?.cancel();
      this.#fail(error);
    }
    const former = this.#former;
    if (former === undefined) return;
    const bytes = Buffer.from(text);
    try {
      this.#files.write(former.handle, bytes, former.size);
      former.size += bytes.length;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #replaceFile(): Promise<void> {
    const target = `${this.path}.new`;
    try {
      this.#rewrite = new Rewrite(target, this.#files, this.#values);
      const isWhole = await this.#rewrite.run();
      if (isWhole) this.#files.rename(target, this.path);
      else this.#files.remove(target);
      if (isWhole) this.#adopt(this.#rewrite);
      else await this.#giveUp(this.#rewrite.handle);
    } catch (error) {
      this.#fail(error);
      await this.#giveUp(this.#rewrite?.handle);
      this.#files.remove(target);
    }
    this.#rewrite = undefined;
    await this.#closeFormer();
  }

  /** The new file has the name: from here on it is the journal. */
  #adopt(rewrite: Rewrite): void {
    const handle = this.#handle;
    this.#former = handle === undefined ? undefined : { handle, size: this.#size };
    this.#handle = rewrite.handle;
    this.#size = rewrite.size;
    this.#recordsInFile = rewrite.records;
    this.#rewrite = undefined;
    this.#isTorn = false;
    this.#unwritten.clear();
    this.#error = undefined;
  }

  async #giveUp(handle: number | undefined): Promise<void> {
    this.#rewrite = undefined;
    this.#compactFrom = this.#recordsInFile + COMPACT_MIN_GARBAGE;
    await this.#quiet();
    if (handle !== undefined) this.#files.close(handle);
  }

  async #closeFormer(): Promise<void> {
    try {
      if (this.#handle !== undefined) await this.#files.syncDirectory(this.path);
    } catch (error) {
      this.#fail(error);
    }
    const former = this.#former;
    this.#former = undefined;
    await this.#quiet();
    if (former !== undefined) this.#files.close(former.handle);
  }

  /** Resolves when no handle is in use. */
  async #quiet(): Promise<void> {
    await Promise.allSettled([...this.#syncing]);
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
