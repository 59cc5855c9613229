/** The FA Error Extension: what this agent has to say about a home agent's reply. RFC 4636. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect, SendUdp } from "../../shared/protocol/core.ts";
import { FA_ERROR_STATUS } from "../../shared/wire/codes.ts";
import { encodeControl } from "../../shared/wire/control.ts";
import { REPLY_CODES } from "../../shared/wire/reply-code.ts";
import { ChallengeBench, challengeExtension, mobileAaa } from "./challenge-bench.ts";
import {
  Bench,
  foreignHome,
  HA,
  HOME,
  mobileForeign,
  oneSend,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

const wrongKey = { ...foreignHome, key: Uint8Array.of(7) };
const NAI = { name: "mobile-node-nai-extension", nai: "bob@example.net" } as const;
const wrongChallenge = challengeExtension(new Uint8Array(16));

/** What a home agent's reply, its octets given, becomes on its way to the node. */
interface Refused {
  readonly bench: Bench;
  readonly received: Uint8Array;
  readonly send: SendUdp;
  readonly effects: readonly Effect[];
}

function refused(
  bench: Bench,
  relayed: SendUdp,
  ...rest: Bench["replyTo"] extends (relayed: SendUdp, ...rest: infer R) => unknown ? R : never
): Refused {
  const received = bench.replyTo(relayed, ...rest);
  const effects = bench.replyBytes(received);
  return { bench, received, send: oneSend(effects), effects };
}

function failedAuthentication(code = 0): Refused {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  return refused(bench, oneSend(bench.request()), { code }, wrongKey);
}

function withWrongChallenge(code = 0): Refused {
  const bench = new ChallengeBench();
  return refused(bench, oneSend(bench.answer(bench.first)), { code }, undefined, [wrongChallenge]);
}

function withoutNai(): Refused {
  const bench = Bench.up();
  return refused(bench, oneSend(bench.request({ fields: { extensions: [NAI] } })));
}

/** Octets of the fixed part of a reply and of extension 32 with HMAC-MD5. */
const SIGNED = 20 + 2 + 4 + 16;

function statusIn({ send }: Refused): number | undefined {
  const extension = replyIn(send).extensions.find(
    ({ name }) => name === "fa-error-indication-to-mn",
  );
  return extension?.name === "fa-error-indication-to-mn" ? extension.status : undefined;
}

test("RFC 4636 §3, §4: type 45, length 2, sub-type 0 and the status stand behind extension 32; four octets in all, and no other octet changes [4636-3-01] [4636-4-05] [4636-4-06] [4636-4-07] [5944-3.7.3.2-06]", () => {
  const { send, received } = failedAuthentication();
  assert.deepEqual([...send.payload.subarray(SIGNED)], [45, 2, 0, 68]);
  assert.deepEqual(send.payload.subarray(0, SIGNED), received.subarray(0, SIGNED));
  assert.equal(send.payload.length, SIGNED + 4);
});

test("RFC 4636 §4: the code stays the home agent's; 68, 97 and 109 go into the status [4636-4-06] [4636-4-07] [4721-3.3-10] [4721-3.3-15] [2794-3-02]", () => {
  for (const [result, status] of [
    [failedAuthentication(), 68],
    [failedAuthentication(133), 68],
    [withWrongChallenge(), 109],
    [withWrongChallenge(131), 109],
    [withoutNai(), 97],
  ] as const) {
    assert.equal(statusIn(result), status);
    assert.deepEqual(replyIn(result.send).code, result.received[1]);
  }
});

test("RFC 4636 §4: a refused reply makes no visitor and changes none [5944-3.7.3-02] [5944-3.7.3.1-09]", () => {
  for (const { bench, effects } of [failedAuthentication(), withWrongChallenge(), withoutNai()]) {
    assert.deepEqual(bench.visitors(), []);
    assert.equal(reports(effects, "denied").length, 1);
    assert.equal(reports(effects, "visitor-added").length, 0);
  }
  const bench = Bench.up({ homeAgents: [foreignHome] });
  bench.reply(oneSend(bench.request()), {}, foreignHome);
  const before = bench.agent.forwarding();
  refused(bench, oneSend(bench.request()), { lifetime: 100 }, wrongKey);
  assert.equal(bench.visitors().length, 1);
  assert.equal(bench.agent.forwarding(), before);
});

test("RFC 4636 §4, RFC 4721 §3.3: extension 32, then 45, then the challenge, then extension 33 [4636-4-06] [4721-3.3-02]", () => {
  const bench = new ChallengeBench({ homeAgents: [foreignHome], mobileNodes: [mobileForeign] });
  const foreign = [challengeExtension(bench.first), mobileAaa];
  const relayed = oneSend(bench.request({ foreign, foreignContext: mobileForeign }));
  const { send } = refused(bench, relayed, {}, wrongKey);
  assert.deepEqual(
    replyIn(send).extensions.map(({ name }) => name),
    [
      "mobile-home-authentication-extension",
      "fa-error-indication-to-mn",
      "mobile-foreign-challenge-extension",
      "mobile-foreign-authentication-extension",
    ],
  );
});

test("RFC 4636 §4: a reply without extension 32, which the node could not believe, is denied in its place", () => {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const relayed = oneSend(bench.request());
  const full = bench.replyTo(relayed);
  const { code, extensions } = replyIn(oneSend(bench.replyBytes(full.subarray(0, 20))));
  assert.equal(code, 68);
  assert.deepEqual(extensions, []);
});

test("RFC 4636 §4: only in replies: a request that has one is silently discarded [4636-4-01]", () => {
  const status = { name: "fa-error-indication-to-mn", status: 68 } as const;
  for (const options of [{ foreign: [status] }, { fields: { extensions: [status] } }]) {
    const bench = Bench.up();
    assert.deepEqual(sends(bench.request(options)), []);
    assert.equal(bench.counter("discarded-request-unknown-mandatory-extension"), 1);
  }
  // Nor is one sent on: it would come from another foreign agent than this one.
  const bench = Bench.up();
  const relayed = oneSend(bench.request());
  assert.deepEqual(sends(bench.reply(relayed, {}, undefined, [status])), []);
});

test("RFC 4636 §4: a status means what the same code does, 64 to 127; those of RFC 4636 and 109 are among them [4636-4-03] [4636-4-04]", () => {
  for (const [status, meaning] of Object.entries(FA_ERROR_STATUS)) {
    assert(Number(status) >= 64 && Number(status) <= 127);
    assert.equal(meaning, REPLY_CODES[Number(status)]);
  }
  for (const status of [64, 65, 66, 68, 71, 77, 78, 109]) assert(status in FA_ERROR_STATUS);
});

test("RFC 4721 §3.3: what the home agent has not answered is denied in the Code field [4721-3.3-14]", () => {
  const bench = new ChallengeBench({ pendingTimeout: 2 });
  bench.answer(bench.first);
  const { code, extensions } = replyIn(oneSend(bench.run(3)));
  assert.equal(code, 78);
  assert.deepEqual(
    extensions.map(({ name }) => name),
    ["mobile-foreign-challenge-extension"],
  );
});

test("a reply that nobody waits for is refused nothing: silence", () => {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const bytes = encodeControl({
    name: "registration-reply",
    code: 0,
    lifetime: 1,
    homeAddress: HOME,
    homeAgent: HA,
    identification: 1n,
    extensions: [wrongChallenge],
  });
  assert.deepEqual(sends(bench.replyBytes(bytes)), []);
});
