/** The run loop while its machine, its configuration and its owner change things. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { err, ok } from "../../shared/base/result.ts";
import type { Instant } from "../../shared/base/time.ts";
import { buildUdpPacket } from "../../shared/linux/frames.ts";
import { IoError } from "../../shared/linux/packet-io.ts";
import { RETRY_MS } from "../../shared/service/runtime/daemon.ts";
import { Bench, OWN_MAC, PEER_MAC, UPLINK } from "./runtime-bench.ts";
import { bench, datagram, frame, persist, reply } from "./runtime-fixtures.ts";
import { settle } from "./toy-clock.ts";

test("SIGHUP: a fault keeps the old configuration, names its line and is a problem; without one the core and the sockets follow", async (t) => {
  const b = bench(t);
  await b.start();
  b.config = err(["fa.toml:3: interface[0].name: missing", "fa.toml:4: x: unknown key"]);
  b.signals.emit("SIGHUP");
  await settle();
  assert.ok(b.log.includes("error: fa.toml:3: interface[0].name: missing"));
  assert.ok(b.log.includes("error: fa.toml:4: x: unknown key"));
  assert.deepEqual(b.status().problems, [
    "configuration: not applied, the old one stays: fa.toml:3: interface[0].name: missing (and 1 more)",
  ]);
  assert.deepEqual([b.core.configs.length, [...b.links.keys()]], [0, ["lan0"]]);
  const before = b.links.get("lan0");
  b.setHost("lan1", 5);
  b.config = ok({ links: ["lan0", "lan1"] });
  b.core.events.length = 0;
  b.signals.emit("SIGHUP");
  await settle();
  assert.deepEqual(b.status().problems, []);
  assert.deepEqual(b.core.configs, [{ links: ["lan0", "lan1"] }]);
  assert.deepEqual([...b.links.keys()], ["lan0", "lan1"]);
  assert.equal(b.links.get("lan0"), before, "an unchanged link stays open");
  assert.deepEqual(
    b.core.events.map((event) => event.type === "link" && event.interface),
    ["lan0", "lan1"],
  );
  b.signals.emit("SIGHUP");
  await settle();
  assert.equal(b.core.configs.length, 1, "nothing changed, nothing done");
});

test("run: an address that its interface loses is a problem until it is there again; its socket stays", async (t) => {
  const b = bench(t);
  await b.start();
  const socket = b.udp.get(String(UPLINK));
  b.hasUplink = false;
  b.hostChanged();
  assert.deepEqual(b.status().problems, [
    "address 192.0.2.1: no interface has this address any more",
  ]);
  b.hasUplink = true;
  b.hostChanged();
  assert.deepEqual([b.status().problems, b.udp.get(String(UPLINK))], [[], socket]);
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

test("run: a carrier that went and came back between two looks is told as down and up", async (t) => {
  const b = bench(t);
  await b.start();
  b.core.events.length = 0;
  b.setHost("lan0", 2, { carrierLosses: 1 });
  b.hostChanged();
  assert.deepEqual(
    b.core.events.map((event) => event.type === "link" && event.link?.up),
    [false, true],
  );
  b.hostChanged();
  assert.equal(b.core.events.length, 2, "once");
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

test("run: a datagram from an address that the configuration does not know takes a socket for it and its device, until the address goes", async (t) => {
  const b = bench(t);
  await b.start();
  const careOf = ipv4("203.0.113.50");
  const owned = { addresses: [{ address: careOf, length: 24 }] };
  b.setHost("lan0", 2, owned);
  b.hostChanged();
  const own = { ...datagram, type: "send-udp", source: careOf, device: "lan0" } as const;
  b.core.react = (event) => (event.type === "udp" ? [own] : []);
  const ask = () => b.links.get("lan0")?.receive(frame(buildUdpPacket(datagram)));
  ask();
  const socket = b.udp.get(`${careOf} lan0`);
  assert.deepEqual([socket?.options.address, socket?.options.device], [careOf, "lan0"]);
  ask();
  assert.equal(b.udp.get(`${careOf} lan0`), socket, "the same one again");
  b.setHost("lan0", 2);
  b.hostChanged();
  assert.equal(b.udp.has(`${careOf} lan0`), false);
});

test("SIGHUP: a program that is told to end while it reads the file opens nothing anew", async (t) => {
  const b = bench(t);
  await b.start();
  b.setHost("lan1", 5);
  b.config = ok({ links: ["lan0", "lan1"] });
  let isRead = (): void => {};
  b.reading = new Promise((resolve) => {
    isRead = resolve;
  });
  b.signals.emit("SIGHUP");
  b.signals.emit("SIGTERM");
  await settle();
  isRead();
  await settle();
  assert.equal(await b.exit, 0);
  assert.deepEqual([...b.links.keys()], []);
  assert.ok(!b.log.some((line) => line.includes("reloaded")));
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
  await settle();
  assert.deepEqual(b.published.at(-1), { event: "registered", code: 0 });
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
