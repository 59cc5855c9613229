/** A UDP port that tunnel data and registrations share, with many datagrams a message. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import type {
  Frame,
  PacketBatch,
  PacketIo,
  UdpDatagram,
  UdpPortShare,
} from "../../shared/linux/packet-io.ts";
import { segment } from "./segments.ts";
import { batchOf, numberAt, numbered, packet, packetsOf, quiet, range, until } from "./support.ts";

const A = ipv4("10.5.0.1");
const B = ipv4("10.5.0.2");
const PORT = 4340;
const TUNNEL = 4;
const HEADERS = 28;

interface Fields {
  readonly first?: number;
  readonly length?: number;
  readonly tos?: number;
  readonly fragment?: number;
}

/** Tunnel data from B to A as the data path has it: number `i`, after its first octet. */
function data(i: number, { first = TUNNEL, length = 1000, tos = 0, fragment = 0 }: Fields = {}) {
  const payload = new Uint8Array(8 + length);
  const view = new DataView(payload.buffer);
  view.setUint16(0, PORT);
  view.setUint16(2, PORT);
  view.setUint16(4, payload.length);
  payload[8] = first;
  view.setUint32(12, i);
  const bytes = packet({ source: B, destination: A, protocol: 17, payload, fragment });
  bytes[1] = tos;
  return bytes;
}

/** A packet as tunnel data from B to A, in the form of IP-in-IP. */
function inTunnel(inner: Uint8Array): Uint8Array {
  const payload = Uint8Array.from([...new Uint8Array(8), TUNNEL, 4, 0, 0, ...inner]);
  const view = new DataView(payload.buffer);
  view.setUint16(0, PORT);
  view.setUint16(2, PORT);
  view.setUint16(4, payload.length);
  return packet({ source: B, destination: A, protocol: 17, payload });
}

function open(io: PacketIo, address: Ipv4) {
  const datagrams: UdpDatagram[] = [];
  const packets: Uint8Array[] = [];
  const socket = io.openUdp({ address, port: PORT, exceptFirstOctet: TUNNEL });
  socket.onDatagram((datagram) => datagrams.push(datagram));
  const share = io.shareUdpPort?.({ address, port: PORT, firstOctet: TUNNEL });
  assert.ok(share !== undefined);
  share.onPackets((batch) => packets.push(...packetsOf(batch)));
  return { socket, share, datagrams, packets };
}

const send = (share: UdpPortShare, ...packets: Uint8Array[]): number =>
  share.send(batchOf(packets));
const numberOf = (bytes: Uint8Array): number => numberAt(bytes, HEADERS + 4);

