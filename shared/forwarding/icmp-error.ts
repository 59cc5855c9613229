/** ICMP errors about packets that a tunnel could not carry. RFC 792, RFC 1122 §3.2.2, RFC 1812. */

import { type Ipv4, isMulticast, isUsableUnicast } from "../base/address.ts";
import { finishChecksum, internetChecksum, sumWords } from "../wire/checksum.ts";
import {
  destinationOf,
  headerLength,
  IPV4_HEADER,
  isLaterFragment,
  PROTOCOL_ICMP,
  sourceOf,
  writeAddress,
  writeU16,
} from "./packet.ts";

export const ICMP_HEADER = 8;
export const DESTINATION_UNREACHABLE = 3;
export const NETWORK_UNREACHABLE = 0;
export const HOST_UNREACHABLE = 1;
export const FRAGMENTATION_NEEDED = 4;
export const SOURCE_QUENCH = 4;
export const REDIRECT = 5;
export const TIME_EXCEEDED = 11;
export const PARAMETER_PROBLEM = 12;
/** RFC 1812 §4.3.2.3: as much as fits, but the error is not longer than this. */
const LONGEST_ERROR = 576;
/** RFC 1812 §4.3.2.5: internetwork control. */
const PRECEDENCE = 0xc0;
const TTL = 64;
/** Octets of the packet's payload that an error must quote (RFC 792). */
export const LEAST_PAYLOAD = 8;

/** What an error says; its quote apart. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The next-hop MTU of `fragmentation needed`. */
  readonly mtu?: number;
  /** Octet of the header that a Parameter Problem is about. */
  readonly pointer?: number;
}

const ICMP_ERRORS: ReadonlySet<number | undefined> = new Set([
  DESTINATION_UNREACHABLE,
  SOURCE_QUENCH,
  REDIRECT,
  TIME_EXCEEDED,
  PARAMETER_PROBLEM,
]);

/**
 * May an ICMP error be sent about this packet, of which at least the header is there? Not about
 * another error, nor a later fragment, nor to or about what is not one host. RFC 1122 §3.2.2.
 */
export function mayCauseError(bytes: Uint8Array, packet: number, end: number): boolean {
  const header = headerLength(bytes, packet);
  if (isLaterFragment(bytes, packet) || packet + header + LEAST_PAYLOAD > end) return false;
  const destination = destinationOf(bytes, packet);
  if (isMulticast(destination) || destination === 0xffffffff) return false;
  if (!isUsableUnicast(sourceOf(bytes, packet))) return false;
  return bytes[packet + 9] !== PROTOCOL_ICMP || !ICMP_ERRORS.has(bytes[packet + header]);
}

/** The error as a whole IPv4 packet to the source of what it quotes, from `packet` to `end`. */
export function icmpErrorPacket(
  from: Ipv4,
  error: IcmpError,
  bytes: Uint8Array,
  packet: number,
  end: number,
): Uint8Array {
  const quoted = Math.min(end - packet, LONGEST_ERROR - IPV4_HEADER - ICMP_HEADER);
  const result = new Uint8Array(IPV4_HEADER + ICMP_HEADER + quoted);
  writeU16(result, 0, 0x4500 | PRECEDENCE);
  writeU16(result, 2, result.length);
  writeU16(result, 8, (TTL << 8) | PROTOCOL_ICMP);
  writeAddress(result, 12, from);
  writeAddress(result, 16, sourceOf(bytes, packet));
  writeU16(result, 10, finishChecksum(sumWords(result, 0, IPV4_HEADER)));
  const icmp = IPV4_HEADER;
  writeU16(result, icmp, (error.type << 8) | error.code);
  writeU16(result, icmp + 4, (error.pointer ?? 0) << 8);
  writeU16(result, icmp + 6, error.mtu ?? 0);
  result.set(bytes.subarray(packet, packet + quoted), icmp + ICMP_HEADER);
  writeU16(result, icmp + 2, internetChecksum(result, icmp));
  return result;
}
