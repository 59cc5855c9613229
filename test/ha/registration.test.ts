import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SIMULTANEOUS_BINDINGS } from "../../ha/core/bindings.ts";
import { formatIpv4, type Ipv4, ipv4, MOBILE_AGENTS } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import {
  arps,
  assertSilent,
  Bench,
  config,
  FA,
  FA2,
  foreignHome,
  fromHomeLink,
  HA,
  HA_ON_LINK,
  HOME,
  homeAddress,
  homeContext,
  NODE_MAC,
  oneSend,
  ROAMER,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

test("RFC 5944 §3.8.2.2: a good request makes a binding and gets code 0 [5944-3.8.2.2-01] [5944-3.8.2.2-02] [5944-3.8.2-01] [5944-3.8.2-02] [5944-3.8.1-03] [5944-3.8.1-01] [5944-3.8.1-02] [5944-3.4-07] [3024-4.3.2-01]", () => {
  const bench = Bench.up();
  const effects = bench.request();
  const reply = replyIn(oneSend(effects));
  assert.equal(reply.code, 0);
  assert.equal(reply.lifetime, 600);
  assert.deepEqual(bench.bindings(), [
    {
      home_address: "10.1.0.7",
      nai: null,
      care_of_address: "192.0.2.1",
      requested_care_of_address: "192.0.2.1",
      home_agent: "198.51.100.1",
      lifetime: 600,
      lifetime_remaining: 600,
      encapsulation: "ipip",
      reverse_tunnel: false,
      udp_tunnel: false,
      broadcasts: false,
      networks: [],
    },
  ]);
  assert.equal(reports(effects, "binding-added")[0]?.home_address, "10.1.0.7");
  const kept = bench.journal.get("binding/10.1.0.7/192.0.2.1") as { identification: string };
  assert.equal(kept.identification, reply.identification.toString(16));
  assert.equal(bench.counter("registration-accepted"), 1);
  assert.equal(bench.counter("reg-requests-received"), 1);
  assert.equal(bench.counter("reg-replies-sent"), 1);
});

test("RFC 5944 §4.2.3: the binding is declared for interception, from the Home Agent of the reply [5944-4.2.3-01] [5944-4.2.3-06] [5944-1.7-03] [5944-4.1-01]", () => {
  const bench = Bench.up();
  assert.equal(bench.agent.forwarding().size, 0);
  bench.request();
  assert.deepEqual(
    [...bench.agent.forwarding()],
    [
      [
        "binding/10.1.0.7/192.0.2.1",
        {
          kind: "binding",
          homeAddress: HOME,
          homeAgent: HA,
          careOfAddress: FA,
          encapsulation: "ipip",
          greKeyIn: undefined,
          greKeyOut: undefined,
          udpPort: undefined,
          reverse: false,
          homeInterface: "home0",
          groups: undefined,
          dependsOn: undefined,
        },
      ],
    ],
  );
});

test("RFC 5944 §4.2.3: another address of this home agent is copied, and is the tunnel's end [5944-4.2.3-06] [5944-3.8.3.2-07]", () => {
  const bench = Bench.up();
  const reply = bench.replyTo({
    fields: { homeAgent: HA_ON_LINK },
    event: { destination: HA_ON_LINK },
  });
  assert.equal(reply.code, 0);
  assert.equal(reply.homeAgent, HA_ON_LINK);
  const [item] = bench.forwarding();
  assert(item?.kind === "binding");
  assert.equal(item.homeAgent, HA_ON_LINK);
});

test("RFC 5944 §1.7: a virtual home network has no link to answer ARP on [5944-1.7-04] [5944-2.3-15]", () => {
  const bench = Bench.up();
  const effects = bench.request({ fields: { homeAddress: ROAMER } });
  assert.equal(replyIn(oneSend(effects)).code, 0);
  assert.deepEqual(arps(effects), []);
  const [item] = bench.forwarding();
  assert(item?.kind === "binding");
  assert.equal(item.homeInterface, undefined);
});

test("RFC 5944 §3.8.3.2: the lifetime is cut to the maximum, never raised [5944-3.8.2.2-10] [5944-3.8.2.2-11] [5944-3.8.3.2-02] [5944-3.8.3.2-03] [5944-3.4-02]", () => {
  for (const [maximum, requested, granted] of [
    [1800, 60, 60],
    [1800, 1800, 1800],
    [1800, 1801, 1800],
    [1800, 0xffff, 1800],
    [0xffff, 0xfffe, 0xfffe],
  ] as const) {
    const bench = Bench.up({ maxLifetime: maximum });
    assert.equal(bench.replyTo({ fields: { lifetime: requested } }).lifetime, granted);
    assert.equal(bench.bindings()[0]?.lifetime, granted);
  }
});

test("RFC 5944 §3.3: an infinite lifetime never ends [5944-3.3-05]", () => {
  const bench = Bench.up({ maxLifetime: 0xffff });
  assert.equal(bench.replyTo({ fields: { lifetime: 0xffff } }).lifetime, 0xffff);
  bench.run(3_000_000);
  assert.equal(bench.bindings()[0]?.lifetime_remaining, null);
  assert.equal(bench.bindings()[0]?.lifetime, 65535);
});

test("RFC 5944 §3.8.2.2: after its lifetime a binding is gone, without a reply [5944-3.8.2.2-12] [5944-3.8-02] [5944-4.2.3-04] [5944-4.2.3-09]", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 60 } });
  assert.deepEqual(reports(bench.run(59.9), "binding-removed"), []);
  assert.equal(bench.bindings().length, 1);
  const effects = bench.run(0.1);
  assert.deepEqual(sends(effects), []);
  assert.deepEqual(arps(effects), []);
  assert.equal(reports(effects, "binding-removed")[0]?.reason, "expired");
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.agent.forwarding().size, 0);
  assert.deepEqual([...bench.journal.keys()], ["replay/10.1.0.7"]);
});

