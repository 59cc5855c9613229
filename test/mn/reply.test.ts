/** What the mobile node makes of replies: RFC 5944 §3.6.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../mn/core/movement/agents.ts";
import { foreignRegistration, requestTtl } from "../../mn/core/registration/request.ts";
import { ipv4, MOBILE_AGENTS } from "../../shared/base/address.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FOREIGN_FLAGS,
  HOME_CONTEXT,
  makeConfig,
  packets,
  replyTo,
  started,
  Timeline,
} from "./bench.ts";

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
