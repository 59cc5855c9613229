/** Registration of the mobile node: requests, replies, renewal, retransmission. RFC 5944 §3.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../mn/core/agents.ts";
import { foreignRegistration, requestTtl } from "../../mn/core/request.ts";
import { ipv4, MOBILE_AGENTS } from "../../shared/base/address.ts";
import { checkAuthentication } from "../../shared/security/authenticator.ts";
import { highBits, joinIdentification, lowBits } from "../../shared/security/replay.ts";
import { AdvertisementFlag } from "../../shared/wire/agent-discovery.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA1_MAC,
  FA2,
  FA2_MAC,
  FOREIGN_FLAGS,
  HOME,
  HOME_AGENT,
  HOME_CONTEXT,
  makeConfig,
  packets,
  replyTo,
  Timeline,
} from "./bench.ts";

function started(config = makeConfig()): Timeline {
  const line = new Timeline(config);
  line.linkUp();
  line.until(2000);
  line.clear();
  return line;
}

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

test("RFC 5944 §3.6.1.3: extension 32, then 33 last when there is an association [5944-3.6.1.3-01] [5944-3.6.1.3-02] [5944-3.6.1.3-03] [5944-3.2-02] [5944-3.2-03] [5944-3.3-06] [5944-3.5.2-01] [5944-5.1-01]", () => {
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

test("RFC 5944 §3.6.2.1: a reply whose low 32 bits differ from the latest request's is silently discarded; the high bits do not matter [5944-3.6.2.1-02] [5944-5.7-06]", () => {
  const line = started();
  line.event(advertisement());
  const old = line.lastRequest();
  line.until(3000);
  const effects = line.event(replyTo(old));
  assert.deepEqual(effects, [], "the reply to the request before the latest");
  assert.equal(line.counter("reply-identification-mismatch"), 1);
  const { identification } = line.lastRequest().message;
  line.accept({ identification: identification ^ (5n << 32n) });
  assert.equal(line.node.state, "registered");
});

const wrongKey = { ...HOME_CONTEXT, key: new Uint8Array(16) };

test("RFC 5944 §3.6.2.1: codes of the home agent need exactly one good extension 32; else silence and a security exception [5944-3.6.2.1-03] [5944-3.6.2.1-07] [5944-3.6.2.1-08] [5944-3.6.2.1-09] [5944-1.6-01]", () => {
  const bad = [[], [HOME_CONTEXT, HOME_CONTEXT], [wrongKey], [{ ...HOME_CONTEXT, spi: 257 }]];
  for (const code of [0, 1, 128, 131, 133, 136, 192]) {
    for (const home of bad) {
      const line = started();
      line.event(advertisement());
      const effects = line.accept({ code, home });
      assert.deepEqual(packets(effects), []);
      assert.deepEqual(
        effects.map((effect) => (effect.type === "report" ? [effect.event, effect.level] : [])),
        [["security-exception", "warning"]],
      );
      assert.equal(line.node.state, "registering");
      assert.equal(line.counter("security-exceptions"), 1);
      line.until(3000);
      assert.equal(
        line.requests().length,
        2,
        "and the request is retransmitted as if nothing came",
      );
    }
  }
});

test("RFC 5944 §3.6.2.1: with an association exactly one good extension 33, in every reply [5944-3.6.2.1-04] [5944-3.6.2.1-05] [5944-3.6.2.1-06]", () => {
  const bad = [[], [FA_CONTEXT, FA_CONTEXT], [{ ...FA_CONTEXT, key: new Uint8Array(20) }]];
  for (const code of [0, 66, 131]) {
    for (const foreign of bad) {
      const line = started(makeConfig({ foreignAgents: [FA_CONTEXT] }));
      line.event(advertisement());
      const effects = line.accept({ code, foreign });
      assert.deepEqual(packets(effects), []);
      assert.equal(effects.length, 1);
      assert.equal(line.reports("security-exception").length, 1);
      assert.equal(line.node.state, "registering");
    }
  }
  const line = started(makeConfig({ foreignAgents: [FA_CONTEXT] }));
  line.event(advertisement());
  line.accept({ foreign: [FA_CONTEXT] });
  assert.equal(line.node.state, "registered");
});

test("RFC 5944 §3.6.2.1: security exceptions are told once a second and counted each", () => {
  const line = started();
  line.event(advertisement());
  for (let i = 0; i < 50; i++) line.accept({ home: [wrongKey] });
  assert.equal(line.reports("security-exception").length, 1);
  assert.equal(line.counter("security-exceptions"), 50);
});

test("RFC 5944 §3.6.2.1: codes 67, 68, 131 and 132 are security exceptions [5944-3.6.2.1-10] [5944-3.6.2.3-01]", () => {
  for (const [code, home] of [
    [67, []],
    [68, []],
    [131, [HOME_CONTEXT]],
    [132, [HOME_CONTEXT]],
  ] as const) {
    const line = started();
    line.event(advertisement());
    line.accept({ code, home });
    const [denied] = line.reports("denied");
    assert.equal(denied?.level, "warning");
    assert.equal(denied?.fields.security_exception, true);
    assert.equal(denied?.fields.code, code);
    assert.equal(line.counter("security-exceptions"), 1);
  }
});

test("RFC 5944 §3.6.2.3: code 69 is tried again with the offered lifetime, a second later [5944-3.6.2.3-02] [5944-3.6.2.3-03] [5944-3.6.3-06] [5944-3.4-06]", () => {
  const line = started();
  line.event(advertisement());
  line.until(2100);
  assert.deepEqual(packets(line.accept({ code: 69, lifetime: 100, home: [] })), []);
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ at, message }) => [at, message.lifetime]),
    [
      [2000, 300],
      [3000, 100],
    ],
  );
  line.accept();
  assert.equal(line.status().lifetime, 100);
});

test("RFC 5944 §5.7.1: code 133 moves the clock by the high bits, only when authenticated and the low bits match [5944-5.7.1-10] [5944-3.6.2.3-04]", () => {
  const line = started();
  line.event(advertisement());
  const sent = line.lastRequest().message.identification;
  const ahead = joinIdentification(highBits(sent) + 500, lowBits(sent));
  line.accept({ code: 133, identification: ahead, home: [] });
  line.accept({ code: 133, identification: ahead ^ 1n });
  assert.equal(line.status().last_code, null, "neither counted for anything");
  line.accept({ code: 133, identification: ahead });
  line.until(3000);
  const next = line.lastRequest().message.identification;
  assert.equal(highBits(next), highBits(sent) + 501);
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.equal(line.requests().length, 2);
});

test("RFC 5944 §3.6.2.3: a home agent that answers 133 to everything is backed off from", () => {
  const line = started();
  line.event(advertisement());
  for (let i = 0; i < 4; i++) {
    line.until(2000 + i * 1000);
    line.accept({ code: 133 });
  }
  assert.equal(line.node.state, "failed");
  assert.equal(line.requests().length, 4);
  line.until(6900);
  assert.equal(line.requests().length, 4);
});

test("RFC 5944 §3.6.2.3: code 136 is logged, the Identification follows it [5944-3.6.2.3-06]", () => {
  const line = started();
  line.event(advertisement());
  const sent = line.lastRequest().message.identification;
  const identification = joinIdentification(highBits(sent) + 77, lowBits(sent));
  line.accept({ code: 136, identification, homeAgent: ipv4("198.51.100.9") });
  assert.equal(line.reports("denied")[0]?.fields.code, 136);
  line.hearing(5000, advertisement());
  const next = line.lastRequest().message;
  assert.ok(highBits(next.identification) - highBits(sent) >= 79);
  assert.equal(next.homeAgent, HOME_AGENT);
});

test("RFC 5944 §2.4: rejected by the foreign agent, its next care-of address is tried, then it is left alone for a while [5944-2.4-14] [5944-2.4-15]", () => {
  const careOf = [ipv4("192.0.2.9"), ipv4("192.0.2.10")];
  const line = started();
  line.event(advertisement({ careOf }));
  line.accept({ code: 77, home: [] });
  assert.equal(line.node.state, "registering");
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ message }) => message.careOfAddress),
    careOf,
  );
  line.accept({ code: 66, home: [] });
  assert.equal(line.node.state, "failed");
  assert.equal(line.status().last_code, 66);
  assert.equal(line.status().last_error, "code 66: insufficient resources");
  line.hearing(4999, advertisement({ careOf }));
  assert.equal(line.requests().length, 2);
  line.hearing(6000, advertisement({ careOf }));
  assert.equal(line.requests()[2]?.at, 5000);
});

test("A denial that only a foreign agent claims does not keep the home agent's acceptance out", () => {
  const line = started();
  line.event(advertisement());
  line.accept({ code: 64, home: [] });
  assert.equal(line.node.state, "failed");
  line.accept();
  assert.equal(line.node.state, "registered");
});

test("A denial claimed by somebody who was not asked is discarded", () => {
  const line = started();
  line.event(advertisement());
  const event = { source: FA2, linkSource: FA2_MAC };
  assert.deepEqual(line.accept({ code: 66, home: [], event }), []);
  assert.equal(line.counter("reply-from-stranger"), 1);
});

test("RFC 5944 §3.6.2.3: denied here, another agent is asked next, a second after the request before [5944-2.4.2-03] [5944-3.6.3-06]", () => {
  const line = started();
  line.event(advertisement());
  line.event(advertisement({ source: FA2 }));
  line.accept({ code: 66, home: [] });
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ at, effect }) => [at, effect.destination]),
    [
      [2000, FA1],
      [3000, FA2],
    ],
  );
});

test("After four requests without any reply another agent is tried", () => {
  const line = started();
  line.event(advertisement());
  line.hearing(40_000, advertisement(), advertisement({ source: FA2 }));
  const to = line.requests().map(({ effect }) => effect.destination);
  assert.deepEqual(to.slice(0, 5), [FA1, FA1, FA1, FA1, FA2]);
});

test("RFC 5944 §3.4: codes 0 and 1 accept; 2..8 and numbers outside the ranges settle nothing [5944-3.4-09] [5944-6.4-01] [3024-3.4-02]", () => {
  for (const code of [0, 1]) {
    const line = started();
    line.event(advertisement());
    line.accept({ code });
    assert.equal(line.node.state, "registered");
  }
  for (const code of [2, 8, 9, 63, 201, 255]) {
    const line = started();
    line.event(advertisement());
    assert.deepEqual(line.accept({ code }), []);
    assert.equal(line.node.state, "registering");
  }
  for (const code of [70, 89, 127, 134, 191, 192, 194, 200]) {
    const line = started();
    line.event(advertisement());
    line.accept({ code });
    assert.equal(line.reports("denied").length, 1, `code ${code}`);
  }
});

test("A reply for another home address, home agent, link or port changes nothing", () => {
  const line = started();
  line.event(advertisement());
  const wrong = [
    { homeAddress: ipv4("10.1.0.8") },
    { homeAgent: ipv4("198.51.100.2") },
    { event: { interface: "eth0" } },
    { event: { destination: ipv4("10.1.0.8") } },
    { event: { payload: new Uint8Array(5) } },
    { event: { payload: line.lastRequest().effect.payload } },
  ];
  for (const options of wrong) assert.deepEqual(line.accept(options), []);
  line.accept({ event: { destination: ipv4("255.255.255.255"), interface: undefined } });
  assert.equal(line.node.state, "registered");
});

test("RFC 5944 §3.6: a registration that cannot be renewed ends with its lifetime", () => {
  const line = Timeline.registered();
  line.hearing(301_000, advertisement());
  assert.equal(line.node.state, "registered");
  line.hearing(303_000, advertisement());
  assert.equal(line.reports("registration-expired").length, 1);
  assert.equal(line.node.state, "failed", "nobody has answered for long");
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.accept();
  assert.equal(line.node.state, "registered");
});

test("An infinite registration has no end and is not renewed [5944-2.1.1-03] [5944-3.3-05]", () => {
  const registration = { lifetime: 0xffff, reverseTunnel: true, encapsulation: "ipip" } as const;
  const line = started(makeConfig({ registration }));
  line.event(advertisement({ registrationLifetime: 0xffff }));
  line.accept();
  assert.equal(line.status().lifetime, 65535);
  assert.equal(line.status().lifetime_remaining, null);
  line.clear();
  line.hearing(200_000, advertisement({ registrationLifetime: 0xffff }));
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), []);
});

test("Without any agent nothing is registered; without an interface nothing happens at all [5944-3.6-01]", () => {
  const line = new Timeline();
  line.until(100_000);
  assert.deepEqual(line.log, []);
  assert.equal(line.node.nextDeadline(), undefined);
  assert.deepEqual(line.items(), ["home-address"]);
});

test("RFC 5944 §3.6.1.1: TTL 1 to 224.0.0.11 alone [5944-3.6.1.1-12]", () => {
  const agent = { key: "wlan0/192.0.2.1", address: FA1, careOfAddresses: [FA1] } as const;
  const advertised = { ...agent, flags: FOREIGN_FLAGS, registrationLifetime: 1800 } as const;
  const operation = foreignRegistration(
    advertised as unknown as Agent,
    FA1,
    undefined,
    makeConfig(),
  );
  assert.equal(requestTtl({ ...operation, destination: MOBILE_AGENTS }), 1);
  assert.equal(requestTtl(operation), 255);
  assert.equal(requestTtl({ ...operation, flags: 0 }), 64);
});

test("RFC 5944 §2.4.1: R set: registered through the foreign agent; never to the home network's broadcast address [5944-2.4.1-01] [5944-3.6.1.1-10] [3024-4-02]", () => {
  const line = started();
  line.event(advertisement({ flags: FOREIGN_FLAGS | AdvertisementFlag.R }));
  assert.equal(line.lastRequest().effect.destination, FA1);
  assert.equal(line.lastRequest().message.extensions.length, 1);
});

test("RFC 5944 §3.6: an ICMP redirect from the foreign agent changes nothing [5944-3.6-11] [5944-4.2.1-07]", () => {
  const line = Timeline.registered();
  const payload = new Uint8Array(36);
  payload.set([5, 1, 0, 0, 192, 0, 2, 65]);
  const sum = internetChecksum(payload);
  payload.set([sum >> 8, sum & 255], 2);
  const before = line.node.forwarding();
  assert.deepEqual(line.event({ ...advertisement(), payload }), []);
  assert.equal(line.node.forwarding(), before);
});
