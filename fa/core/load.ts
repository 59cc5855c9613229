/** How busy the agent is with registration requests; with too many it says so by the B bit. */

import type { Instant } from "../../shared/base/time.ts";

/** Seconds of the limit that may come at once before the agent is busy. */
const BURST_SECONDS = 2;

/**
 * A bucket into which every request falls, and which runs out at the limit: the agent is busy from
 * when it is full until it is empty, so that the B bit does not flicker.
 */
export class RequestLoad {
  /** Requests a second; 0: without a limit. */
  readonly #limit: () => number;
  #level = 0;
  #at = 0 as Instant;
  #isBusy = false;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  count(now: Instant): void {
    this.#runOut(now);
    const full = BURST_SECONDS * this.#limit();
    this.#level = Math.min(this.#level + 1, full);
    if (full > 0 && this.#level >= full) this.#isBusy = true;
  }

  isBusy(now: Instant): boolean {
    this.#runOut(now);
    return this.#isBusy;
  }

  #runOut(now: Instant): void {
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#level = Math.max(0, this.#level - seconds * this.#limit());
    this.#at = now;
    if (this.#level === 0 || this.#limit() === 0) this.#isBusy = false;
  }
}
