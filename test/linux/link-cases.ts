/** What a link socket does; the other end of a veth pair is the rest of the link. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { BROADCAST_MAC, ipv4, type Mac, MOBILE_AGENTS } from "../../shared/base/address.ts";
import type { Frame, LinkFilter, PacketIo } from "../../shared/linux/packet-io.ts";
import { addLink, ip, MAC_0, MAC_1, numbered, packet, quiet, udp, until } from "./support.ts";

/** An address that no interface has: the kernel's own IP layer stays silent about these frames. */
const NOBODY = ipv4("198.51.100.77");
const PORT = 434;
const IPV4 = 0x0800;
const ARP = 0x0806;

interface Sent {
  readonly destination: Mac;
  readonly etherType: number;
  readonly payload: Uint8Array;
}

function udpFrame(port: number, more: { fragment?: number; options?: number } = {}): Sent {
  const source = ipv4("192.0.2.1");
  const payload = udp([source, NOBODY], [PORT, port], numbered(port, 8));
  const bytes = packet({ source, destination: NOBODY, protocol: 17, payload, ...more });
  return { destination: MAC_0, etherType: IPV4, payload: bytes };
}

function icmpFrame(type: number, options = 0): Sent {
  const payload = Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0);
  const bytes = packet({ destination: NOBODY, protocol: 1, payload, options });
  return { destination: MAC_0, etherType: IPV4, payload: bytes };
}

const arpFrame: Sent = {
  destination: BROADCAST_MAC,
  etherType: ARP,
  payload: packet({ destination: NOBODY, protocol: 0, payload: new Uint8Array(8) }),
};

/** Sends frames into the link; returns the payloads that the filter let through, in order. */
async function through(io: PacketIo, filter: LinkFilter, frames: readonly Sent[]) {
  const injector = io.openLink("l1", {});
  const socket = io.openLink("l0", filter);
  const seen: Frame[] = [];
  socket.onFrame((frame) => seen.push(frame));
  for (const { destination, etherType, payload } of frames) {
    assert.equal(injector.send(destination, etherType, payload), undefined);
  }
  // veth delivers in order, and within the sender's call or soon after.
  await sleep(10);
  socket.close();
  injector.close();
  return seen;
}

const payloads = (frames: readonly { readonly payload: Uint8Array }[]): string[] =>
  frames.map(({ payload }) => Buffer.from(payload).toString("hex"));

/** A frame, and whether `{ udpPort: 434, icmpTypes: [9, 10], arp }` wants it (with and without). */
const anyFrame = fc
  .record({
    port: fc.constantFrom(433, 434, 435, 434 << 8, 0),
    type: fc.constantFrom(0, 8, 9, 10, 11),
    protocol: fc.constantFrom(1, 2, 6, 17),
    options: fc.constantFrom(0, 4, 24, 40),
    fragment: fc.constantFrom(0, 0, 0, 0x4000, 0x2000, 1, 0x2001),
    version: fc.constantFrom(4, 4, 4, 4, 6),
    etherType: fc.constantFrom(IPV4, IPV4, IPV4, ARP, 0x86dd, 0x88b5),
    destination: fc.constantFrom(MAC_0, BROADCAST_MAC, "01:00:5e:00:00:0b", "02:00:00:00:00:99"),
    cut: fc.constantFrom(0, 0, 0, 10, 60),
  })
  .map((spec) => {
    const body =
      spec.protocol === 1
        ? Uint8Array.of(spec.type, 0, 0, 0, 0, 0, 0, 0)
        : udp([NOBODY, NOBODY], [1, spec.port], new Uint8Array(2));
    const whole = packet({ ...spec, destination: NOBODY, payload: body });
    const end = Math.max(1, whole.length - spec.cut);
    const ipWanted =
      spec.etherType === IPV4 &&
      spec.version === 4 &&
      (spec.fragment & 0x3fff) === 0 &&
      ((spec.protocol === 17 && spec.port === 434 && end >= 20 + spec.options + 4) ||
        (spec.protocol === 1 && [9, 10].includes(spec.type) && end >= 20 + spec.options + 1));
    const forUs = spec.destination !== "02:00:00:00:00:99";
    return {
      destination: spec.destination as Mac,
      etherType: spec.etherType,
      payload: whole.subarray(0, end),
      wanted: forUs && ipWanted,
      wantedWithArp: forUs && (ipWanted || spec.etherType === ARP),
    };
  });

