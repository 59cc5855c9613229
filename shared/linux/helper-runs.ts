/** Runs of segments as the native helper has them (shared/native/runs.c). */

import type { Native } from "./native-loader.ts";
import type { PacketBatch, Runs } from "./packet-io.ts";

/** Numbers of a run, and those of them that are told here. */
const RUN = 8;
const COUNT = 0;
const OCTETS = 1;
/** Of one batch at most, and one place that says how many there are. */
const MOST = 128;

export class HelperRuns implements Runs {
  /** By packet: which run it is, or 0. */
  readonly of: Int32Array;
  readonly about: Int32Array;
  readonly #native: Native;
  readonly #batch: PacketBatch;
  #spread: PacketBatch | undefined;

  /** `of` and `about`: those of the batch of which this one is a part. */
  constructor(
    native: Native,
    batch: PacketBatch,
    of: Int32Array = new Int32Array(batch.capacity),
    about: Int32Array = new Int32Array(RUN * MOST),
  ) {
    this.of = of;
    this.about = about;
    this.#native = native;
    this.#batch = batch;
  }

  /** Are there any now? */
  get isEmpty(): boolean {
    return this.about[0] === 0;
  }

  /** Packets that the batch stands for beside those that are in it. */
  get more(): number {
    return this.about[1] ?? 0;
  }

  countOf(i: number): number {
    const number = this.of[i] ?? 0;
    return number === 0 ? 1 : (this.about[RUN * number + COUNT] ?? 1);
  }

  octetsOf(i: number): number {
    const number = this.of[i] ?? 0;
    return number === 0 ? (this.#batch.lengths[i] ?? 0) : (this.about[RUN * number + OCTETS] ?? 0);
  }

  move(from: number, to: number): void {
    this.of[to] = this.of[from] ?? 0;
  }

  spread(i: number): PacketBatch {
    const { slab, slot, capacity, offsets, lengths } = this.#batch;
    this.#spread ??= {
      ...{ slab, slot, capacity, count: 0 },
      offsets: new Int32Array(capacity),
      lengths: new Int32Array(capacity),
    };
    const to = this.#spread;
    const args = [this.of, this.about, to.offsets, to.lengths] as const;
    to.count = Math.max(0, this.#native.spread(slab, offsets, lengths, i, ...args));
    return to;
  }

  from(first: number): Runs {
    const { offsets, lengths } = this.#batch;
    const part = {
      ...this.#batch,
      offsets: offsets.subarray(first),
      lengths: lengths.subarray(first),
    };
    return new HelperRuns(this.#native, part, this.of.subarray(first), this.about);
  }
}

const NONE = [] as const;

/** What the helper's functions take as their last arguments. */
export function runArguments({ runs }: PacketBatch): readonly Int32Array[] {
  return runs instanceof HelperRuns ? [runs.of, runs.about] : NONE;
}
