/** A machine that sleeps and wakes up somewhere else: the daemon of a mobile node notices. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant } from "../../shared/base/time.ts";
import { buildUdpPacket } from "../../shared/linux/frames.ts";
import { LOOK_MS, OVERSLEPT_MS } from "../../shared/service/runtime/loop.ts";
import type { Bench } from "./runtime-bench.ts";
import { bench, datagram, frame } from "./runtime-fixtures.ts";

/** What the core was told, links with their state. */
function told(b: Bench): string[] {
  return b.core.events.map((event) =>
    event.type === "link" ? `${event.interface} ${event.link?.up}` : event.type,
  );
}

test("resume: within a second of waking up the node's links are told as down and up again, deadline or not", async (t) => {
  for (const deadline of [undefined, 600_000]) {
    const b = bench(t, "mn");
    b.core.deadline = deadline as Instant | undefined;
    await b.start();
    await b.clock.advance(10_500);
    b.core.events.length = 0;
    b.clock.sleep(120_000);
    await b.clock.advance(LOOK_MS);
    assert.deepEqual(told(b), ["lan0 false", "lan0 true"]);
    const { seconds, ...event } = b.published.at(-1) ?? {};
    assert.deepEqual(event, { event: "resumed" });
    assert.ok(Number(seconds) >= 119 && Number(seconds) <= 121, String(seconds));
    await b.clock.advance(60_000);
    assert.equal(told(b).length, 2, "once");
    b.signals.emit("SIGTERM");
    await b.clock.advance(5000);
    await b.exit;
  }
});

test("resume: a packet that comes before the timer is handled after the links", async (t) => {
  const b = bench(t, "mn");
  await b.start();
  b.core.events.length = 0;
  b.clock.sleep(LOOK_MS + OVERSLEPT_MS);
  b.links.get("lan0")?.receive(frame(buildUdpPacket(datagram)));
  assert.deepEqual(told(b), ["lan0 false", "lan0 true", "udp"]);
});

test("resume: a link that has gone meanwhile is told once, a timer that is late by load is no sleep, and agents do not look", async (t) => {
  const b = bench(t, "mn");
  await b.start();
  b.core.events.length = 0;
  b.setHost("lan0", 2, { up: false });
  b.clock.sleep(60_000);
  await b.clock.advance(LOOK_MS);
  assert.deepEqual(told(b), ["lan0 false"]);
  b.core.events.length = 0;
  b.clock.sleep(OVERSLEPT_MS - LOOK_MS);
  await b.clock.advance(LOOK_MS);
  assert.deepEqual(told(b), []);
  const agent = bench(t, "fa");
  await agent.start();
  agent.core.events.length = 0;
  agent.clock.sleep(600_000);
  await agent.clock.advance(LOOK_MS);
  assert.deepEqual(told(agent), []);
  assert.deepEqual(agent.clock.timers, []);
});
