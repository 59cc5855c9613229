/** The link layers of captures: where the IP packet begins. */

import { readU16 } from "../field.ts";
import type { CapturedPacket } from "./capture.ts";

const ETHERTYPE_IPV4 = 0x0800;
/** 802.1Q, 802.1ad, and what came before that. */
const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const VLAN_TAG = 4;
/** Octets of the Linux cooked headers. */
const COOKED_2 = 20;

type Offset = (bytes: Uint8Array) => number | undefined;
const atOnce: Offset = () => 0;
const loopback: Offset = (bytes) => (bytes[0] === 2 || bytes[3] === 2 ? 4 : undefined);

/** LINKTYPE_* value to where the IP header begins; `undefined` for what is not IPv4. */
const LINK_TYPES: ReadonlyMap<number, Offset> = new Map([
  [0, loopback], // BSD loopback: AF_INET is 2 in the byte order of the machine
  [108, loopback], // OpenBSD loopback: in network byte order
  [1, (bytes) => behindEtherType(bytes, 12)], // Ethernet
  [113, (bytes) => behindEtherType(bytes, 14)], // Linux cooked, v1
  [276, cooked2],
  [12, atOnce], // Raw IP, by the numbers some systems write
  [14, atOnce],
  [101, atOnce], // Raw IP
  [228, atOnce], // Raw IPv4
  [229, atOnce], // Raw IPv6: its version keeps it out
]);

/** Linux cooked, v2: the protocol comes first, a VLAN tag behind the header. */
function cooked2(bytes: Uint8Array): number | undefined {
  if (VLAN_TYPES.has(readU16(bytes, 0))) return behindEtherType(bytes, COOKED_2 + 2);
  return readU16(bytes, 0) === ETHERTYPE_IPV4 ? COOKED_2 : undefined;
}

function behindEtherType(bytes: Uint8Array, at: number): number | undefined {
  let next = at;
  while (next < bytes.length && VLAN_TYPES.has(readU16(bytes, next))) next += VLAN_TAG;
  return readU16(bytes, next) === ETHERTYPE_IPV4 ? next + 2 : undefined;
}

/** Are packets of this link layer looked into? */
export function isKnownLinkType(linkType: number): boolean {
  return LINK_TYPES.has(linkType);
}

/** The packet from its IP header on, link padding included; `undefined` when it is not IPv4. */
export function ipPacketIn({ linkType, bytes }: CapturedPacket): Uint8Array | undefined {
  const offset = LINK_TYPES.get(linkType)?.(bytes);
  return offset === undefined ? undefined : bytes.subarray(offset);
}
