/** Fragments of a packet, put together again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fragment } from "../../shared/forwarding/fragment.ts";
import { isIpv4 } from "../../shared/forwarding/packet.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { packet, ROOM } from "./packets.ts";

test("RFC 791 §3.2: fragments fit, are sound, and make the payload again, at the offsets they say", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 500 }),
      fc.integer({ min: 68, max: 300 }),
      fc.constantFrom(0, 8, 40),
      fc.constantFrom(0, 0x2000, 0x2005, 0x0010),
      (payload, mtu, options, flags) => {
        const bytes = packet({ payload, options, flags });
        const header = 20 + options;
        const fragments = fragment(bytes, ROOM, mtu, 4).map((one) => one.subarray(4));
        const joined = new Uint8Array(payload.length);
        const first = (flags & 0x1fff) * 8;
        for (const [i, one] of fragments.entries()) {
          assert.ok(one.length <= mtu || one.length === header + 8);
          assert.ok(isIpv4(one, 0, one.length));
          assert.equal(internetChecksum(one, 0, header), 0);
          const field = new DataView(one.buffer, one.byteOffset).getUint16(6);
          joined.set(one.subarray(header), (field & 0x1fff) * 8 - first);
          const isLast = i === fragments.length - 1;
          assert.equal(field & 0x2000, isLast ? flags & 0x2000 : 0x2000);
        }
        assert.deepEqual(joined, payload);
      },
    ),
  );
});

test("RFC 791 §3.1: an option without the copied flag is only in the first fragment", () => {
  const bytes = packet({ payload: new Uint8Array(200), options: 8 });
  // Record Route (7), then Loose Source Route (131).
  bytes.set([7, 3, 4, 131, 3, 4, 1, 0], ROOM + 20);
  const [first, second] = fragment(bytes, ROOM, 128, 0);
  assert.deepEqual([...(first?.slice(20, 28) ?? [])], [7, 3, 4, 131, 3, 4, 1, 0]);
  assert.deepEqual([...(second?.slice(20, 28) ?? [])], [1, 1, 1, 131, 3, 4, 1, 0]);
});
