/** Challenges of foreign agents, and how the mobile node answers them: RFC 4721 §3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import type { IcmpReceived } from "../../shared/protocol/core.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { checkAuthentication, computeAuthenticator } from "../../shared/security/authenticator.ts";
import { controlMessages } from "../../shared/wire/control.ts";
import { brokenOrderRules } from "../../shared/wire/order.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA2,
  makeConfig,
  type Request,
  started,
  type Timeline,
} from "./bench.ts";

const AAA: SecurityContext = {
  spi: 70_000,
  algorithm: "hmac-md5",
  key: Uint8Array.from({ length: 16 }, (_, i) => 3 * i),
  replay: "timestamp",
};
const trusted = makeConfig({ foreignAgents: [FA_CONTEXT] });
const withAaa = makeConfig({ aaa: AAA, nai: "bob@example.net" });

const challenge = (octet: number): Uint8Array => new Uint8Array(16).fill(octet);
const given = (octet: number) =>
  ({ name: "mobile-foreign-challenge-extension", challenge: challenge(octet) }) as const;

/** FA1 as it advertises with this challenge. */
function challenging(octet: number, sequenceNumber = 1000): IcmpReceived {
  const extensions = [{ name: "challenge-extension", challenge: challenge(octet) }] as const;
  return advertisement({ extensions, sequenceNumber });
}

/** A node that has heard the challenge 1 and asked. */
function asked(config: MnCoreConfig = trusted): Timeline {
  const line = started(config);
  line.event(challenging(1));
  return line;
}

const names = ({ message }: Request): string[] => message.extensions.map(({ name }) => name);

/** The challenge that a request answers; all its octets are the same. */
function answered({ message }: Request): number | undefined {
  const found = message.extensions.find(
    ({ name }) => name === "mobile-foreign-challenge-extension",
  );
  return found?.name === "mobile-foreign-challenge-extension" ? found.challenge[0] : undefined;
}

test("RFC 4721 §3.1: with an association with the agent its challenge is in the request, between extensions 32 and 33 [4721-3.1-03] [4721-3.1-04] [4721-3.1-05] [4721-3.1-11]", () => {
  const request = asked().lastRequest();
  assert.deepEqual(names(request), [
    "mobile-home-authentication-extension",
    "mobile-foreign-challenge-extension",
    "mobile-foreign-authentication-extension",
  ]);
  assert.equal(answered(request), 1);
  const name = "mobile-foreign-authentication-extension";
  assert.equal(checkAuthentication(request.decoded, name, [FA_CONTEXT]).outcome, "valid");
});

test("RFC 4721 §3.1, §6: without one a Mobile-AAA extension follows the challenge, by HMAC-MD5 under any SPI, and the NAI is there [4721-3.1-02] [4721-3.1-08] [4721-3.1-09] [4721-6-02] [4721-6-04] [4721-6-07] [4721-6-08] [4721-6-01] [4721-12-02]", () => {
  const request = asked(withAaa).lastRequest();
  assert.deepEqual(names(request), [
    "mobile-node-nai-extension",
    "mobile-home-authentication-extension",
    "mobile-foreign-challenge-extension",
    "mn-aaa-authentication-subtype",
  ]);
  const last = request.message.extensions.at(-1);
  assert.ok(last?.name === "mn-aaa-authentication-subtype");
  assert.equal(last.spi, 70_000);
  const covered = request.decoded.bytes.subarray(0, -last.authenticator.length);
  assert.deepEqual(last.authenticator, Uint8Array.from(computeAuthenticator(AAA, covered)));
});

test("RFC 4721 §3.1: with both the order is challenge, Mobile-AAA, extension 33 [4721-3.1-06] [4721-3.1-07] [4721-6-03]", () => {
  const request = asked({ ...withAaa, foreignAgents: [FA_CONTEXT] }).lastRequest();
  assert.deepEqual(names(request).slice(2), [
    "mobile-foreign-challenge-extension",
    "mn-aaa-authentication-subtype",
    "mobile-foreign-authentication-extension",
  ]);
  assert.deepEqual(brokenOrderRules(controlMessages, request.message), []);
});

test("RFC 4721 §3.2: an agent whose challenge cannot be answered is not used; another is [4721-3.1-08]", () => {
  const line = asked(makeConfig());
  assert.deepEqual(line.requests(), []);
  line.event(advertisement({ source: FA2 }));
  assert.equal(line.lastRequest().effect.destination, FA2);
  assert.deepEqual(names(line.lastRequest()), ["mobile-home-authentication-extension"]);
});

test("RFC 4721 §3.1, §3.5: an unanswered request is repeated with its challenge, or with one that came since [4721-3.1-01]", () => {
  const line = asked();
  line.until(3000);
  line.event(challenging(2, 1001));
  line.until(6000);
  assert.deepEqual(line.requests().map(answered), [1, 1, 2]);
});

