/** What a network card's driver has put together before a raw socket sees it. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { HEADROOM } from "../../shared/linux/packet-io.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { ACK, Device, PSH, type Segment, segment, transportChecksum } from "./segments.ts";

const device = new Device();
after(() => device.close());

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);
const KEYED_GRE = [0x20, 0, 8, 0, 0, 0, 0, 9];
const HEADERS = 52;

/** In a tunnel: protocol 4, or GRE with what its header is. */
function tunnelled(inner: Uint8Array, gre: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(20 + gre.length + inner.length);
  const at = view(bytes);
  at.setUint16(0, 0x4500);
  at.setUint16(2, bytes.length);
  at.setUint16(6, 0x4000);
  at.setUint16(8, (60 << 8) | (gre.length > 0 ? 47 : 4));
  at.setUint32(12, 0xc0000201);
  at.setUint32(16, 0xc6336401);
  at.setUint16(10, internetChecksum(bytes, 0, 20));
  bytes.set(gre, 20);
  bytes.set(inner, 20 + gre.length);
  return bytes;
}

/** The checksum is what the kernel leaves there: the sum over the pseudo header. */
function pending(of: Segment): Uint8Array {
  const packet = segment(of);
  const tcp = packet.length - 20;
  const pseudo = Uint8Array.of(...packet.subarray(12, 20), 0, 6, tcp >>> 8, tcp & 0xff);
  view(packet).setUint16(36, ~internetChecksum(pseudo) & 0xffff);
  return packet;
}

/** Data of the segments, each of which is sound, in whole packets of the tunnel. */
function dataOf(packets: readonly Uint8Array[], prefix: number): Uint8Array {
  const data = packets.flatMap((packet) => {
    assert.equal(internetChecksum(packet, 0, 20), 0, "outer header");
    assert.equal(view(packet).getUint16(2), packet.length);
    const inner = packet.subarray(prefix);
    assert.equal(view(inner).getUint16(2), inner.length);
    assert.equal(internetChecksum(inner, 0, 20), 0, "inner header");
    assert.equal(transportChecksum(inner), 0, "TCP");
    return [...inner.subarray(HEADERS)];
  });
  return Uint8Array.from(data);
}

for (const [name, gre] of [
  ["IP-in-IP", []],
  ["GRE", [0, 0, 8, 0]],
  ["GRE with a key", KEYED_GRE],
] as const) {
  test(`${name}: what came together is cut into segments of the size that came alone, each in the tunnel`, () => {
    const sourcePort = 1000 + gre.length;
    const alone = tunnelled(segment({ sourcePort, payload: octets(1400) }), gre);
    assert.deepEqual(device.receive(alone), [alone]);
    const payload = octets(5000);
    const merged = tunnelled(pending({ sourcePort, payload, flags: ACK | PSH }), gre);
    const packets = device.receive(merged);
    const prefix = 20 + gre.length;
    assert.deepEqual(
      packets.map(({ length }) => length - prefix - HEADERS),
      [1400, 1400, 1400, 800],
    );
    assert.deepEqual(dataOf(packets, prefix), payload);
    for (const packet of packets) assert.deepEqual([...packet.subarray(20, prefix)], [...gre]);
    assert.deepEqual(
      packets.map((packet) => packet[prefix + 33]),
      [ACK, ACK, ACK, ACK | PSH],
    );
    for (const room of device.headroomOf(packets.length)) assert.ok(room >= HEADROOM);
  });
}

test("RFC 1122 §3.3.3: on a connection that is not known segments are what every path carries, 64 KB of them", () => {
  const payload = octets(65_000);
  const packets = device.receive(tunnelled(pending({ sourcePort: 2000, payload })));
  assert.equal(packets[0]?.length, 20 + 576);
  assert.deepEqual(dataOf(packets, 20), payload);
  // A small one that came alone makes it no smaller.
  device.receive(tunnelled(segment({ sourcePort: 2001, payload: octets(9) })));
  const again = device.receive(tunnelled(pending({ sourcePort: 2001, payload })));
  assert.equal(again[0]?.length, 20 + 576);
  assert.deepEqual(dataOf(again, 20), payload);
});

test("one segment whose checksum is not finished is finished", () => {
  const of = { sourcePort: 2002, payload: octets(100) };
  const packets = device.receive(tunnelled(pending(of)));
  assert.deepEqual(packets, [tunnelled(segment(of))]);
});

test("everything else stays as it came: a wrong checksum, a reassembled packet, a fragment, other protocols", () => {
  const long = segment({ sourcePort: 2003, payload: octets(3000) });
  const broken = tunnelled(long.slice());
  broken[100] = (broken[100] ?? 0) ^ 1;
  const sequenced = [0x10, 0, 8, 0, 0, 0, 0, 1];
  const list = [
    tunnelled(long),
    broken,
    tunnelled(pending({ sourcePort: 2003, fragment: 0x2000 })),
    tunnelled(pending({ sourcePort: 2003 }), sequenced),
    tunnelled(octets(10)),
    tunnelled(pending({ sourcePort: 2003 })).subarray(0, 50),
    octets(3),
  ];
  for (const packet of list) assert.deepEqual(device.receive(packet), [packet]);
});
