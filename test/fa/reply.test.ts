/** What the foreign agent makes of replies, and the visitor list that follows: RFC 5944 §3.7.3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST, ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect, SendUdp } from "../../shared/protocol/core.ts";
import {
  Bench,
  FA,
  foreignHome,
  HA,
  HOME,
  NODE_MAC,
  oneSend,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

const visitorKey = "visitor/198.51.100.1/10.1.0.7";

test("RFC 5944 §3.7.3.2: a valid reply is relayed to the node and makes it a visitor [5944-3.7.3-02, 5944-3.7.3.2-01, 5944-3.7.3.2-02, 5944-3.7.3.2-10, 5944-3.7.2.3-09, 5944-3.7.1-02, 3024-4.2.2-02]", () => {
  const bench = Bench.up();
  const effects = bench.register();
  const send = oneSend(effects);
  assert.deepEqual(send.link, { interface: "lan0", destination: NODE_MAC });
  assert.deepEqual(
    [send.source, send.sourcePort, send.destination, send.destinationPort],
    [FA, 434, HOME, 40_000],
  );
  // The node sends at once, and what it sends must find the tunnel.
  assert.equal(send.onceInForce, true);
  assert.equal(reports(effects, "visitor-added").length, 1);
  const [visitor] = bench.visitors();
  assert.equal(visitor?.state, "registered");
  assert.equal(visitor?.lifetime_remaining, 600);
});

test("RFC 5944 §3.7.3.2: nothing up to extension 32 is changed, what is not covered is removed [5944-3.7.3.2-06, 5944-3.7.3.2-07]", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request());
  const extra = { name: "unknown", type: 200, data: Uint8Array.of(1) } as const;
  const bytes = bench.replyTo(relayed, {}, undefined, [extra]);
  const send = oneSend(bench.replyBytes(bytes));
  assert.deepEqual(send.payload, bytes.subarray(0, 20 + 22));
});

test("RFC 5944 §3.7.3.1: a reply is matched by home address and the low 32 bits alone [5944-3.7.3.1-02, 5944-3.7.3.1-04, 5944-3.7.3.1-05, 5944-5.7-05]", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request({ fields: { identification: 0xaaaaaaaa00000005n } }));
  const wrong = [{ identification: 0xaaaaaaaa00000006n }, { homeAddress: ipv4("10.1.0.8") }];
  for (const fields of wrong) assert.deepEqual(sends(bench.reply(relayed, fields)), []);
  assert.equal(bench.counter("discarded-reply-unmatched"), 2);
  const highDiffers = bench.reply(relayed, { identification: 0xbbbbbbbb00000005n });
  assert.equal(replyIn(oneSend(highDiffers)).code, 0);
});

test("RFC 5944 §3.7.3.1: with an association exactly one extension 34 that holds, else status 68 of RFC 4636 [5944-3.7.3.1-06, 5944-3.7.3.1-07, 5944-3.7.3.1-08, 5944-3.7.3.1-09, 5944-3.7.3.1-10, 5944-3.7.1-11]", () => {
  const wrongKey = { ...foreignHome, key: Uint8Array.of(7) };
  const second = {
    name: "foreign-home-authentication-extension",
    spi: 1000,
    authenticator: new Uint8Array(16),
  } as const;
  const replies: ((bench: Bench, relayed: SendUdp) => Effect[])[] = [
    (bench, relayed) => bench.reply(relayed),
    (bench, relayed) => bench.reply(relayed, {}, wrongKey),
    (bench, relayed) => bench.reply(relayed, {}, foreignHome, [second]),
  ];
  for (const answer of replies) {
    const bench = Bench.up({ homeAgents: [foreignHome] });
    const effects = answer(bench, oneSend(bench.request()));
    const reply = replyIn(oneSend(effects));
    assert.equal(reply.code, 0, "the home agent's code is not for this agent to change");
    assert.deepEqual(reply.extensions.at(-1), { name: "fa-error-indication-to-mn", status: 68 });
    assert.equal(reports(effects, "security-exception").length, 1);
    assert.deepEqual(bench.visitors(), []);
  }
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const accepted = bench.reply(oneSend(bench.request()), {}, foreignHome);
  assert.equal(replyIn(oneSend(accepted)).code, 0);
  assert.equal(replyIn(oneSend(accepted)).extensions.length, 1, "extension 34 stays here");
});

test("RFC 5944 §3.5.4: the association is found by the Home Agent field, not by the IP source [5944-3.5.4-05]", () => {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const bytes = bench.replyTo(oneSend(bench.request()), {}, foreignHome);
  const effects = bench.replyBytes(bytes, ipv4("203.0.113.77"));
  assert.equal(replyIn(oneSend(effects)).code, 0);
});

test("RFC 5944 §3.4: the lifetime is the least of asked, granted and allowed; 0xffff is infinity [5944-3.7.3.2-03, 5944-3.4-03, 5944-3.4-04]", () => {
  const granted = (asked: number, reply: number, limit: number) => {
    const bench = Bench.up({ registrationLifetime: limit });
    bench.reply(oneSend(bench.request({ fields: { lifetime: asked } })), { lifetime: reply });
    return bench.visitors()[0]?.lifetime;
  };
  assert.equal(granted(600, 300, 1800), 300);
  assert.equal(granted(600, 900, 1800), 600);
  assert.equal(granted(1800, 0xffff, 1800), 1800);
  assert.equal(granted(0xffff, 0xffff, 0xffff), 0xffff);
  assert.equal(granted(0xffff, 100, 0xffff), 100);
  // The node counts on what was allowed when it asked.
  const bench = Bench.up({ registrationLifetime: 1800 });
  const relayed = oneSend(bench.request({ fields: { lifetime: 600 } }));
  bench.agent.reconfigure({ ...bench.agent.config, registrationLifetime: 5 }, bench.now);
  bench.reply(relayed, { lifetime: 600 });
  assert.equal(bench.visitors()[0]?.lifetime, 600);
});

test("RFC 5944 §3.7.3.2: the visitor's time runs from the relaying of the reply; nothing is sent at its end [5944-3.7.3.2-11, 5944-3.7-04, 5944-3.7-05]", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request({ fields: { lifetime: 100 } }));
  bench.run(5);
  bench.reply(relayed);
  bench.run(99.9);
  assert.equal(bench.visitors().length, 1);
  const end = bench.run(0.2);
  assert.deepEqual(sends(end), []);
  assert.equal(reports(end, "visitor-removed").length, 1);
  assert.deepEqual(bench.visitors(), []);
  assert.equal(bench.agent.forwarding().size, 0);
});

test("RFC 5944 §3.4: code 1 is acceptance too [5944-3.4-09]", () => {
  const bench = Bench.up();
  bench.reply(oneSend(bench.request()), { code: 1 });
  assert.equal(bench.visitors()[0]?.state, "registered");
});

test("RFC 5944 §3.7.2: a visitor stays as it is while a new request is pending, denied or unanswered [5944-3.7.2-06, 5944-3.7.2-07, 5944-3.7.2-09, 5944-3.7.3.2-05, 5944-3.7.3.2-12]", () => {
  const bench = Bench.up();
  bench.register();
  const forwarding = bench.agent.forwarding();
  const renewal = oneSend(bench.request({ fields: { flags: 0, lifetime: 50 } }));
  assert.equal(bench.visitors().length, 1);
  assert.equal(bench.visitors()[0]?.renewing, true);
  assert.equal(bench.agent.forwarding(), forwarding);
  const denied = bench.reply(renewal, { code: 133, lifetime: 0 });
  assert.equal(replyIn(oneSend(denied)).code, 133);
  assert.equal(bench.visitors()[0]?.renewing, false);
  assert.equal(bench.visitors()[0]?.lifetime, 600);
  bench.request({ fields: { lifetime: 50 } });
  bench.run(8);
  assert.equal(bench.visitors().length, 1);
  assert.equal(bench.agent.forwarding(), forwarding);
});

test("RFC 5944 §3.4: the Lifetime field of a denial means nothing [5944-3.4-06]", () => {
  const bench = Bench.up();
  bench.reply(oneSend(bench.request()), { code: 129, lifetime: 600 });
  assert.deepEqual(bench.visitors(), []);
  bench.register();
  bench.reply(oneSend(bench.request()), { code: 129, lifetime: 0 });
  assert.equal(bench.visitors().length, 1);
});

test("RFC 5944 §3.7.3.2: an accepted deregistration ends the visit, a pending or denied one does not [5944-3.7.2-08, 5944-3.7.3.2-04]", () => {
  for (const careOfAddress of [FA, HOME]) {
    const bench = Bench.up();
    bench.register();
    const denied = oneSend(bench.request({ fields: { lifetime: 0, careOfAddress } }));
    assert.equal(bench.visitors().length, 1);
    bench.reply(denied, { code: 133 });
    assert.equal(bench.visitors().length, 1);
    const effects = bench.register({ fields: { lifetime: 0, careOfAddress } });
    assert.deepEqual(bench.visitors(), []);
    assert.deepEqual(
      effects.filter(({ type }) => type === "persist"),
      [{ type: "persist", key: visitorKey, value: null }],
    );
  }
});

test("a deregistration of another agent's care-of address leaves the visit here alone", () => {
  const bench = Bench.up();
  bench.register();
  bench.register({ fields: { lifetime: 0, careOfAddress: ipv4("203.0.113.1") } });
  assert.equal(bench.visitors().length, 1);
});

test("RFC 5944 §4.2.2: forwarding names the visitor's link-layer address and both tunnel ends [5944-1.5-02, 5944-1.7-05, 5944-4.2.2-08, 5944-4.2.2-09, 3024-5.1.2-01, 3024-1.2-01]", () => {
  const bench = Bench.up();
  bench.register();
  assert.deepEqual(bench.forwarded(), [
    {
      kind: "visitor",
      key: visitorKey,
      homeAddress: HOME,
      nai: undefined,
      interface: "lan0",
      mac: NODE_MAC,
      homeAgent: HA,
      careOfAddress: FA,
      colocated: false,
      encapsulation: "ipip",
      greKeyIn: undefined,
      greKeyOut: undefined,
      udpPort: undefined,
      reverse: true,
      delivery: "direct",
      plane: 0,
      keepalive: undefined,
    },
  ]);
  bench.register({ fields: { flags: 0 }, event: { linkSource: "02:00:00:00:00:08" as Mac } });
  const [item] = bench.agent.forwarding().values();
  assert(item?.kind === "visitor");
  assert.equal(item.reverse, false);
  assert.equal(item.mac, "02:00:00:00:00:08");
});

test("RFC 5944 §2.4.1: a node with a co-located care-of address is relayed and listed, not forwarded for", () => {
  const bench = Bench.up();
  const own = ipv4("192.0.2.40");
  bench.register({ fields: { flags: 0x20, careOfAddress: own }, event: { source: own } });
  assert.equal(bench.visitors()[0]?.care_of_address, "192.0.2.40");
  assert.equal(bench.agent.forwarding().size, 0);
});

test("RFC 5944 §3.7.2.1: when the list is full the B bit is set, known visitors renew, others get 66 [5944-2.1.1-09, 5944-2.1.1-10]", () => {
  const bench = Bench.up({ maxVisitors: 1 });
  bench.register();
  const other = {
    fields: { homeAddress: ipv4("10.1.0.8") },
    event: { linkSource: "02:00:00:00:00:08" as Mac },
  };
  assert.equal(replyIn(oneSend(bench.request(other))).code, 66);
  bench.register();
  assert.equal(bench.visitors().length, 1);
  const status = bench.agent.query("status", bench.now) as { busy: boolean };
  assert.equal(status.busy, true);
});

test("a reply whose link is gone is counted, and 255.255.255.255 is the last resort of nobody else", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request());
  bench.agent.handle({ type: "link", interface: "lan0", link: undefined }, bench.now);
  assert.deepEqual(sends(bench.reply(relayed)), []);
  assert.equal(bench.counter("discarded-link-down"), 1);
  assert.notEqual(oneSend(Bench.up().register()).destination, BROADCAST);
  assert.equal(HA, relayed.destination);
});