function filterCases(io: PacketIo): void {
  test("broadcasts alone, or groups with them: IPv4 of any kind, fragments too, and no unicast", async () => {
    const to = (destination: string, frame = udpFrame(5000)): Sent => ({
      ...frame,
      destination: destination as Mac,
    });
    const unicast = to(MAC_0);
    const broadcast = to(BROADCAST_MAC);
    const group = to("01:00:5e:01:02:03", udpFrame(5001, { fragment: 0x2000 }));
    const all = [unicast, broadcast, group, arpFrame];
    assert.deepEqual(
      payloads(await through(io, { heard: "broadcasts" }, all)),
      payloads([broadcast]),
    );
    const heard = await through(io, { heard: "groups" }, all);
    assert.deepEqual(payloads(heard), payloads([broadcast, group]));
  });

  test("the filter lets through the UDP port, with and without IP options", async () => {
    const wanted = [0, 4, 8, 40].map((options) => udpFrame(PORT, { options }));
    const others = [0, 4, 40].map((options) => udpFrame(PORT + 1, { options }));
    const seen = await through(io, { udpPort: PORT }, [
      ...others,
      ...wanted,
      icmpFrame(9),
      arpFrame,
    ]);
    assert.deepEqual(payloads(seen), payloads(wanted));
    assert.equal(seen[0]?.linkSource, MAC_1);
    assert.equal(seen[0]?.linkDestination, MAC_0);
    assert.equal(seen[0]?.etherType, IPV4);
  });

  test("the filter drops fragments: their later parts have no ports", async () => {
    const fragments = [0x2000, 0x2001, 1, 0x1fff].map((fragment) => udpFrame(PORT, { fragment }));
    const whole = [udpFrame(PORT, { fragment: 0x4000 })];
    const seen = await through(io, { udpPort: PORT }, [...fragments, ...whole]);
    assert.deepEqual(payloads(seen), payloads(whole));
  });

  test("the filter lets through the ICMP types asked for, and no other", async () => {
    const wanted = [icmpFrame(9), icmpFrame(10, 8)];
    const all = [icmpFrame(0), icmpFrame(8), ...wanted, icmpFrame(11), udpFrame(PORT), arpFrame];
    const seen = await through(io, { icmpTypes: [9, 10] }, all);
    assert.deepEqual(payloads(seen), payloads(wanted));
  });

  test("the filter lets ARP through only when asked; an empty filter lets nothing through", async () => {
    const all = [udpFrame(PORT), arpFrame, icmpFrame(9)];
    assert.deepEqual(payloads(await through(io, { arp: true }, all)), payloads([arpFrame]));
    assert.deepEqual(payloads(await through(io, { arp: false }, all)), []);
    assert.deepEqual(payloads(await through(io, {}, all)), []);
  });

  test("frames to other stations and frames with a VLAN tag are not let through", async () => {
    const { payload } = udpFrame(PORT);
    const tagged = new Uint8Array(4 + payload.length);
    tagged.set([0, 5, 8, 0]);
    tagged.set(payload, 4);
    const other = { destination: "02:00:00:00:00:99" as Mac, etherType: IPV4, payload };
    const vlan = { destination: MAC_0, etherType: 0x8100, payload: tagged };
    assert.deepEqual(payloads(await through(io, { udpPort: PORT }, [other, vlan])), []);
  });

  test("any frame: the filter lets through exactly what it says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { maxLength: 60 }), fc.boolean(), async (frames, arp) => {
        const seen = await through(io, { udpPort: PORT, icmpTypes: [9, 10], arp }, frames);
        const wanted = frames.filter((frame) => (arp ? frame.wantedWithArp : frame.wanted));
        assert.deepEqual(payloads(seen), payloads(wanted));
      }),
      { numRuns: 40 },
    );
  });
}

