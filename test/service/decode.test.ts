/** `decode` as people and scripts see it: the tree, and the JSON of what is malformed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../shared/base/result.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { toHex } from "../../shared/wire/field.ts";
import { SOLICITATION } from "../../shared/wire/icmp/agent-discovery.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import { join } from "../wire/capture-files.ts";
import { decode, decodeJson, KEY, octets, REQUEST } from "./decode-run.ts";

/** An unknown extension that may be skipped, with one octet. */
const UNKNOWN = "fd01aa";

test("decode: a request as a tree: the offset, the name and the value of each field", async () => {
  const request = octets(`${REQUEST}83060162406f1b5b00`);
  const context = {
    spi: 256,
    algorithm: "hmac-md5",
    key: octets(KEY),
    replay: "timestamp",
  } as const;
  const whole = appendAuthentication(request, "mobile-home-authentication-extension", context);
  const { code, out, err } = await decode("--hex", toHex(whole), "--key", `256:${KEY}`);
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(
    out,
    `registration-request (type 1), 55 octets
    1  flags            T (0x02)
    2  lifetime         1800
    4  home_address     10.1.0.7
    8  home_agent       198.51.100.1
   12  care_of_address  192.0.2.1
   16  identification   e7b1c3d480000000 (as a timestamp 2023-03-07T14:08:20.500Z)
   24  mobile-node-nai-extension (type 131, length 6)
   26    nai  "\\u{1}b@o\\u{1b}["
   32  one-byte-padding (type 0)
   33  mobile-home-authentication-extension (type 32, length 20)
   35    spi            256
   39    authenticator  ${toHex(whole.subarray(-16))} (holds: hmac-md5)

`,
  );
});

test("decode: codes and an infinite lifetime have their meaning beside them, nonces no time", async () => {
  const { out } = await decode("--hex", "0385ffff0a010007c63364010000000100000002");
  assert.match(out, /^ {4}1 {2}code +133 \(registration Identification mismatch\)$/m);
  assert.match(out, /^ {4}2 {2}lifetime +65535 \(infinite\)$/m);
  assert.match(out, /^ {3}12 {2}identification +0000000100000002$/m);
});

test("decode: an ICMP message has its checksum shown, and its fields when that is wrong", async () => {
  const right = encodeIcmp(SOLICITATION);
  assert.equal(
    (await decode("--icmp", "--hex", toHex(right))).out,
    `agent-solicitation (type 10), 8 octets
    1  code      0
    2  checksum  0xf5ff
    4  reserved  0

`,
  );
  const wrong = await decode("--icmp", "--hex", "0a00f5fe00000000");
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /^ {4}2 {2}MALFORMED: checksum at octet 2: .* \(wrong-checksum\)$/m);
  assert.match(wrong.out, /^ {4}4 {2}reserved +0$/m);
  const [json] = await decodeJson("--icmp", "--hex", "0a00f5fe00000000");
  assert.equal(json?.name, "agent-solicitation");
});

test("decode: a malformed message is shown as far as it goes, the error in its place", async () => {
  const cut = await decode("--hex", REQUEST.slice(0, 20));
  assert.equal(cut.code, 1);
  assert.equal(
    cut.out,
    `registration-request (type 1), 10 octets
    1  flags         T (0x02)
    2  lifetime      1800
    4  home_address  10.1.0.7
    8  MALFORMED: home_agent at octet 8: needs 4 octets, 2 are left (truncated)
    8  not_decoded   c633

`,
  );
  const [json] = await decodeJson("--hex", REQUEST.slice(0, 20));
  assert.deepEqual(
    [json?.type, json?.lifetime, json?.home_address, json?.home_agent],
    [1, 1800, "10.1.0.7", undefined],
  );
  assert.deepEqual(json?.error, {
    code: "truncated",
    field: "home_agent",
    offset: 8,
    message: "needs 4 octets, 2 are left",
  });
  const extension = await decode("--hex", `${REQUEST}${UNKNOWN}2009000001`);
  assert.equal(extension.code, 1);
  assert.match(
    extension.out,
    / {3}24 {2}unknown \(type 253, length 1\)\n {3}26 {4}data {2}aa\n {3}27 {2}mobile-home-auth.*\(type 32, length 9\)\n {3}28 {4}MALFORMED: length at octet 28: .*\n {3}29 {4}not_decoded {2}000001\n\n$/,
  );
  const unknown = await decode("--hex", "63ff");
  assert.match(unknown.out, /^unknown message \(type 99\), 2 octets\n.*MALFORMED: type at octet 0/);
});

test("decode: no octets from the network reach a terminal as control characters", async () => {
  const evil = "1b5d303b78079b9d7fe280aec29b224141";
  const nai = `83${(evil.length / 2).toString(16)}${evil}`;
  const hex = REQUEST + nai;
  const { out } = await decode("--hex", hex);
  assert.match(out, /nai {2}"\\u\{1b\}\]0;x\\u\{7\}\\x9b\\x9d\\u\{7f\}\\u\{202e\}\\u\{9b\}\\"AA"/);
  const json = (await decode("--hex", hex, "--json")).out;
  for (const text of [out, json]) assert.doesNotMatch(text, /[^\n\x20-\x7e]/);
  const [message] = await decodeJson("--hex", hex);
  const [extension] = (message?.extensions ?? []) as JsonObject[];
  assert.equal(extension?.nai, '\u001b]0;x\u0007\udc9b\udc9d\u007f\u202e\u009b"AA');
});

test("decode: any octets as a message are explained without an exception", async () => {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 120 }))
      .map(([type, rest]) => Uint8Array.of(type, ...rest)),
    fc.uint8Array({ maxLength: 60 }).map((rest) => join(octets(REQUEST), rest)),
  );
  await fc.assert(
    fc.asyncProperty(message, fc.boolean(), fc.boolean(), async (bytes, isIcmp, asJson) => {
      if (bytes.length === 0) return;
      const words = ["--hex", toHex(bytes), "--key", "1:00"];
      const { code, out, err } = await decode(
        ...words,
        ...(isIcmp ? ["--icmp"] : []),
        ...(asJson ? ["--json"] : []),
      );
      assert.equal(err, "");
      assert.equal(code === 1, asJson ? "error" in JSON.parse(out) : out.includes("MALFORMED"));
      assert.doesNotMatch(out, /\p{Cc}(?<!\n)/u);
    }),
    { numRuns: 1500 },
  );
});
