/**
 * The yardstick of the codec: a reader of a few control messages as one would write it without
 * tables. The same checks, the same values; `codec-samples.ts` makes sure of that. It takes octets
 * one by one, because a DataView a message costs more than all its reading.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import { err, ok, type Result } from "../../shared/base/result.ts";
import type { ControlMessage, DecodedControl } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { type WireError, wireError } from "../../shared/wire/error.ts";
import { readUtf8 } from "../../shared/wire/utf8.ts";
import { get16, get32, get64 } from "./codec-octets.ts";

const AUTHENTICATION_NAMES = {
  32: "mobile-home-authentication-extension",
  33: "mobile-foreign-authentication-extension",
  34: "foreign-home-authentication-extension",
} as const;

export function readByHand(bytes: Uint8Array): Result<DecodedControl, WireError> {
  const start = fixedPart(bytes);
  if (start === undefined) return err(wireError("wrong-type", "type", 0, "not by hand"));
  if (bytes.length < start) return err(wireError("truncated", "type", 0, "octets are missing"));
  const extensions: ControlExtension[] = [];
  const offsets = [start];
  let at = start;
  while (at < bytes.length) {
    const error = readExtension(bytes, at, extensions);
    if (error !== undefined) return err(error);
    at += bytes[at] === 0 ? 1 : 2 + (bytes[at + 1] ?? 0);
    offsets.push(at);
  }
  return ok({ message: readFixedPart(bytes, extensions), bytes, offsets });
}

function fixedPart(bytes: Uint8Array): number | undefined {
  switch (bytes[0]) {
    case 1:
    case 20:
      return 24;
    case 3:
    case 7:
      return 20;
    default:
      return undefined;
  }
}

function readFixedPart(bytes: Uint8Array, extensions: ControlExtension[]): ControlMessage {
  switch (bytes[0]) {
    case 1:
      return {
        name: "registration-request",
        flags: bytes[1] ?? 0,
        lifetime: get16(bytes, 2),
        homeAddress: get32(bytes, 4) as Ipv4,
        homeAgent: get32(bytes, 8) as Ipv4,
        careOfAddress: get32(bytes, 12) as Ipv4,
        identification: get64(bytes, 16),
        extensions,
      };
    case 3:
      return {
        name: "registration-reply",
        code: bytes[1] ?? 0,
        lifetime: get16(bytes, 2),
        homeAddress: get32(bytes, 4) as Ipv4,
        homeAgent: get32(bytes, 8) as Ipv4,
        identification: get64(bytes, 12),
        extensions,
      };
    case 7:
      return {
        name: "registration-revocation",
        reserved: bytes[1] ?? 0,
        flags: (bytes[2] ?? 0) >> 6,
        reserved2: get16(bytes, 2) & 0x3fff,
        homeAddress: get32(bytes, 4) as Ipv4,
        homeDomainAddress: get32(bytes, 8) as Ipv4,
        foreignDomainAddress: get32(bytes, 12) as Ipv4,
        revocationIdentifier: get32(bytes, 16),
        extensions,
      };
    default:
      return {
        name: "fast-binding-update",
        flags: bytes[1] ?? 0,
        reserved: (bytes[2] ?? 0) >> 2,
        lifetime: get16(bytes, 2) & 0x3ff,
        homeAddress: get32(bytes, 4) as Ipv4,
        homeAgent: get32(bytes, 8) as Ipv4,
        careOfAddress: get32(bytes, 12) as Ipv4,
        identification: get64(bytes, 16),
        extensions,
      };
  }
}

/** Puts the extension at `at` behind the others, or tells what is wrong with it. */
function readExtension(
  bytes: Uint8Array,
  at: number,
  extensions: ControlExtension[],
): WireError | undefined {
  const type = bytes[at] ?? 0;
  if (type === 0) {
    extensions.push({ name: "one-byte-padding" });
    return undefined;
  }
  const length = bytes[at + 1];
  const end = at + 2 + (length ?? 0);
  if (length === undefined || end > bytes.length) {
    return wireError("truncated", "length", at + 1, "octets are missing");
  }
  switch (type) {
    case 32:
    case 33:
    case 34: {
      if (length < 5) return tooShort(at);
      const spi = get32(bytes, at + 2);
      const authenticator = bytes.slice(at + 6, end);
      extensions.push({ name: AUTHENTICATION_NAMES[type], spi, authenticator });
      return undefined;
    }
    case 131: {
      if (length < 1) return tooShort(at);
      const nai = readUtf8(bytes, at + 2, end);
      extensions.push({ name: "mobile-node-nai-extension", nai });
      return undefined;
    }
    case 132: {
      if (length < 1) return tooShort(at);
      const challenge = bytes.slice(at + 2, end);
      extensions.push({ name: "mobile-foreign-challenge-extension", challenge });
      return undefined;
    }
    case 137:
      if (length < 6) return tooShort(at);
      extensions.push({
        name: "revocation-support-extension",
        flags: (bytes[at + 2] ?? 0) >> 7,
        reserved: get16(bytes, at + 2) & 0x7fff,
        timestamp: get32(bytes, at + 4),
        rest: bytes.slice(at + 8, end),
      });
      return undefined;
    case 144:
      if (length < 1) return tooShort(at);
      return readUdpTunnelRequest(bytes, at, end, extensions);
    default:
      if (type < 128) return wireError("unknown-mandatory-extension", "type", at, "not known");
      extensions.push({ name: "unknown", type, data: bytes.slice(at + 2, end) });
      return undefined;
  }
}

function tooShort(at: number): WireError {
  return wireError("truncated", "length", at + 1, "octets are missing");
}

function readUdpTunnelRequest(
  bytes: Uint8Array,
  at: number,
  end: number,
  extensions: ControlExtension[],
): WireError | undefined {
  const subtype = bytes[at + 2] ?? 0;
  if (subtype !== 0) {
    const data = bytes.slice(at + 3, end);
    extensions.push({ name: "udp-tunnel-request-extension", subtype, data });
    return undefined;
  }
  if (end - at !== 8) return wireError("wrong-length", "length", at + 1, "not 6 octets");
  extensions.push({
    name: "regular-udp-tunnel-request-extension",
    reserved1: bytes[at + 3] ?? 0,
    flags: bytes[at + 4] ?? 0,
    encapsulation: bytes[at + 5] ?? 0,
    reserved3: get16(bytes, at + 6),
  });
  return undefined;
}
