/**
 * MIP UDP tunnelling (RFC 3519 §4.2, §4.3), in place: a UDP header and the four octets of the MIP
 * Tunnel Data Message stand between the outer IP header and what the tunnel's encapsulation puts
 * there. The UDP checksum is sent as 0, which RFC 768 allows: the inner packet has its own, and its
 * header is checked by whoever receives it. One that is there on reception must hold (RFC 1122
 * §4.1.3.4).
 */

import { finishChecksum, sumWords } from "../wire/checksum.ts";
import {
  headerLength,
  isLaterFragment,
  PROTOCOL_UDP,
  readU16,
  totalLength,
  writeU16,
} from "./packet.ts";

/** RFC 5944 §3.1: tunnel data uses the port of the registration, and it comes from there too. */
export const TUNNEL_PORT = 434;
/** Type of the MIP Tunnel Data Message. RFC 3519 §3.3. */
export const TUNNEL_DATA = 4;
const UDP_HEADER = 8;
const MIP_HEADER = 4;
/** What a UDP tunnel adds behind the outer IP header, in octets. */
export const UDP_TUNNEL_HEADERS = UDP_HEADER + MIP_HEADER;

/**
 * Writes UDP header and message header before the `length` octets of payload at `payload`; returns
 * where they begin. `protocol` says what the payload is: 4, 47 or 55.
 */
export function writeTunnelData(
  bytes: Uint8Array,
  payload: number,
  length: number,
  protocol: number,
  port: number,
): number {
  const start = payload - UDP_TUNNEL_HEADERS;
  writeU16(bytes, start, TUNNEL_PORT);
  writeU16(bytes, start + 2, port);
  writeU16(bytes, start + 4, UDP_TUNNEL_HEADERS + length);
  writeU16(bytes, start + 6, 0);
  writeU16(bytes, start + 8, (TUNNEL_DATA << 8) | protocol);
  writeU16(bytes, start + 10, 0);
  return start;
}

export type TunnelDataFault = "tunnel-malformed-udp" | "tunnel-udp-checksum";

/**
 * What is wrong with the UDP packet at `packet`, a whole IPv4 packet, as tunnel data to this host;
 * `undefined` when nothing is. What the Next Header says comes after `UDP_TUNNEL_HEADERS` octets.
 */
export function tunnelDataFault(bytes: Uint8Array, packet: number): TunnelDataFault | undefined {
  const udp = packet + headerLength(bytes, packet);
  const room = packet + totalLength(bytes, packet) - udp;
  if (room < UDP_TUNNEL_HEADERS || readU16(bytes, udp + 2) !== TUNNEL_PORT) {
    return "tunnel-malformed-udp";
  }
  // A length shorter than the datagram's would leave octets that no header accounts for.
  const length = readU16(bytes, udp + 4);
  if (length !== room || bytes[udp + UDP_HEADER] !== TUNNEL_DATA) return "tunnel-malformed-udp";
  if (readU16(bytes, udp + 6) === 0) return undefined;
  const pseudo = sumWords(bytes, packet + 12, packet + 20, PROTOCOL_UDP + length);
  const sum = sumWords(bytes, udp, udp + length, pseudo);
  return finishChecksum(sum) === 0 ? undefined : "tunnel-udp-checksum";
}

/** Next Header of tunnel data: the protocol of what follows. RFC 3519 §3.3. */
export function nextHeaderOf(bytes: Uint8Array, udp: number): number {
  return bytes[udp + UDP_HEADER + 1] ?? 0;
}

export function sourcePortOf(bytes: Uint8Array, udp: number): number {
  return readU16(bytes, udp);
}

export function destinationPortOf(bytes: Uint8Array, udp: number): number {
  return readU16(bytes, udp + 2);
}

/** Is this UDP packet tunnel data that went out by us? */
export function isTunnelData(bytes: Uint8Array, packet: number): boolean {
  const udp = packet + headerLength(bytes, packet);
  if (isLaterFragment(bytes, packet)) return false;
  if (udp + UDP_HEADER >= packet + totalLength(bytes, packet)) return false;
  return readU16(bytes, udp) === TUNNEL_PORT && bytes[udp + UDP_HEADER] === TUNNEL_DATA;
}
