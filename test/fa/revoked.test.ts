/** What the foreign agent makes of a home agent's revocation: RFC 3543 §3.5, §4.1, §4.2.2.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import {
  FOREIGN_HOME,
  holds,
  oneAcknowledgment,
  oneRevocation,
  revocationBytes,
  support,
} from "../revocation.ts";
import { FA, foreignHome, HA, HOME, homeContext, oneSend, reports, sends } from "./harness.ts";
import { HA_TIME, notifications, RevocationBench } from "./revocation-bench.ts";

const assertSilent = (effects: readonly Effect[]): void =>
  assert.deepEqual(
    effects.filter(({ type }) => type !== "report"),
    [],
  );

test("RFC 3543 §4.2.2.2: a revocation ends the visit and is acknowledged where it came from [3543-3.4-01, 3543-3.4-03, 3543-3.4-08, 3543-3.4-09, 3543-3.4-10, 3543-4.2.2.2-02, 3543-4.2.2.2-04, 3543-4.2.2.2-07, 3543-4.2.2.2-08]", () => {
  const bench = RevocationBench.visited();
  const payload = revocationBytes(
    {
      flags: 3,
      homeAddress: HOME,
      homeDomainAddress: HA,
      foreignDomainAddress: FA,
      revocationIdentifier: HA_TIME + 1,
      reserved: 0xff,
      reserved2: 0x3fff,
    },
    foreignHome,
  );
  const source = ipv4("198.51.100.2");
  const received = { interface: undefined, linkSource: undefined, source, sourcePort: 40_001 };
  const effects = bench.deliver(payload, { ...received, destination: FA });
  const sent = oneAcknowledgment(effects);
  const { send, message } = sent;
  assert.deepEqual(
    [send.source, send.sourcePort, send.destination, send.destinationPort, send.link],
    [FA, 434, source, 40_001, undefined],
  );
  assert.deepEqual([message.homeAddress, message.revocationIdentifier], [HOME, HA_TIME + 1]);
  assert.deepEqual([message.reserved, message.reserved2], [0, 0]);
  assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
  assert.deepEqual(bench.visitors(), []);
  assert.equal(bench.agent.forwarding().size, 0);
  const persisted = effects.filter((effect) => effect.type === "persist");
  assert.deepEqual(persisted, [
    { type: "persist", key: "visitor/198.51.100.1/10.1.0.7", value: null },
  ]);
  assert.equal(reports(effects, "revoked").length, 1);
});

test("RFC 3543 §4.2.2.2: the node is told as the negotiated I says, else by our policy, and I of the acknowledgment tells what was done [3543-3.2-12, 3543-3.4-04, 3543-3.4-07, 3543-4.1-02, 3543-4.1-05, 3543-4.2.2.2-05, 3543-4.2.2.2-06]", () => {
  const outcome = (flags: number, negotiated: boolean, informRevoked = "home-agent" as const) => {
    const accepting = { extra: [support(HA_TIME, negotiated)] };
    const bench = RevocationBench.visited({ informRevoked }, accepting);
    const effects = bench.revocation({ flags });
    const told = notifications(effects);
    assert.ok(
      told.every(({ send, busy }) => send.ttl === 1 && !busy),
      "it may register again",
    );
    const informed = oneAcknowledgment(effects).message.flags;
    assert.equal(informed, told.length);
    return informed === 1;
  };
  assert.equal(outcome(3, true), true);
  assert.equal(outcome(2, true), false);
  assert.equal(outcome(2, false), true, "the default is to inform (§4.2.2.2, against §3.4)");
  assert.equal(outcome(2, false, "never" as never), false);
  const linkless = RevocationBench.visited();
  linkless.agent.handle({ type: "link", interface: "lan0", link: undefined }, linkless.now);
  assert.equal(oneAcknowledgment(linkless.revocation()).message.flags, 0, "nobody could be told");
});

test("RFC 3543 §3.5, §B: reflected, unauthenticated, old and vague revocations are silently discarded [3543-3.3-13, 3543-3.5-01, 3543-3.5-02, 3543-3.5-03, 3543-3.5-04, 3543-4.2.2.2-01, 3543-4.2.2.2-03, 3543-B-01]", () => {
  const bench = RevocationBench.visited();
  const key = Uint8Array.of(1);
  const cases: (() => Effect[])[] = [
    () => bench.revocation({ flags: 1 }),
    () => bench.revocation({}, { ...foreignHome, key }),
    () => bench.revocation({}, homeContext),
    () => bench.revocation({}, null),
    () => bench.revocation({ homeDomainAddress: ipv4("203.0.113.1") }),
    () => bench.revocation({ homeDomainAddress: ipv4("0.0.0.0") }),
    () => bench.revocation({ foreignDomainAddress: ipv4("192.0.2.99") }),
    () => bench.revocation({ revocationIdentifier: HA_TIME }),
    () => bench.revocation({ revocationIdentifier: HA_TIME - 1 }),
    () => bench.replyBytes(Uint8Array.of(7, 0, 0)),
  ];
  for (const deliver of cases) assertSilent(deliver());
  assert.equal(bench.visitors().length, 1);
  assert.equal(bench.counter("discarded-revocation-reflected"), 1);
  assert.equal(bench.counter("discarded-revocation-unauthenticated"), 4);
  assert.equal(bench.counter("discarded-revocation-without-home-agent"), 1);
  assert.equal(bench.counter("discarded-revocation-not-ours"), 1);
  assert.equal(bench.counter("discarded-revocation-outdated"), 2);
});

test("RFC 3543 §6.2: our own revocation, reflected, is not the home agent's [3543-3.5-03]", () => {
  const bench = RevocationBench.visited();
  const sent = oneRevocation(bench.shutdown());
  assertSilent(bench.replyBytes(sent.send.payload));
  assert.equal(bench.counter("discarded-revocation-reflected"), 1);
});

test("RFC 3543 §3.5: the same revocation again is silently discarded, a later one of a lost acknowledgment's answered alike [3543-3.4-09, 3543-3.5-04]", () => {
  const bench = RevocationBench.visited();
  assert.equal(oneAcknowledgment(bench.revocation()).message.flags, 1);
  assertSilent(bench.revocation());
  assert.equal(bench.counter("discarded-revocation-replayed"), 1);
  const later = bench.revocation({ revocationIdentifier: HA_TIME + 3 });
  assert.equal(oneAcknowledgment(later).message.flags, 1);
  assert.deepEqual(notifications(later), [], "once is enough");
  bench.pass(1);
  bench.accept({ extra: [support(HA_TIME + 9)] });
  assertSilent(bench.revocation({ revocationIdentifier: HA_TIME + 8 }));
  assert.equal(bench.visitors().length, 1, "the new visit is none of its business");
});

test("RFC 3543 §3.5, §6.2: equal identifiers of two home agents, and revocations out of order, all count [3543-3.5-06, 3543-6.2-03]", () => {
  const other = { ...foreignHome, peer: ipv4("203.0.113.5") };
  const bench = RevocationBench.visited({ homeAgents: [foreignHome, other] });
  const guest = {
    fields: { homeAgent: other.peer },
    event: { linkSource: "02:00:00:00:00:08" as Mac },
  };
  const relayed = oneSend(bench.request(guest));
  bench.reply(relayed, {}, other, [support(HA_TIME)]);
  const third = { fields: { homeAddress: ipv4("10.1.0.9") }, event: { source: ipv4("10.1.0.9") } };
  bench.accept({ request: third });
  assert.equal(bench.visitors().length, 3);
  const later = { homeAddress: ipv4("10.1.0.9"), revocationIdentifier: HA_TIME + 5 };
  oneAcknowledgment(bench.revocation(later));
  oneAcknowledgment(bench.revocation());
  const fromOther = bench.revocation({ homeDomainAddress: other.peer }, other, other.peer);
  oneAcknowledgment(fromOther);
  assert.deepEqual(
    bench.visitors(),
    [],
    "the same home address of two home agents is two visitors",
  );
});

test("RFC 3543 §4.2.1: a home agent that took no part cannot revoke, one whose visitor is gone is told so [3543-4.2.1-15]", () => {
  const bench = RevocationBench.visited({}, { extra: [] });
  assertSilent(bench.revocation());
  assert.equal(bench.counter("discarded-revocation-not-negotiated"), 1);
  assert.equal(bench.visitors().length, 1);
  const empty = RevocationBench.up();
  const effects = empty.revocation();
  assert.equal(oneAcknowledgment(effects).message.flags, 0);
  assert.deepEqual(notifications(effects), []);
});

test("RFC 3543 §3.2: a revocation that overtakes the reply ends the registration all the same", () => {
  const bench = RevocationBench.up();
  const relayed = oneSend(bench.request());
  bench.pass(1);
  oneAcknowledgment(bench.revocation({ revocationIdentifier: HA_TIME + 1 }));
  const effects = bench.reply(relayed, {}, foreignHome, [support(HA_TIME)]);
  assert.equal(sends(effects).length, 1, "the reply goes on to the node");
  assert.equal(notifications(effects).length, 1);
  assert.deepEqual(bench.visitors(), []);
  // A home agent whose clock was set back since is not locked out.
  bench.pass(1);
  bench.accept({ extra: [support(HA_TIME - 100)] });
  assert.equal(bench.visitors().length, 1);
});

test("RFC 3543 §4.2: a revocation on the wire to somebody else is none of ours", () => {
  const bench = RevocationBench.visited();
  const payload = revocationBytes({ homeAddress: HOME, homeDomainAddress: HA }, foreignHome);
  assert.deepEqual(bench.deliver(payload, { destination: ipv4("203.0.113.9") }), []);
});

test("RFC 3543 §4.2.2.2: both ends revoke at once: neither goes on", () => {
  const bench = RevocationBench.visited();
  oneRevocation(bench.shutdown());
  oneAcknowledgment(bench.revocation());
  assert.equal(bench.agent.nextDeadline(), undefined);
});
