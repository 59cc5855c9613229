/** Minimal encapsulation on octets, beside the codec's tables. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrival, decapsulate } from "../../shared/forwarding/decapsulate.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { refusalFor } from "../../shared/forwarding/ipip.ts";
import { readHeader } from "../../shared/wire/tunnel/header.ts";
import { minimalForwardingHeader } from "../../shared/wire/tunnel/minimal.ts";
import { type Fields, octets, packet, ROOM, TUNNEL, tunnelOf, withRoom } from "./packets.ts";

const tunnel = tunnelOf({ encapsulation: "minimal" });

/** 10.9.0.2 to 10.1.0.7, TTL 63, DF, DSCP 18, and the same from 198.51.100.1. */
const PACKET = octets("4548 001e 1234 4000 3f11 1541 0a090002 0a010007 0001 0002 000a 0000 abcd");
const ENCAPSULATED = octets(
  "4548 002a 1234 4000 3f37 3ceb c6336401 c0000201 1180 da6c 0a010007 0a090002 0001 0002 000a 0000 abcd",
);

function enter(bytes: Uint8Array): Uint8Array {
  const roomy = withRoom(bytes);
  return roomy.slice(encapsulate(roomy, ROOM, tunnel, "copy", 99));
}

test("RFC 2004 §3: an agent's packet octet by octet: 12 octets more, S set, TTL, TOS, DF and Identification its own [2004-3-02] [2004-3-03] [2004-3-05] [2004-3-07]", () => {
  assert.deepEqual(enter(PACKET), ENCAPSULATED);
  const header = readHeader(minimalForwardingHeader, ENCAPSULATED, 20);
  assert.ok("value" in header);
  assert.equal(header.end, 32);
});

test("RFC 2004 §3: decapsulation gives back the packet octet by octet [2004-3-08]", () => {
  const bytes = Uint8Array.from(ENCAPSULATED);
  const arrival = new Arrival();
  const inner = decapsulate(bytes, 0, bytes.length, arrival);
  assert.equal(inner, 12);
  assert.deepEqual(bytes.slice(12), PACKET);
  assert.equal(arrival.remote, TUNNEL.local);
  assert.equal(arrival.encapsulation, "minimal");
});

test("RFC 2004 §3: what starts at the encapsulator has S clear and 8 octets more [2004-3-04]", () => {
  const bytes = packet({ source: "198.51.100.1" });
  const inner = bytes.slice(ROOM);
  const start = encapsulate(bytes, ROOM, tunnel, "copy", 1);
  assert.equal(start, ROOM - 8);
  assert.equal(bytes[start + 21], 0);
  const at = decapsulate(bytes, start, bytes.length - start, new Arrival());
  assert.ok(typeof at === "number");
  assert.deepEqual(bytes.slice(at), inner);
});

test("RFC 2004 §3: a fragment, first or later, goes by IP-in-IP [2004-3-01]", () => {
  for (const flags of [0x2000, 0x2010, 0x0010]) {
    const bytes = packet({ flags });
    const start = encapsulate(bytes, ROOM, tunnel, "copy", 1);
    assert.equal(start, ROOM - 20);
    assert.equal(bytes[start + 9], 4);
  }
});

test("RFC 2004 §3: DF of the packet is DF in the tunnel whatever the policy, or the other end would lose it [2004-3-10]", () => {
  for (const df of ["copy", "clear", "set"] as const) {
    for (const flags of [0, 0x4000]) {
      const bytes = packet({ flags });
      const start = encapsulate(bytes, ROOM, tunnel, df, 1);
      assert.equal(bytes[start + 6], flags >>> 8);
    }
  }
});

test("RFC 2004 §3: a wrong checksum or a header cut short is discarded; reserved bits are ignored [2004-3-06] [2004-3-09]", () => {
  const judge = (change: (bytes: Uint8Array) => void, length = ENCAPSULATED.length) => {
    const bytes = Uint8Array.from(ENCAPSULATED);
    change(bytes);
    return decapsulate(bytes, 0, length, new Arrival());
  };
  assert.equal(
    judge((bytes) => {
      bytes[27] = 8;
    }),
    "tunnel-minimal-checksum",
  );
  const cut = (total: number) =>
    judge((bytes) => {
      bytes[3] = total;
    }, total);
  assert.equal(cut(24), "tunnel-malformed-minimal");
  assert.equal(cut(31), "tunnel-malformed-minimal");
  // Bit 9 of the forwarding header set, and its checksum with it.
  const reserved = judge((bytes) => {
    bytes[21] = 0x81;
    bytes[23] = (bytes[23] ?? 0) - 1;
  });
  assert.equal(reserved, 12);
});

test("RFC 2004 §4: the loop checks of RFC 2003 §3.2 hold: not from the exit, not our own output again [2004-4-01]", () => {
  const refusal = (values: Fields) => refusalFor(packet(values), ROOM, tunnel);
  assert.equal(refusal({ source: "192.0.2.1" }), "tunnel-source-is-exit");
  assert.equal(refusal({ source: "198.51.100.1", protocol: 55 }), "tunnel-loop");
  assert.equal(refusal({ source: "198.51.100.1", protocol: 17 }), undefined);
});
