/**
 * Packets of nodes that are between two links (RFC 4988 §4.2): kept in the order in which they came,
 * within limits, and given on in that order once it is known where to.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { createBatch, HEADROOM, type PacketBatch } from "../../linux/packet-io.ts";
import { totalLength } from "../packet.ts";
import type { HandoverItem, OutgoingItem } from "../state.ts";

interface Kept {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** What an item says of packets to an address, or from one. */
type Held = Pick<HandoverItem, "address" | "hold" | "limits" | "tunnel" | "behind"> &
  Pick<OutgoingItem, "router">;

/** What becomes of the packets of one address. */
export class Hold {
  item: Held;
  /**
   * The kernel may not have the way that the item wants yet, so everything waits: the number of the
   * change that wants it.
   */
  unsettled: number | undefined;
  packets: Kept[] = [];
  /** What came by the shorter way, and goes behind all the others. */
  early: Kept[] = [];
  octets = 0;
  /** Since when something waits for the detour to be empty, and when it was last seen not to be. */
  waitingSince: number | undefined;
  detourAt = 0;
  /** The detour has been found empty. */
  isStraight = false;
  timer: NodeJS.Timeout | undefined;
  /** Since when everything goes on; `undefined`: it is kept. */
  releasedAt: number | undefined;

  constructor(item: Held, change: number) {
    this.item = item;
    this.unsettled = change;
  }

  get isKeeping(): boolean {
    return this.item.hold || this.unsettled !== undefined;
  }

  get size(): number {
    return this.packets.length + this.early.length;
  }
}

/** Milliseconds without a packet by the detour, after which it counts as empty. */
const QUIET_MS = 5;
/** Milliseconds that what came by the shorter way waits at most. */
const MOST_MS = 50;
/** Packets given on at a time. */
const BATCH = 64;

export class Holds {
  readonly #counters: Counters;
  readonly #release: (batch: PacketBatch, hold: Hold) => void;
  readonly #byAddress = new Map<Ipv4, Hold>();
  readonly #addresses = new Map<string, Ipv4>();
  #changes = 0;

  /** `release` takes packets, each with headroom, that go where the hold's item says now. */
  constructor(counters: Counters, release: (batch: PacketBatch, hold: Hold) => void) {
    this.#counters = counters;
    this.#release = release;
  }

  /** The hold for an address. Most often there is none at all, and this costs next to nothing. */
  get(address: Ipv4): Hold | undefined {
    return this.#byAddress.size === 0 ? undefined : this.#byAddress.get(address);
  }

  get isEmpty(): boolean {
    return this.#byAddress.size === 0;
  }

  /** What is forwarded under this key from now on. */
  set(key: string, item: Held | undefined): void {
    const before = this.#addresses.get(key);
    if (item === undefined) {
      if (before !== undefined) this.#forget(key, before);
      return;
    }
    this.#addresses.set(key, item.address);
    this.#changes++;
    const known = this.#byAddress.get(item.address);
    const hold = known ?? new Hold(item, this.#changes);
    this.#byAddress.set(item.address, hold);
    if (hold.item.behind !== item.behind || item.hold) hold.isStraight = false;
    hold.item = item;
    hold.releasedAt = undefined;
    const change = this.#changes;
    hold.unsettled = change;
    // A router that frames reach is no matter of the kernel's; yet what the core says of this change, by
    // which the other side begins to send, leaves before all that waits here.
    if (item.router === undefined) return;
    queueMicrotask(() => {
      if (hold.unsettled === change) this.#settle(hold, performance.now());
    });
  }

  /**
   * Copies a packet to this address out of a slab, if it must wait, behind those that wait already.
   * `from`: the other end of the tunnel by which it came.
   */
  takes(slab: Uint8Array, packet: number, address: Ipv4, from?: Ipv4): boolean {
    const hold = this.get(address);
    if (hold === undefined) return false;
    const now = performance.now();
    const isEarly = from !== undefined && this.#isEarly(hold, from, now);
    if (isEarly || hold.isKeeping) this.#keep(hold, slab, packet, isEarly, now);
    return isEarly || hold.isKeeping;
  }

  /** A packet that nobody has said should wait yet; it goes when the hold is set anew and let go. */
  keep(slab: Uint8Array, packet: number, hold: Hold, now: number): void {
    this.#keep(hold, slab, packet, false, now);
  }

  /**
   * To be called when the kernel is as the items of now want it: what no item holds any more goes on
   * then. What is set in between waits for a later one.
   */
  settler(): (now: number) => void {
    const reached = this.#changes;
    return (now) => {
      for (const hold of this.#byAddress.values()) {
        if (hold.unsettled === undefined || hold.unsettled > reached) continue;
        this.#settle(hold, now);
      }
    };
  }

  #settle(hold: Hold, now: number): void {
    hold.unsettled = undefined;
    if (hold.item.hold) return;
    hold.releasedAt = now;
    this.#flush(hold, now);
  }

