/**
 * The one seam between the programs and the kernel's packet interfaces. Two providers implement
 * it: `helper` (the embedded native helper, what routers use) and `packages` (raw-socket and the
 * tuntap package from `node_modules`, for checkouts on CPUs without a helper). Each says what it
 * can do; the suite in test/linux runs each case on every provider that declares the capability.
 */

import type { Ipv4, Mac } from "../base/address.ts";
import type { BpfCalls } from "./bpf/calls.ts";

export type Capability =
  /** Create and move packets through a persistent TUN device. */
  | "tun"
  /** Many packets a system call. */
  | "batch"
  /** Raw IPv4 sockets with our own IP header (protocols 1, 4, 17, 47, 55). */
  | "raw-ip"
  /** UDP sockets bound to an address or a device. */
  | "udp"
  /** The arrival interface and the TTL of a received datagram. */
  | "udp-metadata"
  /** Whole frames on one link, with link-layer addresses. */
  | "link"
  /** rtnetlink requests and notifications, and generic netlink. */
  | "netlink"
  /** Datagrams to a program of this machine. */
  | "local"
  /** Many segments of a flow as one, through TUN and UDP sockets. */
  | "offload";

/** Slots of equal size in one allocation; each packet starts `HEADROOM` octets into its slot. */
export interface PacketBatch {
  readonly slab: Uint8Array;
  /** Octets a slot. */
  readonly slot: number;
  /** Slots. */
  readonly capacity: number;
  /** Packets now in it. */
  count: number;
  /** Where packet i begins in the slab (changed by who adds or strips a header). */
  readonly offsets: Int32Array;
  /** Its length in octets. */
  readonly lengths: Int32Array;
  /** There are some among them, for a handler that takes them. */
  runs?: Runs | undefined;
}

/**
 * Packets of a batch that stand for many: segments of TCP connections that follow each other with the same
 * addresses, TOS, TTL and DF and no SYN, of which the batch has the first. What is done with that one, and
 * written before it, is done with all.
 */
export interface Runs {
  /** Segments that packet i stands for; 1: it is a packet like any other. */
  countOf(i: number): number;
  /** Octets of all of them, as they are inside a tunnel. */
  octetsOf(i: number): number;
  /** What packet `from` was packet `to` is from now on. */
  move(from: number, to: number): void;
  /** Each segment of packet i as a packet of its own, in the same slab; valid until the next call. */
  spread(i: number): PacketBatch;
  /** The same of what begins with packet `first`. */
  from(first: number): Runs;
}

/** Packets that the batch stands for. */
export function packetsIn({ count, runs }: PacketBatch): number {
  if (runs === undefined) return count;
  let all = 0;
  for (let i = 0; i < count; i++) all += runs.countOf(i);
  return all;
}

/** Room before each received packet for an outer header: IP + UDP + GRE at their longest. */
export const HEADROOM = 128;

/** An open thing that is closed once; closing again does nothing. */
export interface Closable {
  close(): void;
}

export interface HandlerOptions {
  /** The handler knows runs; the provider may give some. */
  readonly takesRuns?: boolean;
}

export interface TunDevice extends Closable {
  readonly name: string;
  readonly index: number;
  /** Calls back with the packets that are there; the batch is only valid during the call. */
  onPackets(handler: (batch: PacketBatch) => void, options?: HandlerOptions): void;
  /** Writes packets `0..batch.count-1`; returns how many the kernel took, each of a run counted. */
  write(batch: PacketBatch): number;
  /** Calls back now with what the kernel has put in; where the provider can. */
  drain?(): void;
  /** Makes the device again, with the same index, if somebody has deleted it; where the provider can. */
  restore?(mtu: number): void;
}

export interface RawIpSocket extends Closable {
  /** Whole IPv4 packets, header included. */
  onPackets(handler: (batch: PacketBatch) => void, options?: HandlerOptions): void;
  /**
   * Sends whole IPv4 packets, header included, each to the destination in its header; one that is
   * refused is passed over. Returns how many were taken, each of a run counted.
   */
  send(batch: PacketBatch): number;
  /** One packet; `undefined` when sent, otherwise the error (`EMSGSIZE`, `ENETUNREACH`, …). */
  sendOne(packet: Uint8Array): string | undefined;
  /** From now on these, and no others, do not come up; where the provider can. */
  leaveOut?(packets: CarriedPackets): void;
}

/** Tunnel packets that devices of the kernel's own take. */
export interface CarriedPackets {
  readonly encapsulation: "ipip" | "gre";
  /** The other ends. */
  readonly remotes: readonly Ipv4[];
  /**
   * Inner destinations that come up all the same, besides groups and the limited broadcast; so do
   * answers to echoes, and GRE with a checksum, which no device takes.
   */
  readonly broadcasts: readonly Ipv4[];
}

/** What bears one first octet, by the UDP sockets that are open on a port for everything else. */
export interface UdpPortShare extends RawIpSocket {
  /** There is such a socket; without one nothing comes and nothing is sent. */
  readonly isOpen: boolean;
}

export interface UdpDatagram {
  readonly source: Ipv4;
  readonly sourcePort: number;
  /** The address it was sent to, where the provider knows it. */
  readonly destination: Ipv4 | undefined;
  /** Index of the interface it came in by, where the provider knows it. */
  readonly interfaceIndex: number | undefined;
  readonly ttl: number | undefined;
  /** A copy: may be kept. */
  readonly payload: Uint8Array;
}

