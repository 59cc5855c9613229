/**
 * The Mobile IPv4 messages in captured packets: UDP port 434, and the ICMP messages that are known,
 * also behind the headers of tunnels. Octets of any kind never make it throw; linear in the octets.
 */

import type { Ipv4 } from "../../base/address.ts";
import { MOBILE_IP_PORT } from "../control.ts";
import { readU16 } from "../field.ts";
import { icmpMessages } from "../icmp.ts";
import { GRE_PROTOCOL_IPV4, greHeader } from "../tunnel/gre.ts";
import { readHeader } from "../tunnel/header.ts";
import { Ipv4Flag, ipv4Header } from "../tunnel/ipv4.ts";
import { minimalForwardingHeader } from "../tunnel/minimal.ts";
import type { CapturedPacket } from "./capture.ts";
import { ipPacketIn } from "./link.ts";

/** A tunnel around a message: its ends, as the header in front of the tunnelled packet has them. */
export interface Tunnel {
  readonly encapsulation: "ipip" | "gre" | "minimal" | "udp";
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** GRE's, where it has one (RFC 2890). */
  readonly key: number | undefined;
}

/** A message and its envelope, the innermost one. */
export interface CapturedMessage {
  readonly kind: "udp" | "icmp";
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** The UDP payload, or the ICMP message; shorter than it was sent when `cut`. */
  readonly payload: Uint8Array;
  /** Why octets of the payload are missing; `undefined` when none are. */
  readonly cut: string | undefined;
  /** Outermost first. */
  readonly tunnels: readonly Tunnel[];
}

/** What an IP header is in front of. */
interface Datagram {
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** What there is of it, and how many octets the IP header announces. */
  readonly body: Uint8Array;
  readonly announced: number;
  readonly isFirstFragment: boolean;
}

/** A datagram from inside a tunnel. */
interface Inner {
  readonly tunnel: Omit<Tunnel, "source" | "destination">;
  readonly inner: Datagram | undefined;
}

const PROTOCOL = { icmp: 1, ipip: 4, udp: 17, gre: 47, minimal: 55 } as const;
const UDP_HEADER = 8;
/** MIP Tunnel Data Message: its type, and the octets in front of the packet. RFC 3519 §3.3. */
const TUNNEL_DATA = { type: 4, header: 4 } as const;
/** More tunnels than anybody nests; deeper ones are not looked into. */
const MOST_TUNNELS = 16;

/**
 * The message that a packet carries, if it is one of ours. Tunnel data (UDP 434, type 4) is itself
 * one: it counts when there is no other inside.
 */
export function messageIn(packet: CapturedPacket): CapturedMessage | undefined {
  const ip = ipPacketIn(packet);
  const isCut = packet.sent > packet.bytes.length;
  const tunnels: Tunnel[] = [];
  let found: CapturedMessage | undefined;
  let datagram = ip === undefined ? undefined : datagramIn(ip);
  while (datagram !== undefined && tunnels.length <= MOST_TUNNELS) {
    const message = messageOf(datagram, isCut, [...tunnels]);
    found = message ?? found;
    const next = message === undefined ? innerOf(datagram) : tunnelData(datagram, message);
    if (next === undefined) break;
    const { source, destination } = datagram;
    tunnels.push({ ...next.tunnel, source, destination });
    datagram = next.inner;
  }
  return found;
}

/** `undefined`: no IPv4 header, or a later fragment, which nobody can tell what it is of. */
function datagramIn(ip: Uint8Array): Datagram | undefined {
  const read = readHeader(ipv4Header, ip);
  if (!("value" in read)) return undefined;
  const { protocol, sourceAddress, destinationAddress, totalLength, ...header } = read.value;
  if (header.fragmentOffset !== 0 || totalLength < read.end) return undefined;
  return {
    protocol,
    source: sourceAddress,
    destination: destinationAddress,
    // Ethernet pads short frames: the total length says where the packet ends.
    body: ip.subarray(read.end, totalLength),
    announced: totalLength - read.end,
    isFirstFragment: (header.flags & Ipv4Flag.MF) !== 0,
  };
}