test("RFC 5944 §4.2.3: of simultaneous bindings only the one that is over goes [5944-4.2.3-10] [5944-4.2.3-03]", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 60 } });
  bench.request({ fields: { careOfAddress: FA2, flags: RequestFlag.S } });
  assert.equal(bench.agent.forwarding().size, 2);
  bench.run(60);
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.65"]);
  assert.equal(bench.agent.forwarding().size, 1);
});

test("RFC 5944 §3.8.2.2: without S the new binding replaces the others, with S it joins them [5944-3.8.2.2-05]", () => {
  const bench = Bench.up();
  bench.request();
  const joined = bench.request({ fields: { careOfAddress: FA2, flags: RequestFlag.S } });
  assert.equal(replyIn(oneSend(joined)).code, 0);
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.1", "192.0.2.65"]);
  const third = ipv4("192.0.2.129");
  const effects = bench.request({ fields: { careOfAddress: third } });
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.129"]);
  assert.deepEqual(
    reports(effects, "binding-removed").map(({ care_of_address, reason }) => [
      care_of_address,
      reason,
    ]),
    [
      ["192.0.2.1", "replaced"],
      ["192.0.2.65", "replaced"],
    ],
  );
});

test("RFC 5944 §3.8.2.2: a renewal starts the lifetime anew and leaves forwarding alone", () => {
  const bench = Bench.up();
  bench.request();
  const before = bench.agent.forwarding();
  bench.pass(300);
  const effects = bench.request();
  assert.equal(bench.bindings()[0]?.lifetime_remaining, 600);
  assert.equal(reports(effects, "binding-updated").length, 1);
  assert.equal(bench.agent.forwarding(), before);
});

test("a renewal is told at level debug, anything else that happens to a binding at info", () => {
  const bench = Bench.up();
  const levels = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === "report" ? [[effect.event, effect.level]] : []));
  assert.deepEqual(levels(bench.request()), [["binding-added", "info"]]);
  assert.deepEqual(levels(bench.request()), [["binding-updated", "debug"]]);
  const other = { fields: { flags: RequestFlag.T } };
  assert.deepEqual(levels(bench.request(other)), [["binding-updated", "info"]], "another tunnel");
  assert.deepEqual(levels(bench.request({ fields: { lifetime: 0 } })), [
    ["binding-removed", "info"],
  ]);
});

test("RFC 5944 §3.8.2.3: too many simultaneous bindings: 135; renewing one of them is none more [5944-3.8.2.3-02]", () => {
  const bench = Bench.up();
  const flags = RequestFlag.S;
  const careOf = (i: number) => (FA + i) as Ipv4;
  for (let i = 0; i < MAX_SIMULTANEOUS_BINDINGS; i++) {
    assert.equal(bench.replyTo({ fields: { flags, careOfAddress: careOf(i) } }).code, 0);
  }
  const one = { flags, careOfAddress: careOf(MAX_SIMULTANEOUS_BINDINGS) };
  assert.equal(bench.replyTo({ fields: one }).code, 135);
  assert.equal(bench.counter("too-many-bindings"), 1);
  for (let i = 0; i < 10; i++) {
    assert.equal(bench.replyTo({ fields: { flags, careOfAddress: careOf(1) } }).code, 0);
  }
  assert.equal(bench.bindings().length, MAX_SIMULTANEOUS_BINDINGS);
  assert.equal(bench.replyTo({ fields: { careOfAddress: one.careOfAddress } }).code, 0);
  assert.deepEqual(bench.careOfAddresses(), [formatIpv4(one.careOfAddress)]);
});

