/** IP-in-IP on octets, and the tunnel table. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4, toIpv4 } from "../../shared/base/address.ts";
import {
  type DfPolicy,
  fitsTunnel,
  innerStart,
  isIpv4,
  mergeCongestion,
  OUTER_HEADER,
  refusalFor,
  totalLength,
  writeOuterHeader,
} from "../../shared/forwarding/ipip.ts";
import { readTooBig } from "../../shared/forwarding/path-mtu.ts";
import { type TunnelEntry, TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";

const HEADROOM = 32;
const TUNNEL = { local: ipv4("198.51.100.1"), remote: ipv4("192.0.2.1") };

interface Fields {
  readonly tos?: number;
  readonly flags?: number;
  readonly ttl?: number;
  readonly protocol?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly options?: number;
  readonly payload?: Uint8Array;
}

/** A packet after `HEADROOM` free octets. */
function packet(fields: Fields = {}): Uint8Array {
  const { payload = new Uint8Array(8), options = 0 } = fields;
  const header = 20 + options;
  const bytes = new Uint8Array(HEADROOM + header + payload.length);
  const view = new DataView(bytes.buffer, HEADROOM);
  view.setUint8(0, 0x40 | (header / 4));
  view.setUint8(1, fields.tos ?? 0);
  view.setUint16(2, header + payload.length);
  view.setUint16(4, 0x1234);
  view.setUint16(6, fields.flags ?? 0);
  view.setUint8(8, fields.ttl ?? 63);
  view.setUint8(9, fields.protocol ?? 17);
  view.setUint32(12, ipv4(fields.source ?? "10.9.0.2"));
  view.setUint32(16, ipv4(fields.destination ?? "10.1.0.7"));
  bytes.fill(1, HEADROOM + 20, HEADROOM + header);
  bytes.set(payload, HEADROOM + header);
  view.setUint16(10, internetChecksum(bytes, HEADROOM, HEADROOM + header));
  return bytes;
}

const fields: fc.Arbitrary<Fields> = fc.record({
  tos: fc.integer({ min: 0, max: 255 }),
  flags: fc.constantFrom(0, 0x4000),
  ttl: fc.integer({ min: 1, max: 255 }),
  options: fc.constantFrom(0, 4, 40),
  payload: fc.uint8Array({ maxLength: 64 }),
});

function encapsulated(bytes: Uint8Array, df: DfPolicy = "copy"): Uint8Array {
  writeOuterHeader(bytes, HEADROOM, TUNNEL, df, 7);
  return bytes.slice(HEADROOM - OUTER_HEADER);
}