test("RFC 4721 §3.3, §3.5: denied with 104, 105 or 106, the next request answers the challenge of the denial [4721-3.5-01]", () => {
  for (const code of [104, 105, 106]) {
    const line = asked();
    line.accept({ code, home: [], behind: [given(9)], foreign: [FA_CONTEXT] });
    assert.equal(line.node.state, "registering", `${code} is no failure`);
    line.until(3000);
    assert.deepEqual(line.requests().map(answered), [1, 9]);
    line.accept({ behind: [given(10)], foreign: [FA_CONTEXT] });
    assert.equal(line.node.state, "registered");
  }
});

test("RFC 4721 §3.3: an agent that does not advertise challenges may demand one by code 105 all the same", () => {
  const line = started(trusted);
  line.event(advertisement());
  assert.equal(answered(line.lastRequest()), undefined);
  line.accept({ code: 105, home: [], behind: [given(9)], foreign: [FA_CONTEXT] });
  line.until(3000);
  assert.equal(answered(line.lastRequest()), 9);
});

test("RFC 4721 §3.5: denied without a new challenge, the node solicits one and sends nothing until it comes [4721-3.3-12] [4721-3.5-01] [4721-3.3-11]", () => {
  const line = asked();
  line.accept({ code: 106, home: [], foreign: [FA_CONTEXT] });
  line.clear();
  line.until(9000);
  assert.deepEqual(line.requests(), []);
  assert.ok(line.solicitations().length >= 2);
  line.event(challenging(1));
  assert.deepEqual(line.requests(), [], "the same again is none");
  line.event(challenging(2, 1001));
  assert.equal(answered(line.lastRequest()), 2);
});

test("RFC 4721 §3.3: a renewal answers the challenge of the last reply, or the one advertised since [4721-3.3-11] [4721-3.2.1-01] [4721-4-02]", () => {
  const line = asked();
  line.accept({ lifetime: 30, behind: [given(9)], foreign: [FA_CONTEXT] });
  line.event(challenging(1));
  line.hearing(23_000, challenging(1));
  assert.equal(answered(line.lastRequest()), 9, "1 is older");
  line.accept({ lifetime: 30, behind: [given(10)], foreign: [FA_CONTEXT] });
  const before = line.requests().length;
  line.event(challenging(2, 1001));
  line.hearing(44_000, challenging(2, 1001));
  assert.equal(line.requests().slice(before).map(answered)[0], 2, "it came after 10");
});

test("RFC 4721 §3.2, §3.3: a challenge that a reply gives again is the one to answer, unless a request has [4721-3.3-11]", () => {
  const line = asked();
  line.accept({ lifetime: 30, behind: [given(9)], foreign: [FA_CONTEXT] });
  line.event(challenging(2, 1001));
  line.hearing(23_000, challenging(2, 1001));
  assert.equal(answered(line.lastRequest()), 2);
  line.accept({ lifetime: 30, behind: [given(9)], foreign: [FA_CONTEXT] });
  line.clear();
  line.hearing(44_000, challenging(2, 1001));
  assert.equal(answered(line.lastRequest()), 9);
  assert.deepEqual(line.solicitations(), []);
  for (const used of [2, 9]) {
    line.accept({ lifetime: 30, behind: [given(used)], foreign: [FA_CONTEXT] });
    const sentAt = line.requests().at(-1)?.at ?? 0;
    line.clear();
    line.hearing(sentAt + 24_000, challenging(2, 1001));
    assert.ok(line.solicitations().length > 0, "neither of them once more without having asked");
    assert.ok((line.requests()[0]?.at ?? 0) >= sentAt + 21_000);
  }
});

test("An agent that never gives out another challenge is sent the same again, after three seconds of asking", () => {
  const line = asked();
  line.accept({ lifetime: 30, foreign: [FA_CONTEXT] });
  line.clear();
  line.hearing(27_000, challenging(1));
  const [first] = line.requests();
  assert.ok(first !== undefined && first.at >= 2000 + 18_000 + 3000);
  assert.equal(answered(first), 1);
  assert.ok(line.solicitations().length > 0);
});

test("An agent that finds every challenge stale is left alone after three", () => {
  const line = asked();
  for (let i = 0; i < 4; i++) {
    line.until(2000 + i * 1000);
    line.accept({ code: 106, home: [], behind: [given(20 + i)], foreign: [FA_CONTEXT] });
  }
  assert.equal(line.node.state, "failed");
  assert.equal(line.requests().length, 4);
});

test("A challenge in a reply that fails its authentication is not used", () => {
  const line = asked();
  const wrong = { ...FA_CONTEXT, key: new Uint8Array(20) };
  line.accept({ code: 106, home: [], behind: [given(9)], foreign: [wrong] });
  line.until(3000);
  assert.deepEqual(line.requests().map(answered), [1, 1]);
  assert.equal(line.lastRequest().effect.destination, FA1);
});

test("A request that waits for its answer needs no other challenge: nothing is solicited at the moment when it leaves", () => {
  const line = asked();
  line.accept({ code: 104, home: [], behind: [given(9)], foreign: [FA_CONTEXT] });
  line.clear();
  line.until(3000);
  assert.deepEqual(line.requests().map(answered), [9]);
  assert.deepEqual(line.event({ type: "tick" }), []);
  line.until(3999);
  assert.deepEqual(line.solicitations(), []);
});
