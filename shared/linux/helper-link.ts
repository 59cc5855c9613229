/**
 * Whole frames of one interface, through the native helper: a packet socket with a filter in the
 * kernel. It belongs to the interface that had the name when it was opened: when that is deleted,
 * nothing more comes and sending fails, also when another one gets the name.
 */

import { type Ipv4, type Mac, macFromBytes, writeMac } from "../base/address.ts";
import { pooledCopy } from "../base/pool.ts";
import { writeU16 } from "../wire/field.ts";
import {
  fillByReceive,
  HelperDescriptor,
  MESSAGE_ROUNDS,
  type ReceiveBatch,
} from "./helper-socket.ts";
import {
  AF_INET,
  AF_PACKET,
  check,
  errorName,
  int,
  interfaceIndex,
  LITTLE_ENDIAN,
  linkLayer,
  META,
  MSG_TRUNC,
  openSocket,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_IP,
  SOL_PACKET,
  setReceiveBuffer,
} from "./kernel-call.ts";
import { compileLinkFilter } from "./link-filter.ts";
import type { Native } from "./native-loader.ts";
import { type Frame, IoError, type LinkFilter, type LinkSocket } from "./packet-io.ts";

const ETH_P_ALL = 3;
const ETHERNET_HEADER = 14;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const MAC_OCTETS = 6;
const PACKET_STATISTICS = 6;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const TP_STATUS_CSUMNOTREADY = 8;
const IP_ADD_MEMBERSHIP = 35;
const RECEIVE_BUFFER = 1024 * 1024;

/** struct sockaddr_ll, with room for a link-layer address. */
function linkAddress(index: number, protocol: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, LITTLE_ENDIAN);
  view.setUint16(2, protocol);
  view.setInt32(4, index, LITTLE_ENDIAN);
  bytes[11] = MAC_OCTETS;
  return bytes;
}

/** struct ip_mreqn: the group and the interface. */
function membership(group: Ipv4, index: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, group);
  view.setInt32(8, index, LITTLE_ENDIAN);
  return bytes;
}

/** Message i of a batch; `undefined` when it was cut or is no frame. */
function frame(batch: ReceiveBatch, i: number): Frame | undefined {
  const meta = i * META.size;
  const length = batch.lengths[i] ?? 0;
  const flags = batch.metaView.getUint32(meta + META.flags, LITTLE_ENDIAN);
  if (length < ETHERNET_HEADER || (flags & MSG_TRUNC) !== 0) return undefined;
  const start = batch.offsets[i] ?? 0;
  const status = batch.metaView.getUint32(meta + META.packetStatus, LITTLE_ENDIAN);
  return {
    linkDestination: macFromBytes(batch.slab, start),
    linkSource: macFromBytes(batch.slab, start + 6),
    etherType: ((batch.slab[start + 12] ?? 0) << 8) | (batch.slab[start + 13] ?? 0),
    payload: pooledCopy(batch.slab, start + ETHERNET_HEADER, start + length),
    checksumPending: (status & TP_STATUS_CSUMNOTREADY) !== 0,
  };
}

class HelperLink extends HelperDescriptor implements LinkSocket {
  readonly interface: string;
  readonly #index: number;
  readonly #to: Uint8Array;
  /** Not bound, so nothing is received: here the kernel puts the Ethernet header on. */
  #sender: number;
  /** One socket for each: the kernel lets one be in a few only (igmp_max_memberships). */
  readonly #groups = new Map<Ipv4, number>();

  constructor(native: Native, fd: number, sender: number, name: string, index: number) {
    super(native, fd, `packet socket on ${name}`);
    this.#sender = sender;
    this.interface = name;
    this.#index = index;
    this.#to = linkAddress(index, 0);
  }

  get isStale(): boolean {
    return this.fd < 0 || interfaceIndex(this.native, this.fd, this.interface) !== this.#index;
  }

  onFrame(handler: (frame: Frame) => void): void {
    const deliver = (batch: ReceiveBatch): void => {
      for (let i = 0; i < batch.count && this.fd >= 0; i++) {
        const received = frame(batch, i);
        if (received !== undefined) handler(received);
      }
    };
    this.poll(fillByReceive(this.native), deliver, { rounds: MESSAGE_ROUNDS });
  }

  send(destination: Mac, etherType: number, payload: Uint8Array): string | undefined {
    writeU16(this.#to, 2, etherType);
    writeMac(this.#to, 12, destination);
    // The kernel knows the source: a wireless interface may change its address while it is up.
    const sent = this.native.sendTo(this.#sender, payload, this.#to, -1);
    return sent < 0 ? errorName(sent) : undefined;
  }

  takeLost(): number {
    // struct tpacket_stats: frames that passed the filter, and those of them that were dropped.
    const room = new Uint8Array(8);
    if (this.native.getOption(this.fd, SOL_PACKET, PACKET_STATISTICS, room) < 0) return 0;
    return new DataView(room.buffer).getUint32(4, LITTLE_ENDIAN);
  }

  joinGroups(groups: readonly Ipv4[]): void {
    const what = `joining groups on ${this.interface}`;
    for (const group of groups) {
      if (this.#groups.has(group)) continue;
      const request = membership(group, this.#index);
      const fd = openSocket(this.native, what, [AF_INET, SOCK_DGRAM, 0], (open) => {
        check(this.native.setOption(open, SOL_IP, IP_ADD_MEMBERSHIP, request), what);
      });
      this.#groups.set(group, fd);
    }
  }

  leaveGroups(groups: readonly Ipv4[]): void {
    for (const group of groups) {
      const fd = this.#groups.get(group);
      if (fd !== undefined) this.native.close(fd);
      this.#groups.delete(group);
    }
  }

  override close(): void {
    super.close();
    if (this.#sender >= 0) this.native.close(this.#sender);
    this.#sender = -1;
    this.leaveGroups([...this.#groups.keys()]);
  }
}

export function openHelperLink(native: Native, name: string, filter: LinkFilter): LinkSocket {
  const what = `packet socket on ${name}`;
  let index = 0;
  let sender = -1;
  // Protocol 0: nothing is received before the filter is attached and the interface bound.
  const fd = openSocket(native, what, [AF_PACKET, SOCK_RAW, 0], (open) => {
    index = check(interfaceIndex(native, open, name), what);
    const layer = linkLayer(native, open, name);
    if (typeof layer === "number") throw new IoError(errorName(layer), what);
    if (layer.type !== ARPHRD_ETHER && layer.type !== ARPHRD_LOOPBACK) {
      throw new IoError("ENOTSUP", `${what}, whose link has no Ethernet frames`);
    }
    check(native.attachFilter(open, compileLinkFilter(filter)), `filter of ${what}`);
    check(native.setOption(open, SOL_PACKET, PACKET_AUXDATA, int(1)), what);
    // Linux 4.20; before it, the filter alone drops them.
    native.setOption(open, SOL_PACKET, PACKET_IGNORE_OUTGOING, int(1));
    setReceiveBuffer(native, open, RECEIVE_BUFFER);
    check(native.bind(open, linkAddress(index, ETH_P_ALL)), what);
    sender = openSocket(native, what, [AF_PACKET, SOCK_DGRAM, 0], () => {});
  });
  return new HelperLink(native, fd, sender, name, index);
}
