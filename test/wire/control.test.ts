/** The control message codec against the RFC's figures, and against arbitrary octets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import {
  type ControlMessage,
  controlJson,
  decodeControl,
  encodeControl,
  inspectControl,
} from "../../shared/wire/control.ts";
import { arbitraryControlMessage } from "./arbitrary.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

/** Worked out by hand from the figure of RFC 5944 §3.3 and §3.5.2. */
const REQUEST = hex(`
  01 82 0708
  0a010007 c6336401 c0000201
  ec9a1b2c 80000000
  20 14 00000100 000102030405060708090a0b0c0d0e0f`);

const request: ControlMessage = {
  name: "registration-request",
  flags: 0x82,
  lifetime: 1800,
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: ipv4("198.51.100.1"),
  careOfAddress: ipv4("192.0.2.1"),
  identification: 0xec9a1b2c80000000n,
  extensions: [
    {
      name: "mobile-home-authentication-extension",
      spi: 256,
      authenticator: Uint8Array.from({ length: 16 }, (_, i) => i),
    },
  ],
};

/** From the figure of RFC 5944 §3.4. */
const REPLY = hex("03 85 0000 0a010007 c6336401 ec9a1b2c 00000001");

test("RFC 5944 §3.3: Registration Request, 24 octets and extensions [5944-3.3-01, 5944-3.5.2-02]", () => {
  const decoded = decodeControl(REQUEST);
  assert(decoded.ok);
  assert.deepEqual(decoded.value.message, request);
  assert.deepEqual(decoded.value.offsets, [24, 46]);
  assert.deepEqual(encodeControl(request), REQUEST);
});

test("RFC 5944 §3.4: Registration Reply, 20 octets without a care-of address [5944-3.4-05]", () => {
  const decoded = decodeControl(REPLY);
  assert(decoded.ok);
  assert.deepEqual(decoded.value.message, {
    name: "registration-reply",
    code: 133,
    lifetime: 0,
    homeAddress: ipv4("10.1.0.7"),
    homeAgent: ipv4("198.51.100.1"),
    identification: 0xec9a1b2c00000001n,
    extensions: [],
  });
  assert.deepEqual(encodeControl(decoded.value.message), REPLY);
});

test("RFC 5944 §3.3: a payload shorter than the fixed part names the field and its offset [5944-3.3-01, 5944-3.4-05]", () => {
  const cut = decodeControl(REQUEST.subarray(0, 14));
  assert(!cut.ok);
  assert.equal(cut.error.code, "truncated");
  assert.equal(cut.error.field, "care_of_address");
  assert.equal(cut.error.offset, 12);
  for (let length = 0; length < 24; length++) {
    assert(!decodeControl(REQUEST.subarray(0, length)).ok, `${length} octets`);
  }
  for (let length = 0; length < 20; length++) {
    assert(!decodeControl(REPLY.subarray(0, length)).ok, `${length} octets`);
  }
});

test("RFC 5944 §3.3: r and x are kept as received and take no part in the meaning [5944-3.3-02, 5944-3.3-04, 5944-3.3-03]", () => {
  const bytes = REQUEST.slice();
  bytes[1] = 0xff;
  const decoded = decodeControl(bytes);
  assert(decoded.ok);
  assert.deepEqual(encodeControl(decoded.value.message), bytes);
  const json = controlJson(decoded.value.message);
  assert.deepEqual(json.flags, {
    S: true,
    B: true,
    D: true,
    M: true,
    G: true,
    r: true,
    T: true,
    x: true,
  });
});

const fixed = (tail: string) => hex(`03 00 0001 0a010007 c6336401 ec9a1b2c00000001 ${tail}`);

test("RFC 5944 §1.8: an unknown extension 0..127 spoils the whole message [5944-1.8-05]", () => {
  for (const type of [1, 16, 19, 35, 99, 126]) {
    const result = decodeControl(fixed(`${type.toString(16).padStart(2, "0")} 02 abcd`));
    assert(!result.ok, `type ${type}`);
    assert.equal(result.error.code, "unknown-mandatory-extension");
    assert.equal(result.error.offset, 20);
  }
});

test("RFC 5944 §1.8: an unknown extension 128..255 is stepped over by its length [5944-1.8-06, 5944-1.8-07, 5944-1.9-01, 5944-1.10-02]", () => {
  const decoded = decodeControl(fixed("c8 03 010203 fe 00 22 05 00000400 7f"));
  assert(decoded.ok);
  assert.deepEqual(decoded.value.message.extensions, [
    { name: "unknown", type: 200, data: hex("010203") },
    { name: "unknown", type: 254, data: hex("") },
    { name: "foreign-home-authentication-extension", spi: 1024, authenticator: hex("7f") },
  ]);
  assert.deepEqual(encodeControl(decoded.value.message), decoded.value.bytes);
});

