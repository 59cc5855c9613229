/**
 * Datagrams for all and for groups, between a home link and its nodes that are away (RFC 5944 §4.3,
 * §4.4): what the link has goes to those that asked for it, what they send by the reverse tunnel
 * goes to the link, as if they were there. A node asks for broadcasts when it registers, and for a
 * group by IGMP through the tunnel; this host then is a member of the group in its place, until it
 * leaves, answers no query any more, or has no binding.
 */

import {
  BROADCAST,
  BROADCAST_MAC,
  directedBroadcast,
  type Ipv4,
  isMulticast,
  multicastMac,
} from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { assert } from "../../base/result.ts";
import { type Frame, IoError, type LinkSocket, type PacketIo } from "../../linux/packet-io.ts";
import { groupChanges, PROTOCOL_IGMP } from "../igmp.ts";
import {
  destinationOf,
  headerLength,
  isIpv4,
  isLaterFragment,
  PROTOCOL_UDP,
  protocolOf,
  readU16,
  totalLength,
} from "../packet.ts";
import type { HomeListener } from "../realized.ts";
import type { Tunnel } from "../tunnel-table.ts";
import { generalQuery } from "./group-queries.ts";
import { type Membership, Memberships } from "./memberships.ts";

/** RFC 3376 §8.2, §8.3: the Query Interval, and the Query Response Interval, in milliseconds. */
export const QUERY_MS = 125_000;
export const RESPONSE_MS = 10_000;
const IPV4 = 0x0800;

export interface HomeGroupsParts {
  readonly io: Pick<PacketIo, "openLink">;
  readonly counters: Counters;
  /** The tunnels to a home address. */
  readonly tunnelsTo: (homeAddress: Ipv4) => readonly Tunnel[];
  /** Sends a copy into a tunnel, first encapsulated to `nestedTo` if that is given. */
  readonly sendCopy: (packet: Uint8Array, tunnel: Tunnel, nestedTo: Ipv4 | undefined) => void;
}

/** The nodes of one home link. */
class HomeLink {
  readonly device: string;
  readonly broadcast: Ipv4 | undefined;
  /** Bindings by home address; simultaneous ones have one entry each. */
  readonly nodes = new Map<Ipv4, HomeListener[]>();
  readonly memberships = new Memberships();
  socket: LinkSocket | undefined;
  hearsGroups = false;

  constructor({ device, homePrefix }: HomeListener) {
    this.device = device;
    this.broadcast = directedBroadcast(homePrefix);
  }
}

export class HomeGroups {
  readonly #parts: HomeGroupsParts;
  readonly #links = new Map<string, HomeLink>();
  /** By home address. */
  readonly #linkOf = new Map<Ipv4, HomeLink>();
  #queries: NodeJS.Timeout | undefined;
  #responses: NodeJS.Timeout | undefined;

  constructor(parts: HomeGroupsParts) {
    this.#parts = parts;
  }

  add(listener: HomeListener): void {
    const { device, homeAddress } = listener;
    const link = this.#links.get(device) ?? new HomeLink(listener);
    this.#links.set(device, link);
    this.#linkOf.set(homeAddress, link);
    const others = link.nodes.get(homeAddress) ?? [];
    link.nodes.set(homeAddress, [...others, listener]);
  }

  remove({ device, homeAddress, careOfAddress }: HomeListener): void {
    const link = this.#links.get(device);
    const all = link?.nodes.get(homeAddress) ?? [];
    const gone = all.findIndex((each) => each.careOfAddress === careOfAddress);
    assert(link !== undefined && gone >= 0, "removed an unknown listener");
    link.nodes.set(homeAddress, all.toSpliced(gone, 1));
  }

