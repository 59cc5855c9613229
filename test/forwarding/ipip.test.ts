/** IP-in-IP on octets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arrival, decapsulate } from "../../shared/forwarding/decapsulate.ts";
import {
  type DfPolicy,
  fitsTunnel,
  mergeCongestion,
  OUTER_HEADER,
  refusalFor,
  writeOuterHeader,
} from "../../shared/forwarding/ipip.ts";
import { isIpv4, totalLength } from "../../shared/forwarding/packet.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { type Fields, fields, packet, ROOM, TUNNEL } from "./packets.ts";

const arrival = new Arrival();

function innerStart(bytes: Uint8Array, at: number, length: number) {
  return decapsulate(bytes, at, length, arrival);
}

function encapsulated(bytes: Uint8Array, df: DfPolicy = "copy"): Uint8Array {
  writeOuterHeader(bytes, ROOM, TUNNEL, df, 7);
  return bytes.slice(ROOM - OUTER_HEADER);
}

test("RFC 2003 §3.1: outer header fields, lengths and checksum; the inner packet is untouched [2003-3-01] [2003-3.1-01] [2003-3.1-02] [2003-3.1-05] [2003-3.1-06]", () => {
  fc.assert(
    fc.property(fields, (values) => {
      const bytes = packet(values);
      const inner = bytes.slice(ROOM);
      const outer = encapsulated(bytes);
      const view = new DataView(outer.buffer);
      assert.equal(view.getUint8(0), 0x45);
      assert.equal(view.getUint8(1), values.tos);
      assert.equal(view.getUint16(2), inner.length + 20);
      assert.equal(view.getUint8(8), 64);
      assert.equal(view.getUint8(9), 4);
      assert.equal(view.getUint32(12), TUNNEL.local);
      assert.equal(view.getUint32(16), TUNNEL.remote);
      assert.equal(internetChecksum(outer, 0, 20), 0);
      assert.deepEqual(outer.slice(20), inner);
    }),
  );
});

test("RFC 2003 §3.1: DF of the inner header is copied; set and clear do as they are told [2003-3.1-03] [2003-3.1-04] [2003-5.1-05]", () => {
  const flags = (inner: number, df: DfPolicy): number =>
    new DataView(encapsulated(packet({ flags: inner }), df).buffer).getUint16(6);
  assert.equal(flags(0x4000, "copy"), 0x4000);
  assert.equal(flags(0, "copy"), 0);
  assert.equal(flags(0x2000, "copy"), 0);
  assert.equal(flags(0x2005, "copy"), 0);
  assert.equal(flags(0, "set"), 0x4000);
  assert.equal(flags(0x4000, "clear"), 0);
});

test("RFC 2003 §3.1: TTL 0 is never encapsulated, and discarded after decapsulation [2003-3.1-09] [2003-3.1-11]", () => {
  assert.equal(refusalFor(packet({ ttl: 0 }), ROOM, TUNNEL), "tunnel-ttl-zero");
  assert.equal(refusalFor(packet({ ttl: 1 }), ROOM, TUNNEL), undefined);
  const outer = encapsulated(packet({ ttl: 0 }));
  assert.equal(innerStart(outer, 0, outer.length), "tunnel-inner-ttl-zero");
});

test("RFC 2003 §3.2: nothing that comes from the tunnel's exit, nothing of our own twice [2003-3.2-02] [2003-3.2-03] [2003-3.2-04]", () => {
  const refusal = (values: Fields) => refusalFor(packet(values), ROOM, TUNNEL);
  assert.equal(refusal({ source: "192.0.2.1" }), "tunnel-source-is-exit");
  assert.equal(refusal({ source: "198.51.100.1", protocol: 4 }), "tunnel-loop");
  assert.equal(refusal({ source: "198.51.100.1", protocol: 47 }), "tunnel-loop");
  assert.equal(refusal({ source: "10.9.0.2", protocol: 4 }), undefined);
});

test("RFC 5944 §4.2.3: an encapsulated datagram from the care-of address is discarded, others are nested [5944-4.2.3-11] [5944-4.2.3-12] [5944-4.2.3-13] [5944-4.2.3-15]", () => {
  const nested = (innerDestination: string): Uint8Array =>
    packet({ destination: innerDestination }).slice(ROOM);
  const refusal = (source: string, innerDestination: string) =>
    refusalFor(packet({ source, protocol: 4, payload: nested(innerDestination) }), ROOM, TUNNEL);
  assert.equal(refusal("192.0.2.1", "10.1.0.7"), "tunnel-source-is-exit");
  assert.equal(refusal("203.0.113.5", "10.1.0.7"), undefined);
  assert.equal(refusal("203.0.113.5", "172.16.0.9"), undefined);
});

test("RFC 2003 §3.1: decapsulation gives back the very packet, its TTL unchanged [2003-3.1-10]", () => {
  fc.assert(
    fc.property(fields, (values) => {
      const bytes = packet(values);
      const inner = bytes.slice(ROOM);
      const outer = encapsulated(bytes);
      const start = innerStart(outer, 0, outer.length);
      assert.equal(start, 20);
      assert.equal(mergeCongestion(outer, 0, 20), undefined);
      assert.deepEqual(outer.slice(20, 20 + totalLength(outer, 20)), inner);
    }),
  );
});

test("RFC 6040 §4.2: all 16 combinations of outer and inner congestion marks", () => {
  // Rows: inner 0..3; columns: outer 0..3; -1 is a drop.
  const expected = [
    [0, 0, 0, -1],
    [1, 1, 1, 3],
    [2, 1, 2, 3],
    [3, 3, 3, 3],
  ];
  for (const [inner, row] of expected.entries()) {
    for (const [outerMark, merged] of row.entries()) {
      const outer = encapsulated(packet({ tos: 0xb8 | inner }));
      outer[1] = 0xb8 | outerMark;
      const result = mergeCongestion(outer, 0, 20);
      assert.equal(result, merged < 0 ? "tunnel-congestion-not-ect" : undefined);
      if (merged >= 0) assert.equal(outer[21], 0xb8 | merged);
      assert.equal(internetChecksum(outer, 20, 40), 0);
    }
  }
});

test("any octets: never throws, and an inner packet lies within the outer one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const start = innerStart(bytes, 0, bytes.length);
      if (typeof start !== "number") return;
      assert.ok(isIpv4(bytes, start, bytes.length - start));
      assert.ok(start + totalLength(bytes, start) <= bytes.length);
    }),
  );
  const outer = encapsulated(packet());
  outer[9] = 6;
  assert.equal(innerStart(outer, 0, outer.length), "tunnel-malformed-outer");
  assert.equal(innerStart(outer, 0, outer.length - 1), "tunnel-malformed-outer");
  const long = packet();
  new DataView(long.buffer).setUint16(ROOM + 2, 0xffff);
  assert.equal(fitsTunnel(long, ROOM), false);
});
