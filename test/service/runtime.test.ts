/** The daemon around a core: order, timers, signals, and what vanishes and returns. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BROADCAST_MAC, ipv4, type Mac } from "../../shared/base/address.ts";
import { err, ok } from "../../shared/base/result.ts";
import type { Instant } from "../../shared/base/time.ts";
import { buildIcmpPacket, buildUdpPacket } from "../../shared/linux/frames.ts";
import { IoError } from "../../shared/linux/packet-io.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { RETRY_MS } from "../../shared/service/runtime/daemon.ts";
import { OUTBOX_MAX } from "../../shared/service/runtime/outbox.ts";
import { Bench, OWN_MAC, PEER_MAC, settle, UPLINK } from "./runtime-bench.ts";

function bench(t: TestContext, role: "fa" | "mn" | "ha" = "fa"): Bench {
  const directory = mkdtempSync(join(tmpdir(), "mip4-run-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return new Bench(role, join(directory, "toy.journal"));
}

const datagram = {
  source: ipv4("10.1.0.7"),
  sourcePort: 434,
  destination: ipv4("10.0.0.1"),
  destinationPort: 434,
  ttl: 1,
  payload: Uint8Array.of(1, 2),
};
const reply: Effect = { type: "send-udp", ...datagram, source: UPLINK };
const persist: Effect = { type: "persist", key: "k", value: 1 };

function frame(payload: Uint8Array, linkDestination: Mac = OWN_MAC) {
  return { linkSource: PEER_MAC, linkDestination, etherType: 0x0800, payload };
}

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
  await b.clock.advance(2500);
  assert.deepEqual(b.status(), {
    state: "registered",
    ready: true,
    problems: [],
    uptime: 2,
    interfaces: [{ name: "lan0", address: "10.0.0.1", state: "up" }],
    driver: "toy",
    forwarding: { driver: "toy" },
    counters: { own: 1, "malformed-ip-truncated": 1, "frames-for-others": 1, "tunnel-packets": 7 },
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
  assert.deepEqual(restores.at(-1), { type: "restore", entries: [["k", 1]] });
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

test("SIGHUP: a fault keeps the old configuration and names its line; without one the core and the sockets follow", async (t) => {
  const b = bench(t);
  await b.start();
  b.config = err(["fa.toml:3: interface[0].name: missing"]);
  b.signals.emit("SIGHUP");
  assert.ok(b.log.includes("error: fa.toml:3: interface[0].name: missing"));
  assert.deepEqual([b.core.configs.length, [...b.links.keys()]], [0, ["lan0"]]);
  const before = b.links.get("lan0");
  b.setHost("lan1", 5);
  b.config = ok({ links: ["lan0", "lan1"] });
  b.core.events.length = 0;
  b.signals.emit("SIGHUP");
  assert.deepEqual(b.core.configs, [{ links: ["lan0", "lan1"] }]);
  assert.deepEqual([...b.links.keys()], ["lan0", "lan1"]);
  assert.equal(b.links.get("lan0"), before, "an unchanged link stays open");
  assert.deepEqual(
    b.core.events.map((event) => event.type === "link" && event.interface),
    ["lan0", "lan1"],
  );
  b.signals.emit("SIGHUP");
  assert.equal(b.core.configs.length, 1, "nothing changed, nothing done");
});

test("run: an interface that vanishes and returns is closed and opened, and said once each", async (t) => {
  const b = bench(t);
  await b.start();
  const warnings = (): string[] => b.log.filter((line) => line.includes("link lan0"));
  b.host.delete("lan0");
  b.hostChanged();
  b.hostChanged();
  assert.equal(b.links.size, 0);
  assert.equal(b.status().state, "degraded");
  assert.deepEqual(b.status().interfaces, [{ name: "lan0", address: null, state: "missing" }]);
  assert.deepEqual(b.core.events.at(-1), { type: "link", interface: "lan0", link: undefined });
  await b.clock.advance(3 * RETRY_MS);
  assert.deepEqual(warnings(), ["warning: link lan0: there is no such interface"]);
  b.setHost("lan0", 7);
  b.hostChanged();
  assert.equal(b.links.size, 1);
  assert.equal(b.status().state, "ready");
  assert.equal(warnings().length, 2);
  const first = b.links.get("lan0");
  b.setHost("lan0", 8);
  b.hostChanged();
  assert.notEqual(b.links.get("lan0"), first, "another interface of the same name");
});

test("run: an address that is not there yet degrades, and is bound when it appears", async (t) => {
  const b = bench(t);
  b.openFaults.set(`udp ${UPLINK}`, "EADDRNOTAVAIL");
  await b.start();
  assert.equal(b.status().state, "degraded");
  assert.match(
    String(b.status().problems),
    /address 192\.0\.2\.1: .*no interface has this address yet/,
  );
  b.core.react = () => [reply];
  b.links.get("lan0")?.receive(frame(buildUdpPacket(datagram)));
  assert.equal((b.status().counters as Record<string, number>)["send-failed-EADDRNOTAVAIL"], 1);
  b.openFaults.clear();
  await b.clock.advance(RETRY_MS);
  assert.equal(b.status().state, "ready");
});

test("run: another default address is another configuration, but an edited file waits for SIGHUP", async (t) => {
  const b = bench(t);
  await b.start();
  b.config = ok({ links: [] });
  b.hostChanged();
  await b.clock.advance(2000);
  assert.equal(b.core.configs.length, 0, "no fact has changed");
  b.facts = { addresses: new Map(), defaultInterface: "wan0" };
  b.stamp = "2";
  b.hostChanged();
  await b.clock.advance(2000);
  assert.equal(b.core.configs.length, 0, "the file has been edited");
  b.stamp = "1";
  b.hostChanged();
  await b.clock.advance(2000);
  assert.deepEqual(b.core.configs, [{ links: [] }]);
});

test("run: what is missing is said in one line, and the exit code is 1", async (t) => {
  const cases: readonly (readonly [Error, RegExp])[] = [
    [new IoError("EPERM", "opening /dev/net/tun"), /CAP_NET_ADMIN.*run as root/],
    [new IoError("ENOENT", "opening /dev/net/tun"), /modprobe tun/],
    [new IoError("EACCES", "opening /dev/net/tun"), /run as root/],
  ];
  for (const [fault, expected] of cases) {
    const b = bench(t);
    b.startFault = fault;
    await b.start();
    assert.equal(await b.exit, 1);
    const errors = b.log.filter((line) => line.startsWith("error: "));
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", expected);
  }
  const b = bench(t);
  b.config = err(["fa.toml:1: x: y", "fa.toml:2: x: y"]);
  await b.start();
  assert.equal(await b.exit, 1);
  assert.deepEqual(b.log.slice(0, 2), ["error: fa.toml:1: x: y", "error: fa.toml:2: x: y"]);
});

test("SIGTERM: a mobile node waits for the end of its deregistration, two seconds at most", async (t) => {
  for (const [replyAfter, atLeast, atMost] of [
    [300, 300, 340],
    [60_000, 2000, 2040],
  ] as const) {
    const b = bench(t, "mn");
    await b.start();
    const started = b.clock.time;
    b.core.deadline = (started + 60_000) as Instant;
    b.signals.emit("SIGTERM");
    let ended: number | undefined;
    void b.exit?.then(() => {
      ended = b.clock.time - started;
    });
    for (let ms = 0; ms < 3000 && ended === undefined; ms += 20) {
      if (ms >= replyAfter) b.core.deadline = undefined;
      await settle();
      await b.clock.advance(20);
    }
    assert.equal(await b.exit, 0);
    assert.ok(ended !== undefined && ended >= atLeast && ended <= atMost, `${ended} ms`);
  }
});

test("control: a command waits for the core's answer, and gets one when the daemon ends", async (t) => {
  const b = bench(t);
  await b.start();
  const first = b.control?.handler.command("register", {});
  const second = b.control?.handler.command("register", {});
  const command = b.core.events.find((event) => event.type === "command");
  assert.ok(command?.type === "command");
  b.core.react = () => [
    { type: "answer", id: command.id, ok: true, message: "done" },
    { type: "report", event: "registered", fields: { code: 0 }, level: "info" },
  ];
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  b.core.react = () => [];
  assert.deepEqual(await first, { ok: true, message: "done" });
  assert.deepEqual(b.published, [{ event: "registered", code: 0 }]);
  b.signals.emit("SIGINT");
  assert.equal(await b.exit, 0);
  assert.deepEqual(await second, { ok: false, message: "the daemon is ending" });
});

test("SIGUSR1: the status goes to the log", async (t) => {
  const b = bench(t);
  await b.start();
  b.signals.emit("SIGUSR1");
  assert.equal(b.log.at(-1), "info: status");
});

test("run: effects without a socket or a link are counted, and frames leave on their link", async (t) => {
  const b = bench(t);
  await b.start();
  b.trace.length = 0;
  const link = { interface: "lan0", destination: PEER_MAC };
  const arp = {
    type: "send-arp",
    operation: "reply",
    senderMac: OWN_MAC,
    senderAddress: UPLINK,
    targetMac: PEER_MAC,
    targetAddress: UPLINK,
  } as const;
  b.core.react = () => [
    { ...reply, link },
    {
      type: "send-icmp",
      source: UPLINK,
      destination: UPLINK,
      ttl: 1,
      payload: new Uint8Array(8),
      link,
    },
    { ...arp, link },
    { ...arp, link: { ...link, interface: "gone0" } },
    { ...reply, source: ipv4("192.0.2.99") },
  ];
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  assert.deepEqual(b.trace, [
    `frame 800 on lan0 to ${PEER_MAC}`,
    `frame 800 on lan0 to ${PEER_MAC}`,
    `frame 806 on lan0 to ${PEER_MAC}`,
  ]);
  const counters = b.status().counters as Record<string, number>;
  assert.deepEqual([counters["send-failed-ENODEV"], counters["send-failed-EADDRNOTAVAIL"]], [1, 1]);
});

test("journal: an unwritable path degrades the daemon and does not stop it", async (t) => {
  const b = new Bench("ha", "/proc/none/ha.journal");
  await b.start();
  b.core.react = () => [persist, reply];
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  await settle();
  assert.ok(b.trace.includes(`udp to ${datagram.destination} 434`));
  assert.equal(b.status().state, "degraded");
  b.signals.emit("SIGTERM");
  assert.equal(await b.exit, 0);
  assert.throws(() => readFileSync("/proc/none/ha.journal"));
  t.diagnostic("degraded as it should be");
});
