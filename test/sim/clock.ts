/** The two clocks of one machine: one that only counts since boot, one that somebody may set. */

import { type Random, uniform } from "../../shared/base/random.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";

/** Where the wall clocks would stand if all were right: 23 November 2026. */
const EPOCH = 1_795_435_200_000;
/** Parts per million that a cheap crystal may be off. */
const MAX_DRIFT_PPM = 100;
/** Milliseconds that a machine may have been up before the simulation begins. */
const MAX_UPTIME = 1e9;

export class MachineClock {
  readonly #random: Random;
  readonly #rate: number;
  /** Monotonic time at virtual time 0 of this boot. */
  #monotonicBase = 0;
  #wallOffset: number;

  constructor(random: Random, wallOffset: number) {
    this.#random = random;
    this.#rate = 1 + uniform(random, -MAX_DRIFT_PPM, MAX_DRIFT_PPM) / 1e6;
    this.#wallOffset = wallOffset;
    this.reboot();
  }

  now(time: number): Now {
    return {
      monotonic: (this.#monotonicBase + time) as Instant,
      wall: Math.floor(EPOCH + this.#wallOffset + time * this.#rate) as WallTime,
    };
  }

  /** The virtual time at which the monotonic clock shows this. */
  timeOf(instant: Instant): number {
    return instant - this.#monotonicBase;
  }

  /** Another process, perhaps on a rebooted machine: monotonic times of before mean nothing. */
  reboot(): void {
    this.#monotonicBase = Math.floor(uniform(this.#random, 0, MAX_UPTIME));
  }

  /** Somebody sets the wall clock. */
  step(milliseconds: number): void {
    this.#wallOffset += milliseconds;
  }
}