function lifeCases(io: PacketIo): void {
  test("frames that this host sends are not seen on their own interface", async () => {
    const here = io.openLink("l0", { udpPort: PORT });
    const there = io.openLink("l1", { udpPort: PORT });
    const seen: string[] = [];
    here.onFrame(() => seen.push("here"));
    there.onFrame(() => seen.push("there"));
    const { payload } = udpFrame(PORT);
    assert.equal(here.send(BROADCAST_MAC, IPV4, payload), undefined);
    const second = io.openLink("l0", {});
    assert.equal(second.send(MAC_1, IPV4, payload), undefined);
    await quiet();
    assert.deepEqual(seen, ["there", "there"]);
    for (const socket of [here, there, second]) socket.close();
  });

  test("a checksum that the sending kernel left to the device is told", async () => {
    const socket = io.openLink("v1", { udpPort: PORT });
    const seen: Frame[] = [];
    socket.onFrame((frame) => seen.push(frame));
    const sender = io.openUdp({ address: ipv4("10.7.0.1"), port: PORT });
    sender.send(new Uint8Array(10), ipv4("10.7.0.2"), PORT, 64);
    const raw = io.openLink("v0", {});
    raw.send(MAC_1, IPV4, udpFrame(PORT).payload);
    await until("two frames", () => seen.length >= 2);
    assert.deepEqual(
      seen.map(({ checksumPending }) => checksumPending),
      [true, false],
    );
    for (const closable of [socket, sender, raw]) closable.close();
  });

  test("frames for which the kernel had no room are told, once", async () => {
    const socket = io.openLink("l0", { udpPort: PORT }); // nobody reads it
    const injector = io.openLink("l1", {});
    assert.equal(socket.takeLost(), 0);
    const { payload } = udpFrame(PORT);
    for (let sent = 0; sent < 50_000; sent++) injector.send(MAC_0, IPV4, payload);
    await quiet();
    const lost = socket.takeLost();
    assert.ok(lost > 0 && lost < 50_000, `${lost} lost`);
    assert.equal(socket.takeLost(), 0);
    socket.close();
    injector.close();
    assert.equal(socket.takeLost(), 0);
  });

  test("RFC 5944 §2.3: groups joined on an interface are in /proc/net/igmp until it is closed", () => {
    const index = Number.parseInt(ip("-o link show dev l0"), 10);
    // A line for each interface, then one for each of its groups, in host byte order.
    const joined = (): boolean => {
      const table = readFileSync("/proc/net/igmp", "utf8").split(/\n(?=\d)/);
      return table.some((part) => part.startsWith(`${index}\t`) && part.includes("0B0000E0"));
    };
    const socket = io.openLink("l0", {});
    assert.equal(joined(), false);
    socket.joinGroups([MOBILE_AGENTS]);
    socket.joinGroups([MOBILE_AGENTS, ipv4("224.0.0.2")]);
    assert.equal(joined(), true);
    socket.close();
    assert.equal(joined(), false);
  });

  test("a link that goes down is no spin; when it returns, frames come again", async () => {
    const socket = io.openLink("l0", { udpPort: PORT });
    const injector = io.openLink("l1", {});
    const { payload } = udpFrame(PORT);
    let count = 0;
    socket.onFrame(() => count++);
    for (let cycle = 1; cycle <= 3; cycle++) {
      ip("link set l0 down");
      assert.equal(socket.send(MAC_1, IPV4, payload), "ENETDOWN");
      const before = process.cpuUsage();
      await sleep(200);
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 80_000, `${user + system} us of CPU in 200 ms`);
      ip("link set l0 up");
      await quiet();
      assert.equal(injector.send(MAC_0, IPV4, payload), undefined);
      await until(`frame ${cycle}`, () => count === cycle);
      assert.equal(socket.send(MAC_1, IPV4, payload), undefined);
    }
    socket.close();
    injector.close();
  });

  test("an interface deleted and made again: the old socket is silent, a new one works", async () => {
    const { payload } = udpFrame(PORT);
    const old = io.openLink("l0", { udpPort: PORT });
    old.joinGroups([MOBILE_AGENTS]);
    let count = 0;
    old.onFrame(() => count++);
    assert.equal(old.isStale, false);
    ip("link del l0");
    assert.equal(old.isStale, true);
    assert.match(old.send(MAC_1, IPV4, payload) ?? "sent", /^(ENODEV|ENXIO)$/);
    assert.throws(() => io.openLink("l0", {}), { code: "ENODEV" });
    const before = process.cpuUsage();
    await sleep(200);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 80_000, `${user + system} us of CPU in 200 ms`);
    addLink("l");
    const fresh = io.openLink("l0", { udpPort: PORT });
    assert.deepEqual([old.isStale, fresh.isStale], [true, false]);
    const injector = io.openLink("l1", {});
    let heard = 0;
    fresh.onFrame(() => heard++);
    injector.send(MAC_0, IPV4, payload);
    await until("a frame on the new interface", () => heard === 1);
    assert.equal(count, 0);
    assert.match(old.send(MAC_1, IPV4, payload) ?? "sent", /^(ENODEV|ENXIO)$/);
    for (const socket of [old, fresh, injector]) socket.close();
  });

  test("close inside the handler ends the delivery", async () => {
    const socket = io.openLink("l0", { udpPort: PORT });
    const injector = io.openLink("l1", {});
    let count = 0;
    socket.onFrame(() => {
      count++;
      socket.close();
    });
    for (let i = 0; i < 100; i++) injector.send(MAC_0, IPV4, udpFrame(PORT).payload);
    await until("a frame", () => count > 0);
    await quiet();
    assert.equal(count, 1);
    assert.equal(socket.send(MAC_1, IPV4, new Uint8Array(20)), "EBADF");
    injector.close();
  });

  test("a TUN device has no frames, and is refused", () => {
    const tun = io.openTun({ name: "miptest2", mtu: 1400 });
    assert.throws(() => io.openLink("miptest2", {}), { code: "ENOTSUP" });
    tun.close();
    ip("link del miptest2");
  });
}

export function linkCases(io: PacketIo): void {
  filterCases(io);
  lifeCases(io);
}
