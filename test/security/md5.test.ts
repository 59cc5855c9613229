import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { hmacMd5, md5 } from "../../shared/security/md5.ts";

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

test("RFC 1321 §A.5: the test suite", () => {
  const digests = {
    "": "d41d8cd98f00b204e9800998ecf8427e",
    a: "0cc175b9c0f1b6a831c399e269772661",
    "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
      "57edf4a22be3c955ac49da2e2107b67a",
  };
  for (const [text, digest] of Object.entries(digests)) {
    assert.equal(hex(md5(Buffer.from(text))), digest);
  }
});

test("RFC 2104: the test vectors", () => {
  const vectors = [
    [Buffer.alloc(16, 0x0b), Buffer.from("Hi There"), "9294727a3638bb1c13f48ef8158bfc9d"],
    [
      Buffer.from("Jefe"),
      Buffer.from("what do ya want for nothing?"),
      "750c783e6ab0b503eaa86e310a5db738",
    ],
    [Buffer.alloc(16, 0xaa), Buffer.alloc(50, 0xdd), "56be34521d144c88dbb8c733f0e8b3f6"],
  ] as const;
  for (const [key, octets, digest] of vectors) assert.equal(hex(hmacMd5(key, octets)), digest);
});

test("every length of message and key around a block gives what node:crypto gives", () => {
  for (let length = 0; length <= 200; length++) {
    const octets = Uint8Array.from({ length }, (_, i) => i * 7);
    const key = octets.subarray(0, Math.min(length, 140));
    assert.equal(hex(md5(octets)), createHash("md5").update(octets).digest("hex"));
    assert.equal(hex(hmacMd5(key, octets)), createHmac("md5", key).update(octets).digest("hex"));
  }
});

test("any octets in any parts give what node:crypto gives", () => {
  const octets = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(octets, octets, octets, (key, first, second) => {
      const whole = createHash("md5").update(first).update(second).digest("hex");
      assert.equal(hex(md5(first, second)), whole);
      assert.equal(hex(hmacMd5(key, first)), createHmac("md5", key).update(first).digest("hex"));
    }),
    { numRuns: 500 },
  );
});
