/**
 * Minimal encapsulation (RFC 2004), in place: there is no second IP header. The packet's own header
 * moves to the front, addressed to the tunnel's exit, and the forwarding header behind it keeps
 * what was changed. TTL, TOS, DF and Identification are the packet's own all the way.
 */

import { finishChecksum, sumWords } from "../wire/checksum.ts";
import type { TunnelEnds } from "./ipip.ts";
import {
  destinationOf,
  headerLength,
  PROTOCOL_MINIMAL,
  PROTOCOL_UDP,
  protocolOf,
  readAddress,
  readU16,
  sourceOf,
  totalLength,
  writeAddress,
  writeHeaderChecksum,
  writeU16,
} from "./packet.ts";
import { UDP_TUNNEL_HEADERS, writeTunnelData } from "./udp-tunnel.ts";

/** The forwarding header without and with the Original Source Address. RFC 2004 §3. */
const SHORT = 8;
const LONG = 12;
const SOURCE_PRESENT = 0x80;

export interface MinimalTunnel extends TunnelEnds {
  /** The other end's UDP port; 0 without UDP. */
  readonly port: number;
}

/** Octets of the forwarding header at `at`. */
function forwardingLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 1] ?? 0) & SOURCE_PRESENT) === 0 ? SHORT : LONG;
}

/**
 * Encapsulates a packet that is no fragment (RFC 2004 §3); returns where it begins now. The
 * original source stands in the forwarding header only when it is not the encapsulator.
 */
export function encapsulateMinimal(
  bytes: Uint8Array,
  packet: number,
  { local, remote, port }: MinimalTunnel,
): number {
  const header = headerLength(bytes, packet);
  const total = totalLength(bytes, packet);
  const protocol = protocolOf(bytes, packet);
  const source = sourceOf(bytes, packet);
  const destination = destinationOf(bytes, packet);
  const added = source === local ? SHORT : LONG;
  const forwarding = packet + header - added;
  const room = port === 0 ? added : added + UDP_TUNNEL_HEADERS;
  const start = packet - room;
  bytes.copyWithin(start, packet, packet + header);
  writeU16(bytes, forwarding, (protocol << 8) | (added === LONG ? SOURCE_PRESENT : 0));
  writeU16(bytes, forwarding + 2, 0);
  writeAddress(bytes, forwarding + 4, destination);
  if (added === LONG) writeAddress(bytes, forwarding + 8, source);
  const sum = sumWords(bytes, forwarding, forwarding + added);
  writeU16(bytes, forwarding + 2, finishChecksum(sum));
  if (port !== 0) {
    writeTunnelData(bytes, forwarding, added + total - header, PROTOCOL_MINIMAL, port);
  }
  writeU16(bytes, start + 2, total + room);
  bytes[start + 9] = port === 0 ? PROTOCOL_MINIMAL : PROTOCOL_UDP;
  writeAddress(bytes, start + 12, local);
  writeAddress(bytes, start + 16, remote);
  writeHeaderChecksum(bytes, start);
  return start;
}

export type MinimalFault = "tunnel-malformed-minimal" | "tunnel-minimal-checksum";

/**
 * What is wrong with the forwarding header at `at` of a packet that ends at `end`, if anything: it
 * is cut short, or its checksum, which covers nothing else, does not hold. RFC 2004 §3.
 */
export function minimalFault(bytes: Uint8Array, at: number, end: number): MinimalFault | undefined {
  if (at + SHORT > end) return "tunnel-malformed-minimal";
  const length = forwardingLength(bytes, at);
  if (at + length > end) return "tunnel-malformed-minimal";
  const sum = sumWords(bytes, at, at + length);
  return finishChecksum(sum) === 0 ? undefined : "tunnel-minimal-checksum";
}

/**
 * Restores the header of the packet at `packet`, whose forwarding header at `at` is sound; what lies
 * between the two (UDP) goes too. Returns where the packet begins now. RFC 2004 §3, RFC 3519 §4.3.
 */
export function restoreMinimal(bytes: Uint8Array, packet: number, at: number): number {
  const header = headerLength(bytes, packet);
  const length = forwardingLength(bytes, at);
  const removed = at - packet - header + length;
  const start = packet + removed;
  const protocol = bytes[at] ?? 0;
  const destination = readAddress(bytes, at + 4);
  const source = length === LONG ? readAddress(bytes, at + 8) : sourceOf(bytes, packet);
  bytes.copyWithin(start, packet, packet + header);
  writeU16(bytes, start + 2, readU16(bytes, start + 2) - removed);
  bytes[start + 9] = protocol;
  writeAddress(bytes, start + 12, source);
  writeAddress(bytes, start + 16, destination);
  writeHeaderChecksum(bytes, start);
  return start;
}
