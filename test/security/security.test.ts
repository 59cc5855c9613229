/** Authenticators and replay protection: published vectors, coverage octet by octet, freshness. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { WallTime } from "../../shared/base/time.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import {
  appendAuthentication,
  checkAuthentication,
  computeAuthenticator,
} from "../../shared/security/authenticator.ts";
import {
  checkFreshness,
  highBits,
  initialIdentification,
  learnFromReply,
  lowBits,
  NO_REPLAY_STATE,
  nextIdentification,
  ntpTimestamp,
} from "../../shared/security/replay.ts";
import { decodeControl, encodeControl } from "../../shared/wire/control.ts";
import { toHex } from "../../shared/wire/field.ts";

const text = (value: string) => new TextEncoder().encode(value);
const wall = (ms: number) => ms as WallTime;
const NAME = "mobile-home-authentication-extension";

test("RFC 2104 and successors: published vectors of the four algorithms [5944-3.5.1-03, 5944-3.5.1-06, 5944-5.1-01, 5944-5.1-02, 5944-5.1-04, 5944-5.1-05]", () => {
  const jefe = { key: text("Jefe") };
  const data = text("what do ya want for nothing?");
  // RFC 2104 appendix, RFC 2202 §3 case 2, RFC 4231 §4.3.
  assert.equal(
    toHex(computeAuthenticator({ ...jefe, algorithm: "hmac-md5" }, data)),
    "750c783e6ab0b503eaa86e310a5db738",
  );
  assert.equal(
    toHex(computeAuthenticator({ ...jefe, algorithm: "hmac-sha1" }, data)),
    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
  );
  assert.equal(
    toHex(computeAuthenticator({ ...jefe, algorithm: "hmac-sha256" }, data)),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
  // RFC 1321 A.5: MD5("message digest"), split as key "message", data " ", key... by hand:
  // keyed MD5 of "b" under "a" is MD5("aba").
  assert.equal(
    toHex(computeAuthenticator({ key: text("a"), algorithm: "keyed-md5" }, text("b"))),
    "79af87723dc295f95bdb277a61189a2a",
  );
});

const context: SecurityContext = {
  spi: 256,
  algorithm: "hmac-md5",
  key: Uint8Array.of(0, 1, 2, 3, 0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255),
  replay: "timestamp",
};

const request = encodeControl({
  name: "registration-request",
  flags: 0x02,
  lifetime: 60,
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: ipv4("198.51.100.1"),
  careOfAddress: ipv4("192.0.2.1"),
  identification: 1n,
  extensions: [{ name: "unknown", type: 200, data: Uint8Array.of(1, 2) }],
});

test("RFC 5944 §3.5.1: covered are the fixed part, earlier extensions, and type, length and SPI [5944-3.5.1-01, 5944-3.5.1-02, 5944-5.1-03]", () => {
  for (const algorithm of ["hmac-md5", "keyed-md5", "hmac-sha1", "hmac-sha256"] as const) {
    const own = { ...context, algorithm };
    const signed = appendAuthentication(request, NAME, own);
    const outcomeOf = (bytes: Uint8Array) => {
      const decoded = decodeControl(bytes);
      return decoded.ok ? checkAuthentication(decoded.value, NAME, [own]).outcome : "malformed";
    };
    assert.equal(outcomeOf(signed), "valid");
    for (let i = 0; i < signed.length; i++) {
      const changed = signed.slice();
      changed[i] = (changed[i] ?? 0) ^ 1;
      assert.notEqual(outcomeOf(changed), "valid", `${algorithm}, octet ${i}`);
    }
    // What comes behind is not covered: a foreign agent may add to it.
    const later = appendAuthentication(signed, "mobile-foreign-authentication-extension", own);
    assert.equal(outcomeOf(later), "valid");
  }
});

test("RFC 5944 §3.5.1: the SPI picks the context; none or two extensions are told apart [5944-3.5.1-04, 5944-3.5.1-05]", () => {
  const other = { ...context, spi: 4_000_000_000, algorithm: "hmac-sha1" as const };
  const outcome = (bytes: Uint8Array) => {
    const decoded = decodeControl(bytes);
    assert(decoded.ok);
    return checkAuthentication(decoded.value, NAME, [context, other]);
  };
  const signed = appendAuthentication(request, NAME, other);
  const valid = outcome(signed);
  assert(valid.outcome === "valid" && valid.context === other);
  assert.equal(outcome(request).outcome, "missing");
  assert.equal(outcome(appendAuthentication(signed, NAME, context)).outcome, "repeated");
  const unknown = { ...context, spi: 999 };
  assert.equal(outcome(appendAuthentication(request, NAME, unknown)).outcome, "unknown-spi");
  const wrongKey = { ...context, key: Uint8Array.of(1) };
  assert.equal(
    outcome(appendAuthentication(request, NAME, wrongKey)).outcome,
    "wrong-authenticator",
  );
});

// 2026-11-23T12:00:00Z, in seconds since 1970 and since 1900.
const NOON = 1_795_435_200;
const NOON_NTP = NOON + 2_208_988_800;

test("RFC 5944 §5.7.1: the Identification is an NTP timestamp with random low fraction bits [5944-5.7.1-03, 5944-5.7.1-04]", () => {
  assert.equal(ntpTimestamp(wall(NOON * 1000 + 500)), (BigInt(NOON_NTP) << 32n) | 0x80000000n);
  const random = seededRandom(1);
  const lows = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const { last } = nextIdentification(
      initialIdentification("timestamp"),
      wall(NOON * 1000),
      random,
    );
    assert(last !== undefined);
    assert.equal(highBits(last), NOON_NTP);
    lows.add(lowBits(last));
  }
  assert(lows.size > 15);
});

test("RFC 5944 §5.7.1: each Identification is greater than the one before, whatever the clock does [5944-5.7.1-05, 5944-5.7-07, 5944-5.7-08]", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5000, max: 5000 })), fc.integer(), (steps, seed) => {
      const random = seededRandom(seed);
      let state = initialIdentification("timestamp");
      let clock = NOON * 1000;
      for (const step of steps) {
        const before = state.last;
        state = nextIdentification(state, wall(clock), random);
        if (before !== undefined) assert(state.last !== undefined && state.last > before);
        clock += step;
      }
    }),
  );
});

const stamp = (seconds: number, low = 0) => (BigInt(NOON_NTP + seconds) << 32n) | BigInt(low);

test("RFC 5944 §5.7.1: inside the window and greater than all accepted before, else 133's answer [5944-5.7.1-01, 5944-5.7.1-07, 5944-5.7.1-08, 5944-5.7.1-09, 5944-5.7-01, 5944-5.7-04]", () => {
  const random = seededRandom(1);
  const check = (state: typeof NO_REPLAY_STATE, id: bigint) =>
    checkFreshness("timestamp", state, id, wall(NOON * 1000), 7, random);
  const first = check(NO_REPLAY_STATE, stamp(-3, 9));
  assert(first.fresh);
  assert.equal(first.reply, stamp(-3, 9));
  for (const again of [stamp(-3, 9), stamp(-3, 8), stamp(-6)]) {
    const verdict = check(first.state, again);
    assert(!verdict.fresh);
    assert.equal(highBits(verdict.reply), NOON_NTP); // the home agent's clock
    assert.equal(lowBits(verdict.reply), lowBits(again));
    assert.deepEqual(verdict.state, first.state);
  }
  assert(check(first.state, stamp(-3, 10)).fresh);
  assert(check(NO_REPLAY_STATE, stamp(7)).fresh);
  assert(!check(NO_REPLAY_STATE, stamp(7, 1)).fresh);
  assert(!check(NO_REPLAY_STATE, stamp(-8)).fresh);
});

test("RFC 5944 §5.7.1: the era ends in 2036 and nothing stops", () => {
  const end = wall((0x1_0000_0000 - 2_208_988_800) * 1000); // 2036-02-07T06:28:16Z
  const random = seededRandom(1);
  const before = nextIdentification(initialIdentification("timestamp"), wall(end - 1000), random);
  const beyond = nextIdentification(before, wall(end + 500), random);
  assert.equal(highBits(beyond.last ?? 0n), 0);
  const accepted = checkFreshness("timestamp", NO_REPLAY_STATE, before.last ?? 0n, end, 7, random);
  assert(accepted.fresh);
  assert(checkFreshness("timestamp", accepted.state, beyond.last ?? 0n, end, 7, random).fresh);
});

test("RFC 5944 §5.7.1: code 133 moves the node's clock by the high half, the next request fits [5944-5.7.1-10, 5944-3.6.2.3-04]", () => {
  const random = seededRandom(3);
  const nodeClock = wall((NOON - 86_400) * 1000);
  const agentClock = wall(NOON * 1000);
  const sent = nextIdentification(initialIdentification("timestamp"), nodeClock, random);
  const denied = checkFreshness(
    "timestamp",
    NO_REPLAY_STATE,
    sent.last ?? 0n,
    agentClock,
    7,
    random,
  );
  assert(!denied.fresh);
  const learned = learnFromReply(sent, denied.reply, true, nodeClock);
  const next = nextIdentification(learned, nodeClock, random);
  assert(checkFreshness("timestamp", denied.state, next.last ?? 0n, agentClock, 7, random).fresh);
  // An ordinary reply moves nothing.
  assert.deepEqual(learnFromReply(sent, denied.reply, false, nodeClock), sent);
});

test("RFC 5944 §5.7.2: nonces: the first request is refused with one, then each reply brings the next [5944-5.7.2-01, 5944-5.7.2-02, 5944-5.7.2-03, 5944-5.7.2-04, 5944-5.7.2-05, 5944-5.7-02]", () => {
  const random = seededRandom(5);
  const now = wall(NOON * 1000);
  let node = nextIdentification(initialIdentification("nonce"), now, random);
  let verdict = checkFreshness("nonce", NO_REPLAY_STATE, node.last ?? 0n, now, 7, random);
  assert(!verdict.fresh);
  for (let i = 0; i < 10; i++) {
    assert.equal(lowBits(verdict.reply), lowBits(node.last ?? 0n));
    const previous = node;
    node = nextIdentification(
      learnFromReply(node, verdict.reply, !verdict.fresh, now),
      now,
      random,
    );
    assert.notEqual(lowBits(node.last ?? 0n), lowBits(previous.last ?? 0n));
    assert.notEqual(highBits(node.last ?? 0n), highBits(previous.last ?? 0n));
    const replayState = verdict.state;
    verdict = checkFreshness("nonce", replayState, node.last ?? 0n, now, 7, random);
    assert(verdict.fresh);
    // The same request again is a replay: its nonce is used up.
    assert(!checkFreshness("nonce", verdict.state, node.last ?? 0n, now, 7, random).fresh);
  }
});
