/**
 * IP-in-IP (RFC 2003), in place: the outer header is written into the room before the packet, or
 * stripped by moving the start. Nothing is allocated for a packet. Every refusal is a named reason,
 * which is the name of its counter.
 */

import { type Ipv4, toIpv4 } from "../base/address.ts";
import { finishChecksum } from "../wire/checksum.ts";

export const OUTER_HEADER = 20;
export const PROTOCOL_IPIP = 4;
/** RFC 2003 §3.1: enough to reach the tunnel exit; never copied from the inner header. */
export const OUTER_TTL = 64;
const DONT_FRAGMENT = 0x4000;
/** Minimum IPv4 header. */
const HEADER = 20;
const ECN_MASK = 3;
const ECN_ECT1 = 1;
const ECN_CE = 3;

/** `clear` is the operator's own departure from RFC 2003 §3.1 for paths that lose ICMP. */
export type DfPolicy = "copy" | "clear" | "set";

export interface TunnelEnds {
  readonly local: Ipv4;
  readonly remote: Ipv4;
}

export type EncapsulationDrop =
  | "tunnel-not-ipv4"
  | "tunnel-ttl-zero"
  | "tunnel-source-is-exit"
  | "tunnel-loop"
  | "tunnel-too-big";

export type DecapsulationDrop =
  | "tunnel-malformed-outer"
  | "tunnel-malformed-inner"
  | "tunnel-inner-ttl-zero"
  | "tunnel-congestion-not-ect";

function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** An address in a header; the caller made sure that it is there. */
export function readAddress(bytes: Uint8Array, at: number): Ipv4 {
  return toIpv4((readU16(bytes, at) << 16) | readU16(bytes, at + 2));
}

export function sourceOf(bytes: Uint8Array, packet: number): Ipv4 {
  return readAddress(bytes, packet + 12);
}

export function destinationOf(bytes: Uint8Array, packet: number): Ipv4 {
  return readAddress(bytes, packet + 16);
}

/** A whole IPv4 header and all that its Total Length promises. */
export function isIpv4(bytes: Uint8Array, packet: number, length: number): boolean {
  if (length < HEADER) return false;
  const first = bytes[packet] ?? 0;
  const headerLength = (first & 15) * 4;
  const total = readU16(bytes, packet + 2);
  return first >>> 4 === 4 && headerLength >= HEADER && total >= headerLength && total <= length;
}

/** Protocols whose datagrams carry datagrams: IP-in-IP, GRE, minimal encapsulation. */
function isTunnelProtocol(protocol: number): boolean {
  return protocol === PROTOCOL_IPIP || protocol === 47 || protocol === 55;
}

/**
 * Why this packet must not enter the tunnel, if it must not; it is a whole IPv4 packet.
 *
 * RFC 2003 §3.1: never one with TTL 0. RFC 2003 §3.2: none that comes from the tunnel's exit (which
 * for an encapsulated one is also RFC 5944 §4.2.3: its outer source is the care-of address). Our own
 * source address on a packet to forward is refused by the kernel itself before any route is looked
 * up (a martian source); what reaches the tunnel with it starts here, which is allowed, except an
 * encapsulated packet: that is our own output coming back, growing with every turn.
 */
export function refusalFor(
  bytes: Uint8Array,
  packet: number,
  tunnel: TunnelEnds,
): EncapsulationDrop | undefined {
  if (bytes[packet + 8] === 0) return "tunnel-ttl-zero";
  const source = sourceOf(bytes, packet);
  if (source === tunnel.remote) return "tunnel-source-is-exit";
  if (source === tunnel.local && isTunnelProtocol(bytes[packet + 9] ?? 0)) return "tunnel-loop";
  return undefined;
}

