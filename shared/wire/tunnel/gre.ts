/** Generic Routing Encapsulation. RFC 2784, with the key and sequence number of RFC 2890. */

import { type WireError, wireError } from "../error.ts";
import { bits, flags, named, u16, u32 } from "../field.ts";
import type { Values } from "../layout.ts";
import { when } from "../variable-field.ts";
import { checksumFault, checksumOf, compiledHeader, type HeaderValue } from "./header.ts";

/** Which fields are present. RFC 2784 §2.2, RFC 2890 §2. */
export const GreFlag = { C: 8, K: 2, S: 1 } as const;
/** RFC 1701's Routing Present. */
const ROUTING = 4;
/** Bits 4 and 5 of the header within the nine behind the flags. */
const BITS_4_AND_5 = 0x180;
const CHECKSUM = 4;

/** Protocol Type of an IPv4 payload. RFC 2784 §3. */
export const GRE_PROTOCOL_IPV4 = 0x0800;

/**
 * GRE header, 4 to 16 octets. RFC 2784 §2.1, RFC 2890 §2. Bits 1, 4 and 5 were flags of RFC 1701,
 * whose fields would follow: a packet with one of them is discarded (RFC 2784 §2.3), as is one of
 * another version (§2.3.1). The reserved bits 6 to 12 are ignored, but kept.
 */
export const greHeader = compiledHeader({
  name: "gre-header",
  rfc: "RFC 2784 §2.1, RFC 2890 §2",
  fields: {
    flags: flags(["C", null, "K", "S"]),
    reserved0: bits(9),
    version: bits(3),
    protocolType: named(u16, { [GRE_PROTOCOL_IPV4]: "IPv4" }),
    checksum: when("flags", GreFlag.C, u16),
    reserved1: when("flags", GreFlag.C, u16),
    key: when("flags", GreFlag.K, u32),
    sequenceNumber: when("flags", GreFlag.S, u32),
  },
  check: headerFault,
});

export type GreHeader = HeaderValue<typeof greHeader>;

function headerFault(values: Values, at: number): WireError | undefined {
  const {
    flags: bits0To3,
    reserved0,
    version,
  } = values as {
    readonly [name: string]: number;
  };
  if (version !== 0) return wireError("wrong-type", "version", at + 1, `GRE version ${version}`);
  if (((bits0To3 ?? 0) & ROUTING) !== 0) {
    return wireError("wrong-type", "flags", at, "bit 1, Routing Present of RFC 1701, is set");
  }
  if (((reserved0 ?? 0) & BITS_4_AND_5) === 0) return undefined;
  return wireError("wrong-type", "reserved0", at, "bit 4 or 5, used by RFC 1701, is set");
}

/**
 * The value for the checksum field of the packet from the GRE header at `at` to the end of the
 * payload: it covers both. RFC 2784 §2.5. The header must have the C bit.
 */
export function greChecksum(bytes: Uint8Array, at: number, end: number): number {
  return checksumOf(bytes, at, end, CHECKSUM);
}

/** What is wrong with the checksum, if there is one: such a packet is dropped. RFC 2784 §2.2. */
export function greChecksumFault(
  header: GreHeader,
  bytes: Uint8Array,
  at: number,
  end: number,
): WireError | undefined {
  if (header.checksum === undefined) return undefined;
  return checksumFault(bytes, at, end, CHECKSUM, "checksum");
}
