/** Movement of the mobile node: between foreign agents, home, and away again. RFC 5944 §2.4.2, §4.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../mn/core/movement/agents.ts";
import { lazy } from "../../mn/core/movement/movement.ts";
import { RequestPace } from "../../mn/core/registration/pace.ts";
import type { Mac } from "../../shared/base/address.ts";
import type { Instant } from "../../shared/base/time.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { advertisement, FA2, FA2_MAC, FOREIGN_FLAGS, packets, Timeline } from "./bench.ts";

const toFa2 = advertisement({ source: FA2 });

test("RFC 5944 §3.6: while the current agent is heard another one is no reason to move [5944-3.6-08] [5944-2.4.2.1-02]", () => {
  const line = Timeline.registered();
  line.clear();
  line.hearing(100_000, advertisement({ lifetime: 3 }), toFa2);
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), []);
});

test("RFC 5944 §2.4.2.1: contact lost, another agent's lifetime still runs: registered with at once [5944-2.4.2.1-03] [5944-2.4.2-02] [5944-3.6-06] [5944-2.4.2.2-05]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement({ lifetime: 3 }));
  line.accept();
  line.until(1000);
  line.event(toFa2);
  line.clear();
  line.until(2999);
  assert.deepEqual(line.requests(), []);
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ at, effect }) => [at, effect.destination, effect.link?.destination]),
    [[3000, FA2, FA2_MAC]],
  );
  assert.equal(line.node.state, "handover");
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.until(3040);
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.deepEqual(line.items(), ["home-address", "visiting/wlan0"]);
  const [started] = line.reports("handover-started");
  assert.equal(started?.fields.from_agent, "192.0.2.1");
  assert.equal(started?.fields.to_agent, "192.0.2.65");
  const [finished] = line.reports("handover-finished");
  assert.equal(finished?.fields.duration_ms, 40);
});

test("RFC 5944 §3.6: with a link-layer indication the move is made at once, within the second too [5944-3.6-06] [5944-3.6-09] [5944-A-01] [5944-2.4.2-01]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement());
  line.until(100);
  line.accept();
  line.until(300);
  line.linkDown();
  assert.equal(line.node.state, "searching");
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.until(400);
  line.clear();
  line.linkUp();
  assert.deepEqual(line.solicitations(), [400]);
  line.until(410);
  line.event(toFa2);
  assert.deepEqual(
    line.requests().map(({ at, effect }) => [at, effect.destination]),
    [[410, FA2]],
  );
  assert.equal(line.node.state, "handover");
  line.until(430);
  line.accept();
  const [finished] = line.reports("handover-finished");
  assert.equal(finished?.fields.reason, "link-down");
  assert.equal(finished?.fields.duration_ms, 20);
  assert.equal(finished?.fields.gap_ms, 130);
});

test("RFC 5944 §2.4.2: a flapping link does not raise the average above one request a second [5944-2.4.2-03] [5944-3.6-12]", () => {
  const line = Timeline.registered();
  line.clear();
  const start = line.now;
  for (let i = 0; i < 200; i++) {
    line.linkDown();
    line.linkUp();
    line.event(i % 2 === 0 ? toFa2 : advertisement());
    line.until(line.now + 100);
  }
  const times = line.requests().map(({ at }) => at - start);
  for (const [i, at] of times.entries()) {
    const within = times.filter((other) => other >= at && other < at + 5000).length;
    assert.ok(within <= 5 + 2, `${within} requests in 5 s from request ${i}`);
  }
  assert.ok(times.length <= 20 + 3);
  assert.ok(times.length >= 15);
});

test("The pace: a second apart, the first after a link event at once, at most three ahead of the average [5944-3.6.3-06]", () => {
  const pace = new RequestPace();
  assert.equal(pace.earliest(), 0);
  const send = (at: number): void => pace.sent(at as Instant);
  send(5000);
  assert.equal(pace.earliest(), 6000);
  pace.linkChanged();
  assert.ok(pace.earliest() <= 5000);
  send(5001);
  pace.linkChanged();
  send(5002);
  pace.linkChanged();
  assert.equal(pace.earliest(), 6000);
});

test("RFC 5944 §3.6: the same agent after a link flap: the registration holds, and is made again at once [5944-3.6-06]", () => {
  const line = Timeline.registered();
  line.linkDown();
  line.linkUp();
  assert.equal(line.node.state, "searching");
  line.clear();
  line.event(advertisement({ sequenceNumber: 1001 }));
  assert.equal(line.node.state, "registered");
  assert.deepEqual(line.items(), ["home-address", "visiting/wlan0"]);
  assert.equal(line.requests().length, 1);
  assert.deepEqual(line.reports("handover-started"), []);
});

test("A link event that changes nothing is no movement", () => {
  const line = Timeline.registered();
  assert.deepEqual(line.linkUp(), []);
  assert.equal(line.node.state, "registered");
});

test("The preferred interface is used first; when its link goes the other takes over at once", () => {
  const line = new Timeline();
  line.linkUp("eth0", "02:00:00:00:00:08" as Mac);
  line.linkUp("wlan0");
  line.event(advertisement());
  line.accept();
  line.event(advertisement({ source: FA2, interface: "eth0" }));
  line.until(1000);
  line.clear();
  line.linkDown("wlan0");
  assert.deepEqual(
    line.requests().map(({ effect }) => effect.link?.interface),
    ["eth0"],
  );
  assert.equal(line.node.state, "handover");
});

test("Busy agents, and agents without F or care-of address, are not registered with", () => {
  for (const options of [
    { flags: FOREIGN_FLAGS | AdvertisementFlag.B },
    { flags: AdvertisementFlag.H | AdvertisementFlag.T },
    { careOf: [] },
    { registrationLifetime: 0 },
  ]) {
    const line = new Timeline();
    line.linkUp();
    assert.deepEqual(packets(line.event(advertisement(options))), []);
    assert.equal(line.node.state, "searching");
  }
});

test("An agent that becomes busy keeps the visitors that it has", () => {
  const line = Timeline.registered();
  line.clear();
  line.hearing(100_000, advertisement({ flags: FOREIGN_FLAGS | AdvertisementFlag.B }), toFa2);
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), []);
  assert.equal(line.node.state, "registered");
});

test("Lazy cell switching as a function of what it may look at", () => {
  const [a, b] = [{ key: "a" } as Agent, { key: "b" } as Agent];
  const view = { current: a, registered: true, refused: false, candidates: [b] };
  assert.equal(lazy(view), a);
  assert.equal(lazy({ ...view, current: undefined }), b);
  assert.equal(lazy({ ...view, current: undefined, candidates: [] }), undefined);
  assert.equal(lazy({ ...view, refused: true }), a, "a registration holds");
  assert.equal(lazy({ ...view, refused: true, registered: false }), b);
  assert.equal(lazy({ ...view, refused: true, registered: false, candidates: [] }), a);
});
