/** The Mobile IPv4 messages in captured packets: UDP port 434, and ICMP router discovery. */

import type { Ipv4 } from "../../base/address.ts";
import { ICMP_ROUTER_ADVERTISEMENT, ICMP_ROUTER_SOLICITATION } from "../agent-discovery.ts";
import { MOBILE_IP_PORT } from "../control.ts";
import type { CapturedPacket } from "./capture.ts";

/** A message and its envelope. */
export interface CapturedMessage {
  readonly kind: "udp" | "icmp";
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** The UDP payload, or the ICMP message; shorter than it was sent when the capture cut it. */
  readonly payload: Uint8Array;
}

const ETHERTYPE_IPV4 = 0x0800;
/** 802.1Q and 802.1ad. */
const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
const PROTOCOL_ICMP = 1;
const PROTOCOL_UDP = 17;

/** Where the IPv4 header begins; `undefined` when the packet is something else. */
function ipOffset({ linkType, bytes }: CapturedPacket): number | undefined {
  switch (linkType) {
    case 1: // Ethernet
      return afterEtherType(bytes, 12);
    case 113: // Linux cooked, v1
      return afterEtherType(bytes, 14);
    case 276: // Linux cooked, v2: the protocol comes first
      return u16(bytes, 0) === ETHERTYPE_IPV4 ? 20 : undefined;
    case 0: // BSD loopback: AF_INET is 2 in the byte order of the machine
      return bytes[0] === 2 || bytes[3] === 2 ? 4 : undefined;
    case 12: // Raw IP, by the number some systems write
    case 14:
    case 101: // Raw IP
    case 228: // Raw IPv4
      return 0;
    default:
      return undefined;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32(bytes: Uint8Array, at: number): Ipv4 {
  return (u16(bytes, at) * 0x10000 + u16(bytes, at + 2)) as Ipv4;
}

function afterEtherType(bytes: Uint8Array, at: number): number | undefined {
  let next = at;
  while (VLAN_TYPES.has(u16(bytes, next)) && next < bytes.length) next += 4;
  return u16(bytes, next) === ETHERTYPE_IPV4 ? next + 2 : undefined;
}

/** The message that a packet carries, if it is one of ours. */
export function messageIn(packet: CapturedPacket): CapturedMessage | undefined {
  const offset = ipOffset(packet);
  if (offset === undefined) return undefined;
  const ip = packet.bytes.subarray(offset);
  const headerLength = ((ip[0] ?? 0) & 15) * 4;
  if ((ip[0] ?? 0) >>> 4 !== 4 || headerLength < 20 || ip.length < headerLength) return undefined;
  // Only a first fragment has the header that says what it is.
  if ((u16(ip, 6) & 0x1fff) !== 0) return undefined;
  // Ethernet pads short frames: the total length says where the packet ends.
  const body = ip.subarray(headerLength, Math.max(headerLength, u16(ip, 2)));
  const envelope = { source: u32(ip, 12), destination: u32(ip, 16) };
  if (ip[9] === PROTOCOL_UDP && body.length >= 8) {
    if (u16(body, 0) !== MOBILE_IP_PORT && u16(body, 2) !== MOBILE_IP_PORT) return undefined;
    const end = Math.max(8, u16(body, 4));
    return { kind: "udp", ...envelope, payload: body.subarray(8, end) };
  }
  const isDiscovery = body[0] === ICMP_ROUTER_ADVERTISEMENT || body[0] === ICMP_ROUTER_SOLICITATION;
  if (ip[9] === PROTOCOL_ICMP && isDiscovery) return { kind: "icmp", ...envelope, payload: body };
  return undefined;
}
