/** The pieces that tables are made of: field kinds, layouts, where fields are found, complaints. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bits,
  constant,
  filledIn,
  flags,
  ipv4Field,
  type Layout,
  octetsOf,
  u8,
  u16,
  u32,
  u64,
} from "../../shared/wire/field.ts";
import { CompiledLayout, layoutJson, snakeCase, spansOf } from "../../shared/wire/layout.ts";
import { counted, countOf, listOf, octets, text, when } from "../../shared/wire/variable-field.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const compile = (fields: Layout): CompiledLayout => new CompiledLayout("test", fields);

function write(layout: CompiledLayout, values: { readonly [name: string]: unknown }): Uint8Array {
  const bytes = new Uint8Array(layout.length(values));
  assert.equal(layout.write(bytes, 0, values), bytes.length);
  return bytes;
}

/** Writes, compares, reads back. */
function assertWritten(
  fields: Layout,
  values: { readonly [name: string]: unknown },
  expected: string,
): void {
  const layout = compile(fields);
  const bytes = write(layout, values);
  assert.deepEqual(bytes, hex(expected));
  assert.equal(layout.end(bytes, 0, bytes.length), bytes.length);
  assert.deepEqual(layout.read(bytes, 0, bytes.length), { name: "test", ...values });
}

test("engine: numbers stand in network order, the most significant octet first", () => {
  assertWritten(
    { a: u8, b: u16, c: u32, d: u64 },
    { a: 1, b: 0x0203, c: 0xf4050607, d: 0xf809_0a0b_0c0d_0e0fn },
    "01 0203 f4050607 f8090a0b0c0d0e0f",
  );
});

test("engine: a number that does not fit is our mistake, never cut off", () => {
  for (const [field, value] of [
    [u8, 256],
    [u8, -1],
    [u16, 65536],
    [u32, 2 ** 32],
    [u16, 1.5],
    [u8, Number.NaN],
  ] as const) {
    assert.throws(() => write(compile({ value: field }), { value }), /does not fit/);
  }
  assert.throws(() => write(compile({ value: u64 }), { value: 1n << 64n }), /does not fit/);
  assert.throws(() => write(compile({ value: bits(3), rest: bits(5) }), { value: 8, rest: 0 }));
  assert.throws(() => write(compile({ id: octetsOf(6) }), { id: hex("0102") }), /2 octets, not 6/);
});

test("engine: bit fields fill octets from the left, as the figures draw them", () => {
  assertWritten(
    { d: bits(1), m: bits(1), length: bits(6) },
    { d: 1, m: 0, length: 0b110001 },
    "b1",
  );
  assertWritten(
    { flags: flags(["A", "B", null]), reserved: bits(13) },
    { flags: 0b011, reserved: 0x1001 },
    "7001",
  );
  assertWritten(
    { flags: flags(["H", "N", "R", "M", "G", "T", "B"]), reserved: bits(17), code: u8 },
    { flags: 0x40, reserved: 0x1ffff, code: 9 },
    "81ffff 09",
  );
  assertWritten({ all: bits(32) }, { all: 0xfedcba98 }, "fedcba98");
});

test("engine: any bits survive beside each other, whatever their widths", () => {
  const widths = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(widths, fc.uint8Array({ minLength: 4, maxLength: 4 }), (list, bytes) => {
      let left = 32;
      const fields: Record<string, ReturnType<typeof bits>> = {};
      for (const [i, width] of list.entries()) {
        // A group ends where it fills octets; here all four are one group or several.
        const count = Math.min(width, left);
        if (count > 0) fields[`f${i}`] = bits(count);
        left -= count;
      }
      if (left > 0) fields.rest = bits(left);
      const layout = compile(fields);
      assert.equal(layout.prefix, 4);
      assert.deepEqual(write(layout, layout.read(bytes, 0, 4)), bytes);
    }),
  );
});

test("engine: a layout whose bits fill no octets, or stand behind variable octets, is refused", () => {
  assert.throws(() => compile({ a: bits(3), b: u8 }), /fill 3 bits/);
  assert.throws(() => compile({ a: bits(3), b: bits(4) }), /fill 7 bits/);
  assert.throws(() => compile({ a: octets(), b: bits(8) }), /behind a field of variable size/);
});

test("engine: the JSON form of flags has the named bits alone, by letter", () => {
  const field = flags(["S", null, "x"]);
  assert.deepEqual(field.json(0b110), { S: true, x: false });
  assert.deepEqual(layoutJson(compile({ careOf: ipv4Field, id: u64 }), { careOf: 1, id: 255n }), {
    care_of: "0.0.0.1",
    id: "00000000000000ff",
  });
  assert.equal(snakeCase("mobileNodeSpi"), "mobile_node_spi");
});

