/** How often Registration Requests may be sent. RFC 5944 §2.4.2, §3.6, §3.6.3. */

import { after, type Instant } from "../../../shared/base/time.ts";

/** Milliseconds between requests: never less [5944-3.6.3-06], and so on average [5944-2.4.2-03]. */
const INTERVAL = 1000;
/** How many link-layer indications in a row may get ahead of the average. */
const BURST = 3;

/**
 * A second between any two requests; one exception: §3.6 sets the limit "in the absence of
 * link-layer indications" [5944-3.6-09], so the first request after the link layer said that the
 * link has changed goes out at once. It is no retransmission, which is what §3.6.3 spaces out. A
 * flapping link cannot abuse that: the average over a burst of three stays one a second.
 */
export class RequestPace {
  #lastAt: Instant | undefined;
  #linkChanged = false;
  /** Where the average would be if all requests so far had come a second apart. */
  #paidUntil: Instant | undefined;

  linkChanged(): void {
    this.#linkChanged = true;
  }

  sent(now: Instant): void {
    this.#lastAt = now;
    this.#linkChanged = false;
    this.#paidUntil = after(Math.max(this.#paidUntil ?? now, now) as Instant, INTERVAL);
  }

  /** When the next request may be sent; the past: now. */
  earliest(): Instant {
    if (this.#lastAt === undefined || this.#paidUntil === undefined) return 0 as Instant;
    const average = after(this.#paidUntil, -(BURST - 1) * INTERVAL);
    const spaced = after(this.#lastAt, INTERVAL);
    return this.#linkChanged ? average : (Math.max(spaced, average) as Instant);
  }
}
