/** Agent Solicitations on one interface: when, and what. RFC 1256 §5.3, RFC 5944 §2.4. */

import {
  ALL_ROUTERS,
  BROADCAST,
  BROADCAST_MAC,
  type Ipv4,
  multicastMac,
  UNSPECIFIED,
} from "../../../shared/base/address.ts";
import { type Random, uniform } from "../../../shared/base/random.ts";
import { after, earliest, type Instant } from "../../../shared/base/time.ts";
import type { SendIcmp } from "../../../shared/protocol/core.ts";
import { SOLICITATION } from "../../../shared/wire/icmp/agent-discovery.ts";
import { encodeIcmp } from "../../../shared/wire/icmp.ts";

/** RFC 1256 §5.3: MAX_SOLICITATION_DELAY. */
const MAX_SOLICITATION_DELAY = 1000;
/** RFC 5944 §2.4: so many before the back-off begins, and never two within a second. */
const INITIAL_SOLICITATIONS = 3;
const MIN_INTERVAL = 1000;
/** Nominal milliseconds. With the jitter: 1 to 1.5 s at first, 60 to 90 s at last. */
const FIRST_INTERVAL = 1250;
const MAX_INTERVAL = 75_000;
const JITTER = 0.2;

/** Nominal interval behind the n-th solicitation. */
function nominalInterval(sent: number): number {
  const doublings = Math.max(0, Math.min(sent - INITIAL_SOLICITATIONS + 1, 16));
  return Math.min(MAX_INTERVAL, FIRST_INTERVAL * 2 ** doublings);
}

/** The source is 0: an address left from another link would be no neighbour (RFC 1256 §4.2). */
export function solicitation(interfaceName: string, to: Ipv4 = ALL_ROUTERS): SendIcmp {
  const destination = to === BROADCAST ? BROADCAST_MAC : multicastMac(to);
  return {
    type: "send-icmp",
    source: UNSPECIFIED,
    destination: to,
    ttl: 1,
    payload: encodeIcmp(SOLICITATION),
    link: { interface: interfaceName, destination },
  };
}

/** When to solicit. The back-off outlives a pause in the search; two things only end it. */
export class Solicitor {
  readonly #random: Random;
  #sent = 0;
  /** Since an agent was heard on this link; the back-off goes by all of them. */
  #unanswered = 0;
  /** When three in a row have had time enough to be answered. */
  #silentFrom: Instant | undefined;
  #atOnce = false;
  #lastAt: Instant | undefined;
  #nextAt: Instant | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** After a successful registration the next search starts anew (RFC 5944 §2.4). */
  reset(): void {
    this.#sent = 0;
    this.#atOnce = false;
    this.#nextAt = undefined;
  }

  /** A positive indication of a new link: start anew, and without the initial delay (§2.4). */
  newLink(): void {
    this.reset();
    this.#atOnce = true;
    this.answered();
  }

  /** An agent is heard on this link. */
  answered(): void {
    this.#unanswered = 0;
    this.#silentFrom = undefined;
  }

  /** Nobody has answered three solicitations on this link, nor said anything since. */
  isUnanswered(now: Instant): boolean {
    return this.#silentFrom !== undefined && now >= this.#silentFrom;
  }

  nextDeadline(now: Instant): Instant | undefined {
    const silent = this.#silentFrom;
    return earliest(this.#nextAt, silent !== undefined && silent > now ? silent : undefined);
  }

  /** Is a solicitation due? `searching`: nobody is heard and somebody is needed. */
  due(searching: boolean, now: Instant): boolean {
    if (!searching) {
      this.#nextAt = undefined;
      return false;
    }
    this.#nextAt ??= this.#resumeAt(now);
    if (now < this.#nextAt) return false;
    this.#sent++;
    this.#unanswered++;
    if (this.#unanswered === INITIAL_SOLICITATIONS) this.#silentFrom = after(now, MIN_INTERVAL);
    this.#lastAt = now;
    this.#nextAt = after(now, this.#jittered(nominalInterval(this.#sent)));
    return true;
  }

  #resumeAt(now: Instant): Instant {
    const delay = this.#atOnce ? 0 : uniform(this.#random, 0, MAX_SOLICITATION_DELAY);
    const soonest = after(now, this.#sent === 0 ? delay : 0);
    if (this.#lastAt === undefined) return soonest;
    const wait = this.#sent === 0 ? MIN_INTERVAL : this.#jittered(nominalInterval(this.#sent));
    return Math.max(soonest, this.#lastAt + wait) as Instant;
  }

  #jittered(nominal: number): number {
    return nominal * uniform(this.#random, 1 - JITTER, 1 + JITTER);
  }
}