  /**
   * Opens and closes sockets, joins and leaves groups as it is wanted now: a node that has only
   * moved is still a member. Throws an `IoError` when something cannot be opened.
   */
  listen(): void {
    for (const [device, link] of this.#links) {
      for (const [homeAddress, listeners] of link.nodes) {
        if (listeners.length > 0) continue;
        link.nodes.delete(homeAddress);
        this.#linkOf.delete(homeAddress);
        for (const group of link.memberships.groups()) this.#leave(link, { homeAddress, group });
      }
      if (link.nodes.size === 0) {
        link.socket?.close();
        this.#links.delete(device);
      } else {
        this.#hear(link);
      }
    }
  }

  /** Directed broadcasts of the home links of nodes that are away. */
  broadcasts(): Ipv4[] {
    return [...this.#links.values()].flatMap(({ broadcast }) => broadcast ?? []);
  }

  close(): void {
    clearInterval(this.#queries);
    clearTimeout(this.#responses);
    this.#queries = undefined;
    for (const { socket } of this.#links.values()) socket?.close();
    this.#links.clear();
    this.#linkOf.clear();
  }

  /** Directed broadcast of the home link of this node, whose packets `takeFromNode` looks at. */
  broadcastOf(homeAddress: Ipv4): Ipv4 | undefined {
    return this.#linkOf.get(homeAddress)?.broadcast;
  }

  /**
   * Takes what a node sends to all or to a group of its home link; `source` is its home address.
   * False: it is an ordinary packet.
   */
  takeFromNode(slab: Uint8Array, packet: number, source: Ipv4): boolean {
    if (this.#linkOf.size === 0) return false;
    const destination = destinationOf(slab, packet);
    const link = this.#linkOf.get(source);
    if (link === undefined || !isForMany(link, destination)) return false;
    if (protocolOf(slab, packet) === PROTOCOL_IGMP) {
      this.#onIgmp(link, slab, packet, source);
      return true;
    }
    const bytes = slab.slice(packet, packet + totalLength(slab, packet));
    const mac = isMulticast(destination) ? multicastMac(destination) : BROADCAST_MAC;
    const error = link.socket === undefined ? "no-socket" : link.socket.send(mac, IPV4, bytes);
    this.#parts.counters.add(error === undefined ? "groups-to-link" : `groups-to-link-${error}`);
    this.#toNodes(link, bytes, source);
    return true;
  }

  #onFrame(link: HomeLink, { payload }: Frame): void {
    if (!isIpv4(payload, 0, payload.length)) return;
    if (!isForMany(link, destinationOf(payload, 0))) return;
    this.#toNodes(link, payload.subarray(0, totalLength(payload, 0)), undefined);
  }

  /** A copy for each binding of each node that wants it, but the sender. */
  #toNodes(link: HomeLink, packet: Uint8Array, sender: Ipv4 | undefined): void {
    const destination = destinationOf(packet, 0);
    const isGroup = isMulticast(destination);
    const homeAddresses = isGroup ? link.memberships.membersOf(destination) : link.nodes.keys();
    for (const homeAddress of homeAddresses) {
      if (homeAddress === sender) continue;
      const tunnels = this.#parts.tunnelsTo(homeAddress);
      for (const listener of link.nodes.get(homeAddress) ?? []) {
        if (!isGroup && !wantsBroadcast(listener, packet)) continue;
        const tunnel = tunnels.find(({ remote }) => remote === listener.careOfAddress);
        if (tunnel === undefined) continue;
        this.#parts.counters.add(isGroup ? "multicasts-to-nodes" : "broadcasts-to-nodes");
        this.#parts.sendCopy(packet, tunnel, listener.isNested ? homeAddress : undefined);
      }
    }
  }

  #onIgmp(link: HomeLink, slab: Uint8Array, packet: number, homeAddress: Ipv4): void {
    const listens = link.nodes.get(homeAddress)?.some(({ multicast }) => multicast) === true;
    if (!listens) return;
    this.#change(link, () => {
      for (const { group, isMember } of groupChanges(slab, packet)) {
        if (!isMember) this.#leave(link, { homeAddress, group });
        else if (!this.#join(link, { homeAddress, group })) {
          this.#parts.counters.add("groups-over-limit");
        }
      }
    });
  }