test("RFC 5944 §3.8.2.2: Lifetime 0 and the home address as care-of address: all bindings go [5944-3.8.2.2-03] [5944-3.3-05]", () => {
  const bench = Bench.up();
  bench.request();
  bench.request({ fields: { careOfAddress: FA2, flags: RequestFlag.S } });
  const effects = bench.request({ fields: { lifetime: 0, careOfAddress: HOME } });
  const reply = replyIn(oneSend(effects));
  assert.deepEqual([reply.code, reply.lifetime], [0, 0]);
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.agent.forwarding().size, 0);
  assert.equal(reports(effects, "binding-removed").length, 2);
  assert.deepEqual([...bench.journal.keys()], ["replay/10.1.0.7"]);
  assert.equal(bench.counter("de-reg-requests-received"), 1);
  assert.equal(bench.counter("de-reg-replies-sent"), 1);
});

test("RFC 5944 §3.8.2.2: Lifetime 0 and a care-of address: that binding goes, the others stay [5944-3.8.2.2-04]", () => {
  const bench = Bench.up();
  bench.request();
  bench.request({ fields: { careOfAddress: FA2, flags: RequestFlag.S } });
  assert.equal(bench.replyTo({ fields: { lifetime: 0, careOfAddress: FA } }).code, 0);
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.65"]);
  assert.equal(bench.replyTo({ fields: { lifetime: 0, careOfAddress: FA } }).code, 0);
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.65"]);
});

test("RFC 5944 §3.8.2.2: the reply goes to the source of the request alone, whoever lost the binding [5944-3.8.2.2-06] [5944-3.8.2.2-08]", () => {
  const bench = Bench.up({ foreignAgents: [foreignHome] });
  bench.request({ foreign: [foreignHome] });
  const fields = { lifetime: 0, careOfAddress: FA };
  const send = oneSend(bench.request({ fields, event: { source: FA2 } }));
  assert.equal(send.destination, FA2);
});

test("RFC 5944 §3.8.3.1: addresses and ports are those of the request, exchanged [5944-3.8.3.1-01] [5944-3.8.3.1-02] [5944-3.4-08] [5944-1.8-01]", () => {
  const bench = Bench.up();
  const event = { source: FA2, sourcePort: 5434, destination: HA_ON_LINK };
  const send = oneSend(bench.request({ event }));
  assert.equal(send.source, HA_ON_LINK);
  assert.equal(send.sourcePort, 434);
  assert.equal(send.destination, FA2);
  assert.equal(send.destinationPort, 5434);
  assert.equal(send.link, undefined);
});

test("RFC 5944 §2.1.1: no busy state for the nodes it serves [5944-2.1.1-08]", () => {
  const mobileNodes = Array.from({ length: 50 }, (_, i) => ({
    homeAddress: homeAddress(i + 1),
    associations: [homeContext],
  }));
  const bench = Bench.up({ ...config, mobileNodes });
  for (const node of mobileNodes) {
    assert.equal(bench.replyTo({ fields: { homeAddress: node.homeAddress } }).code, 0);
  }
  assert.equal((bench.agent.query("status", bench.now) as { bindings: number }).bindings, 50);
});

test("captured datagrams on their way to others are none of our business", () => {
  const bench = Bench.up();
  const event = { interface: "home0", destination: ipv4("203.0.113.5") };
  assert.deepEqual(bench.request({ event }), []);
  assert.equal(bench.counter("reg-requests-received"), 0);
  assertSilent(bench.handle({ type: "tick" }));
});

test("RFC 5944 §2.3: a request to 224.0.0.11 is served, and answered from the unicast address [5944-2.3-04] [5944-3.8.3.1-01]", () => {
  const bench = Bench.up();
  const event = { ...fromHomeLink, destination: MOBILE_AGENTS };
  const send = oneSend(bench.request({ fields: { lifetime: 0, careOfAddress: HOME }, event }));
  assert.equal(replyIn(send).code, 0);
  assert.equal(send.source, HA);
  assert.deepEqual(send.link, { interface: "home0", destination: NODE_MAC });
});
