/** Frames of a link: what is read, what is dropped and why, and what is sent. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4, type Mac, toIpv4 } from "../../shared/base/address.ts";
import {
  buildArpPacket,
  buildIcmpPacket,
  buildUdpPacket,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  parseFrame,
} from "../../shared/linux/frames.ts";
import type { Frame } from "../../shared/linux/packet-io.ts";

const PEER = "02:00:00:00:00:01" as Mac;
const OWN = "02:00:00:00:00:02" as Mac;

function frame(payload: Uint8Array, more: Partial<Frame> = {}): Frame {
  return { linkSource: PEER, linkDestination: OWN, etherType: ETHERTYPE_IPV4, payload, ...more };
}

function fault(payload: Uint8Array, more: Partial<Frame> = {}): string | undefined {
  const result = parseFrame("lan0", frame(payload, more));
  return result.ok ? undefined : result.error;
}

const datagram = {
  source: ipv4("10.1.0.7"),
  sourcePort: 434,
  destination: ipv4("192.0.2.1"),
  destinationPort: 434,
  ttl: 1,
  payload: Uint8Array.of(1, 2, 3, 4, 5),
};

/** Changes octets of a packet; the IP header checksum is put right again unless it is the target. */
function changed(packet: Uint8Array, at: number, ...octets: number[]): Uint8Array {
  const copy = packet.slice();
  copy.set(octets, at);
  return copy;
}

function withHeaderChecksum(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  copy.set([0, 0], 10);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += ((copy[at] ?? 0) << 8) | (copy[at + 1] ?? 0);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
  copy.set([sum >>> 8, sum & 255], 10);
  return copy;
}

test("RFC 768, RFC 791: a built datagram has these octets (worked out by hand)", () => {
  assert.equal(
    Buffer.from(buildUdpPacket(datagram)).toString("hex"),
    // 450000 21 00004000 0111 cksum 0a010007 c0000201 | 01b201b2 000d cksum 0102030405
    "45000021000040000111adc3" + "0a010007c0000201" + "01b201b2000d" + "2761" + "0102030405",
  );
});

test("RFC 5944 §3.1: what is sent carries a checksum that is not zero, and is read back as it was [5944-3.1-05, 5944-3.1-06]", () => {
  fc.assert(
    fc.property(
      fc.nat(0xdfff_ffff),
      fc.nat(0xffff_ffff),
      fc.nat(0xffff),
      fc.integer({ min: 0, max: 255 }),
      fc.uint8Array({ maxLength: 600 }),
      fc.nat(40),
      (source, destination, sourcePort, ttl, payload, padding) => {
        const packet = buildUdpPacket({
          ...datagram,
          source: toIpv4(source),
          destination: toIpv4(destination),
          sourcePort,
          ttl,
          payload,
        });
        assert.notEqual(((packet[26] ?? 0) << 8) | (packet[27] ?? 0), 0);
        const padded = new Uint8Array(packet.length + padding);
        padded.set(packet);
        const event = parseFrame("lan0", frame(padded, { checksumPending: false }));
        assert.ok(event.ok && event.value.type === "udp");
        assert.deepEqual(
          { ...event.value, payload: Uint8Array.from(event.value.payload) },
          {
            type: "udp",
            interface: "lan0",
            linkSource: PEER,
            source,
            sourcePort,
            destination,
            destinationPort: 434,
            ttl,
            payload,
          },
        );
      },
    ),
  );
});

test("RFC 5944 §3.6.2.1, §3.7.2.1, §3.7.3.1, §3.8.2.1: a wrong UDP checksum is dropped, none is accepted [5944-3.1-06, 5944-3.1-07, 5944-3.6.2.1-01, 5944-3.7.2.1-01, 5944-3.7.3.1-01, 5944-3.8.2.1-01]", () => {
  const packet = buildUdpPacket(datagram);
  assert.equal(fault(packet), undefined);
  assert.equal(fault(changed(packet, 26, 0, 0)), undefined);
  for (let bit = 1; bit < 0x10000; bit <<= 1) {
    const wrong = changed(
      packet,
      26,
      (packet[26] ?? 0) ^ (bit >>> 8),
      (packet[27] ?? 0) ^ (bit & 255),
    );
    assert.equal(fault(wrong), "udp-checksum");
    assert.equal(fault(wrong, { checksumPending: false }), "udp-checksum");
  }
  for (let at = 28; at < packet.length; at++) {
    assert.equal(fault(changed(packet, at, (packet[at] ?? 0) ^ 0x40)), "udp-checksum");
  }
  // The addresses are covered by the pseudo header.
  const moved = withHeaderChecksum(changed(packet, 19, 2));
  assert.equal(fault(moved), "udp-checksum");
});

test("Linux veth: a checksum that was left to a device that does not exist is not held against the sender", () => {
  const packet = buildUdpPacket(datagram);
  // The folded sum of 10.1.0.7, 192.0.2.1, 17 and 13: what a kernel leaves in the field.
  const partial = 0x0a01 + 0x0007 + 0xc000 + 0x0201 + 17 + 13;
  const left = changed(packet, 26, partial >>> 8, partial & 255);
  assert.equal(fault(left), undefined);
  assert.equal(fault(left, { checksumPending: true }), undefined);
  assert.equal(fault(left, { checksumPending: false }), "udp-checksum");
});

