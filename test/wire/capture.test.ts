/** Capture files: both formats, every link layer that is read, and octets of any kind. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4 } from "../../shared/base/address.ts";
import { readCapture } from "../../shared/wire/capture/capture.ts";
import { messageIn } from "../../shared/wire/capture/messages.ts";
import { ipPacket, pcap, pcapng, rawIp, udp } from "./capture-files.ts";

const PAYLOAD = Uint8Array.of(1, 2, 3, 4);
const PACKET = ipPacket(17, udp(1234, 434, PAYLOAD));

/** Link type, and the octets in front of the IP header. */
const LINK_LAYERS: readonly (readonly [number, readonly number[]])[] = [
  [1, [...Array(12).fill(0), 0x08, 0x00]],
  [1, [...Array(12).fill(0), 0x81, 0x00, 0, 5, 0x08, 0x00]],
  [1, [...Array(12).fill(0), 0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00]],
  [113, [...Array(14).fill(0), 0x08, 0x00]],
  [113, [...Array(14).fill(0), 0x81, 0x00, 0, 5, 0x08, 0x00]],
  [276, [0x08, 0x00, ...Array(18).fill(0)]],
  [276, [0x81, 0x00, ...Array(18).fill(0), 0, 5, 0x08, 0x00]],
  [0, [2, 0, 0, 0]],
  [0, [0, 0, 0, 2]],
  [108, [0, 0, 0, 2]],
  [12, []],
  [14, []],
  [101, []],
  [228, []],
];

test("capture: a registration is found behind every link layer that is read", () => {
  for (const [linkType, header] of LINK_LAYERS) {
    const bytes = Uint8Array.of(...header, ...PACKET);
    const message = messageIn({ ...rawIp(bytes), linkType });
    assert.deepEqual([...(message?.payload ?? [])], [...PAYLOAD], `link type ${linkType}`);
    assert.equal(message?.kind, "udp");
    assert.equal(formatIpv4(message.source), "192.0.2.7");
    assert.equal(formatIpv4(message.destination), "192.0.2.1");
  }
});

test("capture: other traffic is not ours: ports, protocols, ICMP types, later fragments, IPv6", () => {
  const others = [
    ipPacket(17, udp(53, 5353, PAYLOAD)),
    ipPacket(6, udp(1, 434, PAYLOAD)),
    ipPacket(1, Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0)),
    ipPacket(17, udp(1, 434, PAYLOAD), { fragmentOffset: 8 }),
    Uint8Array.of(0x60, ...PACKET.subarray(1)),
    PACKET.subarray(0, 19),
    new Uint8Array(),
  ];
  for (const bytes of others) {
    assert.equal(messageIn(rawIp(bytes)), undefined);
  }
  const padded = Uint8Array.of(...PACKET, 0, 0, 0, 0, 0, 0);
  const message = messageIn(rawIp(padded));
  assert.equal(message?.payload.length, PAYLOAD.length, "link padding is cut off");
});

test("capture: router discovery and fast handover are found by their ICMP types", () => {
  for (const type of [9, 10, 41]) {
    const bytes = ipPacket(1, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0));
    assert.equal(messageIn(rawIp(bytes))?.kind, "icmp");
  }
});

test("capture: pcap in both byte orders and both resolutions, pcapng in both byte orders", () => {
  const time = 1_763_899_200_123.5;
  const files = [
    pcap([{ time, bytes: PACKET }], { little: true, nano: false }),
    pcap([{ time, bytes: PACKET }], { little: false, nano: true }),
    pcapng([{ time, bytes: PACKET }], { little: true }),
    pcapng([{ time, bytes: PACKET }], { little: false }),
    pcapng([{ time, bytes: PACKET }], { little: true, resolution: 9 }),
  ];
  for (const file of files) {
    const { packets, error } = readCapture(file);
    assert.equal(error, undefined);
    assert.equal(packets.length, 1);
    assert.equal(packets[0]?.number, 1);
    assert.equal(packets[0]?.linkType, 101);
    assert.ok(Math.abs((packets[0]?.time ?? 0) - time) < 0.01);
    assert.deepEqual([...(packets[0]?.bytes ?? [])], [...PACKET]);
  }
});

test("capture: a torn end gives what stands before it, and where it is", () => {
  const two = [
    { time: 0, bytes: PACKET },
    { time: 1, bytes: PACKET },
  ];
  for (const file of [pcap(two, { little: true, nano: false }), pcapng(two, { little: true })]) {
    const { packets, error } = readCapture(file.subarray(0, file.length - 5));
    assert.equal(packets.length, 1);
    assert.match(error?.message ?? "", /cut off/);
    assert.ok((error?.offset ?? 0) > 0);
  }
  assert.equal(readCapture(new Uint8Array()).error?.message, "the file is empty");
  const text = new TextEncoder().encode("no capture");
  assert.equal(readCapture(text).error?.message, "neither a pcap nor a pcapng file");
});

test("capture: any octets never throw, whatever the header says", () => {
  const good = [
    pcap([{ time: 0, bytes: PACKET }], { little: true, nano: false }),
    pcapng([{ time: 0, bytes: PACKET }], { little: false }),
  ];
  const damage = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.constantFrom(...good), damage, fc.nat(120), (file, changes, cut) => {
      const bytes = Uint8Array.from(file);
      for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
      for (const packet of readCapture(bytes.subarray(0, bytes.length - cut)).packets)
        messageIn(packet);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom(0, 1, 12, 101, 108, 113, 147, 228, 229, 276),
      (bytes, linkType) => {
        messageIn({ ...rawIp(bytes), linkType });
      },
    ),
    { numRuns: 3000 },
  );
});
