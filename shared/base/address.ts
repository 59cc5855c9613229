/** IPv4 addresses, prefixes and link-layer addresses as branded plain values. */

import { flat } from "./flat.ts";
import { assert } from "./result.ts";

/** An IPv4 address as an unsigned 32-bit number (so it compares, hashes and masks cheaply). */
export type Ipv4 = number & { readonly brand: "Ipv4" };

/** A 48-bit link-layer address, lower case with colons, as the contract prints it. */
export type Mac = string & { readonly brand: "Mac" };

/** An address with a prefix length; host bits may be set (an interface address). */
export interface Prefix {
  readonly address: Ipv4;
  /** 0..32 */
  readonly length: number;
}

export const UNSPECIFIED = 0 as Ipv4;
export const BROADCAST = 0xffffffff as Ipv4;
/** RFC 1256 §2: every host on the link. */
export const ALL_SYSTEMS = 0xe0000001 as Ipv4;
/** RFC 1256 §2: every router on the link. */
export const ALL_ROUTERS = 0xe0000002 as Ipv4;
/** RFC 5944 §2.3: every mobility agent on the link, 224.0.0.11. */
export const MOBILE_AGENTS = 0xe000000b as Ipv4;
export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as Mac;
export const ZERO_MAC = "00:00:00:00:00:00" as Mac;

/** Brands an unsigned 32-bit number. */
export function toIpv4(value: number): Ipv4 {
  return (value >>> 0) as Ipv4;
}

/** As a digit, counted from the one that is 0. */
const DOT = -2;

/** Reads a dotted quad; `undefined` when it is none (no leading zeros, no short forms). */
export function parseIpv4(text: string): Ipv4 | undefined {
  let value = 0;
  let octets = 0;
  let octet = -1; // no digit yet
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (i === text.length || digit === DOT) {
      if (octet < 0) return undefined;
      value = value * 256 + octet;
      octets++;
      octet = -1;
    } else if (!(digit >= 0 && digit <= 9) || octet === 0) return undefined;
    else octet = octet < 0 ? digit : octet * 10 + digit;
    if (octet > 255) return undefined;
  }
  return octets === 4 ? (value as Ipv4) : undefined;
}

/** For literals in our own code and tests; a wrong literal is our mistake. */
export function ipv4(text: string): Ipv4 {
  const value = parseIpv4(text);
  assert(value !== undefined, `not an IPv4 address: ${text}`);
  return value;
}

export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Reads `a.b.c.d/n`; `undefined` when it is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseIpv4(match[1]);
  const length = Number(match?.[2]);
  if (address === undefined || !(length <= 32)) return undefined;
  return { address, length };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIpv4(prefix.address)}/${prefix.length}`;
}

/** The netmask of a prefix length, as a number. */
export function netmask(length: number): Ipv4 {
  return toIpv4(length === 0 ? 0 : 0xffffffff << (32 - length));
}

export function prefixContains(prefix: Prefix, address: Ipv4): boolean {
  const mask = netmask(prefix.length);
  return ((prefix.address ^ address) & mask) === 0;
}

/** Is there an address that both hold? */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return prefixContains(a, b.address) || prefixContains(b, a.address);
}

/** The network address: host bits cleared. */
export function networkOf(prefix: Prefix): Prefix {
  return { address: toIpv4(prefix.address & netmask(prefix.length)), length: prefix.length };
}

/** The subnet-directed broadcast address; for /31 and /32 there is none. */
export function directedBroadcast(prefix: Prefix): Ipv4 | undefined {
  if (prefix.length > 30) return undefined;
  return toIpv4(prefix.address | ~netmask(prefix.length));
}

export function isMulticast(address: Ipv4): boolean {
  return address >>> 28 === 0xe;
}

/** The Ethernet address a group maps to (RFC 1112 §6.4). */
export function multicastMac(group: Ipv4): Mac {
  return macFromBytes(
    Uint8Array.of(1, 0, 0x5e, (group >>> 16) & 0x7f, (group >>> 8) & 255, group & 255),
    0,
  );
}

/** Can this address be the one address of one node? RFC 1122 §3.2.1.3. */
export function isUsableUnicast(address: Ipv4): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** Is this an address of private networks, unique only inside one of them? RFC 1918 §3. */
export function isPrivate(address: Ipv4): boolean {
  return address >>> 24 === 10 || address >>> 20 === 0xac1 || address >>> 16 === 0xc0a8;
}

/**
 * Address space that is not reachable from everywhere, or nobody's: what the registry of special
 * addresses says about IPv4 (RFC 6890 and its updates), loopback and groups left out.
 */
const NOT_GLOBAL: readonly Prefix[] = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
].map((text) => parsePrefix(text) as Prefix);

/** Is this one node's address that is routed on the general Internet? RFC 6890 §2.1. */
export function isGloballyReachable(address: Ipv4): boolean {
  return isUsableUnicast(address) && !NOT_GLOBAL.some((prefix) => prefixContains(prefix, address));
}

const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Six octets from `offset`; the caller made sure that they are there. */
export function macFromBytes(bytes: Uint8Array, offset: number): Mac {
  let text = "";
  for (let i = 0; i < 6; i++) text += (i > 0 ? ":" : "") + HEX[bytes[offset + i] ?? 0];
  return flat(text) as Mac;
}

/** Writes six octets; the brand promises the form. */
export function writeMac(bytes: Uint8Array, offset: number, mac: Mac): void {
  for (let i = 0; i < 6; i++) {
    bytes[offset + i] = (hexDigit(mac, 3 * i) << 4) | hexDigit(mac, 3 * i + 1);
  }
}

/** Six octets. */
export function macToBytes(mac: Mac): Uint8Array {
  const out = new Uint8Array(6);
  writeMac(out, 0, mac);
  return out;
}

/** The value of a lower-case hex digit. */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

/** A multicast or the broadcast address; never that of one node (IEEE 802, I/G bit). */
export function isGroupMac(mac: Mac): boolean {
  return (hexDigit(mac, 1) & 1) === 1;
}

export function parseMac(text: string): Mac | undefined {
  const lower = text.toLowerCase();
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(lower) ? (lower as Mac) : undefined;
}
