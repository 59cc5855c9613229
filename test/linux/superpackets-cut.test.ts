/** Superpackets cut into segments: octets in, octets out. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { HEADROOM } from "../../shared/linux/packet-io.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import {
  ACK,
  CWR,
  Device,
  ECE,
  FIN,
  HEADERS,
  octets,
  PSH,
  type Segment,
  type Superpacket,
  segment,
  TCP4,
  transportChecksum,
  view,
} from "./segments.ts";

const device = new Device();
after(() => device.close());

const UDP_L4 = 5;

function assertSound(packet: Uint8Array): void {
  const ip = ((packet[0] ?? 0) & 15) * 4;
  assert.equal(internetChecksum(packet, 0, ip), 0, "checksum of the IP header");
  assert.equal(transportChecksum(packet), 0, "checksum of what it carries");
  assert.equal(view(packet).getUint16(2), packet.length);
}

/** A packet that the kernel would hand over with segmentation left to us. */
function whole(of: Segment, size: number, type = TCP4): Superpacket {
  const packet = segment(of);
  const start = 20 + (of.ipOptions ?? 0);
  view(packet).setUint16(start + 16, 0xdead); // the kernel's partial sum, whatever it is
  return { needsChecksum: true, type, header: start + 32, size, start, offset: 16, packet };
}

test("RFC 9293 §3.7: a superpacket is cut into segments that are each sound, FIN and PSH on the last", () => {
  const sizes = {
    size: fc.integer({ min: 48, max: 9000 }),
    length: fc.integer({ min: 1, max: 65_000 }),
  };
  const other = {
    identification: fc.integer({ min: 0, max: 0xffff }),
    sequence: fc.integer({ min: 0, max: 0xffffffff }),
    flags: fc.constantFrom(ACK, ACK | PSH, ACK | FIN | PSH, ACK | CWR | ECE),
    ipOptions: fc.constantFrom(0, 0, 4),
  };
  fc.assert(
    fc.property(fc.record({ ...sizes, ...other }, { noNullPrototype: true }), (of) => {
      const payload = octets(of.length);
      const segments = device.read(whole({ ...of, payload }, of.size));
      assert.equal(segments.length, Math.ceil(of.length / of.size));
      const data = segments.flatMap((bytes, i) => {
        const isLast = i === segments.length - 1;
        assertSound(bytes);
        const ip = 20 + of.ipOptions;
        const at = view(bytes);
        assert.equal(at.getUint16(4), (of.identification + i) & 0xffff);
        assert.equal(at.getUint32(ip + 4), (of.sequence + i * of.size) >>> 0);
        const later = i === 0 ? 0 : CWR;
        assert.equal(bytes[ip + 13], of.flags & ~later & ~(isLast ? 0 : FIN | PSH));
        assert.equal(bytes.length - ip - 32, isLast ? of.length - i * of.size : of.size);
        return [...bytes.subarray(ip + 32)];
      });
      assert.deepEqual(Uint8Array.from(data), payload);
      for (const room of device.headroomOf(segments.length)) assert.ok(room >= HEADROOM);
    }),
    { numRuns: 60 },
  );
});

/** A UDP datagram from 10.9.0.2 to 10.1.0.7. */
function datagram(length: number): Uint8Array {
  const bytes = segment({ options: [], payload: octets(length) });
  bytes.copyWithin(28, 40);
  const udp = bytes.slice(0, 28 + length);
  const at = view(udp);
  udp[9] = 17;
  at.setUint16(2, udp.length);
  at.setUint16(10, 0);
  at.setUint16(10, internetChecksum(udp, 0, 20));
  at.setUint16(24, 8 + length);
  at.setUint16(26, 0);
  return udp;
}

test("RFC 768: a superpacket of datagrams is cut into datagrams that are each sound", () => {
  const packet = datagram(2500);
  const about = { needsChecksum: true, type: UDP_L4, header: 28, size: 1000, start: 20, offset: 6 };
  const datagrams = device.read({ ...about, packet });
  assert.deepEqual(
    datagrams.map(({ length }) => length),
    [1028, 1028, 528],
  );
  for (const bytes of datagrams) {
    assertSound(bytes);
    assert.equal(view(bytes).getUint16(24), bytes.length - 20);
  }
});

test("a checksum that was left to the device is finished, and nothing else is touched", () => {
  const packet = segment();
  const expected = packet.slice();
  // The sum over the pseudo header is what the kernel leaves there.
  view(packet).setUint16(36, 0);
  const tcp = packet.length - 20;
  const pseudo = Uint8Array.of(...packet.subarray(12, 20), 0, 6, tcp >>> 8, tcp & 0xff);
  view(packet).setUint16(36, ~internetChecksum(pseudo) & 0xffff);
  const about = { needsChecksum: true, type: 0, header: 0, size: 0, start: 20, offset: 16 };
  assert.deepEqual(device.read({ ...about, packet }), [expected]);
});

test("what is no superpacket of ours is not read, and nothing is written outside", () => {
  const good = whole({ payload: octets(3000) }, 1000);
  const bad: readonly Superpacket[] = [
    { ...good, size: 0 },
    { ...good, type: 4 },
    { ...good, type: UDP_L4 },
    { ...good, packet: good.packet.subarray(0, 30) },
    { ...good, packet: good.packet.subarray(0, HEADERS) },
    { ...good, packet: Uint8Array.from(good.packet, (octet, i) => (i === 0 ? 0x65 : octet)) },
    { ...good, packet: Uint8Array.from(good.packet, (octet, i) => (i === 0 ? 0x41 : octet)) },
    { ...good, packet: Uint8Array.from(good.packet, (octet, i) => (i === 32 ? 0x10 : octet)) },
    // More segments than a batch holds.
    { ...good, size: 1 },
  ];
  for (const one of bad) assert.deepEqual(device.read(one), []);
  assert.equal(device.read(good).length, 3);
});