test("engine: an optional field is there when its bit is set, and only then", () => {
  const fields = {
    flags: flags(["C", "K"]),
    reserved: bits(6),
    checksum: when("flags", 2, u16),
    key: when("flags", 1, u32),
    rest: octets(),
  };
  const rest = hex("aa");
  const none = { flags: 0, reserved: 0, checksum: undefined, key: undefined, rest };
  assertWritten(fields, none, "00 aa");
  assertWritten(fields, { ...none, flags: 1, key: 7 }, "40 00000007 aa");
  assertWritten(fields, { ...none, flags: 3, checksum: 1, key: 7 }, "c0 0001 00000007 aa");
  const layout = compile(fields);
  assert.throws(() => write(layout, { ...none, flags: 2 }), /differ/);
  assert.throws(() => write(layout, { ...none, key: 7 }), /differ/);
  assert.equal(layout.end(hex("40 0000"), 0, 3), -1);
  const { error } = spansOf(layout, hex("40 0000"), 0, 3);
  assert.deepEqual(error, {
    ...{ code: "truncated", field: "key", offset: 1 },
    message: "needs 4 octets, 2 are left",
  });
  assert.equal(layoutJson(layout, none).key, null);
});

test("engine: a counted list is as long as its count says, and writes its count", () => {
  const fields = { count: countOf("list", u8), list: counted("count", u16), rest: octets() };
  assertWritten(fields, { list: [1, 2], rest: hex("ff") }, "02 0001 0002 ff");
  assertWritten(fields, { list: [], rest: hex("ff") }, "00 ff");
  const layout = compile(fields);
  assert.equal(layout.end(hex("02 0001 00"), 0, 4), -1);
  const { error } = spansOf(layout, hex("02 0001 00"), 0, 4);
  assert.deepEqual(error, {
    ...{ code: "truncated", field: "list", offset: 1 },
    message: "needs 4 octets, 3 are left",
  });
  assert.throws(() => write(layout, { list: Array(256).fill(0), rest: hex("") }), /does not fit/);
  assert.deepEqual(layoutJson(layout, { list: [5], rest: hex("") }), {
    ...{ count: 1, list: [5], rest: "" },
  });
});

test("engine: a list takes the rest, which must be whole items", () => {
  const fields = { head: u8, list: listOf(u32, 1) };
  assertWritten(fields, { head: 9, list: [1] }, "09 00000001");
  const layout = compile(fields);
  assert.equal(layout.least, 5);
  assert.equal(layout.end(hex("09 00000001 00"), 0, 6), -1);
  assert.deepEqual(spansOf(layout, hex("09 00000001 00"), 0, 6).error, {
    ...{ code: "wrong-length", field: "list", offset: 1 },
    message: "5 octets are no multiple of 4",
  });
  assert.deepEqual(spansOf(layout, hex("09 0000"), 0, 3).error, {
    ...{ code: "truncated", field: "list", offset: 1 },
    message: "needs 4 octets, 2 are left",
  });
});

test("engine: octets and text are copies, and know their least", () => {
  const layout = compile({ spi: u16, data: octets(2) });
  const bytes = hex("0001 0203");
  const value = layout.read(bytes, 0, 4) as { readonly data?: Uint8Array };
  bytes.fill(0);
  assert.deepEqual(value.data, hex("0203"));
  assert.equal(layout.end(hex("0001 02"), 0, 3), -1);
  assertWritten({ nai: text(1) }, { nai: "é@x" }, "c3a9 40 78");
});

test("engine: what is derived or filled in is no part of the value; a constant claims", () => {
  const layout = compile({ type: constant(u8, 9), sum: filledIn(u16), sub: constant(u16, 0x0102) });
  const bytes = hex("09 ffff 0102");
  assert.deepEqual(layout.read(bytes, 0, 5), { name: "test" });
  assert.deepEqual(write(layout, {}), hex("09 0000 0102"));
  assert.ok(layout.claims(bytes, 0));
  assert.ok(!layout.claims(hex("09 ffff 0103"), 0));
  assert.ok(!layout.claims(hex("09 ffff 01"), 0));
  assert.deepEqual(layoutJson(layout, {}), { type: 9, sub: 0x0102 });
});

test("engine: spans tell each field's octets and value, bits those that they share", () => {
  const layout = compile({ head: u8, d: bits(2), n: bits(6), list: listOf(u16) });
  const { spans, error } = spansOf(layout, hex("ff ff 07 c1 0001 0002"), 2, 8);
  assert.equal(error, undefined);
  assert.deepEqual(
    spans.map(({ slot, offset, length, value }) => [slot.jsonName, offset, length, value]),
    [
      ["head", 2, 1, 7],
      ["d", 3, 1, 3],
      ["n", 3, 1, 1],
      ["list", 4, 4, [1, 2]],
    ],
  );
});
