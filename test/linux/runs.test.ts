/** Packets that stand for many: octets in, octets out. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
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
  type Superpacket,
  segment,
  TCP4,
  transportChecksum,
  view,
} from "./segments.ts";

const device = new Device();
after(() => device.close());

/** A packet that the kernel would hand over with segmentation left to us. */
function superpacket(length: number, size: number, flags = ACK): Superpacket {
  const packet = segment({ payload: octets(length), flags, identification: 0xfffe });
  return { needsChecksum: true, type: TCP4, header: HEADERS, size, start: 20, offset: 16, packet };
}

/** An outer header as it is written for the first segment: of IP-in-IP, or with UDP and a message's header. */
function outerHeader(protocol: 4 | 17, inner: number): Uint8Array {
  const bytes = new Uint8Array(protocol === 4 ? 20 : 32);
  const at = view(bytes);
  at.setUint16(0, 0x4500);
  at.setUint16(2, bytes.length + inner);
  at.setUint16(4, 0xffff);
  bytes[8] = 64;
  bytes[9] = protocol;
  at.setUint32(12, 0xcb007101);
  at.setUint32(16, 0xcb007102);
  at.setUint16(10, internetChecksum(bytes, 0, 20));
  if (protocol === 17) {
    at.setUint32(20, (434 << 16) | 434);
    at.setUint16(24, 12 + inner);
    at.setUint32(28, 0x04040000);
  }
  return bytes;
}

test("a superpacket is a run: its first segment is seen with its own length, and each by itself is what cutting it at once gives", () => {
  const shape = {
    size: fc.integer({ min: 48, max: 9000 }),
    length: fc.integer({ min: 2, max: 65_000 }),
    flags: fc.constantFrom(ACK, ACK | PSH, ACK | FIN | PSH, ACK | CWR | ECE),
    protocol: fc.constantFrom(undefined, 4 as const, 17 as const),
  };
  fc.assert(
    fc.property(fc.record(shape, { noNullPrototype: true }), (of) => {
      fc.pre(of.length > of.size);
      const whole = superpacket(of.length, of.size, of.flags);
      const segments = device.read(whole);
      const { packets, runs, spread } = device.readRuns(whole);
      assert.equal(packets.length, 1);
      assert.equal(packets[0]?.length, HEADERS + of.size);
      assert.equal(view(packets[0]).getUint16(2), HEADERS + of.size);
      assert.equal(internetChecksum(packets[0], 0, 20), 0);
      assert.equal(runs.countOf(0), segments.length);
      const sum = segments.reduce((all, bytes) => all + bytes.length, 0);
      assert.equal(runs.octetsOf(0), sum);
      const before =
        of.protocol === undefined ? new Uint8Array(0) : outerHeader(of.protocol, HEADERS + of.size);
      const all = spread(0, before);
      assert.deepEqual(
        all.map((bytes) => bytes.subarray(before.length)),
        segments,
      );
      if (of.protocol === undefined) return;
      for (const [i, bytes] of all.entries()) {
        const outer = view(bytes);
        assert.equal(internetChecksum(bytes, 0, 20), 0);
        assert.deepEqual(
          [outer.getUint16(2), outer.getUint16(4)],
          [bytes.length, (0xffff + i) & 0xffff],
        );
        if (of.protocol === 17) assert.equal(outer.getUint16(24), bytes.length - 20);
        assert.deepEqual(bytes.subarray(12, 20), before.subarray(12, 20));
        assert.deepEqual(bytes.subarray(28, before.length), before.subarray(28));
      }
    }),
    { numRuns: 60 },
  );
});

test("one segment, another protocol and headers that nobody knows are no runs", () => {
  const good = superpacket(3000, 1000);
  const others: readonly Superpacket[] = [
    superpacket(1000, 1000),
    { ...good, type: 0, size: 0 },
    { ...good, packet: segment({ payload: octets(3000), ipOptions: 4 }), header: HEADERS + 4 },
  ];
  for (const one of others) {
    const { packets, runs } = device.readRuns(one);
    assert.deepEqual(packets, device.read(one));
    assert.ok(runs.isEmpty);
  }
  assert.equal(device.readRuns(good).packets.length, 1);
});

test("what JavaScript says of a run that cannot be makes nothing of it, and nothing is touched outside", () => {
  const { runs, spread } = device.readRuns(superpacket(3000, 1000));
  const about = runs.about.slice();
  for (const [place, value] of [
    [0, 1], // one segment
    [0, 5000],
    [2, -1], // where it is
    [2, 1],
    [2, 0x7fffffff],
    [3, 70_000], // how long
    [4, 0], // from one to the next
    [6, 5], // room before each
    [6, 100_000],
  ] as const) {
    runs.about.set(about);
    runs.about[8 + place] = value;
    assert.deepEqual(spread(0, new Uint8Array(0)), [], `${place}: ${value}`);
  }
  runs.about.set(about);
  assert.equal(spread(0, new Uint8Array(0)).length, 3);
});

/** Segments of a stream in datagrams of a tunnel, all of one size but the last. */
function stream(count: number, last: number): Uint8Array[] {
  const payloads = Array.from({ length: count }, (_, i) => octets(i === count - 1 ? last : 1000));
  return payloads.map((payload, i) => {
    const of = { sequence: 1000 + i * 1000, identification: 7 + i, payload };
    return Uint8Array.from([4, 4, 0, 0, ...segment(of)]);
  });
}

test("a run of datagrams is written as the segments that are inside, put together", () => {
  for (const [count, last] of [
    [2, 1000],
    [60, 12],
  ] as const) {
    const datagrams = stream(count, last);
    const segments = datagrams.map((bytes) => bytes.slice(4));
    const written = device.writeRun(datagrams, 4);
    assert.deepEqual(written, device.write(segments.map((bytes) => bytes.slice())));
    assert.equal(written[0]?.type, TCP4);
    assert.deepEqual(
      written.flatMap((one) => device.read(one)),
      segments,
    );
  }
});

test("in a run, too, a segment whose checksum is wrong stays alone and stays wrong", () => {
  const datagrams = stream(4, 1000);
  const broken = datagrams[2] ?? assert.fail();
  broken[100] = (broken[100] ?? 0) ^ 1;
  const written = device.writeRun(datagrams, 4);
  assert.deepEqual(
    written.map(({ packet }) => packet.length),
    [HEADERS + 2000, HEADERS + 1000, HEADERS + 1000],
  );
  assert.notEqual(transportChecksum(written[1]?.packet ?? assert.fail()), 0);
});
