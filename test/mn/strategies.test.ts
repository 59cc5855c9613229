/** Movement detection when the link does not tell: prefix and eager (RFC 5944 §2.4.2). */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { advertisement, FA1, FA2, makeConfig, OWN_MAC, Timeline } from "./bench.ts";

const { F, T } = AdvertisementFlag;

function by(movement: MnCoreConfig["movement"], first = advertisement()): Timeline {
  const line = new Timeline(makeConfig({ movement }));
  line.linkUp();
  line.until(2000);
  line.event(first);
  line.accept();
  line.until(4000);
  line.clear();
  return line;
}

const asked = (line: Timeline): Ipv4[] => line.requests().map(({ effect }) => effect.destination);

test("eager: an agent that is heard for the first time is registered with at once, and the one before serves until then [5944-2.4.2-01]", () => {
  const line = by("eager");
  line.event(advertisement({ source: FA2 }));
  assert.deepEqual(asked(line), [FA2]);
  assert.deepEqual(line.items(), ["home-address", "visiting/wlan0"]);
  line.accept();
  assert.equal(line.status().agent, "192.0.2.65");
  line.clear();
  line.hearing(line.now + 60_000, advertisement(), advertisement({ source: FA2 }));
  assert.deepEqual(asked(line), [], "who was there before is no news");
});

test("eager: an agent that was lost and is heard again is news", () => {
  const line = by("eager", advertisement({ lifetime: 3 }));
  line.event(advertisement({ source: FA2, lifetime: 9000 }));
  line.accept();
  line.until(line.now + 10_000);
  line.clear();
  line.event(advertisement());
  assert.deepEqual(asked(line), [FA1]);
});

test("eager: a new agent that refuses leaves the one before", () => {
  const line = by("eager");
  line.event(advertisement({ source: FA2, lifetime: 9000 }));
  line.accept({ code: 65, home: [] });
  line.event(advertisement({ lifetime: 9000 }));
  line.until(line.now + 1100);
  assert.equal(line.status().agent, "192.0.2.1");
});

test("RFC 5944 §2.4.2.2: an agent of another network, when both tell their prefixes, is registered with at once [5944-2.4.2.2-01] [5944-2.1.2-04]", () => {
  const line = by("prefix", advertisement({ prefixes: [26] }));
  line.event(advertisement({ source: FA2, prefixes: [26] }));
  assert.deepEqual(asked(line), [FA2]);
});

test("RFC 5944 §2.4.2.2: an agent of the same network is no reason to move [5944-3.6-08]", () => {
  const line = by("prefix", advertisement({ prefixes: [24] }));
  line.event(advertisement({ source: FA2, prefixes: [24] }));
  assert.deepEqual(asked(line), []);
});

test("RFC 5944 §2.4.2.2: where one of them does not tell its prefixes it is lazy: the agent's lifetime decides [5944-2.4.2.2-02]", () => {
  for (const [first, second] of [
    [undefined, [26]],
    [[26], undefined],
  ] as const) {
    const line = by("prefix", advertisement({ prefixes: first, lifetime: 10 }));
    line.event(advertisement({ source: FA2, prefixes: second, lifetime: 9000 }));
    assert.deepEqual(asked(line), []);
    line.until(20_000);
    assert.deepEqual(asked(line).slice(0, 1), [FA2]);
  }
});

test("RFC 5944 §2.1.2: a prefix length belongs to the router address in its place, never to a care-of address [5944-2.1.2-03]", () => {
  const routers = [FA1];
  const line = by("prefix", advertisement({ prefixes: [26], routers }));
  // Care-of address of another network, router address of the same one.
  const second = { source: FA2, careOf: [FA2], routers: [ipv4("192.0.2.3")], prefixes: [26] };
  line.event(advertisement(second));
  assert.deepEqual(asked(line), []);
});

test("RFC 5944 §2.4.2.2: with an address of its own, an agent whose prefixes do not have it says that the link is another one; one that tells none says nothing [5944-2.4.2.2-03]", () => {
  for (const [prefixes, moves] of [
    [[26], true],
    [undefined, false],
    [[1], false],
  ] as const) {
    const line = new Timeline(makeConfig({ movement: "prefix" }));
    const addresses = [{ address: ipv4("192.0.3.50"), length: 24 }];
    const defaultRoute = { gateway: ipv4("192.0.3.1") };
    const link = { up: true, mac: OWN_MAC, mtu: 1500, addresses, defaultRoute };
    line.event({ type: "link", interface: "wlan0", link });
    line.until(10_000);
    line.accept();
    line.until(15_000);
    line.clear();
    line.event(advertisement({ flags: F | T, prefixes }));
    assert.deepEqual(asked(line), moves ? [FA1] : []);
  }
});

test("RFC 5944 §2.4.2.2: what has run out is no base for a registration, and what holds is not renewed there [5944-2.4.2.2-04] [5944-2.4.2.2-05]", () => {
  const line = by("prefix", advertisement({ prefixes: [26], lifetime: 9000 }));
  line.event(advertisement({ source: FA2, prefixes: [26], lifetime: 2, registrationLifetime: 0 }));
  line.until(10_000);
  assert.deepEqual(asked(line), []);
});

test("RFC 1256 §5.1: agents are looked for on a link or not, and by the address that the configuration has [1256-5.1-01] [1256-5.1-02] [1256-5.3-02] [5944-2.3-05]", () => {
  for (const address of ["224.0.0.2", "255.255.255.255", "224.0.0.11"]) {
    const solicitationAddress = ipv4(address);
    const row = { name: "wlan0", mode: "auto", solicitationAddress } as const;
    const line = new Timeline(makeConfig({ interfaces: [row] }));
    line.linkUp();
    line.until(10_000);
    const sent = line.sent("send-icmp");
    assert.ok(sent.length >= 3);
    for (const { destination, link } of sent) {
      assert.equal(destination, solicitationAddress);
      const group = `01:00:5e:00:00:${address === "224.0.0.2" ? "02" : "0b"}`;
      assert.equal(
        link.destination,
        address.startsWith("2") && address !== "255.255.255.255" ? group : "ff:ff:ff:ff:ff:ff",
      );
    }
  }
  const row = { name: "wlan0", mode: "auto", discovery: false } as const;
  const line = new Timeline(makeConfig({ interfaces: [row] }));
  line.linkUp();
  line.until(10_000);
  line.event(advertisement());
  assert.deepEqual(
    line.log.filter(({ effect }) => effect.type !== "report"),
    [],
  );
  assert.equal(line.counter("advertisements-not-wanted"), 1);
});
