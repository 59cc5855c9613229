/** IPv4 packets as octets in a slab: what every kind of tunnel reads and writes. */

import { type Ipv4, toIpv4 } from "../base/address.ts";
import { finishChecksum, sumWords } from "../wire/checksum.ts";

/** An IPv4 header without options, in octets. */
export const IPV4_HEADER = 20;
/** With the most options that fit. */
export const LONGEST_IPV4_HEADER = 60;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IPIP = 4;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_MINIMAL = 55;

const DONT_FRAGMENT = 0x4000;
/** More Fragments, and the offset. */
const FRAGMENT = 0x3fff;
const OFFSET = 0x1fff;

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** An address in a header; the caller made sure that it is there. */
export function readAddress(bytes: Uint8Array, at: number): Ipv4 {
  return toIpv4((readU16(bytes, at) << 16) | readU16(bytes, at + 2));
}

export function writeAddress(bytes: Uint8Array, at: number, address: Ipv4): void {
  writeU16(bytes, at, address >>> 16);
  writeU16(bytes, at + 2, address & 0xffff);
}

export function sourceOf(bytes: Uint8Array, packet: number): Ipv4 {
  return readAddress(bytes, packet + 12);
}

export function destinationOf(bytes: Uint8Array, packet: number): Ipv4 {
  return readAddress(bytes, packet + 16);
}

export function protocolOf(bytes: Uint8Array, packet: number): number {
  return bytes[packet + 9] ?? 0;
}

/** Octets of the header, options included. */
export function headerLength(bytes: Uint8Array, packet: number): number {
  return ((bytes[packet] ?? 0) & 15) * 4;
}

/** The length of the packet by its own header, which leaves out link-layer padding. */
export function totalLength(bytes: Uint8Array, packet: number): number {
  return readU16(bytes, packet + 2);
}

/** A whole IPv4 header and all that its Total Length promises. */
export function isIpv4(bytes: Uint8Array, packet: number, length: number): boolean {
  if (length < IPV4_HEADER) return false;
  const first = bytes[packet] ?? 0;
  const header = (first & 15) * 4;
  const total = readU16(bytes, packet + 2);
  return first >>> 4 === 4 && header >= IPV4_HEADER && total >= header && total <= length;
}

/** Must this packet not be fragmented? */
export function isDontFragment(bytes: Uint8Array, packet: number): boolean {
  return (readU16(bytes, packet + 6) & DONT_FRAGMENT) !== 0;
}

/** Is it a part of a longer packet, the first part included? */
export function isFragment(bytes: Uint8Array, packet: number): boolean {
  return (readU16(bytes, packet + 6) & FRAGMENT) !== 0;
}

/** Is it a later part, without the header of what it carries? */
export function isLaterFragment(bytes: Uint8Array, packet: number): boolean {
  return (readU16(bytes, packet + 6) & OFFSET) !== 0;
}

/** Computes the Header Checksum of a header anew. */
export function writeHeaderChecksum(bytes: Uint8Array, packet: number): void {
  writeU16(bytes, packet + 10, 0);
  const end = packet + headerLength(bytes, packet);
  writeU16(bytes, packet + 10, finishChecksum(sumWords(bytes, packet, end)));
}

/** The checksum at `at` after one of the words it covers has changed (RFC 1624: ~(~C + ~m + m')). */
export function adjustChecksum(bytes: Uint8Array, at: number, before: number, after: number): void {
  const sum = (~readU16(bytes, at) & 0xffff) + (~before & 0xffff) + after;
  writeU16(bytes, at, finishChecksum(sum));
}

/** A hop: one less in the TTL field. False: it has been to too many (RFC 791 §3.2). */
export function takeHop(bytes: Uint8Array, packet: number): boolean {
  const ttl = bytes[packet + 8] ?? 0;
  if (ttl <= 1) return false;
  const before = readU16(bytes, packet + 8);
  bytes[packet + 8] = ttl - 1;
  adjustChecksum(bytes, packet + 10, before, readU16(bytes, packet + 8));
  return true;
}
