/** ICMP errors from inside a tunnel: read, and what the original sender is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { icmpErrorPacket, mayCauseError } from "../../shared/forwarding/icmp-error.ts";
import { isIpv4 } from "../../shared/forwarding/packet.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import { isAbout, readTunnelError, relayOf } from "../../shared/forwarding/tunnel-error.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import {
  CORRESPONDENT,
  type Fields,
  FORMS,
  formText,
  packet,
  ROOM,
  TUNNEL,
  tunnelOf,
} from "./packets.ts";

const PAYLOAD = Uint8Array.from({ length: 40 }, (_, i) => i);

function encapsulated(form: TunnelForm, values: Fields = { payload: PAYLOAD }): Uint8Array {
  const bytes = packet(values);
  return bytes.slice(encapsulate(bytes, ROOM, tunnelOf(form), "copy", 7));
}

/** An ICMP packet of a router in the tunnel. `second` is its second word. */
function errorAbout(quote: Uint8Array, type: number, code: number, second = 0): Uint8Array {
  const payload = new Uint8Array(8 + quote.length);
  const view = new DataView(payload.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, second);
  payload.set(quote, 8);
  view.setUint16(2, internetChecksum(payload));
  return packet({ protocol: 1, source: "203.0.113.9", destination: "198.51.100.1", payload });
}

const read = (bytes: Uint8Array) => readTunnelError(bytes, ROOM, bytes.length - ROOM);
const IPIP: TunnelForm = { encapsulation: "ipip" };

test("RFC 2003 §5.1: fragmentation needed in the tunnel tells the path's MTU, never less than 552 [2003-5.1-01]", () => {
  const quote = encapsulated(IPIP).slice(0, 28);
  const pathMtu = (mtu: number) => read(errorAbout(quote, 3, 4, mtu))?.pathMtu;
  assert.equal(pathMtu(1400), 1400);
  // Neither an old router's 0 nor a forged error shrinks packets to nothing.
  assert.equal(pathMtu(0), 552);
  const found = read(errorAbout(quote, 3, 4, 1400));
  assert.deepEqual({ local: found?.local, remote: found?.remote }, TUNNEL);
});

test("what is no error about a tunnel packet is none", () => {
  const quote = encapsulated(IPIP);
  assert.equal(read(errorAbout(quote, 8, 0)), undefined);
  assert.equal(read(errorAbout(quote.slice(0, 19), 3, 4)), undefined);
  assert.equal(read(errorAbout(packet({ protocol: 6 }).slice(ROOM), 3, 4)), undefined);
  const broken = errorAbout(quote, 3, 4);
  broken[ROOM + 27] = 1;
  assert.equal(read(broken), undefined);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readTunnelError(bytes, 0, bytes.length)));
  fc.assert(
    fc.property(fc.constantFrom(...FORMS), fc.uint8Array({ maxLength: 60 }), (form, tail) => {
      const some = Uint8Array.from([...encapsulated(form).slice(0, 20), ...tail]);
      void read(errorAbout(some, 3, 1));
    }),
  );
});

for (const form of FORMS) {
  test(`${formText(form)}: a long quote gives the inner packet back, a short one at least the tunnel [2003-4-01] [2004-5-01]`, () => {
    const inner = packet({ payload: PAYLOAD }).slice(ROOM);
    const whole = encapsulated(form);
    const found = read(errorAbout(whole, 3, 1));
    assert.ok(found !== undefined);
    assert.deepEqual(found.inner, inner);
    assert.equal(isAbout(found, tunnelOf(form)), true);
    const short = read(errorAbout(whole.slice(0, 28), 11, 0));
    assert.ok(short !== undefined);
    assert.equal(isAbout(short, tunnelOf(form)), true);
    const isMinimal = form.encapsulation === "minimal" && form.udpPort === undefined;
    if (!isMinimal) assert.equal(short.inner, undefined);
    for (const other of FORMS) {
      if (other !== form) assert.equal(isAbout(found, tunnelOf(other)), false, formText(other));
    }
  });
}

test("RFC 4884 §4: an error that says how long its quote is has no more than that of it", () => {
  const quote = encapsulated(IPIP);
  const found = read(errorAbout(quote, 3, 1, 12 << 16));
  assert.equal(found?.inner?.length, 28);
});

