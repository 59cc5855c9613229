/**
 * IP-in-IP (RFC 2003), in place: the outer header is written into the room before the packet, or
 * stripped by moving the start. Nothing is allocated for a packet. The outer header of GRE
 * (RFC 2784) and of UDP tunnels (RFC 3519 §4.2) is the same but for its protocol.
 */

import type { Ipv4 } from "../base/address.ts";
import { finishChecksum } from "../wire/checksum.ts";
import {
  adjustChecksum,
  IPV4_HEADER,
  PROTOCOL_GRE,
  PROTOCOL_IPIP,
  PROTOCOL_MINIMAL,
  PROTOCOL_UDP,
  readU16,
  sourceOf,
  totalLength,
  writeU16,
} from "./packet.ts";
import { isTunnelData } from "./udp-tunnel.ts";

export const OUTER_HEADER = IPV4_HEADER;
/** RFC 2003 §3.1: enough to reach the tunnel exit; never copied from the inner header. */
export const OUTER_TTL = 64;
const DONT_FRAGMENT = 0x4000;
const ECN_MASK = 3;
const ECN_ECT1 = 1;
const ECN_CE = 3;

/** `clear` is the operator's own departure from RFC 2003 §3.1 for paths that lose ICMP. */
export type DfPolicy = "copy" | "clear" | "set";

export interface TunnelEnds {
  readonly local: Ipv4;
  readonly remote: Ipv4;
}

/** Why a packet does not enter a tunnel; the name of its counter. */
export type EncapsulationDrop =
  | "tunnel-not-ipv4"
  | "tunnel-ttl-zero"
  | "tunnel-source-is-exit"
  | "tunnel-loop"
  | "tunnel-too-big";

/** Does this packet carry another one: IP-in-IP, GRE, minimal encapsulation, MIP tunnel data? */
function carriesPacket(bytes: Uint8Array, packet: number): boolean {
  const protocol = bytes[packet + 9];
  if (protocol === PROTOCOL_UDP) return isTunnelData(bytes, packet);
  return protocol === PROTOCOL_IPIP || protocol === PROTOCOL_GRE || protocol === PROTOCOL_MINIMAL;
}

/**
 * Why this packet must not enter the tunnel, if it must not; it is a whole IPv4 packet.
 *
 * RFC 2003 §3.1: never one with TTL 0. RFC 2003 §3.2, RFC 2004 §4: none that comes from the
 * tunnel's exit (which for an encapsulated one is also RFC 5944 §4.2.3: its outer source is the
 * care-of address). Our own source address on a packet to forward is refused by the kernel itself
 * before any route is looked up (a martian source); what reaches the tunnel with it starts here,
 * which is allowed, except an encapsulated packet: that is our own output coming back, growing with
 * every turn.
 */
export function refusalFor(
  bytes: Uint8Array,
  packet: number,
  tunnel: TunnelEnds & { readonly router?: Ipv4 },
): EncapsulationDrop | undefined {
  if (bytes[packet + 8] === 0) return "tunnel-ttl-zero";
  const source = sourceOf(bytes, packet);
  if (source === tunnel.remote || source === tunnel.router) return "tunnel-source-is-exit";
  if (source === tunnel.local && carriesPacket(bytes, packet)) return "tunnel-loop";
  return undefined;
}

/**
 * Writes the outer header `room` octets before the inner packet; what lies between the two headers,
 * if anything, is written already. RFC 2003 §3.1: TOS of the inner header, DF by policy.
 */
export function writeOuterHeader(
  bytes: Uint8Array,
  packet: number,
  tunnel: TunnelEnds,
  df: DfPolicy,
  identification: number,
  room: number = OUTER_HEADER,
  protocol: number = PROTOCOL_IPIP,
): void {
  const start = packet - room;
  const total = readU16(bytes, packet + 2) + room;
  const typeOfService = bytes[packet + 1] ?? 0;
  const innerDf = readU16(bytes, packet + 6) & DONT_FRAGMENT;
  const flags = df === "copy" ? innerDf : df === "set" ? DONT_FRAGMENT : 0;
  const { local, remote } = tunnel;
  const first = 0x4500 | typeOfService;
  const lifetime = (OUTER_TTL << 8) | protocol;
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

/** Can the outer Total Length still be written with so many octets more? */
export function fitsTunnel(bytes: Uint8Array, packet: number, overhead = OUTER_HEADER): boolean {
  return totalLength(bytes, packet) <= 0xffff - overhead;
}

/** Is there something in the outer header that may have to go into the inner one? */
export function hasMark(bytes: Uint8Array, packet: number): boolean {
  const outer = (bytes[packet + 1] ?? 0) & ECN_MASK;
  return outer === ECN_CE || outer === ECN_ECT1;
}

/**
 * Carries a congestion mark from the outer header into the inner one (RFC 6040 §4.2, normal mode),
 * and adjusts the inner checksum for it; the rest of the inner header stays as it is.
 */
export function mergeCongestion(
  bytes: Uint8Array,
  packet: number,
  inner: number,
): "tunnel-congestion-not-ect" | undefined {
  if (!hasMark(bytes, packet)) return undefined;
  const outer = (bytes[packet + 1] ?? 0) & ECN_MASK;
  const typeOfService = bytes[inner + 1] ?? 0;
  const own = typeOfService & ECN_MASK;
  if (own === 0) return outer === ECN_CE ? "tunnel-congestion-not-ect" : undefined;
  if (own === ECN_CE || own === outer) return undefined;
  const before = readU16(bytes, inner);
  bytes[inner + 1] = (typeOfService & ~ECN_MASK) | outer;
  adjustChecksum(bytes, inner + 10, before, readU16(bytes, inner));
  return undefined;
}