/** Writes the outer header into the 20 octets before the packet. RFC 2003 §3.1. */
export function writeOuterHeader(
  bytes: Uint8Array,
  packet: number,
  tunnel: TunnelEnds,
  df: DfPolicy,
  identification: number,
): void {
  const start = packet - OUTER_HEADER;
  const total = readU16(bytes, packet + 2) + OUTER_HEADER;
  const typeOfService = bytes[packet + 1] ?? 0;
  const innerDf = readU16(bytes, packet + 6) & DONT_FRAGMENT;
  const flags = df === "copy" ? innerDf : df === "set" ? DONT_FRAGMENT : 0;
  const { local, remote } = tunnel;
  const first = 0x4500 | typeOfService;
  const lifetime = (OUTER_TTL << 8) | PROTOCOL_IPIP;
  const addresses = (local >>> 16) + (local & 0xffff) + (remote >>> 16) + (remote & 0xffff);
  writeU16(bytes, start, first);
  writeU16(bytes, start + 2, total);
  writeU16(bytes, start + 4, identification);
  writeU16(bytes, start + 6, flags);
  writeU16(bytes, start + 8, lifetime);
  const sum = first + total + identification + flags + lifetime + addresses;
  writeU16(bytes, start + 10, finishChecksum(sum));
  writeU16(bytes, start + 12, local >>> 16);
  writeU16(bytes, start + 14, local & 0xffff);
  writeU16(bytes, start + 16, remote >>> 16);
  writeU16(bytes, start + 18, remote & 0xffff);
}

/** Must this packet not be fragmented? */
export function isDontFragment(bytes: Uint8Array, packet: number): boolean {
  return (readU16(bytes, packet + 6) & DONT_FRAGMENT) !== 0;
}

/** The length of the packet by its own header, which leaves out link-layer padding. */
export function totalLength(bytes: Uint8Array, packet: number): number {
  return readU16(bytes, packet + 2);
}

/** Can the outer Total Length still be written? */
export function fitsTunnel(bytes: Uint8Array, packet: number): boolean {
  return totalLength(bytes, packet) <= 0xffff - OUTER_HEADER;
}

/** Where the inner packet begins, or why there is none. RFC 2003 §3.1. */
export function innerStart(
  bytes: Uint8Array,
  packet: number,
  length: number,
): number | DecapsulationDrop {
  // A reassembled datagram was checked by the kernel; its fragment fields are clear.
  if (!isIpv4(bytes, packet, length)) return "tunnel-malformed-outer";
  if (bytes[packet + 9] !== PROTOCOL_IPIP) return "tunnel-malformed-outer";
  const outerLength = ((bytes[packet] ?? 0) & 15) * 4;
  const inner = packet + outerLength;
  if (!isIpv4(bytes, inner, totalLength(bytes, packet) - outerLength)) {
    return "tunnel-malformed-inner";
  }
  return bytes[inner + 8] === 0 ? "tunnel-inner-ttl-zero" : inner;
}

/**
 * Carries a congestion mark from the outer header into the inner one (RFC 6040 §4.2, normal mode),
 * and adjusts the inner checksum for it; the rest of the inner header stays as it is.
 */
export function mergeCongestion(
  bytes: Uint8Array,
  packet: number,
  inner: number,
): DecapsulationDrop | undefined {
  const outer = (bytes[packet + 1] ?? 0) & ECN_MASK;
  const typeOfService = bytes[inner + 1] ?? 0;
  const own = typeOfService & ECN_MASK;
  if (outer !== ECN_CE && outer !== ECN_ECT1) return undefined;
  if (own === 0) return outer === ECN_CE ? "tunnel-congestion-not-ect" : undefined;
  if (own === ECN_CE || own === outer) return undefined;
  const merged = (typeOfService & ~ECN_MASK) | outer;
  const before = readU16(bytes, inner);
  bytes[inner + 1] = merged;
  // RFC 1624: HC' = ~(~HC + ~m + m')
  const checksum = readU16(bytes, inner + 10);
  const sum = (~checksum & 0xffff) + (~before & 0xffff) + readU16(bytes, inner);
  writeU16(bytes, inner + 10, finishChecksum(sum));
  return undefined;
}
