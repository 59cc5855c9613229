/** The IPv4 header; in front of another one it is the outer header of IP-in-IP. */

import { type WireError, wireError } from "../error.ts";
import { bits, type DerivedField, type Field, flags, ipv4Field, named, u8, u16 } from "../field.ts";
import type { Values } from "../layout.ts";
import { octets } from "../variable-field.ts";
import { checksumFault, checksumOf, compiledHeader, type HeaderValue } from "./header.ts";

const WORD = 4;
/** Words of a header without options. */
const LEAST_WORDS = 5;
const MOST_WORDS = 15;
const CHECKSUM = 10;

/** What follows an IP header of ours. RFC 791, RFC 2003, RFC 2784, RFC 2004. */
export const IP_PROTOCOLS = {
  1: "ICMP",
  4: "IP-in-IP",
  17: "UDP",
  47: "GRE",
  55: "Minimal encapsulation",
} as const;

/** Bits of the Flags field. RFC 791 §3.1. */
export const Ipv4Flag = { DF: 2, MF: 1 } as const;

/** IHL: words of 4 octets, as many as the options ask for. */
const headerLength: DerivedField = {
  ...bits(4),
  derived: true,
  derive: ({ options }) => LEAST_WORDS + (options as Uint8Array).length / WORD,
};

/** What IHL leaves for options. */
const optionsField: Field<Uint8Array> = {
  ...octets(0, (MOST_WORDS - LEAST_WORDS) * WORD),
  needs: ["ihl"],
  measure: (_bytes, at, end, words = 0) => {
    const size = (words - LEAST_WORDS) * WORD;
    return size >= 0 && at + size <= end ? size : -1;
  },
  requires: (words = 0) => (words - LEAST_WORDS) * WORD,
  complaint: (_left, words = 0) => `a header of ${words} words, less than ${LEAST_WORDS}`,
};

/**
 * IPv4 header. RFC 791 §3.1. As the outer header of IP-in-IP it has protocol 4 (RFC 2003 §3.1).
 * Total length: octets, with the payload. Fragment offset: units of 8 octets.
 */
export const ipv4Header = compiledHeader({
  name: "ipv4-header",
  rfc: "RFC 791 §3.1, RFC 2003 §3.1",
  fields: {
    version: bits(4),
    ihl: headerLength,
    typeOfService: u8,
    totalLength: u16,
    identification: u16,
    flags: flags([null, "DF", "MF"]),
    fragmentOffset: bits(13),
    timeToLive: u8,
    protocol: named(u8, IP_PROTOCOLS),
    headerChecksum: u16,
    sourceAddress: ipv4Field,
    destinationAddress: ipv4Field,
    options: optionsField,
  },
  check: ({ version }: Values, at: number): WireError | undefined =>
    version === 4
      ? undefined
      : wireError("wrong-type", "version", at, `IP version ${version}, not 4`),
});

export type Ipv4Header = HeaderValue<typeof ipv4Header>;

/** The value for the header checksum of the header from `at` to `end`. RFC 791 §3.1. */
export function ipv4HeaderChecksum(bytes: Uint8Array, at: number, end: number): number {
  return checksumOf(bytes, at, end, CHECKSUM);
}

/** What is wrong with the header checksum, if anything. */
export function ipv4ChecksumFault(
  bytes: Uint8Array,
  at: number,
  end: number,
): WireError | undefined {
  return checksumFault(bytes, at, end, CHECKSUM, "header_checksum");
}
