/** Segments put together, and cut again: octets in, octets out. */

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
  RST,
  type Segment,
  SYN,
  segment,
  TCP4,
  URG,
} from "./segments.ts";

const device = new Device();
after(() => device.close());

const ECN = 0x80;

/** A stream in segments of one size; the last one is shorter and pushes. */
function stream(sizes: readonly number[], of: Segment = {}): Uint8Array[] {
  let sequence = of.sequence ?? 1000;
  return sizes.map((size, i) => {
    const flags = (of.flags ?? ACK) | (i === sizes.length - 1 ? PSH : 0);
    const one = segment({
      ...of,
      sequence,
      flags,
      identification: ((of.identification ?? 7) + i) & 0xffff,
      payload: octets(size, i),
    });
    sequence = (sequence + size) >>> 0;
    return one;
  });
}

test("segments of one flow become one packet with one header, and cutting it gives the same octets", () => {
  const segments = stream([1000, 1000, 1000, 300]);
  const written = device.write(segments);
  assert.equal(written.length, 1);
  const [one] = written;
  assert.ok(one !== undefined);
  const { packet, ...about } = one;
  const expected = { needsChecksum: true, type: TCP4, header: HEADERS, size: 1000, start: 20 };
  assert.deepEqual(about, { ...expected, offset: 16 });
  assert.equal(packet.length, HEADERS + 3300);
  assert.equal(internetChecksum(packet, 0, 20), 0);
  assert.deepEqual(device.read(one), segments);
});

/** Something that a segment may have; most often the same as its forerunner. */
const twists: fc.Arbitrary<Segment> = fc.oneof(
  { weight: 60, arbitrary: fc.constant({}) },
  fc.record({ tos: fc.constantFrom(0, 2, 3) }, { noNullPrototype: true }),
  fc.record({ ttl: fc.constantFrom(63, 64) }, { noNullPrototype: true }),
  fc.record(
    { flags: fc.constantFrom(ACK | PSH, ACK | FIN, ACK | ECE, ACK | CWR) },
    { noNullPrototype: true },
  ),
  fc.record(
    { flags: fc.constantFrom(ACK | SYN, ACK | RST, ACK | URG, 0) },
    { noNullPrototype: true },
  ),
  fc.record({ acknowledged: fc.constant(6) }, { noNullPrototype: true }),
  fc.record({ window: fc.constant(9) }, { noNullPrototype: true }),
  fc.record({ fragment: fc.constantFrom(0, 0x2000, 0x2001) }, { noNullPrototype: true }),
  fc.record({ options: fc.constant([]) }, { noNullPrototype: true }),
  fc.record({ ipOptions: fc.constant(4) }, { noNullPrototype: true }),
);

