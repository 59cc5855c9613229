/** GRE on octets, beside the codec's tables. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arrival, decapsulate } from "../../shared/forwarding/decapsulate.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { ABSENT } from "../../shared/forwarding/gre.ts";
import { greChecksum } from "../../shared/wire/tunnel/gre.ts";
import { octets, packet, ROOM, tunnelOf, withRoom } from "./packets.ts";

const PACKET = octets("4548 001e 1234 4000 3f11 1541 0a090002 0a010007 0001 0002 000a 0000 abcd");
const OUTER = "4548 0036 0007 4000 402f 4e14 c6336401 c0000201";

/** A tunnel packet with these GRE octets before the packet; the outer checksum is not looked at. */
function arrived(gre: string, inner = PACKET): Uint8Array {
  const outer = octets(OUTER);
  const header = octets(gre);
  const bytes = Uint8Array.from([...outer, ...header, ...inner]);
  bytes[3] = bytes.length;
  return bytes;
}

function judge(gre: string) {
  const bytes = arrived(gre);
  const arrival = new Arrival();
  const inner = decapsulate(bytes, 0, bytes.length, arrival);
  return { inner, key: arrival.key, sequence: arrival.sequence };
}

test("RFC 2784 §2, §3: a packet octet by octet, without and with a key [2784-2.1-01] [2784-2.3-02] [2784-3-01] [2784-4-01] [2890-2-01]", () => {
  const enter = (greKeyOut: number | undefined): Uint8Array => {
    const bytes = withRoom(PACKET);
    const tunnel = tunnelOf({ encapsulation: "gre", greKeyOut });
    return bytes.slice(encapsulate(bytes, ROOM, tunnel, "copy", 7));
  };
  assert.deepEqual(enter(undefined), octets(`${OUTER} 0000 0800 ${hex(PACKET)}`));
  const keyed = enter(0x80000001);
  assert.deepEqual(keyed.slice(20, 28), octets("2000 0800 80000001"));
  assert.deepEqual(keyed.slice(28), PACKET);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

test("RFC 2784 §2.2, RFC 2890 §2: checksum, key and sequence number are read, each when its bit is set [2784-2.2-01] [2890-2-01]", () => {
  assert.deepEqual(judge("0000 0800"), { inner: 24, key: ABSENT, sequence: ABSENT });
  assert.deepEqual(judge("2000 0800 0000002a"), { inner: 28, key: 42, sequence: ABSENT });
  assert.deepEqual(judge("1000 0800 fffffffe"), { inner: 28, key: ABSENT, sequence: 0xfffffffe });
  assert.deepEqual(judge("3000 0800 ffffffff 00000001"), {
    inner: 32,
    key: 0xffffffff,
    sequence: 1,
  });
});

test("RFC 2784 §2.2, §2.5: a checksum that is there must hold, over header and payload [2784-2.2-02] [2784-2.5-01]", () => {
  const bytes = arrived("b000 0800 0000 0000 00000005 00000006");
  const checksum = greChecksum(bytes, 20, bytes.length);
  new DataView(bytes.buffer).setUint16(24, checksum);
  const arrival = new Arrival();
  assert.equal(decapsulate(bytes, 0, bytes.length, arrival), 36);
  assert.equal(arrival.key, 5);
  for (const at of [21, 25, 31, 40, bytes.length - 1]) {
    const wrong = Uint8Array.from(bytes);
    wrong[at] = (wrong[at] ?? 0) ^ 0x10;
    assert.equal(decapsulate(wrong, 0, wrong.length, new Arrival()), "tunnel-gre-checksum");
  }
});

test("RFC 2784 §2.3: bits 1, 4 and 5 and other versions are refused, bits 6 to 12 ignored, only IPv4 is carried [3024-A.2-02] [2784-2.3-01] [2784-2.3-03] [2784-2.3.1-01] [2784-2.4-01]", () => {
  for (const bit of ["4000", "0800", "0400"]) {
    assert.equal(judge(`${bit} 0800`).inner, "tunnel-gre-flags");
  }
  assert.equal(judge("03f8 0800").inner, 24);
  for (const version of [1, 2, 7]) {
    assert.equal(judge(`000${version} 0800`).inner, "tunnel-gre-version");
  }
  assert.equal(judge("0000 86dd").inner, "tunnel-gre-not-ipv4");
  assert.equal(judge("0000 0806").inner, "tunnel-gre-not-ipv4");
});

test("a GRE header cut short is refused, whatever its flags say is there", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("0000", "2000", "1000", "3000", "b000"),
      fc.nat(15),
      (flags, cut) => {
        const whole = arrived(`${flags} 0800 00000000 00000000 00000000`);
        const total = 20 + cut;
        const bytes = whole.slice(0, total);
        bytes[3] = total;
        assert.equal(typeof decapsulate(bytes, 0, total, new Arrival()), "string");
      },
    ),
  );
});

test("RFC 2784 §3.1: a packet for the encapsulator itself is discarded [2784-3.1-03]", () => {
  const inner = packet({ source: "10.1.0.7", destination: "198.51.100.1" }).slice(ROOM);
  const bytes = arrived("0000 0800", inner);
  assert.equal(decapsulate(bytes, 0, bytes.length, new Arrival()), "tunnel-destination-is-entry");
});
