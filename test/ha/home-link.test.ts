import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST_MAC, ipv4, type Mac } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import {
  arps,
  assertSilent,
  Bench,
  comingHome,
  FA2,
  fromHomeLink,
  HA,
  HA_MAC,
  HA_ON_LINK,
  HOME,
  NODE_MAC,
  oneSend,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

test("RFC 5944 §4.6: the first binding is announced on the home link with the agent's address [5944-4.6-07] [5944-4.6-01] [5944-4.6-02] [5944-4.6-03] [5944-4.6-18] [5944-3.8.2.2-14] [5944-4.2.3-02]", () => {
  const bench = Bench.up();
  assert.deepEqual(arps(bench.request()), [
    {
      type: "send-arp",
      operation: "request",
      senderMac: HA_MAC,
      senderAddress: HOME,
      targetMac: "00:00:00:00:00:00",
      targetAddress: HOME,
      link: { interface: "home0", destination: BROADCAST_MAC },
    },
  ]);
});

test("RFC 5944 §4.6: the announcement is repeated, about a second apart, and then over [5944-4.6-08]", () => {
  const bench = Bench.up();
  bench.request();
  assert.equal(arps(bench.run(0.9)).length, 0);
  assert.equal(arps(bench.run(0.2)).length, 1);
  assert.equal(arps(bench.run(1)).length, 1);
  assert.equal(arps(bench.run(30)).length, 0);
  assert.equal(bench.counter("gratuitous-arps-sent"), 3);
});

test("RFC 5944 §4.6: with a binding before, proxy ARP just goes on [5944-3.8.2.2-14]", () => {
  const bench = Bench.up();
  bench.request();
  bench.run(10);
  assert.deepEqual(arps(bench.request({ fields: { careOfAddress: FA2 } })), []);
  const items = bench.forwarding();
  assert.equal(items.length, 1);
  assert(items[0]?.kind === "binding");
  assert.equal(items[0].homeInterface, "home0");
});

test("RFC 5944 §4.6: rejected on leaving home: no ARP of any kind [5944-4.6-18]", () => {
  const bench = Bench.up();
  const effects = bench.request({ fields: { homeAgent: ipv4("203.0.113.9") } });
  assert.equal(replyIn(oneSend(effects)).code, 136);
  assert.deepEqual(arps(effects), []);
  assert.equal(bench.agent.forwarding().size, 0);
  assert.deepEqual(arps(bench.run(5)), []);
});

test("RFC 5944 §4.6: back home: proxy ARP ends, the node's own address is announced, the reply goes on the link [5944-4.6-11] [5944-4.6-12] [5944-4.6-20] [5944-3.8.3.1-03]", () => {
  const bench = Bench.up();
  bench.request();
  const effects = bench.request(comingHome);
  assert.equal(bench.agent.forwarding().size, 0);
  const [announcement, ...more] = arps(effects);
  assert.equal(more.length, 0);
  assert.equal(announcement?.senderMac, NODE_MAC);
  assert.equal(announcement?.senderAddress, HOME);
  assert.equal(announcement?.link.destination, BROADCAST_MAC);
  const send = oneSend(effects);
  assert.equal(replyIn(send).code, 0);
  assert.equal(send.destination, HOME);
  assert.deepEqual(send.link, { interface: "home0", destination: NODE_MAC });
  const later = arps(bench.run(30));
  assert.deepEqual(
    later.map(({ senderMac }) => senderMac),
    [NODE_MAC, NODE_MAC],
  );
});

test("RFC 5944 §4.6: home again without a binding: still announced", () => {
  const bench = Bench.up();
  assert.equal(arps(bench.request(comingHome))[0]?.senderMac, NODE_MAC);
});

test("RFC 5944 §3.8.3.1: a rejected deregistration is answered on the home link too, and ARP stays [5944-3.8.3.1-04] [5944-4.6-21]", () => {
  const bench = Bench.up();
  bench.request();
  bench.run(5);
  const fields = { ...comingHome.fields, identification: 1n };
  const effects = bench.request({ ...comingHome, fields });
  const send = oneSend(effects);
  assert.equal(replyIn(send).code, 133);
  assert.deepEqual(send.link, { interface: "home0", destination: NODE_MAC });
  assert.deepEqual(arps(effects), []);
  assert.deepEqual(arps(bench.run(5)), []);
  assert.equal(bench.agent.forwarding().size, 1);
});

test("RFC 5944 §3.8.3.1: captured on the home link but relayed: the reply is routed", () => {
  const bench = Bench.up();
  const routerMac = "02:00:00:00:00:fe" as Mac;
  const event = { interface: "home0", linkSource: routerMac, destination: HA_ON_LINK };
  const send = oneSend(bench.request({ event }));
  assert.equal(send.link, undefined);
  assert.equal(replyIn(send).code, 0);
});

test("RFC 5944 §3.8.3.1: another link with the home address as source is not the home link", () => {
  const bench = Bench.up();
  bench.request();
  bench.run(5);
  const effects = bench.request({ ...comingHome, event: { ...fromHomeLink, interface: "lan9" } });
  assert.equal(oneSend(effects).link, undefined);
  assert.deepEqual(arps(effects), []);
});

test("RFC 5944 §3.8.3.1: the routed copy of a datagram from home is left to the captured one", () => {
  const bench = Bench.up();
  bench.request();
  const bytes = bench.requestBytes(comingHome);
  assertSilent(bench.deliver(bytes, { source: HOME }));
  assert.equal(bench.counter("discarded-captured-on-home-link"), 1);
  assert.equal(replyIn(oneSend(bench.deliver(bytes, fromHomeLink))).code, 0);
});

test("RFC 5944 §4.6: deregistered through a foreign agent: proxy ARP ends, nobody is announced", () => {
  const bench = Bench.up();
  bench.request();
  const effects = bench.request({ fields: { lifetime: 0, careOfAddress: HOME } });
  assert.deepEqual(arps(effects), []);
  assert.equal(bench.agent.forwarding().size, 0);
  assert.deepEqual(arps(bench.run(5)), []);
});

test("RFC 5944 §4.6: a binding that expires stops its announcements", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 1 } });
  assert.deepEqual(arps(bench.run(5)), []);
});

