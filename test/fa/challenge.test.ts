/** Challenges in requests: RFC 4721 §3.2, Appendix E. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  octetsForHomeAgent,
  wrongChallenge,
} from "../../fa/core/registration/challenge-request.ts";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { decodeControl } from "../../shared/wire/control.ts";
import { ORDER_RULES } from "../../shared/wire/order.ts";
import { ChallengeBench, challengeExtension, challengeOf, mobileAaa } from "./challenge-bench.ts";
import { Bench, foreignHome, HOME, mobileForeign, oneSend, replyIn, reports } from "./harness.ts";

const OTHER = ipv4("10.1.0.8");
const OTHER_MAC = "02:00:00:00:00:08" as Mac;
const UNKNOWN = new Uint8Array(16).fill(9);

const isRelayed = (effects: readonly Effect[]): boolean => oneSend(effects).link === undefined;

function codeOf(effects: readonly Effect[]): number {
  const send = oneSend(effects);
  assert(send.link !== undefined, "to the node");
  return replyIn(send).code;
}

const namesIn = (bytes: Uint8Array): string[] => {
  const decoded = decodeControl(bytes);
  assert(decoded.ok);
  return decoded.value.message.extensions.map(({ name }) => name);
};

test("RFC 4721 §3.2: a request with an advertised challenge is relayed, one without is denied with 105 [4721-3.2-01] [4721-3.2-02] [4721-3.3-14]", () => {
  const bench = new ChallengeBench();
  assert(isRelayed(bench.answer(bench.first)));
  assert.equal(codeOf(new ChallengeBench().request()), 105);
});

test("RFC 4721 §3.2: without challenges in the advertisements none is asked for", () => {
  assert(isRelayed(Bench.up().request()));
});

test("RFC 4721 §3.1: with a mobile-foreign association extension 33 will do, but a challenge is checked if there is one [4721-3.2-01] [4721-3.2-08]", () => {
  const bench = new ChallengeBench({ mobileNodes: [mobileForeign] });
  assert(isRelayed(bench.request({ foreignContext: mobileForeign })));
  const foreign = [challengeExtension(UNKNOWN)];
  assert.equal(codeOf(bench.request({ foreign, foreignContext: mobileForeign })), 104);
});

test("RFC 4721 §3.2: wrong extension 33 is 67, whatever the challenge, which stays unused [4721-3.2-12] [4721-3.2-06]", () => {
  const bench = new ChallengeBench({ mobileNodes: [mobileForeign] });
  const wrong = { ...mobileForeign, key: Uint8Array.of(1) };
  const foreign = [challengeExtension(bench.first)];
  assert.equal(codeOf(bench.request({ foreign, foreignContext: wrong })), 67);
  assert(isRelayed(bench.request({ foreign, foreignContext: mobileForeign })));
});

test("RFC 4721 §3.2: a challenge without extension 33 or 36 behind it: silence, and counted [4721-3.2-10] [4721-3.2-11]", () => {
  for (const foreign of [
    [challengeExtension(UNKNOWN)],
    [mobileAaa, challengeExtension(UNKNOWN)],
    [{ ...mobileAaa, name: "mn-gfa-authentication" } as const, challengeExtension(UNKNOWN)],
  ]) {
    const bench = new ChallengeBench();
    const effects = bench.request({ foreign });
    assert.deepEqual(
      effects.map(({ type }) => type),
      ["report"],
    );
    assert.equal(reports(effects, "dropped").length, 1);
    assert.equal(bench.counter("discarded-request-unauthenticated-challenge"), 1);
  }
});

test("RFC 4721 §3.2: 104, 105 and 106 are kept apart [4721-3.2-06] [4721-3.2-07] [4721-3.2-08] [4721-E-01]", () => {
  const bench = new ChallengeBench();
  assert.equal(codeOf(bench.answer(UNKNOWN)), 104);
  bench.reply(oneSend(bench.answer(bench.first)));
  assert.equal(codeOf(bench.answer(bench.first)), 106);
  bench.pass(1);
  assert.equal(codeOf(bench.request()), 105);
});

test("RFC 4721 §3.2: the last CHALLENGE_WINDOW advertised challenges are good, and no others [4721-3.2-07] [4721-3.2-08] [4721-9-01] [4721-9-02]", () => {
  for (const size of [2, 3, 5]) {
    const bench = new ChallengeBench({ challengeWindow: size });
    const all = [bench.first];
    for (let i = 0; i < 6; i++) all.push(bench.advertisement());
    // Each from a node of its own, so that none has used a newer one.
    const codes = all.map((challenge, i) => {
      const home = ipv4(`10.1.0.${i + 10}`);
      const mac = `02:00:00:00:01:0${i}` as Mac;
      const fields = { homeAddress: home };
      const event = { source: home, linkSource: mac };
      const effects = bench.request({
        foreign: [challengeExtension(challenge), mobileAaa],
        fields,
        event,
      });
      return isRelayed(effects) ? 0 : codeOf(effects);
    });
    const old = all.length - size;
    assert.deepEqual(codes, [...Array(old).fill(104), ...Array(size).fill(0)]);
  }
});

test("RFC 4721 App. E: an advertised challenge older than the last used one is stale; the next one is good [4721-E-01] [4721-3.2-06] [4721-3.2-09]", () => {
  const bench = new ChallengeBench();
  const second = bench.advertisement();
  bench.reply(oneSend(bench.answer(second)));
  assert.equal(codeOf(bench.answer(bench.first)), 106);
  const third = bench.advertisement();
  assert.equal(codeOf(bench.answer(second)), 106, "used before");
  assert(isRelayed(bench.answer(third)));
});

test("RFC 4721 §12: another node may use the same challenge [4721-3.2-06]", () => {
  const bench = new ChallengeBench();
  assert(isRelayed(bench.answer(bench.first)));
  const other = { fields: { homeAddress: OTHER }, event: { source: OTHER, linkSource: OTHER_MAC } };
  assert(isRelayed(bench.answer(bench.first, other)));
});

test("RFC 4721 §3.2: somebody else's replay is stale too: a node is known by what its authenticator covers [4721-3.2-06]", () => {
  const bench = new ChallengeBench();
  const foreign = [challengeExtension(bench.first), mobileAaa];
  const bytes = bench.requestBytes({ foreign });
  bench.reply(oneSend(bench.deliver(bytes)));
  assert.equal(codeOf(bench.deliver(bytes, { linkSource: OTHER_MAC })), 106);
});

test("RFC 4721 §3.2: the same challenge while the request waits is a retransmission, whatever its Identification; with other fields it is stale [4721-3.2-03] [4721-3.2-04] [4721-3.2-05] [4721-3.3-07]", () => {
  const bench = new ChallengeBench();
  const first = oneSend(bench.answer(bench.first));
  const again = oneSend(bench.answer(bench.first));
  assert.notDeepEqual(again.payload, first.payload, "another Identification");
  assert(again.link === undefined);
  for (const options of [
    { fields: { lifetime: 599 } },
    { fields: { flags: 0 } },
    { event: { linkSource: OTHER_MAC } },
    { event: { source: OTHER } },
  ]) {
    assert.equal(codeOf(bench.answer(bench.first, options)), 106);
  }
  assert(isRelayed(bench.answer(bench.first)), "it still waits");
  bench.reply(oneSend(bench.answer(bench.first)));
  assert.equal(codeOf(bench.answer(bench.first)), 106, "it waits no longer");
});

test("RFC 4721 §3.2: a node with a NAI is known by it, whatever its home address [4721-3.2-04]", () => {
  const bench = new ChallengeBench();
  const named = (nai: string, home = HOME) => {
    const extension = { name: "mobile-node-nai-extension", nai } as const;
    return { fields: { homeAddress: home, extensions: [extension] } };
  };
  assert(isRelayed(bench.answer(bench.first, named("bob@example.net"))));
  assert(isRelayed(bench.answer(bench.first, named("bob@example.net"))));
  assert.equal(codeOf(bench.answer(bench.first, named("bob@example.net", OTHER))), 106);
  assert(isRelayed(bench.answer(bench.first, named("eve@example.net"))));
});

test("RFC 4721 §3.2: after a time-out the challenge is used all the same, and code 78 brings a new one [4721-3.3-01] [4721-3.2-06]", () => {
  const bench = new ChallengeBench({ pendingTimeout: 3 });
  bench.answer(bench.first);
  const timedOut = oneSend(bench.run(4));
  assert.equal(replyIn(timedOut).code, 78);
  assert.equal(codeOf(bench.answer(bench.first)), 106);
  assert(isRelayed(bench.answer(challengeOf(timedOut))));
});

test("RFC 4721 §3.2: a request for which there is no room has not used its challenge", () => {
  const bench = new ChallengeBench({ maxPending: 1 });
  const other = { fields: { homeAddress: OTHER }, event: { source: OTHER, linkSource: OTHER_MAC } };
  const held = oneSend(bench.answer(bench.first, other));
  assert.equal(codeOf(bench.answer(bench.first)), 66);
  bench.reply(held, { code: 131 });
  assert(isRelayed(bench.answer(bench.first)));
});

test("RFC 4721 §3.2: challenge and Mobile-AAA extension go on to the home agent as they are, before extension 34 [4721-3.2-14] [4721-3.2-15] [4721-3.2-16] [5944-3.7.2.2-02]", () => {
  const bench = new ChallengeBench({ homeAgents: [foreignHome] });
  const style = { name: "encapsulating-delivery-style-extension" } as const;
  const foreign = [style, challengeExtension(bench.first), mobileAaa];
  const bytes = bench.requestBytes({ foreign });
  const { payload } = oneSend(bench.deliver(bytes));
  assert.deepEqual(namesIn(payload), [
    "mobile-home-authentication-extension",
    "mobile-foreign-challenge-extension",
    "mn-aaa-authentication-subtype",
    "foreign-home-authentication-extension",
  ]);
  // 20 octets of 32's value and header follow the 24 of the fixed part; 130 takes two.
  const signed = 24 + 2 + 4 + 16;
  assert.deepEqual(payload.subarray(0, signed), bytes.subarray(0, signed));
  const rest = bytes.subarray(signed + 2);
  assert.deepEqual(payload.subarray(signed, signed + rest.length), rest);
});

test("RFC 4721 §3.2: that holds without challenges of this agent's own, and for sub-types it does not know [4721-3.2-14]", () => {
  const bench = Bench.up();
  const unknown = { ...mobileAaa, name: "fa-fa-authentication" } as const;
  const foreign = [challengeExtension(UNKNOWN), mobileAaa, unknown];
  const { payload } = oneSend(bench.request({ foreign }));
  assert.deepEqual(
    namesIn(payload).slice(1),
    foreign.map(({ name }) => name),
  );
});

test("RFC 4721 §3.2: where a rule says what stands before what, the relayed request keeps to it [4721-3.2-16]", () => {
  const about = ORDER_RULES.filter(({ rfc }) => rfc.startsWith("RFC 4721"));
  const bench = new ChallengeBench({ homeAgents: [foreignHome], greKeys: "always" });
  const names = namesIn(oneSend(bench.answer(bench.first)).payload);
  const at = (name: string): number => names.indexOf(name);
  for (const { first, second, messages } of about) {
    if (!messages.includes("registration-request") || at(second) < 0 || at(first) < 0) continue;
    assert(at(first) < at(second), `${first} before ${second}`);
  }
  assert(at("gre-key-extension") > at("mn-aaa-authentication-subtype"));
});

test("RFC 4721 §3.3: a challenge in the home agent's reply is the request's own; none at all is no fault [4721-3.3-08] [4721-3.3-09]", () => {
  const challenge = Uint8Array.of(1, 2, 3, 4);
  const other = challengeExtension(Uint8Array.of(1, 2, 3, 5));
  assert.equal(wrongChallenge({ challenge }, []), undefined);
  assert.equal(wrongChallenge({ challenge }, [challengeExtension(challenge)]), undefined);
  assert.equal(wrongChallenge({ challenge }, [other]), 109);
  assert.equal(wrongChallenge({ challenge: undefined }, [other]), 109);
});

test("any octets behind extension 32: what is relayed begins with what the node has signed", () => {
  const bench = new ChallengeBench();
  const start = bench.requestBytes();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
      const bytes = Uint8Array.of(...start, ...tail);
      const decoded = decodeControl(bytes);
      if (decoded.ok) {
        const out = octetsForHomeAgent(decoded.value, start.length);
        assert.deepEqual(out.subarray(0, start.length), start);
        assert(out.length <= bytes.length);
      }
      bench.pass(1);
      assert(bench.deliver(bytes, { source: HOME }).length <= 3);
    }),
  );
});
