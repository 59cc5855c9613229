/** How often something may happen for each of many keys, in bounded memory. */

import type { Instant } from "./time.ts";

export interface RateLimitOptions {
  /** So many at once. */
  readonly burst: number;
  /** And so many a second in the long run. */
  readonly perSecond: number;
  /** Keys remembered; when full, those that have their whole burst again are forgotten first. */
  readonly maxKeys: number;
}

interface Bucket {
  readonly tokens: number;
  readonly at: Instant;
}

export class RateLimit<Key> {
  readonly #options: RateLimitOptions;
  /** In the order of their last use. */
  readonly #buckets = new Map<Key, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** May it happen now? Under a flood with many keys, not for new ones. */
  allow(key: Key, now: Instant): boolean {
    const { burst, perSecond, maxKeys } = this.#options;
    const known = this.#buckets.get(key);
    if (known === undefined && this.#buckets.size >= maxKeys) this.#forget(now);
    if (known === undefined && this.#buckets.size >= maxKeys) return false;
    const refill = known === undefined ? burst : ((now - known.at) / 1000) * perSecond;
    const tokens = Math.min(burst, (known?.tokens ?? 0) + refill);
    if (tokens < 1) return false;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens - 1, at: now });
    return true;
  }

  /** The walk stops at the first that has not rested long enough. */
  #forget(now: Instant): void {
    const { burst, perSecond } = this.#options;
    const rest = (burst / perSecond) * 1000;
    for (const [key, { at }] of this.#buckets) {
      if (now - at < rest) return;
      this.#buckets.delete(key);
    }
  }
}