function messageOf(
  datagram: Datagram,
  isCut: boolean,
  tunnels: readonly Tunnel[],
): CapturedMessage | undefined {
  const { protocol, source, destination, body, announced, isFirstFragment } = datagram;
  if (protocol === PROTOCOL.icmp) {
    if (body[0] === undefined || icmpMessages.byType[body[0]] === undefined) return undefined;
    const cut = isFirstFragment ? FRAGMENT : missing(body.length, announced, isCut);
    return { kind: "icmp", source, destination, payload: body, cut, tunnels };
  }
  if (protocol !== PROTOCOL.udp || !isOurPort(body)) return undefined;
  const payload = body.subarray(UDP_HEADER, udpEnd(body));
  // Without a whole header, the IP header says how much there was.
  const sent = body.length < UDP_HEADER ? announced - UDP_HEADER : udpEnd(body) - UDP_HEADER;
  const gap = missing(payload.length, sent, isCut);
  const cut = gap !== undefined && isFirstFragment ? FRAGMENT : gap;
  return { kind: "udp", source, destination, payload, cut, tunnels };
}

const FRAGMENT = "a first fragment, without the rest of the message";

function missing(there: number, sent: number, isCut: boolean): string | undefined {
  if (there >= sent) return undefined;
  return isCut
    ? `captured ${there} of ${sent} octets`
    : `the packet holds ${there} of the ${sent} octets that its headers announce`;
}

function isOurPort(udp: Uint8Array): boolean {
  if (udp.length < 4) return false;
  return readU16(udp, 0) === MOBILE_IP_PORT || readU16(udp, 2) === MOBILE_IP_PORT;
}

/** Where the payload ends, from the start of the UDP header. */
function udpEnd(udp: Uint8Array): number {
  return Math.max(UDP_HEADER, readU16(udp, 4));
}

/** What a tunnel carries whose header follows the IP header. */
function innerOf(outer: Datagram): Inner | undefined {
  const { protocol, body } = outer;
  if (protocol === PROTOCOL.ipip) {
    return { tunnel: { encapsulation: "ipip", key: undefined }, inner: datagramIn(body) };
  }
  if (protocol === PROTOCOL.gre) {
    const read = readHeader(greHeader, body);
    if (!("value" in read) || read.value.protocolType !== GRE_PROTOCOL_IPV4) return undefined;
    const inner = datagramIn(body.subarray(read.end));
    return { tunnel: { encapsulation: "gre", key: read.value.key }, inner };
  }
  if (protocol !== PROTOCOL.minimal) return undefined;
  const read = readHeader(minimalForwardingHeader, body);
  if (!("value" in read)) return undefined;
  const { originalSourceAddress, originalDestinationAddress, ...header } = read.value;
  const inner = {
    ...outer,
    protocol: header.protocol,
    source: originalSourceAddress ?? outer.source,
    destination: originalDestinationAddress,
    body: body.subarray(read.end),
    announced: outer.announced - read.end,
  };
  return { tunnel: { encapsulation: "minimal", key: undefined }, inner };
}

/** What Mobile IP's own UDP tunnel carries: one of three headers (RFC 3519 §3.3). */
function tunnelData(outer: Datagram, { payload }: CapturedMessage): Inner | undefined {
  const [type, nextHeader = 0] = payload;
  if (type !== TUNNEL_DATA.type || outer.protocol !== PROTOCOL.udp) return undefined;
  const tunnel = { encapsulation: "udp", key: undefined } as const;
  const body = payload.subarray(TUNNEL_DATA.header);
  if (nextHeader === PROTOCOL.ipip) return { tunnel, inner: datagramIn(body) };
  if (nextHeader !== PROTOCOL.gre && nextHeader !== PROTOCOL.minimal) return undefined;
  const announced = udpEnd(outer.body) - UDP_HEADER - TUNNEL_DATA.header;
  return { tunnel, inner: { ...outer, protocol: nextHeader, body, announced } };
}
