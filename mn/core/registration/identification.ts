/** The Identification of requests, across restarts too, and what replies teach about it (RFC 5944 §5.7). */

import type { Random } from "../../../shared/base/random.ts";
import type { Json } from "../../../shared/base/result.ts";
import type { Instant, Now, WallTime } from "../../../shared/base/time.ts";
import type { Persist } from "../../../shared/protocol/core.ts";
import type { ReplayMethod } from "../../../shared/security/association.ts";
import {
  initialIdentification,
  learnFromReply,
  nextIdentification,
  ntpTimestamp,
  type RequestIdentification,
  timestampDifference,
} from "../../../shared/security/replay.ts";
import type { RegistrationReply } from "../../../shared/wire/control.ts";
import { isAccepted, ReplyCode } from "../../../shared/wire/reply-code.ts";

/** Journal key of what `persistIdentification` writes. */
export const IDENTIFICATION_KEY = "identification";

export class Identifications {
  readonly #random: Random;
  #state: RequestIdentification;
  /** What the home agent said shows that our idea of its clock is right. */
  #knowsClock = false;
  /** When a request that was refused for running ahead of the clock can be outdone. */
  #outdoAt: Instant | undefined;

  constructor(method: ReplayMethod, random: Random) {
    this.#random = random;
    this.#state = initialIdentification(method);
  }

  /** With nonces an unanswered request goes out again octet for octet (RFC 5944 §3.6.3). */
  get repeats(): boolean {
    return this.#state.method === "nonce";
  }

  /** When `outdoesRefused` has something to say. */
  get outdoAt(): Instant | undefined {
    return this.#outdoAt;
  }

  restore(value: Json): void {
    this.#state = restoreIdentification(this.#state.method, value);
  }

  /** `keep`: it is the same home agent. */
  reconfigure(method: ReplayMethod, keep: boolean): void {
    if (method !== this.#state.method) this.#state = { ...this.#state, method };
    if (!keep) this.#knowsClock = false;
  }

  /** For a new request; on disk before that leaves. */
  next({ wall }: Now): { identification: bigint; persist: Persist } {
    this.#state = nextIdentification(this.#state, wall, this.#random);
    return { identification: this.#state.last ?? 0n, persist: persistIdentification(this.#state) };
  }

  /**
   * The wall clock was set, forwards or back, and the home agent's was not: what is known of it
   * holds, so the offset takes the step up. Without that the next request would be refused with
   * 133 first, or be ahead of all that follow (§5.7.1).
   */
  clockStepped(seconds: number): Persist[] {
    if (!this.#knowsClock) return [];
    const { offsetSeconds } = this.#state;
    this.#state = { ...this.#state, offsetSeconds: offsetSeconds - seconds };
    return [persistIdentification(this.#state)];
  }

  /** A reply that the home agent has signed, to a request with this Identification. */
  learn(reply: RegistrationReply, sent: bigint, now: Now): Persist[] {
    const before = this.#state;
    const mismatch = isMismatch(reply, sent);
    const after = learnFromReply(before, reply.identification, mismatch, now.wall);
    this.#state = after;
    if (mismatch || isAccepted(reply.code)) this.#knowsClock = true;
    const ahead = mismatch ? aheadOf(before.last, after, now) : 0;
    const at = (now.monotonic + ahead) as Instant;
    if (ahead > 0) this.#outdoAt = Math.max(at, this.#outdoAt ?? at) as Instant;
    return after === before ? [] : [persistIdentification(after)];
  }

  /**
   * RFC 5944 §5.7.1 leaves a gap: a timestamp refused for being ahead is valid later, so a copy of
   * that request may yet be accepted. Once our clock has passed it we ask again: true, once, then.
   */
  outdoesRefused(now: Instant): boolean {
    if (this.#outdoAt === undefined || now < this.#outdoAt) return false;
    this.#outdoAt = undefined;
    return true;
  }
}

/** Milliseconds until the clock as it is now understood has passed what was sent last. */
function aheadOf(
  last: bigint | undefined,
  { method, offsetSeconds }: RequestIdentification,
  now: Now,
): number {
  if (last === undefined || method !== "timestamp") return 0;
  const clock = ntpTimestamp((now.wall + offsetSeconds * 1000) as WallTime);
  return Math.ceil(timestampDifference(last, clock) * 1000) + 1;
}

/** 133 tells the home agent's clock (§5.7.1); 136 may too (§3.6.2.3). */
function isMismatch({ code, identification }: RegistrationReply, sent: bigint): boolean {
  if (code === ReplyCode.haIdentificationMismatch) return true;
  return code === ReplyCode.haUnknownHomeAgent && identification !== sent;
}

/** Written before a request leaves: after a crash the next one is greater still (§5.7.1). */
function persistIdentification(state: RequestIdentification): Persist {
  return {
    type: "persist",
    key: IDENTIFICATION_KEY,
    value: {
      last: state.last === undefined ? null : state.last.toString(16).padStart(16, "0"),
      offset_seconds: state.offsetSeconds,
      nonce: state.nonce,
    },
  };
}

/** What the journal kept; anything that does not look like it is as good as nothing. */
function restoreIdentification(method: ReplayMethod, value: Json): RequestIdentification {
  const initial = initialIdentification(method);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return initial;
  const { last, offset_seconds: offset, nonce } = value as { readonly [key: string]: Json };
  return {
    method,
    last: typeof last === "string" && /^[0-9a-f]{16}$/.test(last) ? BigInt(`0x${last}`) : undefined,
    offsetSeconds: typeof offset === "number" && Number.isSafeInteger(offset) ? offset : 0,
    nonce: typeof nonce === "number" && Number.isInteger(nonce) ? nonce >>> 0 : 0,
  };
}
