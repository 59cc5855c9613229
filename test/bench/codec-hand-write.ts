/** The yardstick of the codec: a writer of a few control messages without tables. */

import type { ControlMessage } from "../../shared/wire/control.ts";
import { utf8Length, writeUtf8 } from "../../shared/wire/utf8.ts";
import { put8, put16, put32, put64 } from "./codec-octets.ts";

type Extension = ControlMessage["extensions"][number];

const AUTHENTICATION_TYPES = {
  "mobile-home-authentication-extension": 32,
  "mobile-foreign-authentication-extension": 33,
  "foreign-home-authentication-extension": 34,
} as const;

export function writeByHand(message: ControlMessage): Uint8Array {
  const start = fixedPart(message);
  let length = start;
  for (const extension of message.extensions) length += lengthOf(extension);
  const bytes = new Uint8Array(length);
  writeFixedPart(bytes, message);
  let at = start;
  for (const extension of message.extensions) {
    const size = lengthOf(extension);
    writeExtension(bytes, at, extension, size - 2);
    at += size;
  }
  return bytes;
}

function fixedPart({ name }: ControlMessage): number {
  return name === "registration-request" || name === "fast-binding-update" ? 24 : 20;
}

function writeFixedPart(bytes: Uint8Array, message: ControlMessage): void {
  switch (message.name) {
    case "registration-request":
      bytes[0] = 1;
      put8(bytes, 1, message.flags);
      put16(bytes, 2, message.lifetime);
      put32(bytes, 4, message.homeAddress);
      put32(bytes, 8, message.homeAgent);
      put32(bytes, 12, message.careOfAddress);
      put64(bytes, 16, message.identification);
      return;
    case "registration-reply":
      bytes[0] = 3;
      put8(bytes, 1, message.code);
      put16(bytes, 2, message.lifetime);
      put32(bytes, 4, message.homeAddress);
      put32(bytes, 8, message.homeAgent);
      put64(bytes, 12, message.identification);
      return;
    case "registration-revocation":
      bytes[0] = 7;
      put8(bytes, 1, message.reserved);
      put16(bytes, 2, bitsOf(message.flags, 2, 14) | bitsOf(message.reserved2, 14, 0));
      put32(bytes, 4, message.homeAddress);
      put32(bytes, 8, message.homeDomainAddress);
      put32(bytes, 12, message.foreignDomainAddress);
      put32(bytes, 16, message.revocationIdentifier);
      return;
    case "fast-binding-update":
      bytes[0] = 20;
      put8(bytes, 1, message.flags);
      put16(bytes, 2, bitsOf(message.reserved, 6, 10) | bitsOf(message.lifetime, 10, 0));
      put32(bytes, 4, message.homeAddress);
      put32(bytes, 8, message.homeAgent);
      put32(bytes, 12, message.careOfAddress);
      put64(bytes, 16, message.identification);
      return;
    default:
      throw new Error(`no ${message.name} by hand`);
  }
}

function bitsOf(value: number, count: number, shift: number): number {
  if (value >>> count !== 0) throw new Error("a value that does not fit its bits");
  return value << shift;
}

/** Octets of the whole extension. */
function lengthOf(extension: Extension): number {
  switch (extension.name) {
    case "one-byte-padding":
      return 1;
    case "mobile-home-authentication-extension":
    case "mobile-foreign-authentication-extension":
    case "foreign-home-authentication-extension":
      return 6 + extension.authenticator.length;
    case "mobile-node-nai-extension":
      return 2 + utf8Length(extension.nai);
    case "mobile-foreign-challenge-extension":
      return 2 + extension.challenge.length;
    case "revocation-support-extension":
      return 8 + extension.rest.length;
    case "regular-udp-tunnel-request-extension":
      return 8;
    case "unknown":
      return 2 + extension.data.length;
    default:
      throw new Error(`no ${extension.name} by hand`);
  }
}

function writeExtension(bytes: Uint8Array, at: number, extension: Extension, length: number): void {
  if (extension.name === "one-byte-padding") return;
  put8(bytes, at + 1, length);
  switch (extension.name) {
    case "mobile-home-authentication-extension":
    case "mobile-foreign-authentication-extension":
    case "foreign-home-authentication-extension":
      bytes[at] = AUTHENTICATION_TYPES[extension.name];
      put32(bytes, at + 2, extension.spi);
      bytes.set(extension.authenticator, at + 6);
      return;
    case "mobile-node-nai-extension":
      bytes[at] = 131;
      writeUtf8(bytes, at + 2, extension.nai);
      return;
    case "mobile-foreign-challenge-extension":
      bytes[at] = 132;
      bytes.set(extension.challenge, at + 2);
      return;
    case "revocation-support-extension":
      bytes[at] = 137;
      put16(bytes, at + 2, bitsOf(extension.flags, 1, 15) | bitsOf(extension.reserved, 15, 0));
      put32(bytes, at + 4, extension.timestamp);
      bytes.set(extension.rest, at + 8);
      return;
    case "regular-udp-tunnel-request-extension":
      bytes[at] = 144;
      put8(bytes, at + 3, extension.reserved1);
      put8(bytes, at + 4, extension.flags);
      put8(bytes, at + 5, extension.encapsulation);
      put16(bytes, at + 6, extension.reserved3);
      return;
    case "unknown":
      put8(bytes, at, extension.type);
      bytes.set(extension.data, at + 2);
      return;
    default:
      throw new Error(`no ${extension.name} by hand`);
  }
}