export function offloadCases(io: PacketIo): void {
  test("datagrams of one size leave in few messages and arrive as they were, in order", async () => {
    const [a, b] = [open(io, A), open(io, B)];
    const frames: Frame[] = [];
    io.openLink("lo", { udpPort: PORT }).onFrame((frame) => frames.push(frame));
    const sent = [...range(100).map((i) => data(i)), data(100, { length: 300 })];
    assert.equal(send(b.share, ...sent), 101);
    await until("101 packets", () => a.packets.length >= 101);
    assert.deepEqual(a.packets.map(numberOf), range(101));
    const [first, last] = [a.packets[0], a.packets.at(-1)];
    assert.equal(first?.length, HEADERS + 1000);
    assert.equal(last?.length, HEADERS + 300);
    // The header says what a router would: 64 hops, both ends, the length.
    const expected = packet({
      source: B,
      destination: A,
      protocol: 17,
      identification: 0,
      payload: (sent[0] ?? assert.fail()).subarray(20),
    });
    assert.deepEqual(first, expected);
    assert.deepEqual(a.datagrams, []);
    assert.ok(frames.length > 0 && frames.length < 10, `${frames.length} messages`);
  });

  test("segments that came together are a run for who takes runs, each of them a packet for others; a stranger to them stands for itself", async () => {
    const [a, b] = [open(io, A), open(io, B)];
    const seen: { readonly count: number; readonly octets: number }[] = [];
    const apart: Uint8Array[] = [];
    const take = (batch: PacketBatch): void => {
      for (let i = 0; i < batch.count; i++) {
        const { runs } = batch;
        const count = runs?.countOf(i) ?? 1;
        seen.push({ count, octets: runs?.octetsOf(i) ?? 0 });
        if (runs !== undefined && count > 1) apart.push(...packetsOf(runs.spread(i)));
        else apart.push(...packetsOf(batch).slice(i, i + 1));
      }
    };
    const stream = [0, 1, 2, 3].map((i) => {
      const payload = new Uint8Array(i === 3 ? 200 : 1000).fill(i);
      return inTunnel(segment({ sequence: 1000 * i, identification: i, payload }));
    });
    const other = inTunnel(segment({ source: "10.9.0.3", payload: new Uint8Array(1000) }));
    const sent = [...stream.slice(0, 3), other, stream[3] ?? assert.fail()];
    assert.equal(send(b.share, ...sent), 5);
    await until("5 packets", () => a.packets.length === 5);
    a.share.close();
    const share = io.shareUdpPort?.({ address: A, port: PORT, firstOctet: TUNNEL });
    share?.onPackets(take, { takesRuns: true });
    assert.equal(send(b.share, ...sent), 5);
    await until("5 packets", () => apart.length === 5);
    assert.deepEqual(apart, a.packets);
    assert.deepEqual(
      seen.map(({ count }) => count),
      [3, 1, 1],
    );
    // As they are inside: without IP, UDP and the header of the message.
    assert.equal(seen[0]?.octets, 3 * 1052);
    share?.close();
  });

  test("what does not bear the octet is the socket's own, also among datagrams that came together", async () => {
    const [a, b] = [open(io, A), open(io, B)];
    send(b.share, data(0), data(1, { first: 1 }), data(2), data(3, { first: 3, length: 60 }));
    await until("2 datagrams", () => a.datagrams.length >= 2);
    assert.deepEqual(a.packets.map(numberOf), [0, 2]);
    assert.deepEqual(
      a.datagrams.map(({ source, sourcePort, destination, payload, ttl }) => {
        return { source, sourcePort, destination, length: payload.length, ttl };
      }),
      [1000, 60].map((length) => {
        return { source: B, sourcePort: PORT, destination: A, length, ttl: 64 };
      }),
    );
    assert.equal(numberAt(a.datagrams[1]?.payload ?? new Uint8Array(8), 4), 3);
    // An empty one, too.
    b.socket.send(new Uint8Array(0), A, PORT, 9);
    await until("the empty one", () => a.datagrams.length === 3);
    assert.equal(a.datagrams[2]?.ttl, 9);
  });

  test("TOS and DF of each datagram are those of its header, and the registrations' DF stays theirs", async () => {
    const b = open(io, B);
    const frames: Frame[] = [];
    io.openLink("lo", { udpPort: PORT }).onFrame((frame) => frames.push(frame));
    const header = ({ payload }: Frame) => [payload[1], (payload[6] ?? 0) >> 6];
    b.socket.send(numbered(1, 8), A, PORT, 64);
    const list = [
      { fragment: 0x4000 },
      { tos: 0xb9 },
      { tos: 0xb9, fragment: 0x4000 },
      { tos: 2, fragment: 0x4000 },
    ];
    assert.equal(send(b.share, ...list.map((fields, i) => data(i, fields))), 4);
    b.socket.send(numbered(1, 8), A, PORT, 64);
    await until("6 frames", () => frames.length === 6);
    assert.deepEqual(frames.map(header), [
      [0, 1],
      [0, 1],
      [0xb9, 0],
      [0xb9, 1],
      [2, 1],
      [0, 1],
    ]);
  });

  test("a congestion mark on the way comes up with the datagram", async () => {
    const [a, b] = [open(io, A), open(io, B)];
    send(b.share, data(0, { tos: 3 }), data(1, { tos: 2 }));
    await until("2 packets", () => a.packets.length >= 2);
    assert.deepEqual(
      a.packets.map((bytes) => bytes[1]),
      [3, 2],
    );
  });

  test("a share without a socket is not open; a socket that comes later joins it", async () => {
    const share = io.shareUdpPort?.({ address: B, port: PORT, firstOctet: TUNNEL });
    assert.equal(share?.isOpen, false);
    assert.equal(share?.sendOne(data(1)), "EADDRNOTAVAIL");
    const a = open(io, A);
    const socket = io.openUdp({ address: B, port: PORT, exceptFirstOctet: TUNNEL });
    assert.equal(share?.isOpen, true);
    assert.equal(share?.sendOne(data(1)), undefined);
    await until("the packet", () => a.packets.length === 1);
    socket.close();
    assert.equal(share?.isOpen, false);
    share?.close();
  });

  test("after the share is closed what bears the octet meets silence, and it can be opened again", async () => {
    const [a, b] = [open(io, A), open(io, B)];
    a.share.close();
    send(b.share, data(0), data(1, { first: 1, length: 50 }));
    await until("the datagram", () => a.datagrams.length === 1);
    await quiet();
    assert.deepEqual(a.packets, []);
    assert.equal(a.datagrams.length, 1);
    const again = io.shareUdpPort?.({ address: A, port: PORT, firstOctet: TUNNEL });
    again?.onPackets((batch) => a.packets.push(...packetsOf(batch)));
    assert.throws(() => io.shareUdpPort?.({ address: A, port: PORT, firstOctet: TUNNEL }), {
      code: "EADDRINUSE",
    });
    send(b.share, data(2));
    await until("the packet", () => a.packets.length === 1);
    again?.close();
  });
}
