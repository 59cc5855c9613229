/** Several interfaces: which is taken, that the old way serves until the new one does, and lost ways. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import { AgentHistory } from "../../mn/core/movement/agent-history.ts";
import { ipv4 } from "../../shared/base/address.ts";
import type { Instant } from "../../shared/base/time.ts";
import {
  advertisement,
  HOME_AGENT,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  Timeline,
} from "./bench.ts";

const CARE_OF = { eth0: ipv4("203.0.113.50"), wlan0: ipv4("192.0.2.170") } as const;
type Name = keyof typeof CARE_OF;

const config: MnCoreConfig = makeConfig({
  interfaces: [
    { name: "eth0", mode: "co-located" },
    { name: "wlan0", mode: "co-located" },
  ],
  probing: { interval: 0.35, misses: 3 },
});

function plug(line: Timeline, name: Name, up = true): void {
  const addresses = [{ address: CARE_OF[name], length: 24 }];
  const defaultRoute = { gateway: ipv4("203.0.113.1") };
  const link = { up, mac: OWN_MAC, mtu: 1500, addresses, defaultRoute };
  line.event({ type: "link", interface: name, link });
  line.until(line.now);
}

function by(name: Name): Timeline {
  const line = new Timeline(config);
  plug(line, name);
  line.accept();
  line.until(2000);
  assert.equal(line.status().interface, name);
  return line;
}

function lose(line: Timeline, name: Name, isLost = true): void {
  line.event({ type: "path", careOfAddress: CARE_OF[name], homeAgent: HOME_AGENT, isLost });
}

const kinds = (line: Timeline): string[] => line.items().slice(1).sort();

test("a more preferred interface is taken when it comes, and the way in use serves until that is accepted [5944-3.6-06]", () => {
  const line = by("wlan0");
  line.clear();
  plug(line, "eth0");
  assert.equal(line.lastRequest().effect.source, CARE_OF.eth0);
  assert.deepEqual(kinds(line), ["awaited/eth0", "co-located/wlan0", "listening/eth0"]);
  assert.equal(line.reports("handover-started")[0]?.fields.reason, "preferred");
  line.until(line.now + 50);
  line.accept();
  assert.deepEqual(kinds(line), ["co-located/eth0", "former/wlan0", "listening/wlan0"]);
  const former = line.node.forwarding().get("former/wlan0");
  assert.ok(former?.kind === "co-located" && former.isPassive === true);
  assert.equal(former.probing, undefined);
  assert.equal(line.reports("handover-finished")[0]?.fields.gap_ms, null, "nothing was lost");
  line.until(line.now + 3000);
  assert.deepEqual(kinds(line), ["co-located/eth0", "listening/wlan0"]);
});

test("a less preferred interface is no reason to move [5944-3.6-08]", () => {
  const line = by("eth0");
  line.clear();
  plug(line, "wlan0");
  line.until(line.now + 60_000);
  assert.deepEqual(line.requests(), []);
});

test("a link that goes down: the next interface at once", () => {
  const line = by("eth0");
  plug(line, "wlan0");
  line.clear();
  plug(line, "eth0", false);
  assert.equal(line.lastRequest().effect.source, CARE_OF.wlan0);
  line.accept();
  assert.deepEqual(kinds(line), ["co-located/wlan0", "listening/eth0"]);
});

test("a way by which nothing comes back: the next interface at once, and back after a while, which grows with each loss", () => {
  const line = by("eth0");
  plug(line, "wlan0");
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    line.clear();
    lose(line, "eth0");
    const lostAt = line.now;
    assert.equal(line.lastRequest().effect.source, CARE_OF.wlan0);
    assert.equal(line.reports("path-lost")[0]?.fields.care_of_address, "203.0.113.50");
    line.accept();
    while (line.lastRequest().effect.source === CARE_OF.wlan0) line.until(line.now + 100);
    waits.push(Math.round((line.now - lostAt) / 1000));
    line.accept();
    assert.equal(line.status().interface, "eth0");
    line.until(line.now + 5000);
  }
  assert.deepEqual(waits, [2, 4, 8, 16]);
});

test("a preferred way that does not answer is given up after two requests while another one serves, and tried ever more seldom", () => {
  const line = by("wlan0");
  plug(line, "eth0");
  line.clear();
  line.until(line.now + 60_000);
  const tries = line.requests().filter(({ effect }) => effect.source === CARE_OF.eth0);
  assert.ok(tries.length >= 4 && tries.length <= 12, `${tries.length} requests`);
  assert.ok(line.items().includes("co-located/wlan0"), "it serves all the time");
});

test("the only way that is lost is registered anew at once; news of another way means nothing", () => {
  const line = by("eth0");
  line.clear();
  lose(line, "wlan0");
  assert.deepEqual(line.log, []);
  lose(line, "eth0");
  assert.equal(line.lastRequest().effect.source, CARE_OF.eth0);
  lose(line, "eth0", false);
  assert.equal(line.reports("path-found").length, 1);
  assert.equal(line.counter("paths-lost"), 1);
});

test("home on one interface comes before everything on the others [5944-2.4.3-01]", () => {
  const line = by("eth0");
  plug(line, "wlan0");
  line.event(homeAdvertisement({ interface: "wlan0" }));
  line.until(line.now);
  assert.equal(line.lastRequest().message.lifetime, 0);
  assert.deepEqual(kinds(line), ["at-home/wlan0", "former/eth0", "listening/eth0"]);
});

test("an agent on a more preferred interface is taken, and the address in use serves until then", () => {
  const mixed = makeConfig({
    interfaces: [
      { name: "wlan0", mode: "foreign-agent" },
      { name: "eth0", mode: "co-located" },
    ],
  });
  const line = new Timeline(mixed);
  plug(line, "eth0");
  line.accept();
  line.until(2000);
  line.linkUp();
  line.event(advertisement());
  assert.equal(line.node.state, "handover");
  assert.ok(line.items().includes("co-located/eth0"));
  line.accept();
  assert.deepEqual(kinds(line), ["former/eth0", "listening/eth0", "visiting/wlan0"]);
});

test("the history of lost ways: a loss long ago does not count [bound: 64 s]", () => {
  const history = new AgentHistory();
  const at = (ms: number): Instant => ms as Instant;
  for (let i = 0; i < 20; i++) history.lost("way", at(i));
  assert.equal(history.refuses("way", at(64_000)), true);
  assert.equal(history.refuses("way", at(64_100)), false);
  history.lost("way", at(400_000));
  assert.equal(history.refuses("way", at(401_999)), true);
  assert.equal(history.refuses("way", at(402_000)), false);
  history.lost("way", at(402_001));
  history.found("way");
  assert.equal(history.refuses("way", at(402_002)), false);
});

test("handover by command, without an agent: to the best other way, and it stays there until register [5944-2.4.2-01]", () => {
  const line = by("eth0");
  plug(line, "wlan0");
  line.command("handover", 7);
  assert.equal(line.lastRequest().effect.source, CARE_OF.wlan0);
  line.accept();
  const message = "registered from 192.0.2.170 on wlan0";
  assert.deepEqual(line.answers(), [{ id: 7, ok: true, message }]);
  line.clear();
  line.until(line.now + 30_000);
  assert.deepEqual(line.requests(), []);
  line.command("register", 8);
  assert.equal(line.lastRequest().effect.source, CARE_OF.eth0);
});

test("what was asked for by command and goes is forgotten", () => {
  const line = by("eth0");
  plug(line, "wlan0");
  line.command("handover", 7);
  line.accept();
  plug(line, "wlan0", false);
  plug(line, "wlan0");
  line.accept();
  assert.equal(line.status().interface, "eth0");
});
