/** Clamping of the TCP maximum segment size. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clampMss } from "../../shared/forwarding/mss.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { octets, packet, ROOM } from "./packets.ts";

const SYN = 2;
const ACK = 16;
const MTU = 1480;

interface Segment {
  readonly flags?: number;
  readonly options?: string;
  readonly ipFlags?: number;
  readonly ipOptions?: number;
  readonly payload?: Uint8Array;
}

/** A TCP packet with a right checksum. */
function segment({ flags = SYN, options = "020405b4", ...more }: Segment = {}): Uint8Array {
  const list = octets(options);
  const payload = more.payload ?? new Uint8Array(0);
  const tcp = new Uint8Array(20 + list.length + payload.length);
  const view = new DataView(tcp.buffer);
  view.setUint16(0, 40_000);
  view.setUint16(2, 80);
  view.setUint16(12, ((20 + list.length) / 4) * 0x1000 + flags);
  tcp.set(list, 20);
  tcp.set(payload, 20 + list.length);
  const bytes = packet({
    protocol: 6,
    flags: more.ipFlags ?? 0,
    options: more.ipOptions ?? 0,
    payload: tcp,
  });
  const at = ROOM + 20 + (more.ipOptions ?? 0);
  new DataView(bytes.buffer).setUint16(at + 16, checksumOf(bytes));
  return bytes;
}

/** 0 when the segment holds a right checksum. */
function checksumOf(bytes: Uint8Array): number {
  const tcp = ROOM + ((bytes[ROOM] ?? 0) & 15) * 4;
  const length = bytes.length - tcp;
  const pseudo = [...bytes.slice(ROOM + 12, ROOM + 20), 0, 6, length >>> 8, length & 255];
  return internetChecksum(Uint8Array.from([...pseudo, ...bytes.slice(tcp)]));
}

function clamped(values: Segment, mtu = MTU): Uint8Array {
  const bytes = segment(values);
  clampMss(bytes, ROOM, mtu);
  return bytes;
}

test("a SYN offers at most the tunnel's MTU less 40, and its checksum holds", () => {
  for (const flags of [SYN, SYN | ACK]) {
    const bytes = clamped({ flags });
    assert.deepEqual(bytes.slice(ROOM + 40, ROOM + 44), octets("020405a0"));
    assert.equal(checksumOf(bytes), 0);
  }
});

test("wherever the option stands, at an odd place too, and with options of the IP header", () => {
  const lists = ["01020405b4010101", "0101020405b40101", "0402010101020405b4000000"];
  for (const options of lists) {
    for (const ipOptions of [0, 8]) {
      const bytes = clamped({ options, ipOptions });
      assert.equal(checksumOf(bytes), 0);
      const list = Buffer.from(bytes.slice(ROOM + 40 + ipOptions)).toString("hex");
      assert.equal(list, options.replace("05b4", "05a0"));
    }
  }
});

test("a smaller offer, a packet without SYN, a fragment, a malformed list and no option stay as they are", () => {
  const cases: readonly Segment[] = [
    { options: "020405a0" },
    { options: "02040200" },
    { flags: ACK },
    { ipFlags: 0x2000 },
    { ipFlags: 0x0003 },
    { options: "020305b4" },
    { options: "020505b4ff010101" },
    { options: "03000000020405b4" },
    { options: "00000000020405b4" },
    { options: "01010102" },
    { options: "" },
  ];
  for (const one of cases) assert.deepEqual(clamped(one), segment(one), JSON.stringify(one));
  assert.deepEqual(clamped({}, 40), segment({}));
});

test("any octets: only the option and the checksum ever change, and a right checksum stays right", () => {
  const option = fc.constantFrom("01", "020405b4", "0402", "030307", "00", "020600000000", "02");
  const list = fc.array(option, { maxLength: 8 }).map((parts) => {
    const text = parts.join("").slice(0, 80);
    return text.padEnd(Math.ceil(text.length / 8) * 8, "0");
  });
  fc.assert(
    fc.property(list, fc.uint8Array({ maxLength: 30 }), (options, payload) => {
      const before = segment({ options, payload });
      const bytes = clamped({ options, payload });
      assert.equal(checksumOf(bytes), 0);
      const changed = [...bytes.keys()].filter((at) => bytes[at] !== before[at]);
      assert.ok(changed.length <= 4);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (payload) => {
      const bytes = packet({ protocol: 6, payload });
      clampMss(bytes, ROOM, MTU);
    }),
  );
});
