/** HMAC out of two hashes: Node's own is the yardstick. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { hmac } from "../../shared/security/hmac.ts";

test("RFC 2104 §2: keys and messages of any length, longer than a block and than the room kept for them [5944-5.1-01]", () => {
  const octets = (maxLength: number) => fc.uint8Array({ maxLength, size: "max" });
  fc.assert(
    fc.property(
      fc.constantFrom("md5", "sha1", "sha256"),
      octets(200),
      octets(3000),
      (name, key, message) => {
        const expected = createHmac(name, key).update(message).digest("hex");
        assert.equal(Buffer.from(hmac(name, key, message)).toString("hex"), expected);
      },
    ),
    { numRuns: 300 },
  );
});

test("what was given out is not written again by the next one", () => {
  const key = new Uint8Array(16).fill(1);
  const first = hmac("sha256", key, Uint8Array.of(1));
  const kept = first.slice();
  hmac("sha256", key, Uint8Array.of(2));
  assert.deepEqual(first, kept);
});