test("whatever is written: cut again it is the same, in the same order within each flow", () => {
  const one = fc.record({
    flow: fc.integer({ min: 0, max: 2 }),
    size: fc.oneof({ weight: 20, arbitrary: fc.constant(100) }, fc.constantFrom(0, 1, 99, 101)),
    gap: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.constant(1)),
    twist: twists,
    isBroken: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
  let together = 0;
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 300, size: "max" }), (list) => {
      const next = [0xffffff00, 0, 70_000];
      const identifications = [0xfffe, 1, 500];
      const flows: Uint8Array[][] = [[], [], []];
      const packets = list.map(({ flow, size, gap, twist, isBroken }) => {
        const sequence = ((next[flow] ?? 0) + gap) >>> 0;
        const identification = identifications[flow] ?? 0;
        const packet = segment({
          source: `10.9.0.${flow + 2}`,
          sequence,
          identification,
          payload: octets(size, flow),
          ...twist,
        });
        if (isBroken && size > 0) packet[packet.length - 1] = (packet.at(-1) ?? 0) ^ 1;
        next[flow] = (sequence + size) >>> 0;
        identifications[flow] = (identification + 1) & 0xffff;
        flows[flow]?.push(packet);
        return packet;
      });
      const written = device.write(packets.map((bytes) => bytes.slice()));
      together += packets.length - written.length;
      const read = written.flatMap((record) => device.read(record));
      assert.equal(read.length, packets.length);
      for (const [flow, sent] of flows.entries()) {
        const got = read.filter((bytes) => bytes[15] === flow + 2);
        assert.deepEqual(got, sent);
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(together > 1000, `only ${together} were put together`);
});

const SECOND = { sequence: 1100, identification: 8 };
const APART: readonly (readonly [string, Segment, Segment])[] = [
  ["SYN", {}, { ...SECOND, flags: ACK | SYN }],
  ["RST", {}, { ...SECOND, flags: ACK | RST }],
  ["URG", {}, { ...SECOND, flags: ACK | URG, urgent: 1 }],
  ["no ACK", {}, { ...SECOND, flags: 0 }],
  ["CWR behind another (RFC 3168 §6.1.2)", {}, { ...SECOND, flags: ACK | CWR }],
  ["ECE, when the one before has none", {}, { ...SECOND, flags: ACK | ECE }],
  ["a congestion mark, when the one before has none", { tos: 2 }, { ...SECOND, tos: 3 }],
  ["another TTL", {}, { ...SECOND, ttl: 63 }],
  ["DF, when the one before has none", { fragment: 0 }, SECOND],
  [
    "another Identification than the next, without DF",
    { fragment: 0 },
    { ...SECOND, fragment: 0, identification: 9 },
  ],
  ["another acknowledgment", {}, { ...SECOND, acknowledged: 6 }],
  ["another window", {}, { ...SECOND, window: 6 }],
  ["other options", {}, { ...SECOND, options: [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 2] }],
  ["a gap before it", {}, { ...SECOND, sequence: 1101 }],
  ["what was sent before", {}, { ...SECOND, sequence: 1000 }],
  ["more data than the one before", {}, { ...SECOND, payload: octets(101) }],
  ["no data", {}, { ...SECOND, payload: octets(0) }],
  ["a pushed one before it", { flags: ACK | PSH }, SECOND],
  ["the end of the stream before it", { flags: ACK | FIN }, SECOND],
  ["another source port", {}, { ...SECOND, sourcePort: 1 }],
  ["another source", {}, { ...SECOND, source: "10.9.0.3" }],
  ["an IP option", {}, { ...SECOND, ipOptions: 4 }],
  ["a fragment", {}, { ...SECOND, fragment: 0x2000 }],
];

for (const [what, first, second] of APART) {
  test(`stays alone: ${what}`, () => {
    const packets = [segment(first), segment(second)];
    const written = device.write(packets.map((bytes) => bytes.slice()));
    assert.deepEqual(
      written.map(({ packet, type }) => ({ packet, type })),
      packets.map((packet) => ({ packet, type: 0 })),
    );
  });
}

test("a segment whose checksum is wrong stays alone and stays wrong: the receiver must see it", () => {
  const [a, b, c] = stream([100, 100, 100]);
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const broken = b.slice();
  broken[80] = (broken[80] ?? 0) ^ 1;
  const packets = [a, broken, c];
  assert.deepEqual(
    device.write(packets).map(({ packet }) => packet),
    packets,
  );
  const brokenFirst = [broken.slice(), c];
  assert.deepEqual(
    device.write(brokenFirst).map(({ packet }) => packet),
    brokenFirst,
  );
});

test("what cannot be put together is not overtaken by its flow", () => {
  const [a, c] = stream([100, 100]);
  const reset = segment({ flags: RST, sequence: 1, payload: octets(0), options: [] });
  assert.ok(a !== undefined && c !== undefined);
  const written = device.write([a, reset, c]);
  assert.deepEqual(
    written.map(({ packet }) => packet),
    [a, reset, c],
  );
});

test("RFC 3168 §6.1.2: CWR on the first segment stays there, and is not on the others", () => {
  const segments = stream([100, 100, 50]);
  segments[0] = segment({ flags: ACK | CWR, payload: octets(100) });
  const [one] = device.write(segments.map((bytes) => bytes.slice()));
  assert.equal(one?.type, TCP4 | ECN);
  assert.ok(one !== undefined);
  assert.deepEqual(device.read(one), segments);
});

test("RFC 6864 §4.1: with DF the Identification says nothing, so it may be any", () => {
  const one = { payload: octets(100), identification: 0 };
  const written = device.write([segment(one), segment({ ...one, sequence: 1100 })]);
  assert.equal(written.length, 1);
});

test("no more than an IPv4 packet holds is put together", () => {
  const segments = stream(Array.from({ length: 60 }, () => 1400));
  const written = device.write(segments.map((bytes) => bytes.slice()));
  assert.deepEqual(
    written.map(({ packet }) => Math.floor(packet.length / 1400)),
    [46, 14],
  );
  assert.deepEqual(
    written.flatMap((record) => device.read(record)),
    segments,
  );
});
