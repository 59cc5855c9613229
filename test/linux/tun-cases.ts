/** What a TUN device of any provider does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ipv4 } from "../../shared/base/address.ts";
import type { PacketIo, TunDevice } from "../../shared/linux/packet-io.ts";
import {
  batchOf,
  ip,
  numberAt,
  numbered,
  packet,
  packetsOf,
  quiet,
  range,
  udp,
  until,
} from "./support.ts";

const OWN = ipv4("10.9.0.1");
const FAR = ipv4("10.9.0.2");
const UDP_PAYLOAD = 28;

/** A device with an address, and its removal. */
function withTun(io: PacketIo, body: (tun: TunDevice) => Promise<void>): () => Promise<void> {
  return async () => {
    const tun = io.openTun({ name: "miptest0", mtu: 1480 });
    try {
      ip("addr add 10.9.0.1/24 dev miptest0");
      await body(tun);
    } finally {
      tun.close();
      if (io.provider === "helper") ip("link del miptest0");
      await quiet();
    }
  };
}

/** Only what belongs to the test: the kernel may put multicast of its own into a new interface. */
function udpNumbers(packets: readonly Uint8Array[]): number[] {
  return packets
    .filter((bytes) => bytes[0] === 0x45 && bytes[9] === 17)
    .map((bytes) => numberAt(bytes, UDP_PAYLOAD));
}

async function reads(io: PacketIo, tun: TunDevice, length: number): Promise<void> {
  const seen: number[] = [];
  let biggest = 0;
  tun.onPackets((batch) => {
    biggest = Math.max(biggest, batch.count);
    seen.push(...udpNumbers(packetsOf(batch)));
  });
  const sender = io.openUdp({ address: OWN, port: 5001 });
  for (const i of range(1000)) {
    assert.equal(sender.send(numbered(i, length - UDP_PAYLOAD), FAR, 9, 64), undefined);
    if (i % 50 === 49) await sleep(1);
  }
  await until(`1000 packets of ${length} octets, have ${seen.length}`, () => seen.length >= 1000);
  assert.deepEqual(seen, range(1000));
  if (io.capabilities.has("batch")) assert.ok(biggest > 1, "more than one packet a batch");
  sender.close();
}

async function writes(io: PacketIo, tun: TunDevice, length: number): Promise<void> {
  const seen: number[] = [];
  const receiver = io.openUdp({ address: OWN, port: 5002 });
  receiver.onDatagram(({ payload }) => seen.push(numberAt(payload, 0)));
  for (let at = 0; at < 1000; at += 50) {
    const packets = range(50).map((i) => {
      const payload = udp([FAR, OWN], [7, 5002], numbered(at + i, length - UDP_PAYLOAD));
      return packet({ source: FAR, destination: OWN, protocol: 17, payload });
    });
    assert.equal(tun.write(batchOf(packets)), 50);
    await sleep(1);
  }
  await until(`1000 packets of ${length} octets, have ${seen.length}`, () => seen.length >= 1000);
  assert.deepEqual(seen, range(1000));
  receiver.close();
}