test("RFC 2003 §3.1: outer header fields, lengths and checksum; the inner packet is untouched [2003-3-01] [2003-3.1-01] [2003-3.1-02] [2003-3.1-05] [2003-3.1-06]", () => {
  fc.assert(
    fc.property(fields, (values) => {
      const bytes = packet(values);
      const inner = bytes.slice(HEADROOM);
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

test("RFC 2003 §3.1: DF of the inner header is copied; set and clear do as they are told [2003-3.1-03] [2003-3.1-04]", () => {
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
  assert.equal(refusalFor(packet({ ttl: 0 }), HEADROOM, TUNNEL), "tunnel-ttl-zero");
  assert.equal(refusalFor(packet({ ttl: 1 }), HEADROOM, TUNNEL), undefined);
  const outer = encapsulated(packet({ ttl: 0 }));
  assert.equal(innerStart(outer, 0, outer.length), "tunnel-inner-ttl-zero");
});

test("RFC 2003 §3.2: nothing that comes from the tunnel's exit, nothing of our own twice [2003-3.2-02] [2003-3.2-03] [2003-3.2-04]", () => {
  const refusal = (values: Fields) => refusalFor(packet(values), HEADROOM, TUNNEL);
  assert.equal(refusal({ source: "192.0.2.1" }), "tunnel-source-is-exit");
  assert.equal(refusal({ source: "198.51.100.1", protocol: 4 }), "tunnel-loop");
  assert.equal(refusal({ source: "198.51.100.1", protocol: 47 }), "tunnel-loop");
  assert.equal(refusal({ source: "10.9.0.2", protocol: 4 }), undefined);
});

test("RFC 5944 §4.2.3: an encapsulated datagram from the care-of address is discarded, others are nested [5944-4.2.3-11] [5944-4.2.3-12] [5944-4.2.3-13] [5944-4.2.3-15]", () => {
  const nested = (innerDestination: string): Uint8Array =>
    packet({ destination: innerDestination }).slice(HEADROOM);
  const refusal = (source: string, innerDestination: string) =>
    refusalFor(
      packet({ source, protocol: 4, payload: nested(innerDestination) }),
      HEADROOM,
      TUNNEL,
    );
  assert.equal(refusal("192.0.2.1", "10.1.0.7"), "tunnel-source-is-exit");
  assert.equal(refusal("203.0.113.5", "10.1.0.7"), undefined);
  assert.equal(refusal("203.0.113.5", "172.16.0.9"), undefined);
});

test("RFC 2003 §3.1: decapsulation gives back the very packet, its TTL unchanged [2003-3.1-10]", () => {
  fc.assert(
    fc.property(fields, (values) => {
      const bytes = packet(values);
      const inner = bytes.slice(HEADROOM);
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
  outer[9] = 17;
  assert.equal(innerStart(outer, 0, outer.length), "tunnel-malformed-outer");
  assert.equal(innerStart(outer, 0, outer.length - 1), "tunnel-malformed-outer");
  const long = packet();
  new DataView(long.buffer).setUint16(HEADROOM + 2, 0xffff);
  assert.equal(fitsTunnel(long, HEADROOM), false);
});

test("RFC 2003 §5.1: fragmentation needed in the tunnel tells its MTU; other errors do not [2003-5.1-01] [2003-5.1-02]", () => {
  const error = (mtu: number, quote: Uint8Array, type = 3, code = 4): Uint8Array => {
    const payload = new Uint8Array(8 + quote.length);
    payload.set([type, code, 0, 0, 0, 0, mtu >>> 8, mtu & 255]);
    payload.set(quote, 8);
    new DataView(payload.buffer).setUint16(2, internetChecksum(payload));
    return packet({ protocol: 1, source: "203.0.113.9", destination: "198.51.100.1", payload });
  };
  const read = (bytes: Uint8Array) => readTooBig(bytes, HEADROOM, bytes.length - HEADROOM);
  const quote = encapsulated(packet()).slice(0, 28);
  assert.deepEqual(read(error(1400, quote)), { ...TUNNEL, tunnelMtu: 1380 });
  // Neither an old router's 0 nor a forged error shrinks packets to nothing.
  assert.deepEqual(read(error(0, quote)), { ...TUNNEL, tunnelMtu: 532 });
  assert.equal(read(error(1400, quote, 3, 1)), undefined);
  assert.equal(read(error(1400, quote, 11, 0)), undefined);
  assert.equal(read(error(1400, quote.slice(0, 19))), undefined);
  assert.equal(read(error(1400, packet().slice(HEADROOM))), undefined);
  const broken = error(1400, quote);
  broken[HEADROOM + 27] = 1;
  assert.equal(read(broken), undefined);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readTooBig(bytes, 0, bytes.length)));
});

const HOME = ipv4("10.1.0.7");
function entry(values: Partial<TunnelEntry> = {}): TunnelEntry {
  const ends = { ...TUNNEL, encapsulation: "ipip", address: HOME } as const;
  return { ...ends, direction: "out", match: "destination", ...values };
}

test("RFC 5944 §4.2.3: with simultaneous bindings a copy goes into each tunnel, and only until each ends [5944-4.2.3-03] [5944-4.2.3-06] [5944-4.2.3-10]", () => {
  const table = new TunnelTable();
  const second = entry({ remote: ipv4("192.0.2.65") });
  assert.ok(table.add(entry()) !== undefined);
  assert.ok(table.add(second) !== undefined);
  const remotes = () => table.outFor(toIpv4(1), HOME).map(({ remote }) => remote);
  assert.deepEqual(remotes(), [ipv4("192.0.2.1"), ipv4("192.0.2.65")]);
  assert.ok(table.outFor(toIpv4(1), HOME).every(({ local }) => local === TUNNEL.local));
  assert.deepEqual(table.outFor(HOME, toIpv4(1)), []);
  assert.ok(table.remove(second) !== undefined);
  assert.deepEqual(remotes(), [ipv4("192.0.2.1")]);
  table.remove(entry());
  assert.deepEqual([...table.tunnels()], []);
  assert.deepEqual([...table.locals()], []);
  assert.throws(() => table.remove(entry()), /internal error/);
});

test("RFC 3024 §4.3.2: from a tunnel only what a binding allows: outer source, inner source, encapsulation [3024-4.3.2-02] [3024-4.3.2-03] [3024-4.3.2-04] [3024-4.3.2-07]", () => {
  const table = new TunnelTable();
  table.add(entry({ direction: "in", match: "source" }));
  const elsewhere = ipv4("172.16.0.9");
  const { local, remote } = TUNNEL;
  const other = ipv4("192.0.2.99");
  assert.ok(table.inFor(remote, local, "ipip", HOME, elsewhere) !== undefined);
  assert.equal(table.inFor(other, local, "ipip", HOME, elsewhere), undefined);
  assert.equal(table.inFor(remote, other, "ipip", HOME, elsewhere), undefined);
  assert.equal(table.inFor(remote, local, "ipip", ipv4("10.1.0.8"), elsewhere), undefined);
  assert.equal(table.inFor(remote, local, "gre", HOME, elsewhere), undefined);
  assert.equal(table.inFor(remote, local, "ipip", elsewhere, HOME), undefined);
});

test("RFC 5944 §4.2.2: from a tunnel only to a visitor of that home agent [5944-4.2.2-02] [5944-4.2.2-05]", () => {
  const table = new TunnelTable();
  const { local, remote } = TUNNEL;
  table.add(entry({ direction: "in", match: "destination" }));
  table.add(entry({ direction: "out", match: "source" }));
  const elsewhere = ipv4("172.16.0.9");
  assert.ok(table.inFor(remote, local, "ipip", elsewhere, HOME) !== undefined);
  assert.equal(table.inFor(remote, local, "ipip", elsewhere, ipv4("10.1.0.8")), undefined);
  assert.equal(table.inFor(ipv4("192.0.2.99"), local, "ipip", elsewhere, HOME), undefined);
  const [tunnel] = table.tunnels();
  assert.equal(tunnel?.homeAddresses, 1);
});
