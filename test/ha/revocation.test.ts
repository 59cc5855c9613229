/** How the home agent negotiates revocation and revokes: RFC 3543 §3.2 to §3.5, §4.2.2.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { decodeControl, RequestFlag } from "../../shared/wire/control.ts";
import {
  acknowledgments,
  holds,
  oneRevocation,
  revocations,
  support,
  supportIn,
} from "../revocation.ts";
import {
  assertSilent,
  FA,
  FA2,
  FOREIGN_HOME,
  foreignHome,
  fromHomeLink,
  HA,
  HOME,
  homeContext,
  MOBILE_HOME,
  oneSend,
  replyIn,
  reports,
  sends,
} from "./harness.ts";
import { FA_TIME, RevocationBench } from "./revocation-bench.ts";

const OWN = ipv4("203.0.113.9");
const direct = {
  fields: { flags: RequestFlag.D, careOfAddress: OWN },
  event: { source: OWN, sourcePort: 40_000 },
  signed: [support(500)],
  appended: [],
  foreign: null,
};

const answers = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === "answer" ? [effect] : []));
const replied = (effects: readonly Effect[]) => {
  const decoded = decodeControl(oneSend(effects).payload);
  assert(decoded.ok);
  return supportIn(decoded.value);
};

test("RFC 3543 §3.2: an offer of a foreign agent is answered between 32 and 34, with our clock and I as offered [3543-3.2-01, 3543-3.2-09, 3543-3.2-11, 3543-3.2-13, 3543-3.2-16, 3543-3.2-17, 3543-4.2.1-04, 3543-4.2.1-05]", () => {
  for (const inform of [true, false]) {
    const bench = RevocationBench.up();
    const reply = replied(bench.relayed({ appended: [support(FA_TIME, inform)] }));
    assert.deepEqual(reply.names, [MOBILE_HOME, "revocation-support-extension", FOREIGN_HOME]);
    assert.equal(reply.inform, inform);
    // Seconds of NTP time: the clock of the bench.
    assert.equal(reply.timestamp, Math.floor(bench.now.wall / 1000) + 2_208_988_800);
  }
});

test("RFC 3543 §3.2: without an offer there is no answer to it, and nothing is negotiated [3543-3.2-05, 3543-4.2.1-06, 3543-4.2.1-15]", () => {
  const bench = RevocationBench.up();
  const reply = replied(bench.relayed({ appended: [] }));
  assert.deepEqual(reply.names, [MOBILE_HOME, FOREIGN_HOME]);
  bench.pass(1);
  const effects = bench.command("10.1.0.7");
  assert.deepEqual(sends(effects), []);
  assert.equal(answers(effects)[0]?.ok, true);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 3543 §3.2: an offer that nothing protects is failed authentication of the foreign agent [3543-3.2-14]", () => {
  const behind = RevocationBench.up();
  const effects = behind.relayed({ appended: [], last: [support(FA_TIME)] });
  assert.equal(replyIn(oneSend(effects)).code, 132);
  assert.equal(reports(effects, "security-exception").length, 1);
  const unknown = RevocationBench.up({ foreignAgents: [] });
  assert.equal(replyIn(oneSend(unknown.relayed({ foreign: null }))).code, 132);
  assert.deepEqual([behind.bindings(), unknown.bindings()], [[], []]);
});

test("RFC 3543 §3.2: unknown bits and octets of the extension change nothing [3543-3.2-07, 3543-3.2-08, 3543-3.2-19]", () => {
  const bench = RevocationBench.up();
  const odd = { ...support(FA_TIME), reserved: 0x7fff, rest: Uint8Array.of(1, 2) } as const;
  const reply = replied(bench.relayed({ appended: [odd] }));
  assert.equal(reply.inform, true);
});

test("RFC 3543 §4.2.1: a node that registers by itself gets its answer before extension 32 [3543-4.2.1-09, 3543-3.2-13]", () => {
  const bench = RevocationBench.up();
  const reply = replied(bench.relayed(direct));
  assert.deepEqual(reply.names, ["revocation-support-extension", MOBILE_HOME]);
});

test("RFC 3543 §4.3.2: a node with its own care-of address behind a foreign agent takes no part [3543-4.3.2-01]", () => {
  const bench = RevocationBench.up();
  const fields = { flags: RequestFlag.D, careOfAddress: OWN };
  const reply = replied(bench.relayed({ fields, signed: [support(500)] }));
  assert.equal(reply.timestamp, undefined);
  bench.pass(1);
  for (const foreignDomainAddress of [FA, OWN]) bench.revocation({ foreignDomainAddress });
  assert.equal(bench.bindings().length, 1);
});

test("RFC 3543 §4.2.2.1: a revocation goes from the home agent's address to where the request came from, A set [3543-3.3-02, 3543-3.3-04, 3543-3.3-05, 3543-3.3-06, 3543-3.3-08, 3543-3.3-11, 3543-3.3-12, 3543-4.2.2.1-01, 3543-4.2.2.1-02, 3543-4.2.2.1-03, 3543-4.2.2.1-04, 3543-6.2-01]", () => {
  for (const informRevoked of [true, false]) {
    const bench = RevocationBench.bound({ informRevoked });
    const effects = bench.command("10.1.0.7");
    const sent = oneRevocation(effects);
    const { send, message } = sent;
    assert.deepEqual(
      [send.source, send.sourcePort, send.destination, send.destinationPort],
      [HA, 434, FA, 434],
    );
    assert.equal(message.flags, informRevoked ? 3 : 2);
    assert.deepEqual([message.reserved, message.reserved2], [0, 0]);
    assert.deepEqual(
      [message.homeAddress, message.homeDomainAddress, message.foreignDomainAddress],
      [HOME, HA, FA],
    );
    assert.equal(message.revocationIdentifier, Math.floor(bench.now.wall / 1000) + 2_208_988_800);
    assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
    assert.equal(reports(effects, "revoked").length, 1);
    assert.deepEqual(bench.bindings(), [], "the tunnel ends at once");
    assert.equal(bench.agent.forwarding().size, 0);
  }
});

test("RFC 3543 §3.3: I is never set where it was not negotiated [3543-3.3-07, 3543-3.2-18]", () => {
  const bench = RevocationBench.bound({}, { appended: [support(FA_TIME, false)] });
  assert.equal(oneRevocation(bench.command("10.1.0.7")).message.flags, 2);
});

test("RFC 3543 §3.3: a directly registered node is told with extension 32 and I set, at port 434 [3543-3.3-09, 3543-3.3-12]", () => {
  const bench = RevocationBench.bound({ informRevoked: false }, direct);
  const sent = oneRevocation(bench.command("10.1.0.7"));
  assert.deepEqual([sent.send.destination, sent.send.destinationPort], [OWN, 434]);
  assert.equal(sent.message.flags, 3);
  assert.ok(holds(sent, MOBILE_HOME, homeContext));
});

test("revoke: the command waits for the acknowledgment of every binding, whichever transmission it names [3543-3.5-05]", () => {
  const other = { ...foreignHome, peer: FA2 };
  const bench = RevocationBench.bound({ foreignAgents: [foreignHome, other] });
  bench.relayed({
    fields: { flags: RequestFlag.S, careOfAddress: FA2 },
    event: { source: FA2 },
    foreign: other,
  });
  bench.pass(1);
  const sent = revocations(bench.command("10.1.0.7"));
  assert.equal(sent.length, 2);
  const [first, second] = sent;
  assert(first !== undefined && second !== undefined);
  // The same identifier went to two peers: the source tells their answers apart.
  assert.equal(first.message.revocationIdentifier, second.message.revocationIdentifier);
  assert.deepEqual(answers(bench.acknowledge(first)), []);
  const again = bench.run(2);
  assert.equal(revocations(again).length, 1);
  assert.equal(revocations(again)[0]?.send.destination, FA2);
  const [answer] = answers(bench.acknowledge(second));
  assert.deepEqual([answer?.id, answer?.ok], [1, true]);
  assert.deepEqual(sends(bench.run(200)), []);
});

test("revoke: no binding, and no address, are answered at once", () => {
  const bench = RevocationBench.up();
  assert.match(answers(bench.command("10.1.0.7"))[0]?.message ?? "", /no binding of 10\.1\.0\.7/);
  assert.match(
    answers(bench.command("bob"))[0]?.message ?? "",
    /neither a home address nor the NAI/,
  );
});

test("RFC 3543 §3.5: an acknowledgment that matches no revocation, or is not authentic, is silently discarded [3543-3.5-01, 3543-3.5-05, 3543-3.3-13]", () => {
  const bench = RevocationBench.bound();
  const sent = oneRevocation(bench.command("10.1.0.7"));
  const { revocationIdentifier } = sent.message;
  assertSilent(bench.acknowledge(sent, { revocationIdentifier: revocationIdentifier + 1 }));
  assertSilent(bench.acknowledge(sent, { homeAddress: ipv4("10.1.0.8") }));
  assertSilent(bench.acknowledge({ ...sent, send: { ...sent.send, destination: FA2 } }));
  assert.equal(bench.counter("discarded-revocation-acknowledgment-unmatched"), 3);
  assertSilent(bench.acknowledge(sent, {}, null));
  assertSilent(bench.acknowledge(sent, {}, { ...foreignHome, key: Uint8Array.of(1) }));
  assert.equal(bench.counter("discarded-revocation-acknowledgment-unauthenticated"), 2);
  assert.equal(revocations(bench.run(1)).length, 1, "and the revocation goes on");
  assert.equal(answers(bench.acknowledge(sent)).length, 1);
});

test("RFC 3543 §4.2.2.1: without an answer it is sent again at growing intervals, each time with a new identifier, and then given up [3543-4.2.2.1-05, 3543-4.2.2.1-06, 3543-4.2.2.1-07, 3543-4.2.2.1-08, 3543-3.3-15]", () => {
  const bench = RevocationBench.bound({}, { fields: { lifetime: 1800 } });
  const identifiers = [oneRevocation(bench.command("10.1.0.7")).message.revocationIdentifier];
  const gaps: number[] = [];
  let last = bench.now.monotonic;
  let answer: Effect[] = [];
  while (answer.length === 0) {
    const due = bench.agent.nextDeadline();
    assert(due !== undefined);
    bench.pass(Math.max(0, due - bench.now.monotonic) / 1000);
    const effects = bench.handle({ type: "tick" });
    for (const sent of revocations(effects)) {
      assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
      identifiers.push(sent.message.revocationIdentifier);
      gaps.push((bench.now.monotonic - last) / 1000);
      last = bench.now.monotonic;
    }
    answer = answers(effects);
  }
  assert.deepEqual(gaps, [1, 2, 4, 8, 16, 32]);
  assert.equal(new Set(identifiers).size, 7);
  assert.deepEqual(identifiers, identifiers.toSorted());
  assert.deepEqual(
    answer.map((each) => each.type === "answer" && each.ok),
    [false],
  );
});

test("RFC 3543 §4.2.2.1: nothing is sent after the natural end of the binding, nor for one that has expired [3543-3.3-14, 3543-4.2.2.1-09]", () => {
  const bench = RevocationBench.bound({}, { fields: { lifetime: 6 } });
  bench.command("10.1.0.7");
  const effects = bench.run(100);
  assert.equal(revocations(effects).length, 2, "one and three seconds after the first");
  assert.equal(answers(effects).length, 1);
  const expired = RevocationBench.bound({}, { fields: { lifetime: 6 } });
  assert.deepEqual(sends(expired.run(100)), []);
  assert.deepEqual(expired.bindings(), []);
});

test("RFC 3543 §3.3: a second between the reply and a revocation, and between that and the next reply [3543-3.3-15, 3543-4.2.2.1-07]", () => {
  const bench = RevocationBench.up();
  const reply = replied(bench.relayed());
  assert.deepEqual(revocations(bench.command("10.1.0.7")), []);
  assert.deepEqual(revocations(bench.run(0.9)), []);
  const sent = oneRevocation(bench.run(0.2));
  assert.ok(sent.message.revocationIdentifier > (reply.timestamp ?? 0));
  bench.acknowledge(sent);
  assert.deepEqual(sends(bench.relayed()), []);
  assert.equal(bench.counter("discarded-request-right-after-revocation"), 1);
  bench.pass(1);
  assert.equal(replyIn(oneSend(bench.relayed())).code, 0);
});

test("RFC 3543 §4.2.2.1: a binding made anew is not met by the revocation of the old one", () => {
  const bench = RevocationBench.bound();
  bench.command("10.1.0.7");
  bench.pass(1.5);
  const effects = bench.relayed({ appended: [support(FA_TIME + 2)] });
  assert.equal(answers(effects)[0]?.ok, true);
  assert.deepEqual(sends(bench.run(100)), []);
  assert.equal(bench.bindings().length, 1);
});

test("RFC 3543 §1, §4.2.2.1: the foreign agent that a node has left is told, and not to look for it", () => {
  const other = { ...foreignHome, peer: FA2 };
  const bench = RevocationBench.bound({ foreignAgents: [foreignHome, other] });
  const moved = bench.relayed({
    fields: { careOfAddress: FA2 },
    event: { source: FA2 },
    foreign: other,
  });
  const told = oneRevocation(moved);
  assert.deepEqual([told.send.destination, told.message.flags], [FA, 2]);
  bench.acknowledge(told);
  bench.pass(1);
  const home = bench.request({ fields: { lifetime: 0, careOfAddress: HOME }, event: fromHomeLink });
  assert.equal(oneRevocation(home).send.destination, FA2);
  // A node that deregisters through its foreign agent has told it.
  const through = RevocationBench.bound();
  assert.deepEqual(revocations(through.request({ fields: { lifetime: 0 } })), []);
});

test("a node that comes back to the agent it had left is not revoked there, even if that was due to be sent again", () => {
  const other = { ...foreignHome, peer: FA2 };
  const bench = RevocationBench.bound({ foreignAgents: [foreignHome, other] });
  const at = (careOfAddress: Ipv4, foreign: typeof foreignHome) =>
    bench.relayed({ fields: { careOfAddress }, event: { source: careOfAddress }, foreign });
  assert.equal(oneRevocation(at(FA2, other)).send.destination, FA);
  bench.pass(1.5);
  const sent = revocations(at(FA, foreignHome)).map(({ send }) => send.destination);
  assert.deepEqual(sent, [FA2]);
});

test("a node that the configuration drops is revoked with the association it had", () => {
  const bench = RevocationBench.bound();
  const sent = oneRevocation(bench.reconfigure({ mobileNodes: [], foreignAgents: [] }));
  assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
});

test("RFC 3543 §3.5: after a restart revocations still follow the registration, even if the clock went back", () => {
  const overrides = { foreignAgents: [foreignHome], maxLifetime: 0xffff };
  const bench = RevocationBench.up(overrides);
  const { timestamp } = replied(bench.relayed({ fields: { lifetime: 0xffff } }));
  bench.now = { ...bench.now, wall: (bench.now.wall - 100_000) as never };
  bench.restart(overrides);
  bench.command("10.1.0.7");
  const sent = oneRevocation(bench.run(1.5));
  assert.ok(sent.message.revocationIdentifier > (timestamp ?? 0));
  assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
  assert.deepEqual(acknowledgments(bench.acknowledge(sent)), []);
});
