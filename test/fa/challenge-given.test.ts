/** Challenges that the foreign agent gives out, in advertisements and replies: RFC 4721 §2, §3.3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { decodeIcmp } from "../../shared/wire/icmp.ts";
import {
  ChallengeBench,
  challengeExtension,
  challengeOf,
  challengesIn,
  mobileAaa,
} from "./challenge-bench.ts";
import {
  Bench,
  config,
  foreignHome,
  lan0,
  mobileForeign,
  oneSend,
  replyIn,
  sends,
} from "./harness.ts";

const OTHER_MAC = "02:00:00:00:00:08" as Mac;
const fromOther = { linkSource: OTHER_MAC, source: ipv4("10.1.0.8") };
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

test("RFC 4721 §2: every advertisement that is due brings a new challenge of 16 random octets [4721-2-02] [4721-2-03] [4721-12-01]", () => {
  const bench = new ChallengeBench();
  const all = [bench.first];
  for (let i = 0; i < 50; i++) all.push(bench.advertisement());
  for (const challenge of all) assert.equal(challenge.length, 16);
  assert.equal(new Set(all.map(hex)).size, all.length);
  const octets = new Set(all.flatMap((challenge) => [...challenge]));
  assert(octets.size > 200, `${octets.size} different octets`);
  assert.notDeepEqual(challengesIn(new Bench({ challengeWindow: 2 }, 2).linkUp())[0], bench.first);
});

test("RFC 4721 §2: without challenges there is no extension", () => {
  assert.deepEqual(challengesIn(new Bench().linkUp()), []);
});

test("RFC 4721 §2, RFC 4857 §8.2: challenge and NAI stand behind the extensions of RFC 5944 [4857-8.2-02]", () => {
  const links = [{ ...lan0, nai: "fa1@example.net" }];
  const [effect] = new Bench({ challengeWindow: 2, links }).linkUp();
  assert(effect?.type === "send-icmp");
  const decoded = decodeIcmp(effect.payload);
  assert(decoded.ok && decoded.value.name === "router-advertisement");
  assert.deepEqual(
    decoded.value.extensions.map(({ name }) => name),
    [
      "mobility-agent-advertisement-extension",
      "prefix-lengths-extension",
      "challenge-extension",
      "foreign-agent-nai",
    ],
  );
});

test("RFC 4721 §2.1: a solicited advertisement to all repeats the challenge advertised last, and the window stays [4721-2.1-01] [4721-2.1-02]", () => {
  const bench = new ChallengeBench();
  const second = bench.advertisement();
  bench.reply(oneSend(bench.answer(second)));
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(bench.solicit({ source: ipv4("0.0.0.0") }), second);
  }
  const other = { fields: { homeAddress: fromOther.source }, event: fromOther };
  assert.equal(oneSend(bench.answer(bench.first, other)).link, undefined, "still in the window");
});

test("RFC 4721 §2.1: a solicited unicast advertisement repeats what the node has not used, then brings a new one [4721-2.1-03] [4721-2.1-04]", () => {
  const bench = new ChallengeBench();
  bench.answer(bench.first);
  const given = bench.solicit();
  assert.notDeepEqual(given, bench.first);
  assert.deepEqual(bench.solicit(), given);
  bench.advertisement();
  assert.deepEqual(bench.solicit(), given);
  assert.equal(oneSend(bench.answer(given)).link, undefined, "accepted");
  const next = bench.solicit();
  assert.notDeepEqual(next, given);
  assert.equal(oneSend(bench.answer(next)).link, undefined);
});

test("RFC 4721 §3.2.1, §12: who is not known gets the challenge advertised last: nothing is stored, nothing becomes invalid [4721-3.2.1-02] [4721-12-03] [4721-12-04]", () => {
  const bench = new ChallengeBench();
  const known = challengeOf(oneSend(bench.reply(oneSend(bench.answer(bench.first)))));
  for (let i = 0; i < 3000; i++) {
    bench.pass(0.2);
    const mac = `02:00:00:02:${hex(Uint8Array.of(i >> 8))}:${hex(Uint8Array.of(i))}` as Mac;
    const homeAddress = ipv4(`10.9.${i >> 8}.${i & 255}`);
    if (i % 10 === 0) assert.deepEqual(bench.solicit({ linkSource: mac }), bench.first);
    const event = { linkSource: mac, source: homeAddress };
    const denial = oneSend(bench.request({ fields: { homeAddress }, event }));
    assert.deepEqual(challengeOf(denial), bench.first);
  }
  // Not ticked: what was advertised last is still the first.
  assert.equal(oneSend(bench.answer(known)).link, undefined, "the visitor's own is still good");
});

test("RFC 4721 §3.2.1: a denial repeats the challenge that the node has not used, or brings a new one in its record [4721-3.2.1-02] [4721-3.2.1-03] [4721-3.3-06] [4721-12-03]", () => {
  const bench = new ChallengeBench();
  bench.answer(bench.first);
  bench.pass(20); // no tick: the request still waits, and nothing new is advertised
  const wrong = { fields: { lifetime: 1 } };
  const denial = oneSend(bench.answer(bench.first, wrong));
  assert.equal(replyIn(denial).code, 106);
  const given = challengeOf(denial);
  assert.notDeepEqual(given, bench.first);
  assert.deepEqual(challengeOf(oneSend(bench.answer(bench.first, wrong))), given);
  assert.equal(oneSend(bench.answer(given)).link, undefined);
});

test("RFC 4721 §3.3: every reply, successful or not, has a new challenge, good for the next request [4721-3.3-01] [4721-3.3-06] [4721-3.2-07]", () => {
  const bench = new ChallengeBench();
  let challenge = bench.first;
  const seen = new Set([hex(challenge)]);
  for (const code of [0, 131, 1, 144, 0]) {
    const answer = oneSend(bench.reply(oneSend(bench.answer(challenge)), { code }));
    assert.equal(replyIn(answer).code, code);
    challenge = challengeOf(answer);
    assert(!seen.has(hex(challenge)));
    seen.add(hex(challenge));
    // Long after every advertised one has left the window.
    for (let i = 0; i < 5; i++) bench.advertisement();
  }
});

test("RFC 4721 §3.3, §4: a reply to a request that answers an advertised challenge has a new one, too: what was given before that advertisement is old [4721-3.3-01] [4721-3.3-06]", () => {
  const bench = new ChallengeBench();
  const given = challengeOf(oneSend(bench.reply(oneSend(bench.answer(bench.first)))));
  const advertised = bench.advertisement();
  bench.answer(advertised);
  // Asked for meanwhile, and still the one when the request comes again.
  const asked = bench.solicit();
  assert.notDeepEqual(asked, given);
  const relayed = oneSend(bench.answer(advertised));
  assert.deepEqual(challengeOf(oneSend(bench.reply(relayed))), asked);
  assert.equal(oneSend(bench.answer(asked)).link, undefined, "relayed");
});

test("RFC 4721 §3.3: code 144 of the home agent is relayed [4721-3.3-13]", () => {
  const bench = new ChallengeBench();
  const answer = oneSend(bench.reply(oneSend(bench.answer(bench.first)), { code: 144 }));
  assert.equal(replyIn(answer).code, 144);
});

test("RFC 4721 §3.3: the home agent's challenge and extension 34 go, this agent's comes before extension 33 [4721-3.3-02] [4721-3.3-03] [4721-3.3-09]", () => {
  const bench = new ChallengeBench({ homeAgents: [foreignHome], mobileNodes: [mobileForeign] });
  const relayed = oneSend(bench.answer(bench.first, { foreignContext: mobileForeign }));
  const back = [challengeExtension(bench.first)];
  const send = oneSend(bench.reply(relayed, {}, foreignHome, back));
  assert.deepEqual(
    replyIn(send).extensions.map(({ name }) => name),
    [
      "mobile-home-authentication-extension",
      "mobile-foreign-challenge-extension",
      "mobile-foreign-authentication-extension",
    ],
  );
  assert.notDeepEqual(challengeOf(send), bench.first);
  assert.equal(bench.visitors().length, 1);
});

test("RFC 4721 §3.3: a reply of a home agent that does not know challenges is as good [4721-3.3-08]", () => {
  const bench = new ChallengeBench();
  bench.reply(oneSend(bench.answer(bench.first)));
  assert.equal(bench.visitors().length, 1);
});

test("RFC 4721 §3.3: when denials are over the rate, a solicitation brings an unused challenge [4721-3.3-05] [4721-2.1-04]", () => {
  const bench = new ChallengeBench();
  bench.answer(bench.first);
  const stale = bench.requestBytes({
    fields: { lifetime: 1 },
    foreign: [challengeExtension(bench.first), mobileAaa],
  });
  assert.equal(sends(bench.deliver(stale)).length, 1);
  assert.deepEqual(sends(bench.deliver(stale)), []);
  const given = bench.solicit();
  assert.notDeepEqual(given, bench.first);
  assert.equal(oneSend(bench.answer(given)).link, undefined);
});

test("a visitor's challenge outlives a flood of strangers, whose records are bounded [4721-3.2-09]", () => {
  const bench = new ChallengeBench({ maxPending: 8 });
  const known = challengeOf(oneSend(bench.reply(oneSend(bench.answer(bench.first)))));
  for (let i = 0; i < 6000; i++) {
    const mac = `02:00:00:02:${hex(Uint8Array.of(i >> 8))}:${hex(Uint8Array.of(i))}` as Mac;
    const homeAddress = ipv4(`10.9.${i >> 8}.${i & 255}`);
    const event = { linkSource: mac, source: homeAddress };
    const foreign = [challengeExtension(bench.first), mobileAaa];
    const relayed = oneSend(bench.request({ fields: { homeAddress }, event, foreign }));
    assert.equal(relayed.link, undefined);
    bench.reply(relayed, { code: 131 });
  }
  assert.equal(oneSend(bench.answer(known)).link, undefined);
});

test("a reload may switch challenges on and off; a window that shrinks forgets at once", () => {
  const bench = new ChallengeBench({ challengeWindow: 5 });
  bench.advertisement();
  bench.advertisement();
  bench.agent.reconfigure({ ...config, challengeWindow: 2 }, bench.now);
  assert.equal(replyIn(oneSend(bench.answer(bench.first))).code, 104);
  bench.agent.reconfigure({ ...config, challengeWindow: 0 }, bench.now);
  bench.pass(1);
  assert.equal(oneSend(bench.request()).link, undefined, "none is asked for");
});
