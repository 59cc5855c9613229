/**
 * A disk that remembers what a loss of power may leave: of each file any part of what was written
 * after its last sync, and under each name either of the files that had it since the directory was
 * synced last.
 */

import type { JournalFiles } from "../../shared/service/runtime/journal-files.ts";

interface File {
  content: Buffer;
  durable: Buffer;
}

export class PowerDisk implements JournalFiles {
  readonly #names = new Map<string, File>();
  /** By name, every file that it may still mean after a loss of power. */
  readonly #durableNames = new Map<string, (File | undefined)[]>();
  readonly #handles: File[] = [];
  /** Called before each operation; throwing stands for the end of the process. */
  before: (operation: string) => void = () => {};

  read(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.content;
  }

  open(path: string): number {
    this.before("open");
    const file = this.#names.get(path) ?? this.#named(path, emptyFile());
    return this.#handles.push(file) - 1;
  }

  create(path: string): number {
    this.before("create");
    return this.#handles.push(this.#named(path, emptyFile())) - 1;
  }

  write(handle: number, bytes: Uint8Array, position: number): void {
    this.before("write");
    const file = this.#file(handle);
    const content = Buffer.alloc(Math.max(file.content.length, position + bytes.length));
    file.content.copy(content);
    content.set(bytes, position);
    file.content = content;
  }

  truncate(handle: number, size: number): void {
    this.before("truncate");
    const file = this.#file(handle);
    file.content = Buffer.concat([file.content, Buffer.alloc(size)]).subarray(0, size);
  }

  async sync(handle: number): Promise<void> {
    this.before("sync");
    const file = this.#file(handle);
    const { content } = file;
    await new Promise((resolve) => setImmediate(resolve));
    file.durable = content;
  }

  rename(from: string, to: string): void {
    this.before("rename");
    const file = this.#names.get(from);
    if (file === undefined) throw new Error(`no ${from}`);
    this.#names.delete(from);
    this.#named(to, file);
  }

  async syncDirectory(): Promise<void> {
    this.before("syncDirectory");
    const names = [...this.#names];
    // Longer than a sync of a file, so that some come in between.
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
    for (const [name, file] of names) this.#durableNames.set(name, [file]);
  }

  remove(path: string): void {
    this.#names.delete(path);
  }

  close(handle: number): void {
    delete this.#handles[handle];
  }

  /** Every content that the file of this name may have after the power has gone now. */
  afterLoss(path: string): (Buffer | undefined)[] {
    const files = this.#durableNames.get(path) ?? [this.#names.get(path)];
    return files.flatMap((file) => (file === undefined ? [undefined] : contentsAfterLoss(file)));
  }

  #named(path: string, file: File): File {
    const since = this.#durableNames.get(path) ?? [];
    this.#durableNames.set(path, [...since, file]);
    this.#names.set(path, file);
    return file;
  }

  #file(handle: number): File {
    const file = this.#handles[handle];
    if (file === undefined) throw Object.assign(new Error("closed"), { code: "EBADF" });
    return file;
  }
}

const emptyFile = (): File => ({ content: Buffer.alloc(0), durable: Buffer.alloc(0) });

/** All of it, none of what was not synced, or half of that with a hole of zeros in it. */
function contentsAfterLoss({ content, durable }: File): Buffer[] {
  const half = Buffer.from(content.subarray(0, Math.ceil((durable.length + content.length) / 2)));
  if (half.length > durable.length + 1) half.fill(0, durable.length, half.length - 1);
  return [content, durable, half];
}
