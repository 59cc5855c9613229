/** Registration of the mobile node: requests, replies, renewal, retransmission. RFC 5944 §3.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { checkAuthentication } from "../../shared/security/authenticator.ts";
import { highBits, joinIdentification, lowBits } from "../../shared/security/replay.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA1_MAC,
  FA2,
  FOREIGN_FLAGS,
  HOME,
  HOME_AGENT,
  HOME_CONTEXT,
  makeConfig,
  packets,
  started,
  Timeline,
} from "./bench.ts";

test("RFC 5944 §3.6.1: a request through a foreign agent, field by field [5944-3.6.1.1-03] [5944-3.6.1.1-06] [5944-3.6.1.1-07] [5944-3.6.1.2-03] [5944-3.6.1.2-16] [5944-3.6.1.2-17] [5944-3.6.1.2-22] [5944-3.1-01] [5944-3.3-02] [5944-3.3-04] [5944-3.3-07] [5944-3.6.1.2-09]", () => {
  const line = started();
  const careOf = [ipv4("192.0.2.9"), ipv4("192.0.2.10")];
  line.event(advertisement({ careOf }));
  const { effect, message } = line.lastRequest();
  assert.equal(effect.source, HOME);
  assert.equal(effect.destination, FA1, "the source of the advertisement, not the care-of address");
  assert.deepEqual(effect.link, { interface: "wlan0", destination: FA1_MAC });
  assert.equal(effect.destinationPort, 434);
  assert.equal(message.homeAddress, HOME);
  assert.equal(message.homeAgent, HOME_AGENT);
  assert.equal(message.careOfAddress, careOf[0]);
  assert.equal(message.flags, 0x02, "T alone: no S, B, D, M, G, r, x");
  assert.equal(message.lifetime, 300);
});

test("RFC 3024 §4.1.1: T and TTL 255 where the agent advertises T [3024-4.1.1-01] [3024-4.1.1-02] [3024-3.2-03] [3024-3.2-04] [3024-6.1-01] [5944-E-01] [3024-5-01]", () => {
  const line = started();
  line.event(advertisement());
  assert.equal(line.lastRequest().effect.ttl, 255);
  assert.equal(line.lastRequest().message.flags & 0x02, 0x02);
});

test("RFC 5944 appendix E: without T in the advertisement it is not asked for; from a private home address such an agent is no use [5944-E-01] [3024-A.4-01]", () => {
  const flags = AdvertisementFlag.F;
  const homeAddress = ipv4("203.0.113.7");
  const line = started(makeConfig({ homeAddress }));
  line.event(advertisement({ flags }));
  assert.equal(line.lastRequest().message.flags, 0);
  assert.equal(line.lastRequest().effect.ttl, 64);
  const other = started();
  assert.deepEqual(packets(other.event(advertisement({ flags }))), []);
});

test("RFC 5944 §3.6.1.2: M and G only where the agent advertises them [5944-3.6.1.2-11] [5944-3.6.1.2-10]", () => {
  const registration = { lifetime: 300, reverseTunnel: true, encapsulation: "gre" } as const;
  const without = started(makeConfig({ registration }));
  without.event(advertisement());
  assert.equal(without.lastRequest().message.flags, 0x02);
  const line = started(makeConfig({ registration }));
  line.event(advertisement({ flags: FOREIGN_FLAGS | AdvertisementFlag.G }));
  assert.equal(line.lastRequest().message.flags, 0x02 | 0x08);
});

test("RFC 5944 §3.6.1.2: the lifetime is never above the advertised registration lifetime [5944-3.6.1.2-12] [5944-2.1.1-03] [5944-2.1-12]", () => {
  const line = started();
  line.event(advertisement({ registrationLifetime: 120, lifetime: 9 }));
  assert.equal(line.lastRequest().message.lifetime, 120);
  const infinite = started(
    makeConfig({ registration: { lifetime: 0xffff, reverseTunnel: true, encapsulation: "ipip" } }),
  );
  infinite.event(advertisement({ registrationLifetime: 0xffff }));
  assert.equal(infinite.lastRequest().message.lifetime, 0xffff);
});

test("RFC 5944 §3.6.1.3: extension 32, then 33 last when there is an association [5944-3.6.1.3-01] [5944-3.6.1.3-02] [5944-3.6.1.3-03] [5944-3.2-02] [5944-3.2-03] [5944-3.3-06] [5944-3.5.2-01] [5944-5.1-01] [5944-3.2-04]", () => {
  const line = started(makeConfig({ foreignAgents: [FA_CONTEXT] }));
  line.event(advertisement());
  const { decoded, message } = line.lastRequest();
  assert.deepEqual(
    message.extensions.map(({ name }) => name),
    ["mobile-home-authentication-extension", "mobile-foreign-authentication-extension"],
  );
  const home = checkAuthentication(decoded, "mobile-home-authentication-extension", [HOME_CONTEXT]);
  assert.equal(home.outcome, "valid");
  const foreign = checkAuthentication(decoded, "mobile-foreign-authentication-extension", [
    FA_CONTEXT,
  ]);
  assert.equal(foreign.outcome, "valid");
});

test("RFC 5944 §3.5.3: an association may be known by the care-of address; another agent gets no 33 [5944-3.6.1.3-03]", () => {
  const careOf = ipv4("192.0.2.9");
  const line = started(makeConfig({ foreignAgents: [{ ...FA_CONTEXT, peer: careOf }] }));
  line.event(advertisement({ careOf: [careOf] }));
  assert.equal(line.lastRequest().message.extensions.length, 2);
  const other = started(makeConfig({ foreignAgents: [FA_CONTEXT] }));
  other.event(advertisement({ source: FA2 }));
  assert.equal(other.lastRequest().message.extensions.length, 1);
});

test("RFC 5944 §3.6.2.2: accepted, the foreign agent is the default router [5944-3.6.2.2-01] [5944-4.2.1-01] [5944-4.2.1-02] [3024-5.1.1-01]", () => {
  const line = started();
  line.event(advertisement());
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.accept();
  assert.deepEqual(line.node.forwarding().get("visiting/wlan0"), {
    kind: "visiting",
    interface: "wlan0",
    homeAddress: HOME,
    router: FA1,
    routerMac: FA1_MAC,
  });
  assert.equal(line.items().length, 2);
  const status = line.status();
  assert.equal(status.state, "registered");
  assert.equal(status.mode, "foreign-agent");
  assert.equal(status.care_of_address, "192.0.2.1");
  assert.equal(status.agent, "192.0.2.1");
  assert.equal(status.reverse_tunnel, true);
  assert.equal(status.encapsulation, "ipip");
  assert.equal(status.last_code, 0);
});

test("RFC 5944 §3.4: the smaller of the two lifetimes, counted from sending [5944-3.4-03] [5944-3.4-04] [5944-3.6.2.2-04] [5944-3.6.2.2-05] [5944-3.6-05]", () => {
  for (const [granted, used] of [
    [120, 120],
    [9000, 300],
  ] as const) {
    const line = started();
    line.event(advertisement());
    line.until(2700);
    line.accept({ lifetime: granted });
    assert.equal(line.status().lifetime, used);
    // 0.7 s of it have passed while the request was on its way; whole seconds are rounded up.
    line.now = 4700;
    assert.equal(line.status().lifetime_remaining, used - 2);
  }
});

test("RFC 5944 §3.6.2.2: renewed before the end, at 0.6 to 0.67 of the lifetime [5944-3.6.2.2-03] [5944-3.6-07]", () => {
  const line = Timeline.registered();
  line.clear();
  line.hearing(2000 + 179_000, advertisement());
  assert.deepEqual(line.requests(), [], "no renewal before 60 %");
  line.hearing(2000 + 201_000, advertisement());
  assert.equal(line.requests().length, 1 + line.counter("requests-retransmitted"));
  assert.equal(line.node.state, "registered");
  line.accept();
  assert.ok(Number(line.status().lifetime_remaining) > 270);
});

test("RFC 5944 §3.6.3: retransmitted after 1 s, then twice the wait each time; with timestamps a new Identification, greater each time [5944-3.6.3-02] [5944-3.6.3-06] [5944-3.6.3-07] [5944-3.6.3-01] [5944-3.6.3-05] [5944-5.7.1-05] [5944-5.7-07]", () => {
  const line = started();
  line.hearing(66_000, advertisement());
  const requests = line.requests();
  assert.deepEqual(
    requests.map(({ at }) => at),
    [2000, 3000, 5000, 9000, 17_000, 33_000, 65_000],
  );
  for (let i = 1; i < requests.length; i++) {
    const [before, after] = [requests[i - 1]?.message, requests[i]?.message];
    assert.ok(before !== undefined && after !== undefined);
    assert.ok(after.identification > before.identification);
  }
});

test("RFC 5944 §3.6.3: the wait is never above the requested lifetime [5944-3.6.3-04]", () => {
  const registration = { lifetime: 5, reverseTunnel: true, encapsulation: "ipip" } as const;
  const line = started(makeConfig({ registration }));
  line.hearing(20_000, advertisement());
  assert.deepEqual(
    line.requests().map(({ at }) => at),
    [2000, 3000, 5000, 9000, 14_000, 19_000],
  );
});

test("RFC 5944 §3.6.3: with nonces the same octets again [5944-3.6.3-03] [5944-5.7-02]", () => {
  const line = started(makeConfig({ homeAssociation: { ...HOME_CONTEXT, replay: "nonce" } }));
  line.hearing(6000, advertisement());
  const [first, second, third] = line.requests();
  assert.deepEqual(second?.effect.payload, first?.effect.payload);
  assert.deepEqual(third?.effect.payload, first?.effect.payload);
  // The lifetime counts from the first transmission: that one may be what was accepted.
  line.accept();
  assert.equal(line.status().lifetime_remaining, 296);
});

test("RFC 5944 §5.7.2: the next request carries the nonce of the last authenticated reply; low bits change [5944-5.7.2-02] [5944-5.7.2-03] [5944-5.7.2-04]", () => {
  const line = started(makeConfig({ homeAssociation: { ...HOME_CONTEXT, replay: "nonce" } }));
  line.event(advertisement());
  const first = line.lastRequest().message.identification;
  line.accept({ code: 133, identification: joinIdentification(0xabcd, lowBits(first)) });
  line.until(3000);
  const second = line.lastRequest().message.identification;
  assert.equal(highBits(second), 0xabcd);
  assert.notEqual(lowBits(second), lowBits(first));
});

test("RFC 5944 §5.7.1: a 64-bit NTP timestamp, spare bits by chance [5944-5.7.1-03] [5944-5.7.1-04] [5944-5.7-01] [5944-5.7-08]", () => {
  const line = started();
  line.event(advertisement());
  const { identification } = line.lastRequest().message;
  assert.equal(highBits(identification), 2_208_988_800 + Date.UTC(2026, 10, 23) / 1000 + 2);
  assert.ok(lowBits(identification) < 0.001 * 2 ** 32, "2.000 s and less than a millisecond");
  assert.notEqual(lowBits(identification), 0);
});

test("RFC 5944 §5.7.1: the Identification increases across restarts, even when the clock goes back [5944-5.7.1-05] [5944-5.7-07]", () => {
  const line = Timeline.registered();
  const kept = line.sent("persist").filter(({ key }) => key === "identification");
  const last = kept.at(-1);
  assert.ok(last !== undefined);
  const order = line.log.map(({ effect }) => effect.type);
  assert.ok(order.indexOf("persist") < order.indexOf("send-udp"), "kept before it is sent");
  const next = new Timeline(makeConfig(), 2);
  next.wallShift = -3_600_000;
  next.event({ type: "restore", entries: [["identification", last.value]] });
  next.linkUp();
  next.until(2000);
  next.event(advertisement());
  assert.ok(next.lastRequest().message.identification > line.lastRequest().message.identification);
});