test("RFC 5944 §4.6: away again while the return is still announced: the newer wins", () => {
  const bench = Bench.up();
  bench.request(comingHome);
  bench.pass(0.5);
  bench.request();
  assert.deepEqual(
    arps(bench.run(5)).map(({ senderMac }) => senderMac),
    [HA_MAC, HA_MAC],
  );
});

test("RFC 5944 §4.6: the home link is down: registered all the same, announced when it is up", () => {
  const bench = new Bench();
  const effects = bench.request();
  assert.equal(replyIn(oneSend(effects)).code, 0);
  assert.deepEqual(arps(effects), []);
  assert.equal(bench.counter("gratuitous-arps-without-link"), 1);
  bench.linkUp();
  assert.equal(arps(bench.run(5)).length, 2);
});

test("RFC 5944 §2.3: the home link is told of both addresses, with H, and asked ones are answered [5944-2.3-12] [5944-2.3-11]", () => {
  const bench = new Bench();
  const [send] = bench.linkUp().filter((effect) => effect.type === "send-icmp");
  assert(send !== undefined);
  assert.equal(send.source, HA_ON_LINK);
  const addresses = [HA_ON_LINK, HA].map((address) => {
    const octets = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join();
    return send.payload.join().includes(octets);
  });
  assert.deepEqual(addresses, [true, true]);
});

test("RFC 1256 §4.3: shutdown says goodbye on the home link and keeps the bindings [1256-4.3-15]", () => {
  const bench = Bench.up();
  bench.request();
  const effects = bench.handle({ type: "shutdown" });
  assert.deepEqual(
    effects.map(({ type }) => type),
    ["send-icmp"],
  );
  assert.equal(sends(effects).length, 0);
  assert(bench.journal.has("binding/10.1.0.7/192.0.2.1"));
});

test("RFC 5944 §4.6: one of two bindings goes: the home address is still away, and still announced", () => {
  const bench = Bench.up();
  bench.request();
  bench.request({ fields: { careOfAddress: FA2, flags: RequestFlag.S } });
  bench.request({ fields: { lifetime: 0, careOfAddress: FA2 } });
  assert.equal(arps(bench.run(5)).length, 2);
});

test("RFC 5944 §3.8.2.2: a binding that is over is none, though no tick has come since [5944-3.8.2.2-12]", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 60 } });
  bench.run(10);
  bench.pass(50);
  const effects = bench.request();
  assert.equal(reports(effects, "binding-removed")[0]?.reason, "expired");
  assert.equal(reports(effects, "binding-added").length, 1);
  assert.equal(arps(effects).length, 1);
});
