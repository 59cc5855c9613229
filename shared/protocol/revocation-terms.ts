/**
 * What two agents agree on about revocation when a node registers: RFC 3543 §3.2, §4.2.1. And the
 * clock that tells registrations and revocations apart in time.
 */

import type { Json, JsonObject } from "../base/result.ts";
import type { Now } from "../base/time.ts";
import { highBits, ntpTimestamp } from "../security/replay.ts";
import { RevocationSupportFlag } from "../wire/control/revocation-support.ts";
import type { DecodedControl } from "../wire/control.ts";
import type { ControlExtension } from "../wire/control-extensions.ts";

/** A Revocation Support Extension, sent or received. */
export interface RevocationOffer {
  /** The sender's clock, 32 bits; comparable only with the same sender's. */
  readonly timestamp: number;
  /** I: the home agent is to decide whether the node is informed. */
  readonly inform: boolean;
}

/** Revocation as negotiated for one binding. */
export interface RevocationTerms {
  /** Timestamps of both sides in the latest successful exchange. */
  readonly ours: number;
  readonly theirs: number;
  /** Both said I. */
  readonly inform: boolean;
}

/** Is timestamp `a` later than `b`? Right across the roll-over of 2036. */
export function isLaterTimestamp(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/**
 * Seconds of NTP time, as in the high-order half of an Identification (RFC 5944 §5.7.1), from a
 * clock that never goes back: a peer that has seen a later timestamp would take an earlier one for
 * a replay (RFC 3543 §3.5). With at least a second between two messages about one binding (§3.3)
 * each has its own.
 */
export class RevocationClock {
  /** Milliseconds between the monotonic clock and ours. */
  #offset = Number.NEGATIVE_INFINITY;

  timestamp({ monotonic, wall }: Now): number {
    this.#offset = Math.max(this.#offset, wall - monotonic);
    return highBits(ntpTimestamp((monotonic + this.#offset) as Now["wall"]));
  }

  /** After a restart: not before what was sent in an earlier life. */
  notBefore(timestamp: number, now: Now): void {
    const behind = (timestamp - this.timestamp(now)) | 0;
    if (behind > 0) this.#offset += behind * 1000;
  }
}

export function supportExtension(offer: RevocationOffer): ControlExtension {
  return {
    name: "revocation-support-extension",
    flags: offer.inform ? RevocationSupportFlag.I : 0,
    reserved: 0,
    timestamp: offer.timestamp,
    rest: new Uint8Array(),
  };
}

/**
 * The Revocation Support Extension behind the extension at `start` and before the one at `end`,
 * which covers it; `unprotected` when there is one behind `start`, but nothing covers it
 * (RFC 3543 §3.2).
 */
export function readOffer(
  { message }: DecodedControl,
  end: number | undefined,
  start = -1,
): RevocationOffer | "unprotected" | undefined {
  let found: "unprotected" | undefined;
  for (const [index, extension] of message.extensions.entries()) {
    if (extension.name !== "revocation-support-extension" || index < start) continue;
    if (end === undefined || index > end) {
      found = "unprotected";
      continue;
    }
    return {
      timestamp: extension.timestamp,
      inform: (extension.flags & RevocationSupportFlag.I) !== 0,
    };
  }
  return found;
}

/** Negotiated when both sides made an offer in a successful exchange (RFC 3543 §4.2.1). */
export function agree(
  ours: RevocationOffer | undefined,
  theirs: RevocationOffer | undefined,
): RevocationTerms | undefined {
  if (ours === undefined || theirs === undefined) return undefined;
  return {
    ours: ours.timestamp,
    theirs: theirs.timestamp,
    inform: ours.inform && theirs.inform,
  };
}

/** Journal form; `null` when nothing was negotiated. */
export function termsRecord(terms: RevocationTerms | undefined): Json {
  if (terms === undefined) return null;
  return { ours: terms.ours, theirs: terms.theirs, inform: terms.inform };
}

/** Reads a journal record; without one, and with one that is not ours, nothing is negotiated. */
export function restoreTerms(value: Json | undefined): RevocationTerms | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const { ours, theirs, inform } = value as JsonObject;
  if (!isTimestamp(ours) || !isTimestamp(theirs)) return undefined;
  return { ours, theirs, inform: inform === true };
}

function isTimestamp(value: Json | undefined): value is number {
  return typeof value === "number" && value >>> 0 === value;
}
