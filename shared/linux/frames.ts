/**
 * Frames of a link, read into the cores' events and built from their effects: IPv4 with UDP or
 * ICMP, and ARP. Pure: octets in, values out, and nothing here throws on what a peer sent.
 *
 * A captured packet has not been through this host's IP layer, so every check that layer makes is
 * made here (RFC 1122 §3.2.1, §4.1.3.4).
 */

import { type Ipv4, type Mac, macFromBytes, toIpv4, writeMac } from "../base/address.ts";
import { pooledOctets } from "../base/pool.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { ArpPacket, ArpReceived, IcmpReceived, UdpReceived } from "../protocol/core.ts";
import { finishChecksum, internetChecksum, sumWords } from "../wire/checksum.ts";
import { readU16, readU32, writeU16, writeU32 } from "../wire/field.ts";
import type { Frame } from "./packet-io.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const PROTOCOL_ICMP = 1;
const PROTOCOL_UDP = 17;
const IPV4_HEADER = 20;
const UDP_HEADER = 8;
const ARP_LENGTH = 28;

/** Why a frame was dropped; each is a counter, `malformed-` and this name. */
type FrameFault =
  | "ether-type"
  | "ip-truncated"
  | "ip-version"
  | "ip-header-length"
  | "ip-total-length"
  | "ip-checksum"
  | "ip-fragment"
  | "ip-source"
  | "ip-protocol"
  | "udp-length"
  | "udp-checksum"
  | "icmp-length"
  | "arp-length"
  | "arp-format"
  | "arp-operation";

interface Ipv4Packet {
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly protocol: number;
  readonly ttl: number;
  /** A view into the packet, cut at the total length (Ethernet pads short frames). */
  readonly payload: Uint8Array;
}

export type FrameEvent = UdpReceived | IcmpReceived | ArpReceived;

/** Reads one whole, unfragmented IPv4 packet (RFC 791 §3.1, RFC 1122 §3.2.1). */
export function parseIpv4Packet(bytes: Uint8Array): Result<Ipv4Packet, FrameFault> {
  if (bytes.length < IPV4_HEADER) return err("ip-truncated");
  const first = bytes[0] ?? 0;
  if (first >>> 4 !== 4) return err("ip-version");
  const headerLength = (first & 15) * 4;
  if (headerLength < IPV4_HEADER || headerLength > bytes.length) return err("ip-header-length");
  const total = readU16(bytes, 2);
  if (total < headerLength || total > bytes.length) return err("ip-total-length");
  if (internetChecksum(bytes, 0, headerLength) !== 0) return err("ip-checksum");
  // MF or an offset: a registration fits any MTU, so reassembly is left to the routed sockets.
  if ((readU16(bytes, 6) & 0x3fff) !== 0) return err("ip-fragment");
  const source = toIpv4(readU32(bytes, 12));
  // A group or the limited broadcast is never a source (RFC 1122 §3.2.1.3); class E goes with it.
  if (source >>> 28 >= 0xe) return err("ip-source");
  return ok({
    source,
    destination: toIpv4(readU32(bytes, 16)),
    protocol: bytes[9] ?? 0,
    ttl: bytes[8] ?? 0,
    payload: bytes.subarray(headerLength, total),
  });
}

/** The sum over the pseudo header of RFC 768. */
function pseudoHeaderSum(source: number, destination: number, length: number): number {
  return (
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    PROTOCOL_UDP +
    length
  );
}

/**
 * Is the checksum of a datagram right, or not there to be judged? Zero means none was made
 * (RFC 768), which is accepted. Over veth and virtio a kernel leaves it to a device that does not
 * exist: the field then holds the sum of the pseudo header alone, not complemented.
 */
function isChecksumGood(
  packet: Ipv4Packet,
  length: number,
  checksumPending: boolean | undefined,
): boolean {
  const checksum = readU16(packet.payload, 6);
  if (checksum === 0 || checksumPending === true) return true;
  const pseudo = pseudoHeaderSum(packet.source, packet.destination, length);
  if (finishChecksum(sumWords(packet.payload, 0, length, pseudo)) === 0) return true;
  return checksumPending === undefined && checksum === (~finishChecksum(pseudo) & 0xffff);
}

/**
 * Reads the UDP datagram of a packet. A registration with a wrong checksum is silently discarded,
 * one with none is accepted (RFC 5944 §3.1, §3.6.2.1, §3.7.2.1, §3.7.3.1, §3.8.2.1).
 */
export function parseUdp(
  packet: Ipv4Packet,
  link: { readonly interface: string | undefined; readonly linkSource: Mac | undefined },
  checksumPending?: boolean,
): Result<UdpReceived, FrameFault> {
  const { payload } = packet;
  if (payload.length < UDP_HEADER) return err("udp-length");
  const length = readU16(payload, 4);
  if (length < UDP_HEADER || length > payload.length) return err("udp-length");
  if (!isChecksumGood(packet, length, checksumPending)) return err("udp-checksum");
  return ok({
    type: "udp",
    interface: link.interface,
    linkSource: link.linkSource,
    source: packet.source,
    sourcePort: readU16(payload, 0),
    destination: packet.destination,
    destinationPort: readU16(payload, 2),
    ttl: packet.ttl,
    payload: payload.subarray(UDP_HEADER, length),
  });
}

