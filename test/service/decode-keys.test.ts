/** `decode --key`: which authenticators hold, and what never shows. */

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Algorithm } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { toHex } from "../../shared/wire/field.ts";
import { join } from "../wire/capture-files.ts";
import { decode, decodeJson, KEY, octets, REQUEST } from "./decode-run.ts";

const LENGTHS: readonly (readonly [Algorithm, number])[] = [
  ["hmac-md5", 16],
  ["keyed-md5", 16],
  ["hmac-sha1", 20],
  ["hmac-sha256", 32],
];

test("decode: --key tells whether an authenticator holds and by which algorithm [5944-3.5.1-01]", async () => {
  for (const [algorithm, length] of LENGTHS) {
    const context = { spi: 4096, algorithm, key: octets(KEY), replay: "nonce" } as const;
    let bytes = octets(REQUEST);
    for (const name of [
      "mobile-home-authentication-extension",
      "mobile-foreign-authentication-extension",
      "foreign-home-authentication-extension",
    ] as const) {
      bytes = appendAuthentication(bytes, name, context);
    }
    const verdicts = async (...keys: readonly string[]): Promise<unknown> => {
      const words = keys.flatMap((key) => ["--key", key]);
      const [message] = await decodeJson("--hex", toHex(bytes), ...words);
      const extensions = message?.extensions as JsonObject[];
      return extensions.map((each) => [each.length, each.valid, each.algorithm]);
    };
    const thrice = (...row: readonly Json[]) => Array(3).fill([length + 4, ...row]);
    assert.deepEqual(await verdicts(`4096:${KEY}`), thrice(true, algorithm));
    assert.deepEqual(await verdicts("4096:00", `0x1000:0x${KEY}`), thrice(true, algorithm));
    assert.deepEqual(await verdicts("4096:00"), thrice(false, null));
    assert.deepEqual(await verdicts(`4097:${KEY}`), thrice(null, null));
    assert.deepEqual(await verdicts(), Array(3).fill([length + 4, undefined, undefined]));
    const text = (...words: readonly string[]) => decode("--hex", toHex(bytes), ...words);
    assert.match((await text("--key", `4096:${KEY}`)).out, new RegExp(`\\(holds: ${algorithm}\\)`));
    const wrong = await text("--key", "4096:00");
    assert.equal(wrong.code, 0);
    assert.match(wrong.out, /\(DOES NOT HOLD with any key for SPI 4096\)/);
    assert.match((await text("--key", "1:00")).out, /\(not checked: no key for SPI 4096\)/);
    bytes[5] = 99;
    assert.deepEqual(await verdicts(`4096:${KEY}`), thrice(false, null));
  }
});

test("decode: --key checks the generalized authentication extension, CHAP too [4721-8-01] [4721-8-02] [4721-8-03] [4721-6-07]", async () => {
  const key = octets(KEY);
  const generalized = (
    spi: number,
    before: Uint8Array,
    authenticate: (data: Uint8Array) => Uint8Array,
  ) => {
    const header = [36, 1, 0, 20, 0, 0, spi >> 8, spi & 0xff];
    const covered = join(before, header);
    return join(covered, authenticate(covered));
  };
  const valid = async (bytes: Uint8Array, spi: number): Promise<unknown> => {
    const [message] = await decodeJson("--hex", toHex(bytes), "--key", `${spi}:${KEY}`);
    const last = (message?.extensions as JsonObject[] | undefined)?.at(-1);
    return [last?.type, last?.valid, last?.algorithm];
  };
  const hmac = generalized(300, octets(REQUEST), (data) =>
    createHmac("md5", key).update(data).digest(),
  );
  assert.deepEqual(await valid(hmac, 300), [36, true, "hmac-md5"]);
  // RFC 4721 §8: first octet of the challenge, key, MD5 of what is covered, last 237 octets.
  const chap = (challenge: Uint8Array) => (data: Uint8Array) =>
    createHash("md5")
      .update(challenge.subarray(0, 1))
      .update(key)
      .update(createHash("md5").update(data).digest())
      .update(challenge.subarray(Math.max(0, challenge.length - 237)))
      .digest();
  for (const length of [1, 4, 237, 238, 255]) {
    const challenge = Uint8Array.from({ length }, (_, i) => 255 - (i % 256));
    const before = join(octets(REQUEST), [132, length], challenge);
    assert.deepEqual(await valid(generalized(2, before, chap(challenge)), 2), [
      36,
      true,
      "chap-md5",
    ]);
  }
  const colocated = generalized(2, octets(REQUEST), chap(Uint8Array.of(0)));
  assert.deepEqual(await valid(colocated, 2), [36, true, "chap-md5"]);
});

test("decode: a wrong --key is a usage error that names the option and tells no key", async () => {
  const wrong = ["256", "256:", "256:0", "256:xy", "-1:00aabb", "4294967296:00aabb", "x:00aabb"];
  for (const key of wrong) {
    const { code, out, err } = await decode("--hex", REQUEST, `--key=${key}`);
    assert.deepEqual([code, out], [2, ""], key);
    assert.match(err, /--key must be SPI:HEX/);
    assert.doesNotMatch(err, /aabb/);
  }
  const missing = await decode("--hex", REQUEST, "--key");
  assert.equal(missing.code, 2);
  assert.match(missing.err, /--key needs a value: --key SPI:HEX/);
  assert.equal((await decode("--hex", REQUEST, "--key", "1:00", "--key")).code, 2);
  const lost = await decode("--hex", REQUEST, "--key", "1:00", "2:00aabb");
  assert.equal(lost.code, 2);
  assert.doesNotMatch(lost.err, /aabb/);
  assert.equal((await decode("--hex", REQUEST, "--pcap", "x")).code, 2);
  assert.equal((await decode("--icmp", "--pcap", "x")).code, 2);
});
