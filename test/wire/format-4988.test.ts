/** Fast handover messages: what they have in common with registration, and their codes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { FBACK_CODES, HACK_CODES, PRRTADV_CODES } from "../../shared/wire/codes.ts";
import { type ControlMessage, decodeControl, encodeControl } from "../../shared/wire/control.ts";
import { writeU16 } from "../../shared/wire/field.ts";
import { decodeIcmp, encodeIcmp, type IcmpMessage } from "../../shared/wire/icmp.ts";
import { hex } from "./golden/vector.ts";

function control(text: string): ControlMessage {
  const decoded = decodeControl(hex(text));
  assert(decoded.ok, decoded.ok ? "" : decoded.error.message);
  return decoded.value.message;
}

/** Without what differs: the name, and what splits the 16 bits of the lifetime. */
function common(message: ControlMessage): object {
  const { name: _name, reserved: _reserved, ...others } = { reserved: 0, ...message };
  return others;
}

test("RFC 4988 §5.1: a Fast Binding Update is a Registration Request of type 20, bit for bit [4988-5.1-01]", () => {
  const rest = "3e 000a 0a010007 c6336403 c0000221 6162636465666768 21 05 00000304 ee";
  const update = control(`14 ${rest}`);
  assert.equal(update.name, "fast-binding-update");
  assert.deepEqual(common(update), common(control(`01 ${rest}`)));
});

test("RFC 4988 §5.2: a Fast Binding Acknowledgment is a Registration Reply of type 21, bit for bit [4988-5.2-01]", () => {
  const rest = "01 0009 0a010007 c6336403 6162636465666768 20 05 00000102 a1";
  const acknowledgment = control(`15 ${rest}`);
  assert.equal(acknowledgment.name, "fast-binding-acknowledgment");
  assert.deepEqual(common(acknowledgment), common(control(`03 ${rest}`)));
});

test("RFC 4988 §5.1: what stands in the six reserved bits does not change the lifetime [4988-5.1-03]", () => {
  for (let reserved = 0; reserved < 64; reserved++) {
    const bytes = hex("14 20 000a 0a010007 c6336403 c0000221 6162636465666768");
    bytes[2] = reserved << 2;
    const decoded = decodeControl(bytes);
    assert(decoded.ok && decoded.value.message.name === "fast-binding-update");
    const { message } = decoded.value;
    assert.deepEqual([message.lifetime, message.reserved], [10, reserved]);
    const sent = encodeControl({ ...message, reserved: 0 });
    assert.deepEqual(sent.slice(2, 4), hex("000a"));
  }
});

const icmpWith = (name: "prrtadv" | "hi" | "hack", code: number): IcmpMessage =>
  name === "hi"
    ? { name, code, flags: 0, reserved: 0, identifier: 7, extensions: [] }
    : { name, code, reserved: 0, identifier: 7, extensions: [] };

test("RFC 4988 §5: every code is handed up, known or not [4988-5-01]", () => {
  for (let code = 0; code < 256; code++) {
    const bytes = hex("15 00 0009 0a010007 c6336403 6162636465666768");
    bytes[1] = code;
    const decoded = decodeControl(bytes);
    assert(decoded.ok && decoded.value.message.name === "fast-binding-acknowledgment");
    assert.equal(decoded.value.message.code, code);
    for (const name of ["prrtadv", "hi", "hack"] as const) {
      const message = icmpWith(name, code);
      const octets = encodeIcmp(message);
      assert.equal(octets[1], code);
      assert.deepEqual(decodeIcmp(octets), { ok: true, value: message });
    }
  }
});

test("RFC 4988 §5.2, §5.4, §5.6: the codes and their meanings [4988-5.2-02, 4988-5.4-01, 4988-5.6-02]", () => {
  const numbers = (names: object): number[] => Object.keys(names).map(Number);
  assert.deepEqual(numbers(FBACK_CODES), [0, 1, 128, 129, 130]);
  assert.deepEqual(numbers(PRRTADV_CODES), [0, 1, 2, 3, 4]);
  assert.deepEqual(numbers(HACK_CODES), [0, 1, 2, 3, 4, 128, 129, 130]);
  for (const names of [FBACK_CODES, HACK_CODES]) {
    for (const [code, meaning] of Object.entries(names)) {
      assert.equal(/accepted/i.test(meaning) && !/not accepted/i.test(meaning), Number(code) < 128);
    }
  }
});

test("RFC 4988 §8: the numbers of the messages [4988-8-01]", () => {
  const rest = "00 0000 0a010007 c6336403 c0000221 6162636465666768";
  assert.equal(control(`14 ${rest}`).name, "fast-binding-update");
  assert.equal(
    control("15 00 0000 0a010007 c6336403 6162636465666768").name,
    "fast-binding-acknowledgment",
  );
  const [authentication] = control(`14 ${rest} 24 04 0014 00000708 ${"5a".repeat(16)}`).extensions;
  assert.equal(authentication?.name, "mn-par-auth-extension");
});

test("RFC 4988 §6: an option of another length than its figure's is refused, as is one of no units or beyond the end [4988-6-01, 4988-6.2-01, 4988-6.3-01]", () => {
  const empty = encodeIcmp(icmpWith("hack", 0));
  const wrong = [
    "14 00 01 0000000000",
    "14 02 01 0000000000",
    "15 00 02 00 c0000242",
    "15 02 02 00 c0000242 0000000000000000",
    "16 02 00 18 00000000 0000000000000000",
    "63 00 000000000000",
  ];
  for (const option of wrong) {
    const bytes = new Uint8Array([...empty, ...hex(option)]);
    writeU16(bytes, 2, 0);
    writeU16(bytes, 2, internetChecksum(bytes));
    const decoded = decodeIcmp(bytes);
    assert(!decoded.ok, option);
    assert.match(decoded.error.code, /^(?:wrong-length|truncated)$/);
  }
});
