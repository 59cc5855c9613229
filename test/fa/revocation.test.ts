/** How the foreign agent negotiates revocation and revokes: RFC 3543 §3.1 to §3.5, §4.2.3.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { decodeControl, RequestFlag } from "../../shared/wire/control.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  FOREIGN_HOME,
  holds,
  MOBILE_HOME,
  oneRevocation,
  revocations,
  support,
  supportIn,
} from "../revocation.ts";
import { advertisedFlags } from "./advertised.ts";
import {
  denialOf,
  FA,
  foreignHome,
  HA,
  HOME,
  lan0,
  NODE_MAC,
  oneSend,
  replyIn,
  reports,
  sends,
} from "./harness.ts";
import { HA_TIME, linkX, notifications, RevocationBench } from "./revocation-bench.ts";

const ntpSeconds = (bench: RevocationBench): number =>
  Math.floor(bench.now.wall / 1000) + 2_208_988_800;

const offered = (effects: readonly Effect[]) => {
  const decoded = decodeControl(oneSend(effects).payload);
  assert(decoded.ok);
  return supportIn(decoded.value);
};

test("RFC 3543 §3.1: the X bit stands for support on a link, and the offer goes where both are [3543-3.1-01, 3543-3.1-02, 3543-3.2-01, 3543-3.2-04, 3543-3.2-09, 3543-3.2-13, 3543-4.2-01, 3543-4.2.1-01, 3543-4.2.1-04]", () => {
  const bench = RevocationBench.up();
  const request = offered(bench.request());
  assert.deepEqual(request.names, [MOBILE_HOME, "revocation-support-extension", FOREIGN_HOME]);
  assert.equal(request.timestamp, ntpSeconds(bench));
  assert.ok(request.inform);
  for (const overrides of [{ links: [lan0] }, { homeAgents: [] }]) {
    const without = RevocationBench.up(overrides);
    assert.equal(offered(without.request()).timestamp, undefined);
  }
  const deregistration = RevocationBench.up().request({ fields: { lifetime: 0 } });
  assert.equal(offered(deregistration).timestamp, undefined, "nothing would protect it");
});

test("RFC 3543 §4.2: agents advertise X and R on the links where they revoke [3543-3.1-01, 3543-4.2-01, 3543-4.3.1-01]", () => {
  const { R, X } = AdvertisementFlag;
  assert.equal(advertisedFlags({ links: [linkX] }) & (R | X), R | X);
  assert.equal(advertisedFlags({ links: [lan0] }) & X, 0);
});

test("RFC 3543 §3.2: I of the offer tells whether the home agent may decide on informing the node [3543-3.2-10, 3543-3.2-16]", () => {
  for (const informRevoked of ["always", "never"] as const) {
    const bench = RevocationBench.up({ informRevoked });
    assert.equal(offered(bench.request()).inform, false);
  }
});

test("RFC 3543 §4.2.1: a node without its own care-of address that offers revocation is silently discarded, and logged [3543-4.2.1-13, 3543-4.2.1-14]", () => {
  const bench = RevocationBench.up();
  const effects = bench.request({ fields: { extensions: [support(1)] } });
  assert.deepEqual(sends(effects), []);
  assert.equal(reports(effects, "dropped").length, 1);
  assert.equal(bench.counter("discarded-request-revocation-support"), 1);
});

test("RFC 3543 §4.3.1: with R for the sake of revocation a co-located care-of address is denied with 65 [3543-4.3.1-02]", () => {
  const own = ipv4("192.0.2.40");
  const fields = { flags: RequestFlag.D, careOfAddress: own };
  const request = { fields, event: { source: own } };
  assert.equal(denialOf(RevocationBench.up(), request).reply.code, 65);
  const bench = RevocationBench.up({ homeAgents: [] });
  assert.equal(offered(bench.request(request)).timestamp, undefined, "which nobody could revoke");
});

test("RFC 3543 §4.2.1: without an answer the home agent takes no part, and nothing is sent to it [3543-4.2.1-02, 3543-4.2.1-15]", () => {
  const bench = RevocationBench.visited({}, { extra: [] });
  assert.deepEqual(revocations(bench.dropLink()), []);
  assert.deepEqual(bench.visitors(), []);
});

test("RFC 3543 §3.2: an answer that nothing protects is failed authentication of the home agent; odd bits and octets are nothing [3543-3.2-14, 3543-3.2-07, 3543-3.2-08, 3543-3.2-19]", () => {
  const bench = RevocationBench.up();
  const relayed = oneSend(bench.request());
  const name = "foreign-home-authentication-extension" as const;
  assert.equal(name, FOREIGN_HOME);
  const bytes = bench.replyTo(relayed, {}, foreignHome, []);
  const tail = bench.replyTo(relayed, {}, undefined, [support(HA_TIME)]).subarray(-8);
  const effects = bench.replyBytes(Uint8Array.of(...bytes, ...tail));
  assert.equal(reports(effects, "security-exception").length, 1);
  assert.deepEqual(bench.visitors(), []);
  const odd = { ...support(HA_TIME), reserved: 0x7fff, rest: Uint8Array.of(1) } as const;
  const tolerant = RevocationBench.visited({}, { extra: [odd] });
  assert.equal(revocations(tolerant.dropLink()).length, 1);
});

test("RFC 3543 §4.2.3.1: a visitor that the configuration drops is revoked from its care-of address, A clear, I asking [3543-3.3-03, 3543-3.3-04, 3543-3.3-05, 3543-3.3-06, 3543-3.3-10, 3543-3.3-11, 3543-3.3-12, 3543-4.2.3.1-01, 3543-4.2.3.1-02, 3543-4.2.3.1-04, 3543-4.2.3.1-05, 3543-6.2-01]", () => {
  const bench = RevocationBench.visited();
  const effects = bench.dropLink();
  const sent = oneRevocation(effects);
  const { send, message } = sent;
  assert.deepEqual(
    [send.source, send.sourcePort, send.destination, send.destinationPort],
    [FA, 434, HA, 434],
  );
  assert.deepEqual([message.flags, message.reserved, message.reserved2], [1, 0, 0]);
  assert.deepEqual(
    [message.homeAddress, message.homeDomainAddress, message.foreignDomainAddress],
    [HOME, HA, FA],
  );
  assert.equal(message.revocationIdentifier, ntpSeconds(bench));
  assert.ok(holds(sent, FOREIGN_HOME, foreignHome));
  assert.deepEqual(notifications(effects), [], "the home agent decides first");
  assert.equal(reports(effects, "revoked").length, 1);
  assert.deepEqual(bench.visitors(), []);
});

test("RFC 3543 §4.2.3.1: where I is not negotiated, or not our policy any more, it is clear and the policy holds [3543-3.2-12, 3543-3.2-18, 3543-3.3-07, 3543-4.2.3.1-03]", () => {
  const sentBy = (bench: RevocationBench) => {
    const effects = bench.shutdown();
    assert.equal(oneRevocation(effects).message.flags, 0);
    return notifications(effects).length;
  };
  const refused = { extra: [support(HA_TIME, false)] };
  assert.equal(sentBy(RevocationBench.visited({}, refused)), 1, "the default is to inform");
  assert.equal(sentBy(RevocationBench.visited({ informRevoked: "always" })), 1);
  assert.equal(sentBy(RevocationBench.visited({ informRevoked: "never" })), 0);
  for (const [informRevoked, count] of [
    ["always", 1],
    ["never", 0],
  ] as const) {
    const changed = RevocationBench.visited();
    changed.agent.reconfigure({ ...changed.agent.config, informRevoked }, changed.now);
    assert.equal(sentBy(changed), count);
  }
});

test("RFC 3543 §4.1, §4.2.3.1: after the acknowledgment the node is told or not, as its I says [3543-4.1-02, 3543-4.1-03, 3543-4.1-05, 3543-4.2.3.1-01, 3543-4.2.3.1-10, 3543-3.4-05]", () => {
  const told = (flags: number, bench = RevocationBench.visited()) => {
    const sent = oneRevocation(bench.shutdown());
    return notifications(bench.acknowledge(sent, { flags }));
  };
  const [only, ...more] = told(1);
  assert(only !== undefined && more.length === 0);
  assert.equal(only.send.ttl, 1);
  assert.deepEqual(only.send.link, { interface: "lan0", destination: NODE_MAC });
  assert.deepEqual([only.send.source, only.send.destination], [FA, HOME]);
  assert.ok(only.busy, "it is not to come back");
  assert.deepEqual(told(0), []);
  // I = 1 in answer to I = 0 means nothing; the node of the policy "never" stays untold.
  assert.deepEqual(told(1, RevocationBench.visited({ informRevoked: "never" })), []);
});

test("RFC 3543 §4.2.3.1: a home agent that is asked and never answers leaves the node to our policy", () => {
  const bench = RevocationBench.visited();
  bench.shutdown();
  const effects = bench.runAll(200);
  assert.equal(revocations(effects).length, 6);
  assert.equal(notifications(effects).length, 1);
  assert.equal(bench.counter("revocations-unanswered"), 1);
  assert.equal(bench.agent.nextDeadline(), undefined, "and the end is not held up further");
});

test("RFC 3543 §3.5: an acknowledgment that matches no revocation, or is not authentic, is silently discarded [3543-3.5-01, 3543-3.5-05]", () => {
  const bench = RevocationBench.visited();
  const sent = oneRevocation(bench.shutdown());
  const { revocationIdentifier } = sent.message;
  const unmatched = [
    bench.acknowledge(sent, { revocationIdentifier: revocationIdentifier - 1 }),
    bench.acknowledge(sent, { homeAddress: ipv4("10.1.0.8") }),
    bench.acknowledge({ ...sent, send: { ...sent.send, destination: ipv4("203.0.113.1") } }),
  ];
  const forged = [
    bench.acknowledge(sent, {}, null),
    bench.acknowledge(sent, {}, { ...foreignHome, key: Uint8Array.of(1) }),
  ];
  for (const effects of [...unmatched, ...forged]) {
    assert.deepEqual(
      effects.map(({ type }) => type),
      ["report"],
    );
  }
  assert.equal(bench.counter("discarded-revocation-acknowledgment-unmatched"), 3);
  assert.equal(bench.counter("discarded-revocation-acknowledgment-unauthenticated"), 2);
  assert.equal(revocations(bench.runAll(1)).length, 1, "and the revocation goes on");
  bench.acknowledge(sent);
  assert.equal(bench.agent.nextDeadline(), undefined);
});

test("RFC 3543 §4.2.3.1: it is sent again at growing intervals, with a new identifier each time, and not beyond the visit's natural end [3543-4.2.3.1-06, 3543-4.2.3.1-07, 3543-4.2.3.1-08, 3543-4.2.3.1-09, 3543-3.3-15]", () => {
  const timed = (lifetime: number) => {
    const bench = RevocationBench.visited({}, { request: { fields: { lifetime } } });
    const sent = [oneRevocation(bench.shutdown())];
    const times = [bench.now.monotonic];
    for (
      let due = bench.agent.nextDeadline();
      due !== undefined;
      due = bench.agent.nextDeadline()
    ) {
      bench.pass((due - bench.now.monotonic) / 1000);
      for (const each of revocations(bench.agent.handle({ type: "tick" }, bench.now))) {
        assert.ok(holds(each, FOREIGN_HOME, foreignHome));
        sent.push(each);
        times.push(bench.now.monotonic);
      }
    }
    const identifiers = sent.map(({ message }) => message.revocationIdentifier);
    assert.equal(new Set(identifiers).size, sent.length);
    assert.deepEqual(identifiers, identifiers.toSorted());
    return times.slice(1).map((time, at) => (time - (times[at] ?? 0)) / 1000);
  };
  assert.deepEqual(timed(600), [1, 2, 4, 8, 16, 32]);
  assert.deepEqual(timed(6), [1, 2]);
});

test("RFC 3543 §3.3: no revocation for what has expired, or deregistered [3543-3.3-14]", () => {
  const expired = RevocationBench.visited({}, { request: { fields: { lifetime: 6 } } });
  assert.deepEqual(revocations(expired.runAll(20)), []);
  const left = RevocationBench.visited();
  left.accept({ request: { fields: { lifetime: 0 } } });
  assert.deepEqual(left.visitors(), []);
  assert.deepEqual(revocations(left.runAll(20)), []);
});

test("RFC 3543 §3.3: a second passes between a registration and a revocation, and after that before the next registration [3543-3.3-15, 3543-4.2.3.1-07]", () => {
  const bench = RevocationBench.up();
  bench.accept();
  assert.deepEqual(revocations(bench.shutdown()), []);
  const sent = oneRevocation(bench.runAll(1));
  assert.equal(bench.now.monotonic, 1000);
  assert.equal(sent.message.revocationIdentifier, ntpSeconds(bench));

  const again = RevocationBench.visited();
  again.dropLink();
  again.agent.reconfigure({ ...again.agent.config, links: [linkX] }, again.now);
  again.linkUp();
  assert.deepEqual(sends(again.request()), []);
  assert.equal(again.counter("discarded-request-right-after-revocation"), 1);
  again.pass(1);
  oneSend(again.request());
  assert.deepEqual(revocations(again.runAll(100)), [], "it would end what is being registered");
});

test("RFC 3543 §4.2.3: the home agent that a node has turned its back on is told, the node not", () => {
  const other = { ...foreignHome, peer: ipv4("203.0.113.5") };
  const bench = RevocationBench.visited({ homeAgents: [foreignHome, other] });
  const relayed = oneSend(bench.request({ fields: { homeAgent: other.peer } }));
  const effects = bench.reply(relayed, {}, other, [support(9)]);
  const sent = oneRevocation(effects);
  assert.deepEqual([sent.send.destination, sent.message.flags], [HA, 0]);
  assert.deepEqual(notifications(effects), []);
  assert.equal(bench.visitors().length, 1);
});

test("RFC 3543 §3.5: what was negotiated outlives a crash, and the clock does not go back", () => {
  const persisted = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === "persist" ? [effect] : []));
  const bench = RevocationBench.up({ registrationLifetime: 0xffff });
  const request = { fields: { lifetime: 0xffff } };
  const timestamp = ntpSeconds(bench);
  const [kept] = persisted(bench.accept({ request }));
  assert(kept !== undefined);
  const later = RevocationBench.up({ registrationLifetime: 0xffff });
  later.now = { ...later.now, wall: (bench.now.wall - 100_000) as never };
  const entries = [[kept.key, JSON.parse(JSON.stringify(kept.value))]] as const;
  later.agent.handle({ type: "restore", entries }, later.now);
  later.shutdown();
  const sent = oneRevocation(later.runAll(1));
  assert.ok(sent.message.revocationIdentifier > timestamp);
  assert.equal(replyIn(oneSend(RevocationBench.up().accept())).code, 0);
});
