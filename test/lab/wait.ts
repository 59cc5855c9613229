/** Waiting in tests: always for a stated thing, always with an end. */

import { setTimeout as delay } from "node:timers/promises";

/** A machine in software emulation (test/machine) takes its time. */
const PATIENCE = process.env.MIP4_MACHINE === "1" ? 10 : 1;

/** Milliseconds of CLOCK_MONOTONIC: the same in every process and namespace of this kernel. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function sleep(milliseconds: number): Promise<void> {
  return delay(milliseconds);
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks again and again until the answer is neither `undefined`, `null` nor `false`, and returns
 * it. An exception of the question counts as "not yet"; the last one is in the final error.
 */
export async function waitFor<T>(
  what: string,
  question: () => T | Promise<T>,
  { timeoutMs: quiet = 5000, everyMs = 20 }: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const timeoutMs = quiet * PATIENCE;
  const deadline = monotonicMs() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await question();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as Exclude<T, undefined | null | false>;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (monotonicMs() >= deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause: last });
    }
    await sleep(everyMs);
  }
}
