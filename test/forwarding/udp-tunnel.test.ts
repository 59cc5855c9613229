/** MIP UDP tunnelling on octets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrival, decapsulate } from "../../shared/forwarding/decapsulate.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { refusalFor } from "../../shared/forwarding/ipip.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { octets, packet, ROOM, tunnelOf, withRoom } from "./packets.ts";

const PACKET = octets("4548 001e 1234 4000 3f11 1541 0a090002 0a010007 0001 0002 000a 0000 abcd");

function enter(form: TunnelForm): Uint8Array {
  const bytes = withRoom(PACKET);
  return bytes.slice(encapsulate(bytes, ROOM, tunnelOf(form), "copy", 7));
}

function judge(bytes: Uint8Array) {
  return decapsulate(bytes, 0, bytes.length, new Arrival());
}

test("RFC 3519 §3.3, §4.2: IP in UDP octet by octet: from port 434 to the other end's, type 4, next header 4, reserved 0 [3519-3.3-01] [3519-3.3-02] [3519-4.2-02]", () => {
  const bytes = enter({ encapsulation: "ipip", udpPort: 0x9c40 });
  assert.deepEqual(bytes.slice(0, 10), octets("4548 003e 0007 4000 4011"));
  assert.equal(internetChecksum(bytes, 0, 20), 0);
  assert.deepEqual(bytes.slice(12, 20), octets("c6336401 c0000201"));
  assert.deepEqual(bytes.slice(20, 32), octets("01b2 9c40 002a 0000 0404 0000"));
  assert.deepEqual(bytes.slice(32), PACKET);
});

test("RFC 3519 §4.2: GRE in UDP has the GRE header behind the message header", () => {
  const bytes = enter({ encapsulation: "gre", greKeyOut: 7, udpPort: 434 });
  assert.deepEqual(bytes.slice(20, 40), octets("01b2 01b2 0032 0000 042f 0000 2000 0800 00000007"));
  assert.deepEqual(bytes.slice(40), PACKET);
});

test("RFC 3519 §4.3: minimal encapsulation in UDP: without UDP and message header it is what RFC 2004 says [3519-4.3-02]", () => {
  const inUdp = enter({ encapsulation: "minimal", udpPort: 434 });
  const plain = enter({ encapsulation: "minimal" });
  assert.equal(inUdp[9], 17);
  assert.deepEqual(inUdp.slice(20, 32), octets("01b2 01b2 0022 0000 0437 0000"));
  assert.deepEqual(inUdp.slice(32), plain.slice(20));
  assert.equal(inUdp.length - plain.length, 12);
});

test("RFC 3519 §3.3: reserved bits are ignored, another next header or type is dropped [3519-3.3-02] [3519-3.3-04]", () => {
  const changed = (at: number, value: number) => {
    const bytes = enter({ encapsulation: "ipip", udpPort: 434 });
    bytes[at] = value;
    return judge(bytes);
  };
  assert.equal(changed(30, 0xff), 32);
  assert.equal(changed(29, 6), "tunnel-next-header");
  assert.equal(changed(28, 1), "tunnel-malformed-udp");
});

test("RFC 1122 §4.1.3.4: a UDP checksum that is there must hold; a length must be that of the datagram", () => {
  const bytes = enter({ encapsulation: "ipip", udpPort: 434 });
  const view = new DataView(bytes.buffer);
  const pseudo = Uint8Array.from([...bytes.slice(12, 20), 0, 17, 0, 42, ...bytes.slice(20)]);
  view.setUint16(26, internetChecksum(pseudo));
  assert.equal(judge(Uint8Array.from(bytes)), 32);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  assert.equal(judge(bytes), "tunnel-udp-checksum");
  for (const length of [0, 8, 11, 41, 43]) {
    const wrong = enter({ encapsulation: "ipip", udpPort: 434 });
    new DataView(wrong.buffer).setUint16(24, length);
    assert.equal(judge(wrong), "tunnel-malformed-udp");
  }
});

test("RFC 2003 §3.2, RFC 3519 §4.2: our own tunnel data does not enter a tunnel again, other datagrams of ours do", () => {
  const tunnel = tunnelOf({ encapsulation: "ipip", udpPort: 434 });
  const refusal = (payload: string) => {
    const bytes = packet({ source: "198.51.100.1", payload: octets(payload) });
    return refusalFor(bytes, ROOM, tunnel);
  };
  assert.equal(refusal("01b2 9c40 000c 0000 0404 0000"), "tunnel-loop");
  assert.equal(refusal("01b2 9c40 000c 0000 0300 0000"), undefined);
  assert.equal(refusal("0035 9c40 000c 0000 0404 0000"), undefined);
  assert.equal(refusal("01b2 9c40 0008 0000"), undefined);
});