  /** What a node says must not end the program; the next change of state tries again. */
  #change(link: HomeLink, make: () => void): void {
    try {
      make();
      this.#hear(link);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      this.#parts.counters.add(`groups-not-heard-${error.code}`);
    }
  }

  /** As the router of a link asks its hosts: who does not answer is no member any more. */
  #query(): void {
    const { tunnelsTo, sendCopy } = this.#parts;
    for (const link of this.#links.values()) {
      for (const homeAddress of link.memberships.ask()) {
        for (const { careOfAddress, isNested } of link.nodes.get(homeAddress) ?? []) {
          const tunnel = tunnelsTo(homeAddress).find(({ remote }) => remote === careOfAddress);
          if (tunnel === undefined) continue;
          const query = generalQuery(tunnel.local, RESPONSE_MS);
          sendCopy(query, tunnel, isNested ? homeAddress : undefined);
        }
      }
    }
    this.#responses = setTimeout(() => this.#dropSilent(), RESPONSE_MS).unref();
  }

  #dropSilent(): void {
    for (const link of this.#links.values()) {
      const silent = link.memberships.silent();
      if (silent.length === 0) continue;
      this.#parts.counters.add("groups-timed-out", silent.length);
      this.#change(link, () => {
        for (const membership of silent) this.#leave(link, membership);
      });
    }
    if ([...this.#links.values()].some(({ memberships }) => !memberships.isEmpty)) return;
    clearInterval(this.#queries);
    this.#queries = undefined;
  }

  #join(link: HomeLink, membership: Membership): boolean {
    const { memberships, socket, hearsGroups } = link;
    const isNew = !memberships.has(membership.group);
    if (!memberships.join(membership)) return false;
    try {
      // The first group takes another socket, which joins it (`#hear`).
      if (isNew && hearsGroups) socket?.joinGroups([membership.group]);
    } catch (error) {
      memberships.leave(membership);
      throw error;
    }
    this.#queries ??= setInterval(() => this.#query(), QUERY_MS).unref();
    return true;
  }

  #leave(link: HomeLink, membership: Membership): void {
    if (link.memberships.leave(membership)) link.socket?.leaveGroups([membership.group]);
  }

  /** While nobody is a member of a group, none comes up from the kernel. */
  #hear(link: HomeLink): void {
    const wantsGroups = !link.memberships.isEmpty;
    if (link.socket?.isStale === true) {
      link.socket.close();
      link.socket = undefined;
    }
    const before = link.socket;
    if (before !== undefined && link.hearsGroups === wantsGroups) return;
    const heard = wantsGroups ? "groups" : "broadcasts";
    const socket = this.#parts.io.openLink(link.device, { heard });
    socket.onFrame((frame) => this.#onFrame(link, frame));
    try {
      socket.joinGroups(link.memberships.groups());
    } catch (error) {
      socket.close();
      throw error;
    }
    link.socket = socket;
    link.hearsGroups = wantsGroups;
    // Not before the other one hears.
    before?.close();
  }
}

function isForMany({ broadcast }: HomeLink, destination: Ipv4): boolean {
  return isMulticast(destination) || destination === BROADCAST || destination === broadcast;
}

/** RFC 5944 §4.3: "it is a matter of configuration" which ones. */
function wantsBroadcast({ broadcasts }: HomeListener, packet: Uint8Array): boolean {
  if (broadcasts === undefined) return false;
  const isUdp = protocolOf(packet, 0) === PROTOCOL_UDP && !isLaterFragment(packet, 0);
  const port = isUdp ? readU16(packet, headerLength(packet, 0) + 2) : undefined;
  if (broadcasts.length > 0) return port !== undefined && broadcasts.includes(port);
  return port === undefined || !OF_THE_LINK.has(port);
}

/** What configures hosts on the link itself, DHCP and Mobile IP, is nothing to a node elsewhere. */
const OF_THE_LINK: ReadonlySet<number> = new Set([67, 68, 434]);
