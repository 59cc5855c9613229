/** What the home agent makes of a foreign agent's revocation: RFC 3543 §3.5, §4.2.3.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import {
  acknowledgments,
  holds,
  oneAcknowledgment,
  revocationBytes,
  support,
} from "../revocation.ts";
import {
  assertSilent,
  FA,
  FA2,
  FOREIGN_HOME,
  foreignHome,
  HA,
  HOME,
  homeAddress,
  homeContext,
  reports,
} from "./harness.ts";
import { FA_TIME, RevocationBench } from "./revocation-bench.ts";

test("RFC 3543 §4.2.3.2: a revocation ends the binding and is acknowledged where it came from [3543-3.4-01, 3543-3.4-03, 3543-3.4-08, 3543-3.4-09, 3543-3.4-10, 3543-4.2.3.2-02, 3543-4.2.3.2-04, 3543-4.2.3.2-05, 3543-4.2.3.2-07]", () => {
  const bench = RevocationBench.bound();
  const effects = bench.revocation({}, foreignHome, { sourcePort: 40_001 });
  const sent = oneAcknowledgment(effects);
  const { send, message } = sent;
  assert.deepEqual(
    [send.source, send.sourcePort, send.destination, send.destinationPort],
    [HA, 434, FA, 40_001],
  );
  assert.deepEqual([message.homeAddress, message.revocationIdentifier], [HOME, FA_TIME + 1]);
  assert.deepEqual([message.reserved, message.reserved2], [0, 0]);
  assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.agent.forwarding().size, 0);
  assert.equal(bench.journal.has("binding/10.1.0.7/192.0.2.1"), false);
  assert.equal(reports(effects, "revoked")[0]?.by, "foreign-agent");
});

test("RFC 3543 §4.2.3.2: I of the acknowledgment is the home agent's decision, where it was asked for and negotiated [3543-3.4-04, 3543-3.4-06, 3543-4.2.3.2-06]", () => {
  const flags = (informRevoked: boolean, negotiated: boolean, asked: boolean) => {
    const bench = RevocationBench.bound(
      { informRevoked },
      { appended: [support(FA_TIME, negotiated)] },
    );
    return oneAcknowledgment(bench.revocation({ flags: asked ? 1 : 0 })).message.flags;
  };
  assert.equal(flags(true, true, true), 1);
  assert.equal(flags(false, true, true), 0);
  assert.equal(flags(true, true, false), 0);
  assert.equal(flags(true, false, true), 0);
});

test("RFC 3543 §3.5, §6.2: reflected, unauthenticated and old revocations are silently discarded [3543-3.3-13, 3543-3.5-01, 3543-3.5-02, 3543-3.5-03, 3543-3.5-04, 3543-4.2.3.2-01, 3543-4.2.3.2-03]", () => {
  const bench = RevocationBench.bound();
  const wrong = { ...foreignHome, key: Uint8Array.of(1) };
  const cases = [
    () => bench.revocation({ flags: 2 }),
    () => bench.revocation({}, wrong),
    () => bench.revocation({}, homeContext),
    () => bench.deliver(revocationBytes({ homeAddress: HOME, homeDomainAddress: HA }, undefined)),
    () => bench.revocation({ foreignDomainAddress: FA2 }),
    () => bench.revocation({ homeDomainAddress: ipv4("203.0.113.1") }),
    () => bench.revocation({ revocationIdentifier: FA_TIME }),
    () => bench.revocation({ revocationIdentifier: FA_TIME - 1 }),
    () => bench.deliver(Uint8Array.of(7, 0, 0)),
  ];
  for (const deliver of cases) assertSilent(deliver());
  assert.equal(bench.bindings().length, 1);
  assert.equal(bench.counter("discarded-revocation-reflected"), 1);
  assert.equal(bench.counter("discarded-revocation-unauthenticated"), 4);
  assert.equal(bench.counter("discarded-revocation-outdated"), 2);
});

test("RFC 3543 §3.5: the same revocation again is silently discarded, a later one of the lost acknowledgment's is answered alike [3543-3.5-04, 3543-3.4-09]", () => {
  const bench = RevocationBench.bound();
  assert.equal(oneAcknowledgment(bench.revocation()).message.flags, 1);
  assertSilent(bench.revocation());
  assert.equal(bench.counter("discarded-revocation-replayed"), 1);
  const later = bench.revocation({ revocationIdentifier: FA_TIME + 3 });
  assert.equal(oneAcknowledgment(later).message.flags, 1);
  bench.pass(1);
  bench.relayed({ appended: [support(FA_TIME + 9)] });
  assertSilent(bench.revocation({ revocationIdentifier: FA_TIME + 8 }));
  assert.equal(bench.bindings().length, 1, "the new binding is none of its business");
});

test("RFC 3543 §3.5, §6.2: equal identifiers of two peers, and revocations out of order, all count [3543-3.5-06, 3543-6.2-03, 3543-B-03]", () => {
  const other = { ...foreignHome, peer: FA2 };
  const node = homeAddress(8);
  const bench = RevocationBench.bound({
    foreignAgents: [foreignHome, other],
    mobileNodes: [
      { homeAddress: HOME, associations: [homeContext] },
      { homeAddress: node, associations: [homeContext] },
    ],
  });
  bench.relayed({
    fields: { flags: 0x80, careOfAddress: FA2 },
    event: { source: FA2 },
    foreign: other,
  });
  bench.relayed({ fields: { homeAddress: node } });
  assert.equal(bench.bindings().length, 3);
  const later = { homeAddress: node, revocationIdentifier: FA_TIME + 5 };
  assert.equal(acknowledgments(bench.revocation(later)).length, 1);
  assert.equal(acknowledgments(bench.revocation()).length, 1);
  const fromOther = bench.revocation({ foreignDomainAddress: FA2 }, other, { source: FA2 });
  assert.equal(acknowledgments(fromOther).length, 1);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 3543 §4.2.1: a foreign agent that took no part cannot revoke, one whose binding is gone is told so [3543-4.2.1-15]", () => {
  const bench = RevocationBench.bound({}, { appended: [] });
  assertSilent(bench.revocation());
  assert.equal(bench.counter("discarded-revocation-not-negotiated"), 1);
  assert.equal(bench.bindings().length, 1);
  const empty = RevocationBench.up();
  oneAcknowledgment(empty.revocation());
});