test("RFC 1122 §3.2.1: a packet that is not whole and right is dropped with its reason", () => {
  const packet = buildUdpPacket(datagram);
  const header = (at: number, ...octets: number[]): Uint8Array =>
    withHeaderChecksum(changed(packet, at, ...octets));
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["ip-truncated", packet.subarray(0, 19)],
    ["ip-truncated", new Uint8Array()],
    ["ip-version", header(0, 0x65)],
    ["ip-header-length", header(0, 0x44)],
    ["ip-header-length", header(0, 0x4f)],
    ["ip-total-length", header(2, 0, 19)],
    ["ip-total-length", header(2, 0, 34)],
    ["ip-total-length", packet.subarray(0, 32)],
    ["ip-checksum", changed(packet, 8, 2)],
    ["ip-fragment", header(6, 0x20, 0)],
    ["ip-fragment", header(6, 0, 1)],
    ["ip-source", header(12, 224, 0, 0, 1)],
    ["ip-source", header(12, 255, 255, 255, 255)],
    ["ip-protocol", header(9, 6)],
    ["udp-length", header(2, 0, 27)],
    ["udp-length", changed(packet, 24, 0, 7)],
    ["udp-length", changed(packet, 24, 0, 14)],
    ["icmp-length", withHeaderChecksum(changed(header(2, 0, 23), 9, 1))],
  ];
  for (const [reason, bytes] of cases) assert.equal(fault(bytes), reason);
  assert.equal(fault(packet, { etherType: 0x86dd }), "ether-type");
});

test("RFC 791 §3.1: options before the datagram are passed over", () => {
  const packet = buildUdpPacket(datagram);
  const longer = new Uint8Array(packet.length + 4);
  longer.set(packet.subarray(0, 20));
  longer.set([1, 1, 1, 0], 20);
  longer.set(packet.subarray(20), 24);
  longer[0] = 0x46;
  longer[3] = longer.length;
  let sum = 0;
  longer.set([0, 0], 10);
  for (let at = 0; at < 24; at += 2) sum += ((longer[at] ?? 0) << 8) | (longer[at + 1] ?? 0);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = ~sum & 0xffff;
  longer.set([sum >>> 8, sum & 255], 10);
  const event = parseFrame("lan0", frame(longer));
  assert.ok(event.ok && event.value.type === "udp");
  assert.deepEqual([...event.value.payload], [1, 2, 3, 4, 5]);
});

test("RFC 792: an ICMP message is handed on whole, from its type octet, without Ethernet padding", () => {
  const message = Uint8Array.of(10, 0, 0xf5, 0xff, 0, 0, 0, 0);
  const packet = buildIcmpPacket({ ...datagram, payload: message });
  const padded = new Uint8Array(46);
  padded.set(packet);
  assert.deepEqual(parseFrame("lan0", frame(padded)), {
    ok: true,
    value: {
      type: "icmp",
      interface: "lan0",
      linkSource: PEER,
      source: datagram.source,
      destination: datagram.destination,
      ttl: 1,
      payload: message,
    },
  });
});

test("RFC 826: ARP is built and read with all four addresses; another format is dropped", () => {
  const arp = {
    operation: "reply",
    senderMac: OWN,
    senderAddress: ipv4("10.1.0.7"),
    targetMac: PEER,
    targetAddress: ipv4("10.1.0.1"),
  } as const;
  const bytes = buildArpPacket(arp);
  assert.equal(
    Buffer.from(bytes).toString("hex"),
    "0001080006040002" + "0200000000020a010007" + "0200000000010a010001",
  );
  const link = { etherType: ETHERTYPE_ARP };
  assert.deepEqual(parseFrame("lan0", frame(bytes, link)), {
    ok: true,
    value: { type: "arp", interface: "lan0", linkSource: PEER, linkDestination: OWN, ...arp },
  });
  assert.equal(fault(bytes.subarray(0, 27), link), "arp-length");
  assert.equal(fault(changed(bytes, 1, 6), link), "arp-format");
  assert.equal(fault(changed(bytes, 4, 8), link), "arp-format");
  assert.equal(fault(changed(bytes, 7, 3), link), "arp-operation");
});

test("RFC 5944 §1.7: no octets make the reader throw, and damage to a frame is never read as another one", () => {
  const types = fc.constantFrom(ETHERTYPE_IPV4, ETHERTYPE_ARP, 0x86dd);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), types, (payload, etherType) => {
      parseFrame("lan0", frame(payload, { etherType }));
    }),
    { numRuns: 2000 },
  );
  const packet = buildUdpPacket(datagram);
  fc.assert(
    fc.property(fc.nat(packet.length - 1), fc.nat(7), fc.nat(packet.length), (at, bit, length) => {
      const damaged = changed(packet, at, (packet[at] ?? 0) ^ (1 << bit));
      assert.notEqual(fault(damaged, { checksumPending: false }), undefined);
      if (length < packet.length) assert.notEqual(fault(packet.subarray(0, length)), undefined);
    }),
    { numRuns: 1000 },
  );
});
