/** One extension in a minimal reply: what it reads as, what it is written as, what is wrong with it. */

import assert from "node:assert/strict";
import { ipv4 } from "../../shared/base/address.ts";
import { type ControlMessage, controlJson } from "../../shared/wire/control.ts";
import { type ControlExtension, controlExtensions } from "../../shared/wire/control-extensions.ts";
import { extensionLength, readExtensions, writeExtension } from "../../shared/wire/extension.ts";

export const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

export const REPLY = {
  name: "registration-reply",
  code: 0,
  lifetime: 1800,
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: ipv4("198.51.100.1"),
  identification: 1n,
} as const;

/** Octets of the fixed part of a reply. */
export const FIXED = 20;

export function written(extension: ControlExtension): Uint8Array {
  const bytes = new Uint8Array(extensionLength(controlExtensions, extension));
  writeExtension(controlExtensions, extension, bytes, 0);
  return bytes;
}

/** The one extension in the octets; they must be written again as they were. */
export function read(text: string): ControlExtension {
  const bytes = hex(text);
  const { extensions, error } = readExtensions(controlExtensions, bytes, 0);
  assert.equal(error, undefined);
  const [extension] = extensions;
  assert(extension !== undefined && extensions.length === 1);
  assert.deepEqual(written(extension), bytes);
  return extension;
}

/** What is wrong with the octets. */
export function fault(text: string): string | undefined {
  return readExtensions(controlExtensions, hex(text), 0).error?.code;
}

/** Octets, and the value that they are. */
export function same(text: string, value: ControlExtension): void {
  assert.deepEqual(read(text), value);
  assert.deepEqual(written(value), hex(text));
}

/** As `decode` names an extension: the extension, and the sub-type where that has a name. */
export function named(text: string): { readonly name: unknown; readonly subtype: unknown } {
  const message: ControlMessage = { ...REPLY, extensions: [read(text)] };
  const json = JSON.parse(JSON.stringify(controlJson(message))) as {
    extensions: { name: string; subtype_name?: string }[];
  };
  const [extension] = json.extensions;
  return { name: extension?.name, subtype: extension?.subtype_name };
}