test("RFC 2003 §4.1 to §4.5: what each error from the tunnel becomes [2003-4.1-01] [2003-4.1-02] [2003-4.1-03] [2003-4.1-04] [2003-4.1-05] [2003-4.1-06] [2003-4.1-07] [2003-4.1-09] [2003-4.2-01] [2003-4.3-02] [2003-4.4-01] [2003-4.5-01] [2003-4.5-02]", () => {
  const relayed = (type: number, code: number, extendsNetwork: boolean, second = 0) => {
    const error = read(errorAbout(encapsulated(IPIP), type, code, second));
    assert.ok(error !== undefined);
    return relayOf(error, tunnelOf(IPIP), extendsNetwork);
  };
  const unreachable = (code: number) => ({ type: 3, code });
  // Net Unreachable: as it is, or as a host's where the destination counts as of our network.
  assert.deepEqual(relayed(3, 0, false), unreachable(0));
  assert.deepEqual(relayed(3, 0, true), unreachable(1));
  assert.deepEqual(relayed(3, 1, false), unreachable(1));
  // Protocol Unreachable: the sender did not use protocol 4.
  assert.deepEqual(relayed(3, 2, false), unreachable(0));
  assert.deepEqual(relayed(3, 2, true), unreachable(1));
  assert.equal(relayed(3, 3, true), undefined);
  // RFC 2003 §5.1: the MTU less the outer header [2003-5.1-02].
  assert.deepEqual(relayed(3, 4, true, 1400), { type: 3, code: 4, mtu: 1380 });
  assert.equal(relayed(3, 5, true), undefined);
  assert.deepEqual(relayed(3, 13, false), unreachable(1));
  assert.equal(relayed(4, 0, true), undefined);
  assert.equal(relayed(5, 1, true), undefined);
  assert.deepEqual(relayed(11, 0, false), unreachable(1));
  // Only the Type of Service is copied from the inner header.
  assert.deepEqual(relayed(12, 0, true, 1 << 24), { type: 12, code: 0, pointer: 1 });
  assert.equal(relayed(12, 0, true, 20 << 24), undefined);
});

test("RFC 2004 §3, §5: of a minimally encapsulated packet all but addresses, lengths and protocol is the sender's [2004-5-01]", () => {
  const form: TunnelForm = { encapsulation: "minimal" };
  const pointed = (pointer: number) => {
    const error = read(errorAbout(encapsulated(form), 12, 0, pointer << 24));
    assert.ok(error !== undefined);
    return relayOf(error, tunnelOf(form), true)?.pointer;
  };
  assert.deepEqual([1, 6, 8, 20].map(pointed), [1, 6, 8, 20]);
  assert.deepEqual([2, 9, 10, 12, 16].map(pointed), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("RFC 1122 §3.2.2: no error about an error, a later fragment, a group, or to what is no host", () => {
  const may = (values: Fields) => {
    const bytes = packet({ payload: PAYLOAD, ...values });
    return mayCauseError(bytes, ROOM, bytes.length);
  };
  assert.equal(may({}), true);
  assert.equal(may({ flags: 0x2000 }), true);
  assert.equal(may({ flags: 0x2001 }), false);
  assert.equal(may({ destination: "224.0.0.9" }), false);
  assert.equal(may({ destination: "255.255.255.255" }), false);
  assert.equal(may({ source: "0.0.0.0" }), false);
  assert.equal(may({ source: "127.0.0.1" }), false);
  assert.equal(may({ payload: new Uint8Array(7) }), false);
  const icmp = (type: number) => may({ protocol: 1, payload: Uint8Array.from([type, ...PAYLOAD]) });
  assert.deepEqual([0, 8, 13].map(icmp), [true, true, true]);
  assert.deepEqual([3, 4, 5, 11, 12].map(icmp), [false, false, false, false, false]);
});

test("RFC 792, RFC 1812 §4.3.2.3: the error is a sound packet to the sender, with at most 576 octets", () => {
  const bytes = packet({ payload: new Uint8Array(1400) });
  const error = { type: 3, code: 4, mtu: 1380 };
  const sent = icmpErrorPacket(TUNNEL.local, error, bytes, ROOM, bytes.length);
  assert.equal(sent.length, 576);
  assert.ok(isIpv4(sent, 0, sent.length));
  assert.equal(internetChecksum(sent, 0, 20), 0);
  assert.equal(internetChecksum(sent, 20), 0);
  const view = new DataView(sent.buffer);
  assert.equal(view.getUint32(12), TUNNEL.local);
  assert.equal(view.getUint32(16), CORRESPONDENT);
  assert.deepEqual([sent[20], sent[21], view.getUint16(26)], [3, 4, 1380]);
  assert.deepEqual(sent.slice(28), bytes.slice(ROOM, ROOM + 548));
});