test("RFC 5944 §1.8: padding is one octet without length [5944-1.8-03]", () => {
  const decoded = decodeControl(fixed("00 00 21 05 00000100 aa 00"));
  assert(decoded.ok);
  assert.deepEqual(
    decoded.value.message.extensions.map(({ name }) => name),
    [
      "one-byte-padding",
      "one-byte-padding",
      "mobile-foreign-authentication-extension",
      "one-byte-padding",
    ],
  );
});

test("RFC 5944 §1.8: extensions end with the datagram; one that runs past is malformed [5944-1.8-02]", () => {
  const long = decodeControl(fixed("20 14 00000100 0001"));
  assert(!long.ok);
  assert.deepEqual(
    [long.error.code, long.error.field, long.error.offset],
    ["truncated", "length", 21],
  );
  const headless = decodeControl(fixed("20"));
  assert(!headless.ok);
  assert.equal(headless.error.code, "truncated");
});

test("RFC 5944 §3.5: extensions 32, 33, 34 need an SPI and an authenticator [5944-1.6-01, 5944-3.5.2-02, 5944-3.5.3-02, 5944-3.5.4-03]", () => {
  for (const type of ["20", "21", "22"]) {
    for (const data of ["00", "01 00", "03 000001", "04 00000100"]) {
      assert(!decodeControl(fixed(`${type} ${data}`)).ok, `${type} ${data}`);
    }
    const decoded = decodeControl(fixed(`${type} 05 00000100 ee`));
    assert(decoded.ok);
  }
});

test("RFC 3024 §3.3: Encapsulating Delivery Style: type 130, length 0, nothing else [3024-3.3-08]", () => {
  const decoded = decodeControl(fixed("82 00"));
  assert(decoded.ok);
  assert.deepEqual(decoded.value.message.extensions, [
    { name: "encapsulating-delivery-style-extension" },
  ]);
  assert.deepEqual(encodeControl(decoded.value.message), decoded.value.bytes);
  assert(!decodeControl(fixed("82 01 00")).ok);
});

test("RFC 5944 §1.8: the two number spaces are independent: 16 and 19 are unknown here [5944-1.8-04]", () => {
  assert(!decodeControl(fixed("10 06 000000000000")).ok);
  assert(!decodeControl(fixed("13 00")).ok);
});

test("RFC 5944 §1.11: what does not fit an 8-bit length is an error of the encoder, never truncated [5944-1.11-02]", () => {
  const data = new Uint8Array(256);
  assert.throws(
    () => encodeControl({ ...request, extensions: [{ name: "unknown", type: 200, data }] }),
    /length/,
  );
});

test("what could be read is kept beside the error", () => {
  const { decoded, error } = inspectControl(fixed("c8 01 aa 20 14 00"));
  assert.equal(error?.code, "truncated");
  assert.deepEqual(decoded?.message.extensions, [{ name: "unknown", type: 200, data: hex("aa") }]);
});

test("the JSON form is the contract's", () => {
  assert.deepEqual(controlJson(request), {
    type: 1,
    name: "registration-request",
    flags: { S: true, B: false, D: false, M: false, G: false, r: false, T: true, x: false },
    lifetime: 1800,
    home_address: "10.1.0.7",
    home_agent: "198.51.100.1",
    care_of_address: "192.0.2.1",
    identification: "ec9a1b2c80000000",
    extensions: [
      {
        type: 32,
        name: "mobile-home-authentication-extension",
        length: 20,
        spi: 256,
        authenticator: "000102030405060708090a0b0c0d0e0f",
      },
    ],
  });
});

test("every message that a table allows survives encode and decode", () => {
  fc.assert(
    fc.property(arbitraryControlMessage, (message) => {
      const decoded = decodeControl(encodeControl(message));
      assert(decoded.ok);
      assert.deepEqual(decoded.value.message, message);
    }),
    { numRuns: 500 },
  );
});

test("any octets: never throws, and what decodes encodes to the same octets", () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(arbitraryControlMessage, fc.nat(400), fc.nat(255)).map(([message, at, value]) => {
      const bytes = encodeControl(message);
      bytes[at % bytes.length] = value;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(octets, (bytes) => {
      const decoded = decodeControl(bytes);
      if (decoded.ok) assert.deepEqual(encodeControl(decoded.value.message), bytes);
      else assert(decoded.error.offset <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

test("decoding is linear: every extension one octet long at the longest datagram", () => {
  const bytes = new Uint8Array(65507);
  bytes.set(REPLY);
  const decoded = decodeControl(bytes);
  assert(decoded.ok);
  assert.equal(decoded.value.message.extensions.length, 65507 - 20);
});
