/** How extensions and messages are told apart, read, written and complained about. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  extensionJson,
  extensionSpace,
  readExtensions,
  writeExtension,
} from "../../shared/wire/extension.ts";
import {
  longExtension,
  optionExtension,
  paddingExtension,
  shortExtension,
  simpleExtension,
} from "../../shared/wire/extension-table.ts";
import { constant, ipv4Field, named, u8, u32 } from "../../shared/wire/field.ts";
import { encodeMessage, inspectMessage, messageSpace } from "../../shared/wire/message.ts";
import { octets } from "../../shared/wire/variable-field.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const space = extensionSpace([
  paddingExtension({ type: 0, name: "padding", rfc: "test" }),
  simpleExtension({ type: 32, name: "simple", rfc: "test", fields: { spi: u32, auth: octets(1) } }),
  shortExtension({
    ...{ type: 44, subtype: 1, name: "one", extension: "short", rfc: "test" },
    fields: { code: named(u8, { 0: "yes" }) },
  }),
  shortExtension({ type: 44, name: "short", rfc: "test", fields: { data: octets() } }),
  longExtension({
    ...{ type: 139, subtype: 2, name: "printed", extension: "both", rfc: "test" },
    ...{ onlyLength: 4, mayFail: true },
    fields: { address: ipv4Field },
  }),
  shortExtension({ type: 139, name: "both", rfc: "test", fields: { data: octets() } }),
]);

const extensionsOf = (octetsRead: string) => readExtensions(space, hex(octetsRead), 0);

test("engine: extensions are told apart from the particular to the general", () => {
  const bytes = "00 2c 02 01 05 2c 03 02 aabb 8b 02 0004 c0000201 8b 03 01 aabb c8 01 ff";
  const { extensions, error, offsets } = extensionsOf(bytes);
  assert.equal(error, undefined);
  assert.deepEqual(extensions, [
    { name: "padding" },
    { name: "one", code: 5 },
    { name: "short", subtype: 2, data: hex("aabb") },
    { name: "printed", address: 0xc0000201 },
    { name: "both", subtype: 1, data: hex("aabb") },
    { name: "unknown", type: 200, data: hex("ff") },
  ]);
  const written = new Uint8Array(hex(bytes).length);
  const ends = extensions.map((each, i) => writeExtension(space, each, written, offsets[i] ?? 0));
  assert.deepEqual(ends, offsets.slice(1));
  assert.deepEqual(written, hex(bytes));
});

test("engine: complaints name the field, the offset and the octets", () => {
  const complaint = (octetsRead: string) => {
    const { error } = extensionsOf(octetsRead);
    return `${error?.code} ${error?.field} ${error?.offset}: ${error?.message}`;
  };
  assert.equal(complaint("00 20"), "truncated length 2: the message ends in the header");
  assert.equal(
    complaint("20 06 00000000"),
    "truncated length 1: 6 octets are announced, 4 are left in the message",
  );
  assert.equal(complaint("20 03 000000"), "truncated spi 2: needs 4 octets, 3 are left");
  assert.equal(complaint("20 04 00000000"), "truncated auth 6: needs 1 octets, 0 are left");
  assert.equal(complaint("2c 03 01 0000"), "wrong-length length 1: one has 4 octets in all, not 5");
  assert.equal(
    complaint("00 21 00"),
    "unknown-mandatory-extension type 1: type 33 is not known and may not be skipped (RFC 5944 §1.8)",
  );
});

test("engine: the JSON form of a sub-type has the extension's name and its own", () => {
  assert.deepEqual(extensionJson(space, { name: "one", code: 0 } as { readonly name: string }), {
    ...{ type: 44, name: "short", length: 2, subtype_name: "one", subtype: 1, code: 0 },
  });
  assert.deepEqual(extensionJson(space, { name: "padding" }), {
    ...{ type: 0, name: "padding", length: null },
  });
});

test("engine: an option's length counts units of 8 octets; one of length 0 is refused", () => {
  const options = extensionSpace(
    [optionExtension({ type: 20, name: "option", rfc: "test", fields: { data: octets(6) } })],
    "option",
    () => true,
  );
  const read = (octetsRead: string) => readExtensions(options, hex(octetsRead), 0);
  const { extensions, error } = read("14 01 010203040506 05 02 0000000000000000000000000000");
  assert.equal(error, undefined);
  assert.deepEqual(
    extensions.map(({ name }) => name),
    ["option", "unknown"],
  );
  for (const octetsRead of ["14 00 000000000000", "05 00 000000000000"]) {
    assert.deepEqual(read(octetsRead).error, {
      ...{ code: "wrong-length", field: "length", offset: 1 },
      message: "a length of 0, less than the header takes",
    });
  }
  const odd = { name: "option", data: hex("01020304050607") };
  assert.throws(() => writeExtension(options, odd, new Uint8Array(20), 0), /length field/);
});

test("engine: an extension too large for its length field is an error, never cut off", () => {
  const large = (size: number) => ({ name: "short", subtype: 9, data: new Uint8Array(size) });
  assert.equal(writeExtension(space, large(254), new Uint8Array(400), 0), 257);
  assert.throws(() => writeExtension(space, large(255), new Uint8Array(400), 0), /length field/);
});

test("engine: names are unique in a space, and strangers have no table", () => {
  const twice = simpleExtension({ type: 1, name: "twice", rfc: "test", fields: {} });
  assert.throws(() => extensionSpace([twice, twice]), /two extensions named twice/);
  const message = { type: 1, name: "hello", rfc: "test", fields: { type: constant(u8, 1) } };
  const table = { ...message, extensions: undefined };
  assert.throws(() => messageSpace([table, table]), /two messages named hello/);
  const messages = messageSpace([table]);
  assert.throws(
    () => encodeMessage(messages, { name: "goodbye", extensions: [] }),
    /no message goodbye/,
  );
  assert.deepEqual(inspectMessage(messages, hex("01 00")).error, {
    ...{ code: "wrong-length", field: "extensions", offset: 1 },
    message: "1 octets behind a hello",
  });
  assert.equal(inspectMessage(messages, hex("02")).error?.code, "wrong-type");
  assert.equal(inspectMessage(messages, hex("")).error?.code, "truncated");
});
