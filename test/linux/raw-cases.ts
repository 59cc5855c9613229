/** What a raw IPv4 socket of any provider does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { HEADROOM, type PacketIo } from "../../shared/linux/packet-io.ts";
import { carriedFilterCases } from "./carried-filter-cases.ts";
import {
  batchOf,
  numberAt,
  numbered,
  packet,
  packetsOf,
  quiet,
  range,
  udp,
  until,
} from "./support.ts";

const A = ipv4("10.5.0.1");
const B = ipv4("10.5.0.2");
const C = ipv4("10.5.0.3");
const IPIP = 4;
const MORE_FRAGMENTS = 0x2000;

function ipip(destination: Ipv4, payload: Uint8Array): Uint8Array {
  return packet({ source: A, destination, protocol: IPIP, payload });
}

/** Packets of protocol 4 that arrive for B, and the sending socket. */
function pair(io: PacketIo) {
  const sender = io.openRawIp({ protocol: IPIP, address: A });
  const receiver = io.openRawIp({ protocol: IPIP, address: B });
  const seen: Uint8Array[] = [];
  receiver.onPackets((batch) => {
    for (let i = 0; i < batch.count; i++) assert.ok((batch.offsets[i] ?? 0) >= HEADROOM);
    seen.push(...packetsOf(batch));
  });
  const close = (): void => {
    sender.close();
    receiver.close();
  };
  return { sender, receiver, seen, close };
}

export function rawCases(io: PacketIo): void {
  // The package sets no filter.
  if (io.provider === "helper") carriedFilterCases(io);

  test("RFC 2003 §3.1: a packet of protocol 4 arrives as it was sent, with its header", async () => {
    const { sender, seen, close } = pair(io);
    const sent = ipip(B, numbered(1, 200));
    assert.equal(sender.sendOne(sent), undefined);
    await until("the packet", () => seen.length > 0);
    assert.deepEqual(seen, [sent]);
    close();
  });

  test("only packets to the local address are delivered", async () => {
    const { sender, seen, close } = pair(io);
    for (const i of range(30)) sender.sendOne(ipip(i % 3 === 0 ? B : C, numbered(i, 8)));
    await until("ten packets", () => seen.length >= 10);
    await quiet();
    assert.deepEqual(
      seen.map((bytes) => numberAt(bytes, 20)),
      range(10).map((i) => i * 3),
    );
    close();
  });

  test("a packet above 1500 octets that arrives in fragments is delivered whole", async () => {
    const { sender, seen, close } = pair(io);
    const payload = Uint8Array.from(range(60000), (i) => i % 251);
    for (let at = 0; at < payload.length; at += 1480) {
      const part = payload.subarray(at, at + 1480);
      const more = at + 1480 < payload.length ? MORE_FRAGMENTS : 0;
      const fragment = more | (at / 8);
      const spec = { source: A, destination: B, protocol: IPIP, identification: 99 };
      assert.equal(sender.sendOne(packet({ ...spec, fragment, payload: part })), undefined);
    }
    await until("the packet", () => seen.length > 0);
    assert.equal(seen.length, 1);
    assert.deepEqual(seen[0]?.subarray(20), payload);
    close();
  });

  test("what the kernel refuses has its error's name", () => {
    const { sender, close } = pair(io);
    assert.equal(sender.sendOne(ipip(B, new Uint8Array(1600))), "EMSGSIZE");
    assert.equal(sender.sendOne(ipip(ipv4("203.0.113.1"), new Uint8Array(8))), "ENETUNREACH");
    assert.equal(sender.sendOne(new Uint8Array(19)), "EINVAL");
    close();
    assert.equal(sender.sendOne(ipip(B, new Uint8Array(8))), "EBADF");
  });

  test("a batch goes out in order, and a packet that is refused stops none behind it", async () => {
    const { sender, seen, close } = pair(io);
    const packets = range(200).map((i) => ipip(B, numbered(i, i === 70 ? 1600 : 40)));
    assert.equal(sender.send(batchOf(packets)), 199);
    await until("199 packets", () => seen.length >= 199);
    assert.deepEqual(
      seen.map((bytes) => numberAt(bytes, 20)),
      range(200).filter((i) => i !== 70),
    );
    close();
  });

  test("RFC 3519 §3.3: of UDP only what begins with one octet, to one port, with or without IP options", async () => {
    const sender = io.openRawIp({ protocol: 17, address: A });
    const receiver = io.openRawIp({
      protocol: 17,
      address: B,
      udp: { port: 434, firstOctet: 4 },
    });
    const seen: Uint8Array[] = [];
    receiver.onPackets((batch) => seen.push(...packetsOf(batch)));
    const send = (port: number, payload: readonly number[], options = 0): Uint8Array => {
      const datagram = udp([A, B], [434, port], Uint8Array.from(payload));
      const sent = packet({ source: A, destination: B, protocol: 17, payload: datagram, options });
      assert.equal(sender.sendOne(sent), undefined);
      return sent;
    };
    send(435, [4, 4, 0, 0]);
    send(434, [1, 4, 0, 0]);
    send(434, []);
    const plain = send(434, [4, 4, 0, 0]);
    const optional = send(434, [4, 55, 0, 0], 8);
    await until("two packets", () => seen.length >= 2);
    await quiet();
    assert.deepEqual(seen, [plain, optional]);
    sender.close();
    receiver.close();
  });

  test("a device-bound socket hears nothing from other devices", async () => {
    const { sender, seen, close } = pair(io);
    const bound = io.openRawIp({ protocol: IPIP, device: "v0" });
    let heard = 0;
    bound.onPackets(() => heard++);
    sender.sendOne(ipip(B, numbered(1, 8)));
    await until("the packet", () => seen.length > 0);
    await quiet();
    assert.equal(heard, 0);
    bound.close();
    close();
  });

  test("close inside the handler ends the delivery", async () => {
    const { sender, close } = pair(io);
    const receiver = io.openRawIp({ protocol: IPIP });
    let calls = 0;
    receiver.onPackets(() => {
      calls++;
      receiver.close();
      receiver.close();
    });
    for (const i of range(200)) sender.sendOne(ipip(B, numbered(i, 8)));
    await until("a packet", () => calls > 0);
    await quiet();
    assert.equal(calls, 1);
    close();
  });
}