export function tunCases(io: PacketIo): void {
  test(
    "a TUN device has the name, index and MTU asked for and is up",
    withTun(io, async (tun) => {
      const line = ip("-o link show dev miptest0");
      assert.equal(tun.name, "miptest0");
      assert.match(line, new RegExp(`^${tun.index}: miptest0: .*[<,]UP[,>].* mtu 1480 `));
    }),
  );

  for (const length of [64, 1400]) {
    test(
      `1000 packets of ${length} octets are read in order without loss`,
      withTun(io, (tun) => reads(io, tun, length)),
    );
    test(
      `1000 packets of ${length} octets are written in order without loss`,
      withTun(io, (tun) => writes(io, tun, length)),
    );
  }

  test(
    "a packet that is none is not taken, those around it are",
    withTun(io, async (tun) => {
      const good = packet({
        source: FAR,
        destination: OWN,
        protocol: 17,
        payload: numbered(0, 20),
      });
      const bad = numbered(0, 20); // version 0
      assert.equal(tun.write(batchOf([good, bad, good])), 2);
    }),
  );

  test(
    "a TUN device that is down takes nothing, and goes on when it is up again",
    withTun(io, async (tun) => {
      const seen: number[] = [];
      tun.onPackets((batch) => seen.push(...udpNumbers(packetsOf(batch))));
      const good = packet({
        source: FAR,
        destination: OWN,
        protocol: 17,
        payload: numbered(0, 20),
      });
      ip("link set miptest0 down");
      await quiet();
      assert.equal(tun.write(batchOf([good])), 0);
      ip("link set miptest0 up");
      assert.equal(tun.write(batchOf([good])), 1);
      const sender = io.openUdp({ address: OWN, port: 5003 });
      sender.send(numbered(77, 8), FAR, 9, 64);
      await until("a packet after the device is up again", () => seen.includes(77));
      sender.close();
    }),
  );

  test("a TUN device deleted while open: no spin, nothing taken, closing works", async () => {
    const tun = io.openTun({ name: "miptest0", mtu: 1480 });
    let calls = 0;
    tun.onPackets(() => calls++);
    await quiet();
    ip("link del miptest0");
    await quiet();
    calls = 0;
    const before = process.cpuUsage();
    await sleep(300);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 100_000, `${user + system} us of CPU in 300 ms`);
    assert.equal(calls, 0);
    assert.equal(tun.write(batchOf([numbered(0x45000000, 20)])), 0);
    tun.close();
    tun.close();
  });

  test(
    "close inside the handler ends the delivery",
    withTun(io, async (tun) => {
      let calls = 0;
      tun.onPackets(() => {
        calls += 1;
        tun.close();
      });
      const sender = io.openUdp({ address: OWN, port: 5004 });
      for (const i of range(200)) sender.send(numbered(i, 8), FAR, 9, 64);
      await until("a packet", () => calls > 0);
      await quiet();
      assert.equal(calls, 1);
      sender.close();
    }),
  );

  if (io.provider !== "helper") return;

  test(
    "a TUN device that was deleted is made again, with its number, and goes on; one that is there stays",
    withTun(io, async (tun) => {
      const seen: number[] = [];
      tun.onPackets((batch) => seen.push(...udpNumbers(packetsOf(batch))));
      ip("link del miptest0");
      await quiet();
      tun.restore?.(1400);
      tun.restore?.(1300);
      const line = ip("-o link show dev miptest0");
      assert.match(line, new RegExp(`^${tun.index}: miptest0: .*[<,]UP[,>].* mtu 1400 `));
      ip("addr add 10.9.0.1/24 dev miptest0");
      const sender = io.openUdp({ address: OWN, port: 5005 });
      sender.send(numbered(88, 8), FAR, 9, 64);
      await until("a packet of the new device", () => seen.includes(88));
      sender.close();
      const payload = numbered(0, 20);
      const good = packet({ source: FAR, destination: OWN, protocol: 17, payload });
      assert.equal(tun.write(batchOf([good])), 1);
    }),
  );

  test(
    "drain hands out at once what the kernel has put in, in its order and nothing twice",
    withTun(io, async (tun) => {
      const seen: number[] = [];
      tun.onPackets((batch) => {
        seen.push(...udpNumbers(packetsOf(batch)));
      });
      await quiet();
      const sender = io.openUdp({ address: OWN, port: 5005 });
      for (const i of range(100)) sender.send(numbered(i, 8), FAR, 9, 64);
      assert.deepEqual(seen, []);
      tun.drain?.();
      assert.deepEqual(seen, range(100));
      await quiet();
      tun.drain?.();
      assert.deepEqual(seen, range(100));
      sender.close();
    }),
  );

  test("a TUN device stays when it is closed, and can be opened again with its address", async () => {
    io.openTun({ name: "miptest1", mtu: 1400 }).close();
    ip("addr add 10.9.1.1/24 dev miptest1");
    const index = Number.parseInt(ip("-o link show dev miptest1"), 10);
    const tun = io.openTun({ name: "miptest1", mtu: 1300 });
    assert.equal(tun.index, index);
    assert.match(ip("-o addr show dev miptest1"), /inet 10\.9\.1\.1\/24/);
    assert.match(ip("-o link show dev miptest1"), / mtu 1300 /);
    assert.throws(() => io.openTun({ name: "miptest1", mtu: 1300 }), { code: "EBUSY" });
    tun.close();
    ip("link del miptest1");
  });
}
