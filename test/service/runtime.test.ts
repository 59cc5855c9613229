/** The daemon around a core: order, timers, signals, and what vanishes and returns. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST_MAC, ipv4, type Mac } from "../../shared/base/address.ts";
import type { Instant } from "../../shared/base/time.ts";
import { buildIcmpPacket, buildUdpPacket } from "../../shared/linux/frames.ts";
import { RETRY_MS } from "../../shared/service/runtime/daemon.ts";
import { OUTBOX_MAX } from "../../shared/service/runtime/outbox.ts";
import { UPLINK } from "./runtime-bench.ts";
import { bench, datagram, frame, persist, reply } from "./runtime-fixtures.ts";
import { settle } from "./toy-clock.ts";

test("run: restore, then sockets, then every link, then the control socket; SIGTERM undoes it and exits 0", async (t) => {
  const b = bench(t);
  await b.start();
  assert.deepEqual(
    b.core.events.map((event) => (event.type === "link" ? event.interface : event.type)),
    ["restore", "lan0"],
  );
  assert.deepEqual(b.trace, ["driver started", "apply", "joined 1 on lan0"]);
  assert.deepEqual([...b.udp.keys()], ["lan0", String(UPLINK)]);
  assert.equal(b.status().state, "ready");
  b.signals.emit("SIGTERM");
  assert.equal(await b.exit, 0);
  assert.equal(b.core.events.at(-1)?.type, "shutdown");
  assert.deepEqual(b.trace.slice(3), [
    "control closed",
    "link lan0 closed",
    "fenced",
    "driver stopped",
    "monitor closed",
  ]);
  assert.equal(b.udp.size, 0);
  assert.equal(b.signals.eventNames().length, 0);
});

test("run: status merges what the core and the runtime know; a mobile node keeps its own state", async (t) => {
  const b = bench(t, "mn");
  await b.start();
  b.links.get("lan0")?.receive(frame(Uint8Array.of(0x45)));
  b.links.get("lan0")?.receive(frame(buildUdpPacket(datagram), "02:00:00:00:00:99" as Mac));
  Object.assign(b.links.get("lan0") ?? {}, { lost: 3 });
  await b.clock.advance(2500);
  assert.deepEqual(b.status(), {
    state: "registered",
    ready: true,
    problems: [],
    store: { kind: "journal", path: b.journalPath },
    uptime: 2,
    interfaces: [{ name: "lan0", address: "10.0.0.1", state: "up" }],
    driver: "toy",
    forwarding: { driver: "toy" },
    counters: {
      own: 1,
      "malformed-ip-truncated": 1,
      "frames-for-others": 1,
      "frames-lost": 3,
      "tunnel-packets": 7,
    },
  });
  assert.equal(b.core.events.length, 2, "neither frame became an event");
  assert.deepEqual(b.control?.handler.query("tunnels"), [{ local: "192.0.2.1" }]);
  assert.equal(b.control?.handler.query("nonsense"), undefined);
});

test("run: captured frames become events; the routed copy of what a link has captured does not", async (t) => {
  const b = bench(t);
  await b.start();
  b.core.events.length = 0;
  b.links.get("lan0")?.receive(frame(buildUdpPacket(datagram), BROADCAST_MAC));
  const icmp = { ...datagram, payload: Uint8Array.of(10, 0, 0, 0) };
  b.links.get("lan0")?.receive(frame(buildIcmpPacket(icmp)));
  const routed = { ...datagram, interfaceIndex: 2, destination: UPLINK, ttl: 64 };
  b.udp.get(String(UPLINK))?.receive(routed);
  b.udp.get("lan0")?.receive(routed);
  b.udp.get(String(UPLINK))?.receive({ ...routed, interfaceIndex: 3 });
  assert.deepEqual(
    b.core.events.map((e) => [e.type, "interface" in e ? e.interface : null]),
    [
      ["udp", "lan0"],
      ["icmp", "lan0"],
      ["udp", undefined],
    ],
  );
});

test("run: what another program on this machine sends is no copy, though the kernel names the link of the address", async (t) => {
  const b = bench(t);
  await b.start();
  b.core.events.length = 0;
  // By the loopback, yet with the interface of the destination as the one it came in by.
  const local = {
    ...datagram,
    source: ipv4("10.0.0.1"),
    interfaceIndex: 2,
    destination: UPLINK,
    ttl: 64,
  };
  b.udp.get(String(UPLINK))?.receive(local);
  assert.deepEqual(
    b.core.events.map((e) => e.type),
    ["udp"],
  );
});

test("run: a home agent's reply waits until the binding is durable, and steps stay in order", async (t) => {
  const b = bench(t, "ha");
  let finish: (() => void)[] = [];
  b.sync = () => new Promise((resolve) => finish.push(resolve));
  await b.start();
  b.trace.length = 0;
  b.core.react = () => [reply, persist];
  const socket = b.udp.get(String(UPLINK));
  const arrive = (): void => socket?.receive({ ...datagram, interfaceIndex: 9 });
  arrive();
  await settle();
  assert.deepEqual(b.trace, ["write"], "silence while the disk is busy");
  arrive();
  b.core.react = () => [{ ...reply, destinationPort: 999 }];
  arrive();
  await settle();
  assert.deepEqual(b.trace, ["write", "write"], "what persists nothing keeps its place");
  finish[0]?.();
  await settle();
  const sent = `udp to ${datagram.destination} 434`;
  assert.deepEqual(b.trace, ["write", "write", "sync", sent]);
  finish[1]?.();
  await settle();
  assert.deepEqual(b.trace.slice(4), ["sync", sent, `udp to ${datagram.destination} 999`]);
  assert.equal(finish.length, 2, "one sync for all that came meanwhile");
  finish = [];
});

test("run: what comes in one turn is one write, and one fdatasync lets all of its replies go", async (t) => {
  const b = bench(t, "ha");
  const finish: (() => void)[] = [];
  b.sync = () => new Promise((resolve) => finish.push(resolve));
  await b.start();
  b.trace.length = 0;
  b.core.react = () => [persist, reply];
  const socket = b.udp.get(String(UPLINK));
  for (let i = 0; i < 64; i++) socket?.receive({ ...datagram, interfaceIndex: 9 });
  assert.deepEqual(b.trace, [], "nothing leaves before the turn is over");
  await settle();
  assert.deepEqual(b.trace, ["write"]);
  finish[0]?.();
  await settle();
  const replies = Array.from({ length: 64 }, () => `udp to ${datagram.destination} 434`);
  assert.deepEqual(b.trace, ["write", "sync", ...replies]);
  assert.equal(finish.length, 1);
});

test("run: with a disk that never answers, only so many steps are kept and the rest is counted", async (t) => {
  const b = bench(t, "ha");
  b.sync = () => new Promise(() => {});
  await b.start();
  b.core.react = () => [persist, reply];
  const socket = b.udp.get(String(UPLINK));
  for (let i = 0; i < OUTBOX_MAX + 10; i++) socket?.receive({ ...datagram, interfaceIndex: 9 });
  assert.equal(b.core.events.filter(({ type }) => type === "udp").length, OUTBOX_MAX);
  assert.deepEqual(
    (b.status().counters as Record<string, number>)["received-while-disk-is-slow"],
    10,
  );
});

test("run: a foreign agent writes before it sends, and does not wait for the disk", async (t) => {
  const b = bench(t);
  b.sync = () => new Promise(() => {});
  await b.start();
  b.trace.length = 0;
  b.core.react = () => [reply, persist];
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  await settle();
  assert.deepEqual(b.trace, ["write", `udp to ${datagram.destination} 434`]);
});

test("run: the journal comes back as restore, after a crash too", async (t) => {
  const b = bench(t);
  await b.start();
  b.core.react = () => [persist];
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  b.core.react = () => [];
  b.signals.emit("uncaughtException", new Error("a mistake of ours"));
  assert.equal(await b.exit, 1);
  assert.match(b.log.join("\n"), /error: internal error, ending: Error: a mistake of ours/);
  assert.ok(b.trace.includes("driver stopped"));
  assert.ok(!b.core.events.some(({ type }) => type === "shutdown"));
  await b.start();
  const restores = b.core.events.filter((event) => event.type === "restore");
  assert.deepEqual(restores.at(-1), {
    type: "restore",
    entries: [["k", 1]],
    isTakeover: false,
  });
});

test("run: one timer, rounded up, never zero and never more than 31 bits", async (t) => {
  const b = bench(t);
  b.core.deadline = 1000.2 as Instant;
  b.core.react = (event) => {
    if (event.type === "tick") b.core.deadline = (b.clock.time + 2 ** 40) as Instant;
    return [];
  };
  await b.start();
  assert.deepEqual(
    b.clock.timers.map(({ wait }) => wait),
    [1],
  );
  await b.clock.advance(1);
  assert.equal(b.core.events.at(-1)?.type, "tick");
  assert.deepEqual(
    b.clock.timers.map(({ wait }) => wait),
    [0x7fff_ffff],
  );
  b.core.deadline = -5 as Instant;
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  assert.deepEqual(
    b.clock.timers.map(({ wait }) => wait),
    [1],
  );
});

test("run: a new forwarding state is applied once, after the effects; the same one is not", async (t) => {
  const b = bench(t);
  await b.start();
  const arrive = (): void => b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  const applied = b.applied.length;
  arrive();
  await settle();
  assert.equal(b.applied.length, applied);
  b.core.state = new Map();
  b.trace.length = 0;
  b.core.react = () => [reply];
  arrive();
  await settle();
  assert.deepEqual(b.trace, [`udp to ${datagram.destination} 434`, "apply"]);
  b.applyFault = "no such device";
  b.core.state = new Map();
  arrive();
  await settle();
  assert.deepEqual(b.status().problems, ["forwarding: no such device"]);
  b.applyFault = undefined;
  await b.clock.advance(RETRY_MS);
  assert.equal(b.applied.at(-1), b.core.state);
  assert.equal(b.status().state, "ready");
});
