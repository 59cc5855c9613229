/** Host configuration: what is one of its sub-types, and what is not. RFC 4332 §3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlExtension, controlExtensions } from "../../shared/wire/control-extensions.ts";
import { extensionLength, readExtensions, writeExtension } from "../../shared/wire/extension.ts";
import { hex } from "./golden/vector.ts";

/** An NVSE with the octets, from Reserved on. */
function read(octets: string): ControlExtension {
  const length = hex(octets).length.toString(16).padStart(2, "0");
  const { extensions, error } = readExtensions(controlExtensions, hex(`86${length}${octets}`), 0);
  assert.equal(error, undefined, octets);
  const [extension] = extensions;
  assert(extension !== undefined && extensions.length === 1);
  return extension;
}

const CISCO = "0000 00000009 000e";

test("RFC 4332 §3: another vendor, or another type of this one, is no host configuration [4332-3-01]", () => {
  for (const head of ["0000 0000000a 000e", "0000 00000009 000f", "0000 01000009 000e"]) {
    const { name } = read(`${head} 0005 0a0b0c01`);
    assert.equal(name, "normal-vendor-organization-specific-extension", head);
  }
  assert.equal(read(`${CISCO} 0005 0a0b0c01`).name, "default-gateway");
  assert.equal(read("ffff 00000009 000e 0005 0a0b0c01").name, "default-gateway");
});

test("RFC 4332 §3.1 to §3.7: octets that are too few or too many for a sub-type are no such [4332-3.1-01, 4332-3.2-01, 4332-3.3-01, 4332-3.4-01, 4332-3.5-01, 4332-3.6-01, 4332-3.7-01]", () => {
  const values = [
    "0000 00",
    "0000 000000",
    "0001 18",
    "0001 001800",
    "0002 0a010203",
    "0002 0a010203 0a0405",
    "0002 0a010203 0a040506 00",
    "0003 0a0708",
    "0003 0a070809 00",
    "0004 01",
    "0005 0a0b0c",
    "0005 0a0b0c01 00",
    "0006",
    "0007",
  ];
  for (const value of values) {
    const extension = read(`${CISCO} ${value}`);
    assert(extension.name === "host-configuration", value);
    assert.equal(extension.subtype, Number.parseInt(value.slice(0, 4), 16));
  }
});

test("RFC 4332 §3.8: of the 246 octets that a URL may have, an NVSE has place for 245 [4332-3.8-01]", () => {
  const write = (octets: number): Uint8Array => {
    const urlString = "u".repeat(octets);
    const extension = { name: "configuration-url", reserved: 0, urlString } as const;
    const bytes = new Uint8Array(extensionLength(controlExtensions, extension));
    writeExtension(controlExtensions, extension, bytes, 0);
    return bytes;
  };
  assert.equal(write(245)[1], 255);
  assert.throws(() => write(246), /does not fit its length field/);
});
