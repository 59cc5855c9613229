/**
 * The packet I/O seam: each case runs on every provider that declares the capability, inside
 * namespaces of its own (rootless).
 */

import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { afterEach, suite, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { ipv4 } from "../../shared/base/address.ts";
import { createHelperIo } from "../../shared/linux/helper-io.ts";
import { createPackagesIo } from "../../shared/linux/packages-io.ts";
import type { Capability, Closable, PacketIo } from "../../shared/linux/packet-io.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";
import { enterLab } from "../lab/enter.ts";
import { linkCases } from "./link-cases.ts";
import { localCases } from "./local-cases.ts";
import { netlinkCases } from "./netlink-cases.ts";
import { offloadCases } from "./offload-cases.ts";
import { rawCases } from "./raw-cases.ts";
import { addLink, ip, MAC_1, numbered, quiet, range, tracked, until } from "./support.ts";
import { tunCases } from "./tun-cases.ts";
import { udpCases } from "./udp-cases.ts";

await enterLab({ tun: true });

ip("link set lo mtu 1500 up");
for (const host of [1, 2, 3]) ip(`addr add 10.5.0.${host}/32 dev lo`);
addLink("v");
addLink("l");
ip("addr add 10.7.0.1/24 dev v0");
// Frames of these tests come from addresses that no route leads to.
for (const name of ["all", "v1"]) {
  writeFileSync(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, "0");
}
ip(`neigh replace 10.7.0.2 lladdr ${MAC_1} dev v0`);

const started = performance.now();
const helper = createHelperIo();
console.log(`# the native helper was loaded in ${(performance.now() - started).toFixed(1)} ms`);

const CASES: readonly (readonly [Capability, (io: PacketIo) => void])[] = [
  ["tun", tunCases],
  ["raw-ip", rawCases],
  ["udp", udpCases],
  ["link", linkCases],
  ["netlink", netlinkCases],
  ["offload", offloadCases],
  ["local", localCases],
];
const ALL: readonly Capability[] = [
  ...CASES.map(([capability]) => capability),
  "batch",
  "udp-metadata",
];

/** Ways to open something, each with a handler so that it is polled. */
function openers(io: PacketIo): (() => Closable)[] {
  const udp = (): Closable => {
    const socket = io.openUdp({ address: ipv4("10.5.0.1"), port: 4000 });
    socket.onDatagram(() => {});
    return socket;
  };
  const raw = (): Closable => {
    const socket = io.openRawIp({ protocol: 55, address: ipv4("10.5.0.1") });
    socket.onPackets(() => {});
    return socket;
  };
  if (io.provider === "packages") return [udp, raw];
  const link = (): Closable => {
    const socket = io.openLink("l0", { udpPort: 434 });
    socket.joinGroups([ipv4("224.0.0.11")]);
    socket.onFrame(() => {});
    return socket;
  };
  const netlink = (): Closable => {
    const socket = io.openNetlink(1);
    socket.onNotification(() => {});
    return socket;
  };
  const tun = (): Closable => {
    const device = io.openTun({ name: "miptest3", mtu: 1400 });
    device.onPackets(() => {});
    return device;
  };
  return [udp, raw, link, netlink, tun];
}

const openDescriptors = (): number => readdirSync("/proc/self/fd").length;

async function cycle(io: PacketIo, count: number): Promise<void> {
  const ways = openers(io);
  for (const i of range(count)) {
    ways[i % ways.length]?.().close();
    await nextTurn();
  }
}

function lifeCases(io: PacketIo): void {
  test("2,000 times opened and closed: the same descriptors as before", async () => {
    await cycle(io, 20);
    await quiet();
    const before = openDescriptors();
    await cycle(io, 2000);
    await quiet();
    assert.equal(openDescriptors(), before);
    if (io.provider === "helper") ip("link del miptest3");
  });

  test("a socket that only its handler knows survives the garbage collector", async () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    assert.ok(typeof collect === "function");
    let heard = 0;
    (() => {
      const socket = io.openUdp({ address: ipv4("10.5.0.1"), port: 4001 });
      socket.onDatagram(() => {
        heard++;
        socket.close();
      });
    })();
    for (const _ of range(5)) {
      collect();
      await nextTurn();
    }
    const sender = io.openUdp({ address: ipv4("10.5.0.2"), port: 4001 });
    sender.send(numbered(1, 4), ipv4("10.5.0.1"), 4001, 64);
    await until("the datagram", () => heard === 1);
    sender.close();
  });
}

for (const provider of [helper, createPackagesIo()]) {
  const { io, closeAll } = tracked(provider);
  const missing = ALL.filter((capability) => !io.capabilities.has(capability));
  console.log(`# provider ${io.provider} lacks: ${missing.join(", ") || "nothing"}`);
  suite(`provider ${io.provider}`, () => {
    afterEach(closeAll);
    for (const [capability, cases] of CASES) {
      if (io.capabilities.has(capability)) suite(capability, () => cases(io));
    }
    suite("life", () => lifeCases(io));
  });
}

suite("choice", () => {
  test("auto takes the helper; each can be asked for; what one lacks it refuses", () => {
    const auto = choosePacketIo("auto");
    assert.equal(auto.io.provider, "helper");
    assert.match(auto.reason, new RegExp(process.arch));
    assert.equal(choosePacketIo("helper").io.provider, "helper");
    const { io } = choosePacketIo("packages");
    assert.equal(io.provider, "packages");
    assert.throws(() => io.openLink("l0", {}), { code: "ENOTSUP" });
    assert.throws(() => io.openNetlink(0), { code: "ENOTSUP" });
    const onDevice = { address: ipv4("10.5.0.1"), port: 1, device: "l0" };
    assert.throws(() => io.openUdp(onDevice), { code: "ENOTSUP" });
  });

  test("a worker that ends with open sockets leaves nothing behind", async () => {
    const before = openDescriptors();
    const module = new URL("../../shared/linux/helper-io.js", import.meta.url).href;
    const worker = new Worker(
      `const { parentPort } = require("node:worker_threads");
       import(${JSON.stringify(module)}).then(({ createHelperIo }) => {
         const socket = createHelperIo().openUdp({ address: ${ipv4("10.5.0.1")}, port: 4002 });
         socket.onDatagram(() => {});
         parentPort.postMessage("open");
       });`,
      { eval: true },
    );
    const code = await new Promise<number>((resolve, reject) => {
      worker.on("message", () => void worker.terminate());
      worker.on("error", reject);
      worker.on("exit", resolve);
    });
    assert.equal(code, 1); // terminated
    // The socket's descriptor is the worker's own affair: one is left, no handle is.
    assert.ok(openDescriptors() <= before + 1);
  });
});
