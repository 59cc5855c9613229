/** Replay protection by the Identification field (RFC 5944 §5.7): timestamps and nonces. */

import type { Random } from "../base/random.ts";
import type { WallTime } from "../base/time.ts";
import type { ReplayMethod } from "./association.ts";

/** Seconds from 1900, where NTP counts from, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800;
const MASK_32 = 0xffffffffn;

/** The low-order 32 bits, by which replies are matched to requests (RFC 5944 §5.7). */
export function lowBits(identification: bigint): number {
  return Number(identification & MASK_32);
}

export function highBits(identification: bigint): number {
  return Number((identification >> 32n) & MASK_32);
}

export function joinIdentification(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The wall clock as a 64-bit NTP timestamp: seconds since 1900, binary fraction (§5.7.1). */
export function ntpTimestamp(wall: WallTime): bigint {
  const seconds = Math.floor(wall / 1000);
  const fraction = Math.floor(((wall - seconds * 1000) / 1000) * 0x1_0000_0000);
  return joinIdentification((seconds + NTP_EPOCH_SECONDS) % 0x1_0000_0000, fraction);
}

/** Signed difference of two 64-bit timestamps in seconds, right across the 2036 roll-over. */
export function timestampDifference(a: bigint, b: bigint): number {
  return Number(BigInt.asIntN(64, a - b)) / 0x1_0000_0000;
}

/** What the mobile node keeps to make the Identification of its next request. */
export interface RequestIdentification {
  readonly method: ReplayMethod;
  /** The Identification sent last, if any; the next is greater (RFC 5944 §5.7.1). */
  readonly last: bigint | undefined;
  /** Seconds to add to the wall clock, learned from a code 133 reply. */
  readonly offsetSeconds: number;
  /** High-order half of the next request with nonces, from the last authenticated reply. */
  readonly nonce: number;
}

export function initialIdentification(method: ReplayMethod): RequestIdentification {
  return { method, last: undefined, offsetSeconds: 0, nonce: 0 };
}

/** The state after sending a new request; its Identification is `last`. RFC 5944 §5.7.1, §5.7.2. */
export function nextIdentification(
  state: RequestIdentification,
  wall: WallTime,
  random: Random,
): RequestIdentification {
  if (state.method === "nonce") {
    let low = random.u32();
    if (state.last !== undefined && low === lowBits(state.last)) low = (low + 1) >>> 0; // both halves differ (§5.7.2)
    return { ...state, last: joinIdentification(state.nonce, low) };
  }
  const shifted = (wall + state.offsetSeconds * 1000) as WallTime;
  // The clock gives milliseconds; the bits below them come from the random source (§5.7.1).
  const stamp = ntpTimestamp(shifted) + BigInt(random.u32() & 0x3fffff);
  const { last } = state;
  const later = last === undefined || timestampDifference(stamp, last) > 0;
  return { ...state, last: later ? stamp : BigInt.asUintN(64, last + 1n) };
}

/**
 * Learns from an authenticated reply whose low-order bits match the request. With nonces every
 * reply carries the next one (§5.7.2). With timestamps only code 133 moves the clock offset, by
 * the high-order half (§5.7.1); `last` then follows the new clock, or it could never go back.
 */
export function learnFromReply(
  state: RequestIdentification,
  reply: bigint,
  mismatch: boolean,
  wall: WallTime,
): RequestIdentification {
  if (state.method === "nonce") return { ...state, nonce: highBits(reply) };
  if (!mismatch) return state;
  const seconds = BigInt.asIntN(32, BigInt(highBits(reply) - highBits(ntpTimestamp(wall))));
  return { ...state, offsetSeconds: Number(seconds), last: undefined };
}

/** What the home agent keeps for one mobile node. */
export interface ReplayState {
  /** The largest timestamp accepted; with nonces the whole Identification accepted last. */
  readonly lastAccepted: bigint | undefined;
  /** The nonce that the next request must carry in its high-order half, if one was given out. */
  readonly nonce: number | undefined;
}

export const NO_REPLAY_STATE: ReplayState = { lastAccepted: undefined, nonce: undefined };

export interface ReplayVerdict {
  readonly fresh: boolean;
  /** What the reply carries: always the request's low-order half (RFC 5944 §5.7). */
  readonly reply: bigint;
  readonly state: ReplayState;
}

/**
 * Is a request fresh? Timestamps: inside the window and greater than every one accepted before
 * (§5.7.1). Nonces: the high-order half is the nonce given out last (§5.7.2).
 */
export function checkFreshness(
  method: ReplayMethod,
  state: ReplayState,
  identification: bigint,
  wall: WallTime,
  windowSeconds: number,
  random: Random,
): ReplayVerdict {
  if (method === "nonce") {
    let next = random.u32();
    if (next === state.nonce) next = (next + 1) >>> 0;
    const fresh = state.nonce !== undefined && highBits(identification) === state.nonce;
    return {
      fresh,
      reply: joinIdentification(next, lowBits(identification)),
      state: { lastAccepted: fresh ? identification : state.lastAccepted, nonce: next },
    };
  }
  const clock = ntpTimestamp(wall);
  const inside = Math.abs(timestampDifference(identification, clock)) <= windowSeconds;
  const { lastAccepted } = state;
  const later = lastAccepted === undefined || timestampDifference(identification, lastAccepted) > 0;
  const fresh = inside && later;
  if (fresh) {
    return { fresh, reply: identification, state: { ...state, lastAccepted: identification } };
  }
  return { fresh, reply: joinIdentification(highBits(clock), lowBits(identification)), state };
}
