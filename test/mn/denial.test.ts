/** What the mobile node does when it is denied: RFC 5944 §3.6.2.3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import { ipv4 } from "../../shared/base/address.ts";
import { highBits, joinIdentification, lowBits } from "../../shared/security/replay.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA2,
  FA2_MAC,
  FOREIGN_FLAGS,
  HOME,
  HOME_CONTEXT,
  makeConfig,
  packets,
  started,
} from "./bench.ts";

const { M, G, T } = RequestFlag;
/** A home address that needs no reverse tunnel. */
const PUBLIC = ipv4("203.0.113.7");

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

test("RFC 5944 §5.7.1: a request refused for running ahead is outdone by a later one as soon as the clock has passed it, or a copy of it would be accepted then", () => {
  const line = started();
  line.event(advertisement({ lifetime: 9000 }));
  const sent = line.lastRequest().message.identification;
  const back = joinIdentification(highBits(sent) - 100, lowBits(sent));
  line.accept({ code: 133, identification: back });
  line.until(3000);
  line.accept();
  const before = line.requests().length;
  line.until(101_500);
  assert.equal(line.requests().length, before, "no reason to ask again yet");
  line.until(102_500);
  assert.equal(line.requests().length, before + 1);
  assert.ok(line.lastRequest().message.identification > sent);
  line.accept();
  line.until(110_000);
  assert.equal(line.requests().length, before + 1, "once is enough");
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

test("RFC 5944 §3.6.2.3: code 136 is logged, the Identification follows it, and the home agent that it names is asked [5944-3.6.2.3-05] [5944-3.6.2.3-06]", () => {
  const line = started();
  line.event(advertisement());
  const sent = line.lastRequest().message.identification;
  const identification = joinIdentification(highBits(sent) + 77, lowBits(sent));
  line.accept({ code: 136, identification, homeAgent: ipv4("198.51.100.9") });
  assert.equal(line.reports("denied")[0]?.fields.code, 136);
  line.until(3000);
  const next = line.lastRequest().message;
  assert.ok(highBits(next.identification) - highBits(sent) >= 78);
  assert.equal(next.homeAgent, ipv4("198.51.100.9"));
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

const asking = (terms: Partial<MnCoreConfig["registration"]>, homeAddress = PUBLIC): MnCoreConfig =>
  makeConfig({ homeAddress, registration: terms });

/** Flags of the requests when the first is denied with this code. */
function flagsAfter(code: number, config: MnCoreConfig, flags = FOREIGN_FLAGS): number[] {
  const line = started(config);
  line.event(advertisement({ flags }));
  const home = code < 128 ? [] : [HOME_CONTEXT];
  line.accept({ code, home, event: { destination: config.homeAddress } });
  line.until(3000);
  return line.requests().map(({ message }) => message.flags);
}

test("RFC 3024 §4.1.2: another encapsulation than IP in IP is given up at 72 and 139, and asked for once [3024-4.1.2-01] [3024-4.1.2-05]", () => {
  const offering = FOREIGN_FLAGS | AdvertisementFlag.G | AdvertisementFlag.M;
  for (const code of [72, 139]) {
    const gre = asking({ encapsulation: "gre" });
    assert.deepEqual(flagsAfter(code, gre, offering), [G | T, T]);
    assert.deepEqual(flagsAfter(code, asking({ encapsulation: "minimal" }), offering), [M | T, T]);
    assert.deepEqual(flagsAfter(code, asking({}), offering), [T], "there is nothing to give up");
  }
});

test("RFC 3024 §4.1.2: T is cleared at 74 and 137, but not from a private home address, and set at 75 and 138 where it is advertised [3024-4.1.2-02] [3024-A.4-01]", () => {
  for (const code of [74, 137]) {
    assert.deepEqual(flagsAfter(code, asking({})), [T, 0]);
    assert.deepEqual(flagsAfter(code, asking({}, HOME)), [T]);
    assert.deepEqual(flagsAfter(code, asking({ reverseTunnel: false })), [0]);
  }
  for (const code of [75, 138]) {
    assert.deepEqual(flagsAfter(code, asking({ reverseTunnel: false })), [0, T]);
    const without = AdvertisementFlag.F;
    assert.deepEqual(flagsAfter(code, asking({ reverseTunnel: false }), without), [0]);
    assert.deepEqual(flagsAfter(code, asking({})), [T]);
  }
});

test("What one agent refuses is asked of the next; what the home agent refuses is not, until the configuration is read again", () => {
  const next = (code: number): number[] => {
    const line = started(asking({}));
    line.event(advertisement());
    const event = { destination: PUBLIC };
    line.accept({ code, home: code < 128 ? [] : [HOME_CONTEXT], event });
    line.until(3000);
    line.accept({ event });
    line.linkDown();
    line.linkUp();
    line.event(advertisement({ source: FA2 }));
    const elsewhere = line.lastRequest().message.flags;
    line.node.reconfigure(asking({}), line.clock());
    line.until(line.now + 1000);
    return [elsewhere, line.lastRequest().message.flags];
  };
  assert.deepEqual(next(74), [T, T]);
  assert.deepEqual(next(137), [0, T]);
});

test("An agent that echoes the lifetime asked for with code 69 has offered nothing [5944-3.6.2.3-03]", () => {
  const line = started();
  line.event(advertisement());
  line.accept({ code: 69, lifetime: 300, home: [] });
  assert.equal(line.node.state, "failed");
  line.until(3900);
  assert.equal(line.requests().length, 1);
});

test("RFC 5944 §3.6.2.3: every other denial is told, and its agent left alone for two seconds at first", () => {
  const codes = [64, 65, 66, 67, 68, 70, 71, 73, 76, 78, 80, 81, 82, 88, 89, 90, 96, 97, 98, 99];
  const more = [107, 108, 109, 116, 127, 128, 129, 130, 131, 132, 134, 135, 140, 141, 144, 151];
  for (const code of [...codes, ...more]) {
    const line = started();
    line.event(advertisement());
    line.accept({ code, home: code < 128 ? [] : [HOME_CONTEXT] });
    assert.equal(line.node.state, "failed", `code ${code}`);
    assert.equal(line.reports("denied")[0]?.fields.code, code);
    assert.equal(line.status().last_code, code);
    line.hearing(3900, advertisement());
    assert.equal(line.requests().length, 1, `code ${code}`);
    line.hearing(4500, advertisement());
    assert.equal(line.requests().length, 2, `code ${code}`);
  }
});

test("RFC 3024 §3.3, §4.1.2: encapsulating delivery is asked for with T alone, between extensions 32 and 33, and given up at 79 [3024-3.3-01] [3024-3.3-03] [3024-3.3-04] [3024-3.4-05] [3024-4.1.1-03] [3024-4.1.2-01]", () => {
  const STYLE = "encapsulating-delivery-style-extension";
  const config = makeConfig({
    registration: { deliveryStyle: "encapsulating" },
    homeAddress: PUBLIC,
    foreignAgents: [FA_CONTEXT],
  });
  const line = started(config);
  line.event(advertisement());
  const asked = () => line.lastRequest().message.extensions.map(({ name }) => name);
  assert.deepEqual(asked(), [
    "mobile-home-authentication-extension",
    STYLE,
    "mobile-foreign-authentication-extension",
  ]);
  const event = { destination: PUBLIC };
  line.accept({ code: 79, home: [], foreign: [FA_CONTEXT], event });
  line.until(3000);
  assert.ok(!asked().includes(STYLE));
  const without = started(config);
  without.event(advertisement({ flags: AdvertisementFlag.F }));
  const { message } = without.lastRequest();
  assert.equal(message.flags, 0);
  assert.ok(!message.extensions.some(({ name }) => name === STYLE));
});

test("RFC 3024 §5.2.2: what was asked for is used, to the address that the acceptance came from [3024-4.1.2-04] [3024-5.2.2-01]", () => {
  const line = started(makeConfig({ registration: { deliveryStyle: "encapsulating" } }));
  line.event(advertisement());
  line.accept({ event: { source: ipv4("192.0.2.9") } });
  const item = line.node.forwarding().get("visiting/wlan0");
  assert.ok(item?.kind === "visiting");
  assert.deepEqual([item.delivery, item.router], ["encapsulating", ipv4("192.0.2.9")]);
});
