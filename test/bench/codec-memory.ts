/** Octets that a call allocates. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { median } from "./stopwatch.ts";

const CALLS = 2000;

/** The collector on demand, without a flag to the program. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

let collect: (() => void) | undefined;

/**
 * Heap and array buffers that one call takes, its result included: the median of some rounds, each
 * of so few calls that nothing is collected in between.
 */
export function octetsEach(run: () => unknown): number {
  collect ??= collector();
  for (let i = 0; i < 3 * CALLS; i++) run();
  const kept: unknown[] = new Array(CALLS).fill(undefined);
  const rounds: number[] = [];
  for (let round = 0; round < 7; round++) {
    kept.fill(undefined);
    // The second time waits for the array buffers of the first to be gone.
    collect();
    collect();
    const before = taken();
    for (let i = 0; i < CALLS; i++) kept[i] = run();
    rounds.push((taken() - before) / CALLS);
  }
  return median(rounds);
}

function taken(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
