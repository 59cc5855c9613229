/**
 * All packets that wait: for a node that is between two links, and of such a node itself.
 *
 * What a mobile node sends while no link leads anywhere: kept, and sent when one does. It has been
 * routed to the anchor, where whatever has no way ends; a socket of the home address puts it back
 * in front of the kernel's routes.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { PacketBatch, PacketIo, RawIpSocket } from "../../linux/packet-io.ts";
import { sourceOf, takeHop, totalLength } from "../packet.ts";
import type { ForwardingItem } from "../state.ts";
import { type Hold, Holds } from "./holds.ts";

export class Waiting {
  /** By destination. */
  readonly holds: Holds;
  readonly #outgoing: Outgoing;

  constructor(io: PacketIo, counters: Counters, release: (batch: PacketBatch, hold: Hold) => void) {
    this.holds = new Holds(counters, release);
    this.#outgoing = new Outgoing(io, counters);
  }

  /** By source. */
  get outgoing(): Holds {
    return this.#outgoing.holds;
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
   * A packet that the kernel had put here just before there was a link again, and that is read only
   * now: it goes once more in front of the kernel's routes. Each time takes a hop.
   */
  sendsLate(slab: Uint8Array, packet: number, now = performance.now()): boolean {
    const hold = this.outgoing.get(sourceOf(slab, packet));
    if (hold?.releasedAt === undefined || now - hold.releasedAt > LATE_MS) return false;
    return takeHop(slab, packet) && this.#outgoing.sendOne(slab, packet);
  }

  close(): void {
    this.holds.close();
    this.#outgoing.close();
  }
}

/** Milliseconds after its hold's end in which a packet may have been late. */
const LATE_MS = 1000;
/** No packet has it, so nothing is received by a socket for it. */
const PROTOCOL_RAW = 255;

class Outgoing {
  readonly holds: Holds;
  readonly #io: PacketIo;
  readonly #counters: Counters;
  readonly #sockets = new Map<Ipv4, RawIpSocket>();

  constructor(io: PacketIo, counters: Counters) {
    this.#io = io;
    this.#counters = counters;
    this.holds = new Holds(counters, (batch, { item }) => this.#send(batch, item.address));
  }

  close(): void {
    this.holds.close();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  sendOne(slab: Uint8Array, packet: number): boolean {
    const bytes = slab.subarray(packet, packet + totalLength(slab, packet));
    const socket = this.#socketOf(sourceOf(slab, packet));
    if (socket === undefined || socket.sendOne(bytes) !== undefined) return false;
    this.#counters.add("handover-sent-late");
    return true;
  }

  #send(batch: PacketBatch, address: Ipv4): void {
    const refused = batch.count - (this.#socketOf(address)?.send(batch) ?? 0);
    if (refused > 0) this.#counters.add("handover-send-refused", refused);
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
