/** ICMP errors from inside the tunnels: relayed, kept as soft state, or kept back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { icmpErrorPacket } from "../../shared/forwarding/icmp-error.ts";
import { numbered, openPath } from "./fake-path.ts";
import { CORRESPONDENT, entry, FORMS, formText, packet, ROOM, TUNNEL } from "./packets.ts";

/** An error of a router at 203.0.113.9 about a packet that was sent. */
function errorAbout(sent: Uint8Array, type: number, code: number, quoted: number, mtu = 0) {
  const error = { type, code, mtu };
  const bytes = icmpErrorPacket(ipv4("203.0.113.9"), error, sent, 0, quoted);
  new DataView(bytes.buffer).setUint32(16, TUNNEL.local);
  return bytes;
}

const payload = new Uint8Array(64);

for (const form of FORMS) {
  test(`${formText(form)}: an error from inside the tunnel is relayed to the original sender [2003-4-01] [2003-4.1-04] [2003-4.4-01] [2004-5-01]`, () => {
    const path = openPath({ entries: [entry(form)] });
    const inner = packet({ payload }).slice(ROOM);
    path.enter(inner);
    const [tunnelled = inner] = path.sent.splice(0);
    path.arrive(errorAbout(tunnelled, 11, 0, tunnelled.length));
    const expected = icmpErrorPacket(TUNNEL.local, { type: 3, code: 1 }, inner, 0, inner.length);
    assert.deepEqual(path.sent, [expected]);
    assert.deepEqual(path.counters.toJson(), { "tunnel-error-relayed": 1 });
  });
}

test("RFC 2003 §5: after an error that quotes too little the senders of the next packets hear of it, and their packets go [2003-5-01] [2003-5-02]", () => {
  const path = openPath();
  path.enter(numbered(1));
  const [tunnelled = numbered(0)] = path.sent.splice(0);
  path.arrive(errorAbout(tunnelled, 3, 2, 28));
  assert.equal(path.sent.length, 0);
  path.enter(numbered(2));
  assert.equal(path.sent.length, 2);
  const [error, next] = path.sent;
  assert.deepEqual([error?.[9], error?.[20], error?.[21]], [1, 3, 1]);
  assert.equal(new DataView(error?.buffer ?? new ArrayBuffer(20)).getUint32(16), CORRESPONDENT);
  assert.equal(next?.at(-1), 2);
  assert.deepEqual(path.counters.toJson(), { "tunnel-error-by-state": 1 });
});

test("RFC 2003 §4.1, §5.1: too big in the tunnel: the tunnel is narrower, and the sender hears the MTU at once [2003-4.1-07] [2003-5.1-01] [2003-5.1-02]", () => {
  const path = openPath({ entries: [entry({ encapsulation: "gre", greKeyOut: 1 })] });
  const inner = packet({ payload: new Uint8Array(1400), flags: 0x4000 }).slice(ROOM);
  path.enter(inner);
  const [tunnelled = inner] = path.sent.splice(0);
  path.arrive(errorAbout(tunnelled, 3, 4, tunnelled.length, 1400));
  const [error] = path.sent.splice(0);
  assert.ok(error !== undefined);
  assert.equal(new DataView(error.buffer).getUint16(26), 1372);
  assert.deepEqual(path.tooBig, [[ipv4("10.1.0.7"), 1372]]);
  path.enter(inner);
  assert.deepEqual(path.sent, []);
  assert.equal(path.counters.get("tunnel-path-too-narrow"), 1);
});

test("RFC 2003 §5.1: with `set` every packet has DF outside, so the tunnel's MTU is found whatever is inside; with `copy` when it has DF, with `clear` never [2003-5.1-03] [2003-3.1-03]", () => {
  for (const [df, inner, outer] of [
    ["set", 0, 0x40],
    ["set", 0x4000, 0x40],
    ["copy", 0, 0],
    ["copy", 0x4000, 0x40],
    ["clear", 0x4000, 0],
  ] as const) {
    const path = openPath({ df });
    const long = packet({ payload: new Uint8Array(1400), flags: inner }).slice(ROOM);
    path.enter(long);
    const [tunnelled = long] = path.sent.splice(0);
    assert.equal(tunnelled[6], outer, df);
    if (outer === 0) continue; // a router on the way fragments it
    path.arrive(errorAbout(tunnelled, 3, 4, 28, 1400));
    assert.equal(path.counters.get("tunnel-path-narrowed"), 1);
    // Those that follow are fragmented or refused by the kernel, before the tunnel.
    path.enter(long);
    assert.deepEqual(path.tooBig.at(-1), [ipv4("10.1.0.7"), 1380]);
  }
});

test("errors about what was never sent into a tunnel are not relayed, nor those that RFC 2003 §4 keeps back [2003-4.1-06] [2003-4.1-08] [2003-4.1-09] [2003-4.2-01] [2003-5.2-02]", () => {
  const path = openPath();
  path.enter(packet({ payload }).slice(ROOM));
  const [tunnelled = numbered(0)] = path.sent.splice(0);
  const forged = Uint8Array.from(tunnelled);
  forged[39] = 99; // another home address
  path.arrive(errorAbout(forged, 3, 1, forged.length));
  for (const [type, code] of [
    [3, 3],
    [3, 5],
    [4, 0],
    [5, 1],
  ] as const) {
    path.arrive(errorAbout(tunnelled, type, code, tunnelled.length));
  }
  assert.deepEqual(path.sent, []);
  assert.deepEqual(path.counters.toJson(), { "tunnel-error-not-relayed": 5 });
});

test("RFC 1812 §4.3.2.8: a flood of errors is not relayed in full", () => {
  const path = openPath();
  path.enter(packet({ payload }).slice(ROOM));
  const [tunnelled = numbered(0)] = path.sent.splice(0);
  for (let i = 0; i < 300; i++) path.arrive(errorAbout(tunnelled, 3, 1, tunnelled.length));
  assert.equal(path.sent.length, 100);
  assert.equal(path.counters.get("tunnel-error-limited"), 200);
});
