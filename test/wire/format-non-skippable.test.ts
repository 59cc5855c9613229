/**
 * Extensions below 128 whose number does not tell the form of their header: one form is right, and
 * the other is refused. RFC 5944 §1.9 to §1.11.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlExtensions, controlExtensionTables } from "../../shared/wire/control-extensions.ts";
import { readExtensions } from "../../shared/wire/extension.ts";
import { hex } from "./golden/vector.ts";

function read(text: string): string {
  const { extensions, error } = readExtensions(controlExtensions, hex(text), 0);
  return error?.code ?? extensions.map(({ name }) => name).join(" ");
}

const REFUSED = /^(truncated|wrong-length|unknown-mandatory-extension)$/;

/** Only the right octets are read; each of the wrong ones is refused. */
function only(name: string, right: string, wrong: readonly string[]): void {
  assert.equal(read(right), name);
  for (const text of wrong) assert.match(read(text), REFUSED, text);
}

test("RFC 5944 §1.10: a 16-bit Length is for few types, of the skippable ones for 154 alone [5944-1.10-01, 5944-1.10-02]", () => {
  // Type 139 has it in one misprint that is read, but never written.
  const long = controlExtensionTables.filter(
    ({ form, name }) => form === "long" && !name.endsWith("-as-printed"),
  );
  const types = [...new Set(long.map(({ type }) => type))].sort((a, b) => a - b);
  assert.deepEqual(types, [36, 38, 40, 41, 42, 43, 47, 48, 50, 127, 154]);
});

test("RFC 3519 §3.2: the Length of a UDP Tunnel Reply has 8 bits and is 6 [3519-3.2-01]", () => {
  only("regular-udp-tunnel-reply-extension", "2c 06 00 40 8000 006e", [
    "2c 05 00 40 8000 00",
    "2c 07 00 40 8000 006e 00",
    "2c 00 0006 00 40 8000 006e",
  ]);
});

test("RFC 4636 §3: the Length of an FA Error has 8 bits and is 2 [4636-3-01, 5944-1.11-01]", () => {
  only("fa-error-indication-to-mn", "2d 02 00 44", [
    "2d 00",
    "2d 01 00",
    "2d 03 00 44 00",
    "2d 00 0001 44",
  ]);
});

test("RFC 4857 §9.1: the Length of a GFA IP Address has 8 bits and is 6 [4857-9.1-01]", () => {
  only("gfa-ip-address-extension", "2e 06 0000 c6336409", [
    "2e 04 c6336409",
    "2e 05 0000 c63364",
    "2e 07 0000 c6336409 00",
    "2e 00 0006 0000 c6336409",
  ]);
});

test("RFC 5563 §5.1: the Length of a Per-Node Authentication Method has 16 bits and is 1 [5563-5.1-01]", () => {
  only("pmipv4-per-node-authentication-method", "2f 01 0001 01", [
    "2f 01 0000",
    "2f 01 0002 0101",
    "2f 02 01 01",
  ]);
});

test("RFC 6245 §5: the Length of a GRE Key has 16 bits and is 4 [6245-5-03]", () => {
  only("gre-key-extension", "30 00 0004 11223344", [
    "30 00 0003 112233",
    "30 00 0005 1122334455",
    "30 05 00 11223344",
  ]);
});

test("RFC 6521 §5.2 to §5.4: 49 is short; a code, a whole address, no part of one [6521-5.2-01, 6521-5.4-01]", () => {
  only("route-optimization-reply", "31 02 01 90", ["31 00", "31 01 01", "31 03 01 90 00"]);
  only("care-of-address-extension", "31 06 03 00 cb007109", [
    "31 02 03 00",
    "31 05 03 00 cb0071",
    "31 08 03 00 cb007109 c000",
    "31 03 0005 00 cb007109",
  ]);
});

test("RFC 6521 §5.5: 50 is long, and holds at least one router [6521-5.5-01]", () => {
  only("route-optimization-prefix-advertisement-extension", "32 01 0005 40 0a010007", [
    "32 01 0000",
    "32 01 0004 40 0a0100",
    "32 06 01 40 0a010007",
  ]);
});

test("RFC 4064 §4.1, §4.3: experimental extensions are long below 128 and short above [4064-4.1-01, 4064-4.3-01]", () => {
  only("non-skippable-mobile-ipv4-experimental-extension", "7f 63 0003 a1b2c3", [
    "7f 04 63 a1b2c3",
    "7f 63 00",
  ]);
  only("skippable-mobile-ipv4-experimental-extension", "ff 04 63 a1b2c3", ["ff 00", "ff"]);
});

test("RFC 3024 §3.3, RFC 2794 §2: delivery style has no data, a NAI has some [3024-3.3-08, 2794-2-01]", () => {
  only("encapsulating-delivery-style-extension", "82 00", ["82 01 00", "82"]);
  only("mobile-node-nai-extension", "83 01 40", ["83 00", "83 02 40"]);
});
