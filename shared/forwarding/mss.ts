/**
 * Clamping of the TCP Maximum Segment Size: a connection through a tunnel is told what fits, so that
 * it works even where ICMP errors are lost. RFC 9293 §3.7.1: the MSS is the MTU less 40.
 */

import {
  adjustChecksum,
  headerLength,
  IPV4_HEADER,
  isFragment,
  PROTOCOL_TCP,
  readU16,
  totalLength,
  writeU16,
} from "./packet.ts";

const TCP_HEADER = 20;
const SYN = 2;
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const MSS = 2;
const MSS_LENGTH = 4;

/** Where the value of a well-formed MSS option is, or -1. */
function mssOption(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const kind = bytes[at];
    if (kind === END_OF_OPTIONS) return -1;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    if (length < 2 || at + length > end) return -1;
    if (kind === MSS) return length === MSS_LENGTH ? at + 2 : -1;
    at += length;
  }
  return -1;
}

function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}

/**
 * Lowers the MSS that a TCP packet with SYN offers to what an MTU leaves; every other packet stays
 * as it is. It is a whole IPv4 packet.
 */
export function clampMss(bytes: Uint8Array, packet: number, mtu: number): void {
  if (bytes[packet + 9] !== PROTOCOL_TCP) return;
  const tcp = packet + headerLength(bytes, packet);
  const end = packet + totalLength(bytes, packet);
  if (tcp + TCP_HEADER > end || ((bytes[tcp + 13] ?? 0) & SYN) === 0) return;
  if (isFragment(bytes, packet)) return;
  const optionsEnd = tcp + ((bytes[tcp + 12] ?? 0) >>> 4) * 4;
  if (optionsEnd > end) return;
  const at = mssOption(bytes, tcp + TCP_HEADER, optionsEnd);
  if (at < 0) return;
  const before = readU16(bytes, at);
  const after = mtu - IPV4_HEADER - TCP_HEADER;
  if (before <= after || after <= 0) return;
  writeU16(bytes, at, after);
  // After a single No-Operation the value lies across two of the words that are summed.
  const isOdd = ((at - tcp) & 1) === 1;
  const checksum = tcp + 16;
  adjustChecksum(bytes, checksum, isOdd ? swapped(before) : before, isOdd ? swapped(after) : after);
}
