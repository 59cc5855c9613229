/** Minimal encapsulation: what it moves out of the IP header. RFC 2004. */

import type { WireError } from "../error.ts";
import { bits, flags, ipv4Field, named, u8, u16 } from "../field.ts";
import { when } from "../variable-field.ts";
import { checksumFault, checksumOf, compiledHeader, type HeaderValue } from "./header.ts";
import { IP_PROTOCOLS } from "./ipv4.ts";

/** Original Source Address Present. RFC 2004 §3. */
export const MinimalFlag = { S: 1 } as const;

const CHECKSUM = 2;

/**
 * Minimal forwarding header: 12 octets when the encapsulator is not the original source, else 8.
 * The reserved bits are ignored, but kept. RFC 2004 §3.
 */
export const minimalForwardingHeader = compiledHeader({
  name: "minimal-forwarding-header",
  rfc: "RFC 2004 §3",
  fields: {
    protocol: named(u8, IP_PROTOCOLS),
    flags: flags(["S"]),
    reserved: bits(7),
    headerChecksum: u16,
    originalDestinationAddress: ipv4Field,
    originalSourceAddress: when("flags", MinimalFlag.S, ipv4Field),
  },
});

export type MinimalForwardingHeader = HeaderValue<typeof minimalForwardingHeader>;

/** The value for the checksum of the header from `at` to `end`, and of no more. RFC 2004 §3. */
export function minimalChecksum(bytes: Uint8Array, at: number, end: number): number {
  return checksumOf(bytes, at, end, CHECKSUM);
}

/** What is wrong with the checksum, if anything: such a packet is discarded. */
export function minimalChecksumFault(
  bytes: Uint8Array,
  at: number,
  end: number,
): WireError | undefined {
  return checksumFault(bytes, at, end, CHECKSUM, "header_checksum");
}
