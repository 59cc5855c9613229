/** The lab's C helper (`wire.c`): a delay line between segments. */

import { compiledHelper } from "./compile.ts";
import { LabProcess } from "./process.ts";
import { waitFor } from "./wait.ts";

/** Path of the compiled helper. */
export const wireBinary = (labDirectory: string): string => compiledHelper("wire", labDirectory);

/** One-way delays and losses; `a` is the segment that was named first. */
export interface LineSettings {
  /** Milliseconds in both directions, or from a to b and from b to a. */
  readonly delayMs?: number | readonly [aToB: number, bToA: number];
  /** Probability of loss in both directions, or in each. */
  readonly loss?: number | readonly [aToB: number, bToA: number];
  readonly seed?: number;
}

export interface LineCounts {
  readonly forwarded: readonly [aToB: number, bToA: number];
  readonly lost: readonly [aToB: number, bToA: number];
}

function pair(value: number | readonly [number, number] | undefined): readonly [number, number] {
  if (value === undefined) return [0, 0];
  return typeof value === "number" ? [value, value] : value;
}

/** A line between two segments, with delay and loss, in user space; order is kept, no jitter. */
export class DelayLine {
  readonly process: LabProcess;
  readonly #removeEnds: () => void;
  #answered = 0;

  /** `enter` is the command prefix that enters the namespace which holds both interfaces. */
  constructor(
    enter: readonly string[],
    binary: string,
    a: string,
    b: string,
    removeEnds: () => void,
  ) {
    this.#removeEnds = removeEnds;
    const argv = [...enter, binary, "line", a, b];
    this.process = new LabProcess(argv, { name: "wire", stdin: true });
  }

  /** Changes the settings while frames flow; those already inside keep their time. */
  async set(settings: LineSettings): Promise<LineCounts> {
    const delay = pair(settings.delayMs).map((ms) => Math.round(ms * 1000));
    const loss = pair(settings.loss).map((share) => Math.round(share * 1e6));
    return this.#ask([...delay, ...loss, settings.seed ?? 1].join(" "));
  }

  counts(): Promise<LineCounts> {
    return this.#ask("");
  }

  /** Takes the line out; the bridges forget what they learned through it. */
  async remove(): Promise<void> {
    await this.process.stop("SIGKILL");
    this.#removeEnds();
  }

  async #ask(line: string): Promise<LineCounts> {
    const index = this.#answered++;
    this.process.write(`${line}\n`);
    const answer = await waitFor("the delay line's answer", () => {
      if (this.process.status !== undefined) throw new Error(this.process.output());
      return this.process.stdout[index];
    });
    const [, fAb = 0, lAb = 0, fBa = 0, lBa = 0] = answer.text.split(" ").map(Number);
    return { forwarded: [fAb, fBa], lost: [lAb, lBa] };
  }
}
