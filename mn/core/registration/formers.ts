/**
 * Bindings that the home agent keeps beside the newest one, since it was asked to (the S bit): what is
 * on its way by a former care-of address arrives, in both directions. RFC 5944 §3.6.1.2.
 */

import type { Ipv4 } from "../../../shared/base/address.ts";
import { after, earliest, type Instant } from "../../../shared/base/time.ts";

/** Milliseconds that a binding is kept after the next one; the forwarding takes from it longer. */
export const KEEP_MS = 2000;
/** Home agents hold a few; with more the node lets the next one replace them all. */
const MAX_FORMERS = 2;

interface Former {
  readonly careOfAddress: Ipv4;
  readonly releaseAt: Instant;
  /** Then the home agent forgets it by itself. */
  readonly expiresAt: Instant | undefined;
}

export class Formers {
  #formers: readonly Former[] = [];
  /** Asked for since the last answer: any of them may be a binding by now. */
  readonly #asked = new Set<Ipv4>();

  /** A request for this care-of address has gone out. */
  ask(careOfAddress: Ipv4): void {
    // Of three one is neither the next nor the current.
    if (this.#asked.size < 3) this.#asked.add(careOfAddress);
  }

  /** The home agent has answered: what it holds is known. */
  answered(): void {
    this.#asked.clear();
  }

  /** Is it known which binding would be kept beside the next one, and is there room for it? */
  mayKeep(current: Ipv4, next: Ipv4): boolean {
    const isKnown = [...this.#asked].every((asked) => asked === current || asked === next);
    return isKnown && this.#formers.length < MAX_FORMERS;
  }

  /** The home agent has accepted another binding beside this one. */
  keep(careOfAddress: Ipv4, expiresAt: Instant | undefined, now: Instant): void {
    this.released(careOfAddress);
    const releaseAt = after(now, KEEP_MS);
    this.#formers = [...this.#formers, { careOfAddress, releaseAt, expiresAt }];
  }

  /** There is none any more by this address, or it serves again. */
  released(careOfAddress: Ipv4): void {
    this.#formers = this.#formers.filter((each) => each.careOfAddress !== careOfAddress);
  }

  clear(): void {
    this.#formers = [];
  }

  expire(now: Instant): void {
    const lasts = ({ expiresAt }: Former): boolean => expiresAt === undefined || expiresAt > now;
    if (!this.#formers.every(lasts)) this.#formers = this.#formers.filter(lasts);
  }

  /** The care-of address whose binding the home agent is to delete now. */
  due(now: Instant): Ipv4 | undefined {
    return this.#formers.find(({ releaseAt }) => releaseAt <= now)?.careOfAddress;
  }

  nextDeadline(now: Instant): Instant | undefined {
    const times = this.#formers.map(({ releaseAt }) => releaseAt);
    return earliest(...times.filter((time) => time > now));
  }
}
