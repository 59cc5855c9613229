/**
 * TCP through tunnels of every form over links that carry plain frames and whose receivers put
 * frames together, as network cards do: with superpackets through TUN and UDP sockets, and without.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem, TunnelForm } from "../../shared/forwarding/state.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { wireBinary } from "../lab/wire.ts";
import { transportChecksum } from "../linux/segments.ts";
import { inside, isInside } from "./inside.ts";
import { buildWorld, DriverProcess, type Engine, type Host, macOf, sh } from "./netns-world.ts";
import { FORMS, formText, mirrored } from "./packets.ts";

const HOME = ipv4("10.1.0.7");
const ENDS = { homeAgent: ipv4("198.51.100.1"), careOfAddress: ipv4("203.0.113.2") };
const DATAPLANE = { mtu: 0, df: "copy", mssClamp: true } as const;
const CONFIG: Readonly<Record<"ha" | "fa" | "mn", DriverConfig>> = {
  fa: { role: "fa", routeTable: 434, rulePriority: 4340, ...DATAPLANE },
  mn: { role: "mn", routeTable: 435, rulePriority: 4350, ...DATAPLANE },
  ha: { role: "ha", routeTable: 436, rulePriority: 4360, ...DATAPLANE },
};
const OCTETS = 2_000_000;

/** Receives a stream and says how long it was and what it was. */
const SERVER = `
  const hash = require("node:crypto").createHash("sha256");
  let octets = 0;
  require("node:net").createServer((socket) => {
    socket.on("data", (data) => { octets += data.length; hash.update(data); });
    socket.on("end", () => { console.log(octets + " " + hash.digest("hex")); process.exit(0); });
  }).listen(5000, process.argv[1], () => console.log("ready"));`;
const CLIENT = `
  const socket = require("node:net").connect({ port: 5000, host: process.argv[1] }, () => {
    socket.end(Buffer.alloc(${OCTETS}, "0123456789"));
  });`;
const EXPECTED = `${OCTETS} ${createHash("sha256")
  .update(Buffer.alloc(OCTETS, "0123456789"))
  .digest("hex")}`;

function nodeIn(host: Host, script: string, address: string) {
  const argv = [`--net=/run/netns/${host}`, process.execPath, "-e", script, address];
  return spawn("nsenter", argv, { stdio: ["ignore", "pipe", "inherit"] });
}

/** One connection from one host to another; what the receiver says. */
async function transfer(from: Host, to: Host, address: string): Promise<string> {
  const server = nodeIn(to, SERVER, address);
  let output = "";
  server.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(server.stdout, "data");
  const client = nodeIn(from, CLIENT, address);
  const timer = setTimeout(() => {
    server.kill();
    client.kill();
  }, 20_000);
  await once(server, "exit");
  clearTimeout(timer);
  return output.replace("ready\n", "").trim();
}

/** The IPv4 packets in a capture that come from the home agent. */
function fromHomeAgent(file: string): Uint8Array[] {
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer);
  const packets: Uint8Array[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = view.getUint32(at + 8, true);
    const packet = bytes.slice(at + 16 + 14, at + 16 + length);
    if (view.getUint16(at + 28) === 0x0800 && view.getUint32(at + 42) === ENDS.homeAgent) {
      packets.push(packet.subarray(0, (packet[2] ?? 0) * 256 + (packet[3] ?? 0)));
    }
    at += 16 + length;
  }
  return packets;
}

/** Everything about an encapsulated packet that a receiver checks. */
function assertSound(packet: Uint8Array, form: TunnelForm): void {
  assert.ok(packet.length <= 1500, `${packet.length} octets`);
  assert.equal(internetChecksum(packet, 0, 20), 0, "outer header");
  const udp = form.udpPort === undefined ? 0 : 12;
  // RFC 768: 0 says that there is none, as one packet at a time has it.
  const hasChecksum = udp > 0 && ((packet[26] ?? 0) | (packet[27] ?? 0)) !== 0;
  if (hasChecksum) assert.equal(transportChecksum(packet), 0, "outer UDP");
  const gre = form.encapsulation === "gre" ? (form.greKeyIn === undefined ? 4 : 8) : 0;
  const inner = packet.subarray(20 + udp + gre);
  if (inner[9] !== 6) return;
  assert.equal(internetChecksum(inner, 0, 20), 0, "inner header");
  assert.equal(transportChecksum(inner), 0, "inner TCP");
  // RFC 2003 §3.1: the DF bit is that of the packet inside.
  assert.equal((packet[6] ?? 0) & 0x40, (inner[6] ?? 0) & 0x40);
}

const [IPIP, , , GRE, UDP, MINIMAL_UDP] = FORMS;
const CASES: readonly (readonly [Engine, readonly (TunnelForm | undefined)[]])[] = [
  ["helper", [IPIP, GRE, UDP, MINIMAL_UDP]],
  ["per-packet", [UDP]],
];

