/** Generic Routing Encapsulation (RFC 2784) with key and sequence number (RFC 2890), in place. */

import { internetChecksum } from "../wire/checksum.ts";
import { readU16, writeU16 } from "./packet.ts";

const CHECKSUM_PRESENT = 0x8000;
const KEY_PRESENT = 0x2000;
const SEQUENCE_PRESENT = 0x1000;
/** Bits 1, 4 and 5: flags of RFC 1701 that nothing here implements (RFC 2784 §2.3). */
const REFUSED_BITS = 0x4c00;
const VERSION = 7;
/** RFC 2784 §3. */
const PROTOCOL_TYPE_IPV4 = 0x0800;
export const GRE_HEADER = 4;
const WORD = 4;

/** No key, no sequence number. */
export const ABSENT = -1;

/** Octets of the header that is sent with this key or without one. */
export function greHeaderLength(key: number): number {
  return key === ABSENT ? GRE_HEADER : GRE_HEADER + WORD;
}

function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x10000 + readU16(bytes, at + 2);
}

/** Writes the header before the packet; returns where it begins. RFC 2784 §2, RFC 2890 §2. */
export function writeGreHeader(bytes: Uint8Array, packet: number, key: number): number {
  const start = packet - greHeaderLength(key);
  writeU16(bytes, start, key === ABSENT ? 0 : KEY_PRESENT);
  writeU16(bytes, start + 2, PROTOCOL_TYPE_IPV4);
  if (key !== ABSENT) {
    writeU16(bytes, start + 4, key >>> 16);
    writeU16(bytes, start + 6, key & 0xffff);
  }
  return start;
}

export type GreFault =
  | "tunnel-malformed-gre"
  | "tunnel-gre-version"
  | "tunnel-gre-flags"
  | "tunnel-gre-not-ipv4"
  | "tunnel-gre-checksum";

/** What a header said, for who reads one packet after another. */
export interface GreFields {
  /** 32 bits, or `ABSENT`. */
  key: number;
  sequence: number;
}

/**
 * Reads the header at `gre` of a packet that ends at `end`; returns where the payload begins, or
 * why the packet is dropped. Bits 6 to 12 are ignored (RFC 2784 §2.3).
 */
export function readGreHeader(
  bytes: Uint8Array,
  gre: number,
  end: number,
  into: GreFields,
): number | GreFault {
  if (gre + GRE_HEADER > end) return "tunnel-malformed-gre";
  const flags = readU16(bytes, gre);
  if ((flags & VERSION) !== 0) return "tunnel-gre-version";
  if ((flags & REFUSED_BITS) !== 0) return "tunnel-gre-flags";
  if (readU16(bytes, gre + 2) !== PROTOCOL_TYPE_IPV4) return "tunnel-gre-not-ipv4";
  into.key = ABSENT;
  into.sequence = ABSENT;
  if ((flags & (CHECKSUM_PRESENT | KEY_PRESENT | SEQUENCE_PRESENT)) === 0) return gre + GRE_HEADER;
  let at = gre + GRE_HEADER;
  const hasChecksum = (flags & CHECKSUM_PRESENT) !== 0;
  if (hasChecksum) at += WORD;
  if ((flags & KEY_PRESENT) !== 0) {
    if (at + WORD <= end) into.key = readU32(bytes, at);
    at += WORD;
  }
  if ((flags & SEQUENCE_PRESENT) !== 0) {
    if (at + WORD <= end) into.sequence = readU32(bytes, at);
    at += WORD;
  }
  if (at > end) return "tunnel-malformed-gre";
  // RFC 2784 §2.5: over header and payload.
  if (hasChecksum && internetChecksum(bytes, gre, end) !== 0) return "tunnel-gre-checksum";
  return at;
}

/** Has a GRE header a checksum? */
export function isGreChecked(bytes: Uint8Array, gre: number): boolean {
  return (((bytes[gre] ?? 0) << 8) & CHECKSUM_PRESENT) !== 0;
}