/** Reads the ICMP message of a packet; its checksum and length are the codec's to judge. */
export function parseIcmp(
  packet: Ipv4Packet,
  link: { readonly interface: string | undefined; readonly linkSource: Mac | undefined },
): Result<IcmpReceived, FrameFault> {
  if (packet.payload.length < 4) return err("icmp-length");
  return ok({
    type: "icmp",
    interface: link.interface,
    linkSource: link.linkSource,
    source: packet.source,
    destination: packet.destination,
    ttl: packet.ttl,
    payload: packet.payload,
  });
}

function parseArp(interfaceName: string, frame: Frame): Result<ArpReceived, FrameFault> {
  const bytes = frame.payload;
  if (bytes.length < ARP_LENGTH) return err("arp-length");
  // RFC 826: hardware Ethernet, protocol IPv4, and their address lengths.
  const isIpv4OnEthernet = readU32(bytes, 0) === 0x0001_0800 && readU16(bytes, 4) === 0x0604;
  if (!isIpv4OnEthernet) return err("arp-format");
  const operation = readU16(bytes, 6);
  if (operation !== 1 && operation !== 2) return err("arp-operation");
  return ok({
    type: "arp",
    interface: interfaceName,
    linkSource: frame.linkSource,
    linkDestination: frame.linkDestination,
    operation: operation === 1 ? "request" : "reply",
    senderMac: macFromBytes(bytes, 8),
    senderAddress: toIpv4(readU32(bytes, 14)),
    targetMac: macFromBytes(bytes, 18),
    targetAddress: toIpv4(readU32(bytes, 24)),
  });
}

/** Reads one captured frame into the event it is for a core. */
export function parseFrame(interfaceName: string, frame: Frame): Result<FrameEvent, FrameFault> {
  if (frame.etherType === ETHERTYPE_ARP) return parseArp(interfaceName, frame);
  if (frame.etherType !== ETHERTYPE_IPV4) return err("ether-type");
  const packet = parseIpv4Packet(frame.payload);
  if (!packet.ok) return packet;
  const link = { interface: interfaceName, linkSource: frame.linkSource };
  if (packet.value.protocol === PROTOCOL_UDP) {
    return parseUdp(packet.value, link, frame.checksumPending);
  }
  if (packet.value.protocol === PROTOCOL_ICMP) return parseIcmp(packet.value, link);
  return err("ip-protocol");
}

interface Addressed {
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly ttl: number;
  readonly payload: Uint8Array;
}

/** An IPv4 header with room for its payload; what follows the header is left zero. */
function ipv4Packet(fields: Addressed, protocol: number, length: number): Uint8Array {
  const bytes = pooledOctets(IPV4_HEADER + length);
  bytes[0] = 0x45;
  writeU16(bytes, 2, bytes.length);
  // Identification 0 with DF: an atomic datagram (RFC 6864 §4.1).
  writeU16(bytes, 6, 0x4000);
  bytes[8] = fields.ttl;
  bytes[9] = protocol;
  writeU32(bytes, 12, fields.source);
  writeU32(bytes, 16, fields.destination);
  writeU16(bytes, 10, internetChecksum(bytes, 0, IPV4_HEADER));
  return bytes;
}

/** Builds IPv4 + UDP with a checksum, which is never zero (RFC 768, RFC 5944 §3.1). */
export function buildUdpPacket(
  fields: Addressed & { readonly sourcePort: number; readonly destinationPort: number },
): Uint8Array {
  const length = UDP_HEADER + fields.payload.length;
  const bytes = ipv4Packet(fields, PROTOCOL_UDP, length);
  writeU16(bytes, IPV4_HEADER, fields.sourcePort);
  writeU16(bytes, IPV4_HEADER + 2, fields.destinationPort);
  writeU16(bytes, IPV4_HEADER + 4, length);
  bytes.set(fields.payload, IPV4_HEADER + UDP_HEADER);
  const pseudo = pseudoHeaderSum(fields.source, fields.destination, length);
  const checksum = finishChecksum(sumWords(bytes, IPV4_HEADER, bytes.length, pseudo));
  writeU16(bytes, IPV4_HEADER + 6, checksum === 0 ? 0xffff : checksum);
  return bytes;
}

/** Builds IPv4 + ICMP; the message brings its own checksum. */
export function buildIcmpPacket(fields: Addressed): Uint8Array {
  const bytes = ipv4Packet(fields, PROTOCOL_ICMP, fields.payload.length);
  bytes.set(fields.payload, IPV4_HEADER);
  return bytes;
}

/** Builds an ARP packet for IPv4 over Ethernet (RFC 826). */
export function buildArpPacket(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(ARP_LENGTH);
  writeU32(bytes, 0, 0x0001_0800);
  writeU16(bytes, 4, 0x0604);
  writeU16(bytes, 6, packet.operation === "request" ? 1 : 2);
  writeMac(bytes, 8, packet.senderMac);
  writeU32(bytes, 14, packet.senderAddress);
  writeMac(bytes, 18, packet.targetMac);
  writeU32(bytes, 24, packet.targetAddress);
  return bytes;
}