  close(): void {
    for (const [key, address] of this.#addresses) this.#forget(key, address);
  }

  /** Must it wait for what is still on the detour? */
  #isEarly(hold: Hold, from: Ipv4, now: number): boolean {
    const { behind } = hold.item;
    if (behind === undefined || hold.isStraight) return false;
    if (from === behind) {
      hold.detourAt = now;
      return false;
    }
    if (hold.waitingSince === undefined) {
      hold.waitingSince = now;
      this.#watch(hold, QUIET_MS);
    }
    return true;
  }

  #keep(hold: Hold, slab: Uint8Array, packet: number, isEarly: boolean, now: number): void {
    const { limits } = hold.item;
    const length = totalLength(slab, packet);
    this.#dropOld(hold, now);
    if (hold.size >= limits.packets || hold.octets + length > limits.octets) {
      this.#counters.add("handover-buffer-full");
      return;
    }
    const queue = isEarly ? hold.early : hold.packets;
    queue.push({ bytes: slab.slice(packet, packet + length), at: now });
    hold.octets += length;
    this.#counters.add("handover-buffered");
  }

  #watch(hold: Hold, delay: number): void {
    hold.timer = setTimeout(() => {
      const now = performance.now();
      const { waitingSince = now, detourAt } = hold;
      const rest = Math.min(detourAt + QUIET_MS - now, waitingSince + MOST_MS - now);
      if (rest > 0) return this.#watch(hold, rest);
      hold.isStraight = true;
      hold.waitingSince = undefined;
      if (!hold.isKeeping) this.#flush(hold, now);
    }, delay);
  }

  #flush(hold: Hold, now: number): void {
    this.#dropOld(hold, now);
    const packets = hold.packets.splice(0);
    if (hold.isStraight || hold.item.behind === undefined) packets.push(...hold.early.splice(0));
    for (const { bytes } of packets) hold.octets -= bytes.length;
    if (packets.length > 0) this.#counters.add("handover-buffer-flushed", packets.length);
    for (let start = 0; start < packets.length; start += BATCH) {
      this.#release(batchOf(packets.slice(start, start + BATCH)), hold);
    }
  }

  #dropOld(hold: Hold, now: number): void {
    const { time } = hold.item.limits;
    for (const queue of [hold.packets, hold.early]) {
      const young = queue.findIndex(({ at }) => now - at <= time);
      const dropped = queue.splice(0, young < 0 ? queue.length : young);
      if (dropped.length === 0) continue;
      for (const { bytes } of dropped) hold.octets -= bytes.length;
      this.#counters.add("handover-buffer-expired", dropped.length);
    }
  }

  #forget(key: string, address: Ipv4): void {
    const hold = this.#byAddress.get(address);
    clearTimeout(hold?.timer);
    const left = hold?.size ?? 0;
    if (left > 0) this.#counters.add("handover-buffer-dropped", left);
    this.#addresses.delete(key);
    this.#byAddress.delete(address);
  }
}

function batchOf(packets: readonly Kept[]): PacketBatch {
  const longest = Math.max(...packets.map(({ bytes }) => bytes.length));
  const batch = createBatch(packets.length, HEADROOM + longest);
  for (const [i, { bytes }] of packets.entries()) {
    const at = i * batch.slot + HEADROOM;
    batch.slab.set(bytes, at);
    batch.offsets[i] = at;
    batch.lengths[i] = bytes.length;
  }
  batch.count = packets.length;
  return batch;
}