if (!isInside()) {
  test("TCP through tunnels with and without superpackets", inside(import.meta.url));
} else {
  const drivers = new Map<Host, DriverProcess>();
  const apply = async (host: Host, key: string, item: ForwardingItem): Promise<void> => {
    const answer = await drivers.get(host)?.send({ name: "apply", items: [[key, item]] });
    assert.deepEqual(answer?.failures ?? [], []);
  };
  const agree = async (form: TunnelForm): Promise<void> => {
    const common = { homeAddress: HOME, ...ENDS, reverse: true };
    const here = { ...form, udpPort: form.udpPort === undefined ? undefined : 434 };
    await apply("ha", "binding", { kind: "binding", ...common, ...here, homeInterface: "home0" });
    await apply("fa", "visitor", {
      kind: "visitor",
      ...common,
      ...mirrored(here),
      delivery: "direct",
      plane: 0,
      interface: "lan0",
      mac: macOf("mn", "wlan0") as Mac,
    });
  };
  const launch = async (host: "ha" | "fa" | "mn", engine: Engine): Promise<void> => {
    await drivers.get(host)?.kill();
    const driver = new DriverProcess(host, CONFIG[host], engine);
    drivers.set(host, driver);
    assert.deepEqual((await driver.send({ name: "start" })).failures ?? [], []);
  };
  const show = async (host: Host) => {
    const answer = await drivers.get(host)?.send({ name: "show" });
    return answer ?? assert.fail();
  };
  /** Packets that the kernel has given to an anchor, and taken from it: superpackets count once. */
  const atAnchor = (host: "ha" | "fa"): number => {
    const text = sh(host, `ip -s link show mip${CONFIG[host].routeTable}`);
    const counts = [...text.matchAll(/^\s+\d+\s+(\d+)/gm)].map(([, packets]) => Number(packets));
    return (counts[0] ?? 0) + (counts[1] ?? 0);
  };

  before(async () => {
    buildWorld();
    const wire = wireBinary("/run");
    // What is between the agents; the others may send what they like.
    for (const [host, device] of [
      ["ha", "net0"],
      ["rt", "to-ha to-fa"],
      ["fa", "net1"],
    ] as const) {
      sh(host, `${wire} card ${device}`);
    }
    await launch("mn", "helper");
    const router = { router: ipv4("192.168.7.1"), routerMac: macOf("fa", "lan0") as Mac };
    await drivers.get("mn")?.send({
      name: "apply",
      items: [
        ["home-address", { kind: "home-address", address: HOME }],
        ["visiting", { kind: "visiting", interface: "wlan0", homeAddress: HOME, ...router }],
      ],
    });
  });

  after(async () => {
    for (const process of drivers.values()) await process.kill();
  });

  for (const [engine, forms] of CASES) {
    // Each takes the devices that the one before has left, with what they had.
    test(`${engine}: both agents start`, async () => {
      for (const host of ["ha", "fa"] as const) await launch(host, engine);
      await drivers.get("ha")?.send({ name: "open-udp", target: "198.51.100.1" });
      await drivers.get("fa")?.send({ name: "open-udp", target: "203.0.113.2" });
    });

    for (const form of forms) {
      assert.ok(form !== undefined);
      test(`${engine}, ${formText(form)}: TCP arrives whole in both directions, in segments that are sound [2003-3.1-12]`, async () => {
        await agree(form);
        const file = "/run/frames.pcap";
        const argv = ["--net=/run/netns/rt", wireBinary("/run"), "capture", "to-fa", file];
        const capture = spawn("nsenter", argv, { stdio: ["ignore", "pipe", "inherit"] });
        await once(capture.stdout, "data");
        const before = { ha: atAnchor("ha"), fa: atAnchor("fa") };
        const both = [transfer("cn", "mn", "10.1.0.7"), transfer("mn", "cn", "10.9.0.2")];
        assert.deepEqual(await Promise.all(both), [EXPECTED, EXPECTED]);
        capture.kill("SIGINT");
        await once(capture, "exit");
        const frames = fromHomeAgent(file);
        assert.ok(frames.length > OCTETS / 1500);
        if (form.encapsulation !== "minimal") for (const one of frames) assertSound(one, form);
        for (const host of ["ha", "fa"] as const) {
          const { counters, tunnels } = await show(host);
          assert.deepEqual(counters, {}, host);
          const packets = Number(tunnels[0]?.packets_in) + Number(tunnels[0]?.packets_out);
          const share = (atAnchor(host) - before[host]) / packets;
          if (engine === "helper") assert.ok(share < 0.7, `${host}: ${share} of the packets`);
          else assert.ok(share > 0.95, `${host}: ${share} of the packets`);
        }
      });
    }
  }
}
