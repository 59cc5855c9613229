/** Octets to lines, with a bound: what comes on a socket may be anything. */

const NEWLINE = 0x0a;

/** Splits a stream into lines; `undefined` from `push` means a line over the limit. */
export class LineSplitter {
  readonly #max: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The lines that this chunk completes, in order. */
  push(chunk: Uint8Array): string[] | undefined {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (!this.#add(chunk.subarray(start, end))) return undefined;
      lines.push(this.#take());
      start = end + 1;
    }
    return this.#add(chunk.subarray(start)) ? lines : undefined;
  }

  #add(part: Uint8Array): boolean {
    this.#length += part.length;
    if (this.#length > this.#max) return false;
    if (part.length > 0) this.#parts.push(part);
    return true;
  }

  #take(): string {
    const text = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    return text;
  }
}