export interface UdpSocket extends Closable {
  onDatagram(handler: (datagram: UdpDatagram) => void): void;
  /** `undefined` when sent, otherwise the error name. */
  send(payload: Uint8Array, destination: Ipv4, port: number, ttl: number): string | undefined;
}

export interface UdpOptions {
  /** Local address; 0 binds to all, which only a device-bound socket may do. */
  readonly address: Ipv4;
  readonly port: number;
  readonly device?: string;
  /** The address may come to this machine later; where the provider can, that is no error. */
  readonly mayBeAbsent?: boolean;
  /** Datagrams that begin with this octet are not delivered. */
  readonly exceptFirstOctet?: number;
}

/** Which UDP packets a raw socket receives; the kernel filters where the provider can. */
export interface RawUdpFilter {
  /** Destination port. */
  readonly port: number;
  /** The first octet of the payload. */
  readonly firstOctet: number;
}

export interface RawIpOptions {
  readonly protocol: number;
  /** Only packets to this local address; others are not delivered. */
  readonly address?: Ipv4;
  readonly device?: string;
  /** For protocol 17. */
  readonly udp?: RawUdpFilter;
  /** Only packets with this firewall mark; the helper alone can tell. */
  readonly mark?: number;
}

/** What a link socket captures; the filter runs in the kernel. */
export interface LinkFilter {
  /** UDP datagrams to this destination port. */
  readonly udpPort?: number;
  /** ICMP messages of these types. */
  readonly icmpTypes?: readonly number[];
  readonly arp?: boolean;
  /** IPv4 in broadcast frames, in multicast frames too, and nothing else; fragments included. */
  readonly heard?: "broadcasts" | "groups";
}

export interface Frame {
  readonly linkSource: Mac;
  readonly linkDestination: Mac;
  /** 0x0800 or 0x0806 */
  readonly etherType: number;
  /** What follows the Ethernet header; a copy: may be kept. */
  readonly payload: Uint8Array;
  /**
   * Whether the sending kernel left the UDP checksum to a device that a virtual link does not have
   * (TP_STATUS_CSUMNOTREADY); `undefined` when the provider cannot tell.
   */
  readonly checksumPending?: boolean;
}

export interface LinkSocket extends Closable {
  readonly interface: string;
  /** The interface is gone, or another one has its name: nothing comes and goes any more. */
  readonly isStale: boolean;
  /** Frames received on the link; frames that this host sends are not among them. */
  onFrame(handler: (frame: Frame) => void): void;
  /** `undefined` when sent, otherwise the error name (`ENETDOWN`, …). */
  send(destination: Mac, etherType: number, payload: Uint8Array): string | undefined;
  /** Frames that the kernel had no room for since it was last asked. */
  takeLost(): number;
  /** Joins groups on this interface: the IP layer reports them by IGMP, the NIC lets them in. */
  joinGroups(groups: readonly Ipv4[]): void;
  leaveGroups(groups: readonly Ipv4[]): void;
}

export interface NetlinkSocket extends Closable {
  /** Sends one request and collects its answers until done, acknowledged or failed. */
  request(message: Uint8Array): Promise<Uint8Array[]>;
  /** Notifications of the groups it was opened with. */
  onNotification(handler: (message: Uint8Array) => void): void;
}

/** Requests to netfilter. */
export interface NetfilterSocket extends Closable {
  /** Sends messages that are done, or refused, when this returns: the answers to them. */
  transact(messages: Uint8Array): Uint8Array[];
}

/** Datagrams exchanged with the owner of a socket file; only what comes from it is received. */
export interface LocalSocket extends Closable {
  /** A copy: may be kept. `undefined`: the owner is gone. */
  onMessage(handler: (message: Uint8Array | undefined) => void): void;
  /** `undefined` when sent, otherwise the error name (`ECONNREFUSED`: the owner is gone). */
  send(message: Uint8Array): string | undefined;
}

export interface PacketIo {
  readonly provider: "helper" | "packages";
  readonly capabilities: ReadonlySet<Capability>;
  /** Opens (creating if it must) a TUN device that stays when this process ends. */
  openTun(options: { readonly name: string; readonly mtu: number }): TunDevice;
  openRawIp(options: RawIpOptions): RawIpSocket;
  openUdp(options: UdpOptions): UdpSocket;
  /**
   * Takes what begins with `firstOctet` from the sockets of `openUdp` that are or will be open on this
   * address and port with that octet as exception, and sends by them: whole IPv4 packets, many in one
   * message. The header of what comes is made up from what the kernel tells: Identification and flags
   * are 0. Only with the capability `offload`.
   */
  shareUdpPort?(options: {
    readonly address: Ipv4;
    readonly port: number;
    readonly firstOctet: number;
  }): UdpPortShare;
  openLink(interfaceName: string, filter: LinkFilter): LinkSocket;
  /** `groups` is the bit mask of RTMGRP_* values. */
  openNetlink(groups: number): NetlinkSocket;
  /** Like netlink, of which it is a part. */
  openNetfilter(): NetfilterSocket;
  openBpf(): BpfCalls;
  /** Generic netlink; notifications are those of the groups with these numbers. */
  openGenericNetlink(groups: readonly number[]): NetlinkSocket;
  openLocal(path: string): LocalSocket;
}

/** A kernel call failed: which, on what, and the errno name. */
export class IoError extends Error {
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${what}: ${code}`);
    this.code = code;
  }
}

export function createBatch(capacity: number, slot: number): PacketBatch {
  return {
    slab: new Uint8Array(capacity * slot),
    slot,
    capacity,
    count: 0,
    offsets: new Int32Array(capacity),
    lengths: new Int32Array(capacity),
  };
}
