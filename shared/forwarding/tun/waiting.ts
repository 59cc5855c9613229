/**
 * All packets that wait: for a node that is between two links, and of such a node itself.
 *
 * What a mobile node sends while no link leads anywhere: kept, and sent when one does. It has been
 * routed to the anchor, where whatever has no way ends. To a foreign agent it goes in frames, before
 * the kernel's routes lead there, so that it stays in front; by a tunnel of its own it goes into that;
 * else a socket of the home address puts it back in front of the kernel's routes.
 *
 * What a node sends to its new agent once it is registered waits there until the detour is empty.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type {
  LinkSocket,
  PacketBatch,
  PacketIo,
  RawIpSocket,
  TunDevice,
} from "../../linux/packet-io.ts";
import { destinationOf, sourceOf, takeHop, totalLength } from "../packet.ts";
import type { ForwardingItem } from "../state.ts";
import type { TunnelTable } from "../tunnel-table.ts";
import type { DataPathOptions } from "./data-path-options.ts";
import type { Entrance } from "./entrance.ts";
import { type Hold, Holds } from "./holds.ts";

type Parts = Pick<DataPathOptions, "io" | "tun" | "table" | "counters">;

export class Waiting {
  readonly #tun: TunDevice;
  /** By destination. */
  readonly holds: Holds;
  readonly #outgoing: Outgoing;

  constructor(parts: Parts, entrance: Entrance, release: (batch: PacketBatch, hold: Hold) => void) {
    this.#tun = parts.tun;
    this.holds = new Holds(parts.counters, release);
    this.#outgoing = new Outgoing(parts, entrance);
  }

  /** By source. */
  get outgoing(): Holds {
    return this.#outgoing.holds;
  }

  /** Nothing waits, and nothing may have to. */
  get isEmpty(): boolean {
    return this.holds.isEmpty && this.outgoing.isEmpty;
  }

  /** Does what is for or from this address wait, or may it have to? */
  isHeld(address: Ipv4): boolean {
    return this.holds.get(address) !== undefined || this.outgoing.get(address) !== undefined;
  }

  /** What is forwarded under this key from now on. */
  set(key: string, item: ForwardingItem | undefined): void {
    this.holds.set(key, item?.kind === "handover" ? item : undefined);
    this.outgoing.set(key, item?.kind === "outgoing" ? { ...item, tunnel: undefined } : undefined);
  }

  /** To be called when the kernel is as the items of now want it. */
  settler(): (now?: number) => void {
    const settle = [this.holds.settler(), this.outgoing.settler()];
    return (now = performance.now()) => {
      for (const each of settle) each(now);
    };
  }

  /**
   * To be called just before and after the kernel gets another route: what it has put into the anchor
   * is sent now, so that what a node sends by its new way overtakes next to nothing.
   */
  follow(): void {
    if (!this.outgoing.isEmpty) this.#tun.drain?.();
  }

  /**
   * A packet that the kernel had put here before it had the way by the new link: it follows those
   * that waited. Where it comes in front of the kernel's routes once more, that takes a hop. One that comes
   * when its way has long been there has come for want of a carrier: it waits for the news of that.
   */
  sendsLate(slab: Uint8Array, packet: number, now = performance.now()): boolean {
    const hold = this.outgoing.get(sourceOf(slab, packet));
    if (hold?.releasedAt === undefined) return false;
    const { router } = hold.item;
    if (now - hold.releasedAt > LATE_MS) {
      if (router !== undefined) this.outgoing.keep(slab, packet, hold, now);
      return router !== undefined;
    }
    if (router === undefined && !takeHop(slab, packet)) return false;
    return this.#outgoing.sendLate(slab, packet, hold);
  }

  close(): void {
    this.holds.close();
    this.#outgoing.close();
  }
}

/** Milliseconds after its hold's end in which a packet may have been late. */
const LATE_MS = 1000;
const ETHERTYPE_IPV4 = 0x0800;
/** No packet has it, so nothing is received by a socket for it. */
const PROTOCOL_RAW = 255;

class Outgoing {
  readonly holds: Holds;
  readonly #io: PacketIo;
  readonly #counters: Counters;
  readonly #table: TunnelTable;
  readonly #entrance: Entrance;
  readonly #sockets = new Map<Ipv4, RawIpSocket>();
  readonly #links = new Map<string, LinkSocket>();

  constructor({ io, counters, table }: Parts, entrance: Entrance) {
    this.#io = io;
    this.#counters = counters;
    this.#table = table;
    this.#entrance = entrance;
    this.holds = new Holds(counters, (batch, hold) => this.#send(batch, hold));
  }

  close(): void {
    this.holds.close();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  sendLate(slab: Uint8Array, packet: number, hold: Hold): boolean {
    const isSent = this.#sendOne(slab, packet, hold);
    if (isSent) this.#counters.add("handover-sent-late");
    return isSent;
  }

  #send({ slab, offsets, count }: PacketBatch, hold: Hold): void {
    for (let i = 0; i < count; i++) this.#sendOne(slab, offsets[i] ?? 0, hold);
  }

  #sendOne(slab: Uint8Array, packet: number, { item }: Hold): boolean {
    const { router, address } = item;
    const bytes = slab.subarray(packet, packet + totalLength(slab, packet));
    if (router !== undefined) {
      const link = this.#linkOf(router.interface);
      return this.#isSent(link?.send(router.mac, ETHERTYPE_IPV4, bytes), link);
    }
    const [tunnel] = this.#table.outFor(sourceOf(slab, packet), destinationOf(slab, packet));
    if (tunnel !== undefined) return this.#entrance.sendWhole(slab, packet, tunnel);
    const socket = this.#socketOf(address);
    return this.#isSent(socket?.sendOne(bytes), socket);
  }

  #isSent(error: string | undefined, by: LinkSocket | RawIpSocket | undefined): boolean {
    const isSent = by !== undefined && error === undefined;
    if (!isSent) this.#counters.add("handover-send-refused");
    return isSent;
  }

  /** For sending alone. It stays open: closing one makes the kernel wait for all its CPUs. */
  #linkOf(name: string): LinkSocket | undefined {
    const known = this.#links.get(name);
    if (known?.isStale === false) return known;
    known?.close();
    this.#links.delete(name);
    try {
      const link = this.#io.openLink(name, { icmpTypes: [] });
      this.#links.set(name, link);
      return link;
    } catch {
      return undefined; // counted as refused: the interface has just gone
    }
  }

  #socketOf(address: Ipv4): RawIpSocket | undefined {
    try {
      const socket =
        this.#sockets.get(address) ?? this.#io.openRawIp({ protocol: PROTOCOL_RAW, address });
      this.#sockets.set(address, socket);
      return socket;
    } catch {
      return undefined; // counted as refused: the address has just gone
    }
  }
}
