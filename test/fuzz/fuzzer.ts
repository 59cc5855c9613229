/**
 * Fuzzing that is guided by what the inputs show: one that shows something new joins the pool that
 * later inputs are made from. The same seed and corpus make the same inputs.
 */

import { seededRandom } from "../../shared/base/random.ts";
import type { Choices } from "../wire/arbitrary-values.ts";
import { Draft, mutate, type Seed } from "./mutate.ts";
import type { Target } from "./target.ts";

export interface Failure {
  readonly target: Target;
  /** As short as it could be made. */
  readonly bytes: Uint8Array;
  readonly violation: string;
}

/** A pool for each target, and everything that its inputs have shown. */
interface Pool {
  readonly target: Target;
  readonly seeds: Seed[];
  readonly features: Set<number>;
}

export interface Progress {
  readonly inputs: number;
  readonly pool: number;
  readonly features: number;
}

export interface FuzzResult extends Progress {
  readonly failure: Failure | undefined;
  /** What joined the pool, by target. */
  readonly found: ReadonlyMap<Target, readonly Uint8Array[]>;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly targets: readonly Target[];
  /** Inputs to begin with. */
  readonly corpus?: (target: Target) => readonly Uint8Array[];
  /** Told now and then. */
  readonly report?: (progress: Progress) => void;
}

/** Larger inputs show nothing that smaller ones do not. */
const MOST_OCTETS = 4096;
/** Of one input in so many all invariants are asked. */
const THOROUGH_EVERY = 32;
const REPORT_EVERY = 4096;
/** Seeds from the tables at the start, and then one input in so many. */
const FIRST_SEEDS = 300;
const MADE_EVERY = 64;

export class Fuzzer {
  readonly #pools: readonly Pool[];
  /** Whose turn it is, by shares. */
  readonly #turns: readonly Pool[];
  readonly #choices: Choices;
  readonly #draft = new Draft(MOST_OCTETS);
  #inputs = 0;

  constructor({ seed, targets, corpus }: Omit<FuzzOptions, "inputs">) {
    const random = seededRandom(seed);
    this.#choices = { below: (count) => Math.floor(random.next() * count) };
    this.#pools = targets.map((target) => ({ target, seeds: [], features: new Set() }));
    this.#turns = this.#pools.flatMap((pool) => Array<Pool>(pool.target.share).fill(pool));
    for (const pool of this.#pools) {
      for (const bytes of corpus?.(pool.target) ?? []) this.#join(pool, bytes);
    }
  }

  #join({ seeds, target }: Pool, bytes: Uint8Array): void {
    const copy = bytes.slice();
    seeds.push({ bytes: copy, cuts: target.cuts(copy) });
  }

  get progress(): Progress {
    const sum = (count: (pool: Pool) => number): number =>
      this.#pools.reduce((total, pool) => total + count(pool), 0);
    return {
      inputs: this.#inputs,
      pool: sum(({ seeds }) => seeds.length),
      features: sum(({ features }) => features.size),
    };
  }

  get found(): ReadonlyMap<Target, readonly Uint8Array[]> {
    return new Map(
      this.#pools.map(({ target, seeds }) => [target, seeds.map(({ bytes }) => bytes)]),
    );
  }

  /** Tries one input after another until one fails or there were enough. */
  run(inputs: number, report?: (progress: Progress) => void): Failure | undefined {
    for (const pool of this.#pools) {
      for (const { bytes } of [...pool.seeds]) {
        const failure = this.#try(pool, bytes, true, true);
        if (failure !== undefined) return failure;
      }
      for (let i = 0; i < FIRST_SEEDS; i++) {
        const failure = this.#try(pool, pool.target.make(this.#choices), true);
        if (failure !== undefined) return failure;
      }
    }
    while (this.#inputs < inputs) {
      const pool = this.#turns[this.#inputs % this.#turns.length] as Pool;
      const bytes = this.#next(pool);
      const failure = this.#try(pool, bytes, this.#choices.below(THOROUGH_EVERY) === 0);
      if (failure !== undefined) return failure;
      if (this.#inputs % REPORT_EVERY === 0) report?.(this.progress);
    }
    return undefined;
  }

  #next({ target, seeds }: Pool): Uint8Array {
    const choices = this.#choices;
    const draft = this.#draft;
    const seed = seeds[choices.below(seeds.length)];
    const other = seeds[choices.below(seeds.length)];
    if (seed === undefined || other === undefined || choices.below(MADE_EVERY) === 0) {
      draft.load(target.make(choices));
      return draft.bytes;
    }
    draft.load(seed.bytes);
    mutate(draft, choices, seed, other);
    const { bytes } = draft;
    if (target.repair !== undefined && choices.below(8) > 0) target.repair(bytes);
    return bytes;
  }

  #try(pool: Pool, bytes: Uint8Array, thorough: boolean, isKnown = false): Failure | undefined {
    this.#inputs++;
    const { target, features } = pool;
    let isNew = false;
    const violation = target.run(bytes, thorough, (feature) => {
      if (features.has(feature)) return;
      features.add(feature);
      isNew = true;
    });
    if (violation !== undefined) {
      return shorten({ target, bytes: bytes.slice(), violation });
    }
    if (isNew && !isKnown) this.#join(pool, bytes);
    return undefined;
  }
}

/** Leaves out and zeroes octets as long as something stays wrong. */
export function shorten(failure: Failure): Failure {
  const { target } = failure;
  let { bytes, violation } = failure;
  const keep = (shorter: Uint8Array): boolean => {
    target.repair?.(shorter);
    const still = target.run(shorter, true, () => undefined);
    if (still === undefined) return false;
    bytes = shorter;
    violation = still;
    return true;
  };
  for (let size = bytes.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= bytes.length; ) {
      const shorter = new Uint8Array(bytes.length - size);
      shorter.set(bytes.subarray(0, at));
      shorter.set(bytes.subarray(at + size), at);
      if (!keep(shorter)) at += size;
    }
  }
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0) continue;
    const plainer = bytes.slice();
    plainer[at] = 0;
    keep(plainer);
  }
  return { target, bytes, violation };
}

export function fuzz(options: FuzzOptions): FuzzResult {
  const fuzzer = new Fuzzer(options);
  const failure = fuzzer.run(options.inputs, options.report);
  return { ...fuzzer.progress, failure, found: fuzzer.found };
}
