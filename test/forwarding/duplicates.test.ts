/** Copies by simultaneous bindings (RFC 5944 §3.6.1.2): one of each goes on. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import { Duplicates } from "../../shared/forwarding/duplicates.ts";
import { packet as makePacket, ROOM } from "./packets.ts";

const A = ipv4("203.0.113.50");
const B = ipv4("192.0.2.170");
const packet = (text: string): Uint8Array =>
  makePacket({ payload: new TextEncoder().encode(text) }).subarray(ROOM);

test("a copy by another tunnel is one; another packet, and the next of the same tunnel, is none", () => {
  const copies = new Duplicates();
  assert.equal(copies.isCopy(packet("one"), 0, A, 0), false);
  assert.equal(copies.isCopy(packet("two"), 0, A, 1), false);
  assert.equal(copies.isCopy(packet("one"), 0, B, 2), true);
  assert.equal(copies.isCopy(packet("one"), 0, A, 3), false, "it was sent again");
  assert.equal(copies.isCopy(packet("one"), 0, B, 4), true);
  assert.equal(copies.isCopy(packet("two"), 0, B, 5), true);
});

test("what may differ between two ways makes no difference: TTL, congestion mark, header checksum", () => {
  const copies = new Duplicates();
  const marked = packet("one");
  marked[1] = 3;
  marked[8] = 9;
  marked[10] = 0xab;
  assert.equal(copies.isCopy(packet("one"), 0, A, 0), false);
  assert.equal(copies.isCopy(marked, 0, B, 0), true);
  const other = packet("one");
  other[5] = 0x77;
  assert.equal(copies.isCopy(other, 0, B, 0), false, "another Identification");
});

test("what is long ago is forgotten, and a flood leaves the bound", () => {
  const copies = new Duplicates();
  assert.equal(copies.isCopy(packet("one"), 0, A, 0), false);
  assert.equal(copies.isCopy(packet("one"), 0, B, 1900), true, "one way is slower");
  assert.equal(copies.isCopy(packet("two"), 0, A, 1900), false);
  assert.equal(copies.isCopy(packet("two"), 0, B, 6000), false);
  for (let i = 0; i < 20_000; i++) copies.isCopy(packet(`${i}`), 0, A, 6001);
  assert.equal(copies.isCopy(packet("19999"), 0, B, 6001), true);
  assert.equal(copies.isCopy(packet("0"), 0, B, 6001), false, "it had to make room");
});

test("whatever each way loses and repeats: as many go on as the better way has brought, of each packet", () => {
  const arrivals = fc.array(fc.record({ by: fc.constantFrom(A, B), which: fc.nat(3) }));
  fc.assert(
    fc.property(arrivals, (all) => {
      const copies = new Duplicates();
      const passed = all.filter(({ by, which }) => !copies.isCopy(packet(`${which}`), 0, by, 0));
      for (let which = 0; which < 4; which++) {
        const count = (list: typeof all, by?: number): number =>
          list.filter((one) => one.which === which && (by === undefined || one.by === by)).length;
        assert.equal(count(passed), Math.max(count(all, A), count(all, B)));
      }
    }),
  );
});
