/**
 * Packets of nodes that are between two links (RFC 4988 §4.2): kept in the order in which they came,
 * within limits, and given on in that order once it is known where to.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { createBatch, HEADROOM, type PacketBatch } from "../../linux/packet-io.ts";
import { totalLength } from "../packet.ts";
import type { ForwardingItem, HandoverItem } from "../state.ts";

interface Kept {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** What becomes of the packets for one address. */
export class Hold {
  item: HandoverItem;
  /** The kernel may not have the way that the item wants yet, so everything waits for `settle`. */
  isUnsettled = true;
  packets: Kept[] = [];
  octets = 0;

  constructor(item: HandoverItem) {
    this.item = item;
  }

  get isKeeping(): boolean {
    return this.item.hold || this.isUnsettled;
  }
}

/** Packets given on at a time. */
const BATCH = 64;

export class Holds {
  readonly #counters: Counters;
  readonly #release: (batch: PacketBatch, hold: Hold) => void;
  readonly #byAddress = new Map<Ipv4, Hold>();
  readonly #addresses = new Map<string, Ipv4>();

  /** `release` takes packets, each with headroom, that go where the hold's item says now. */
  constructor(counters: Counters, release: (batch: PacketBatch, hold: Hold) => void) {
    this.#counters = counters;
    this.#release = release;
  }

  /** The hold for an address. Most often there is none at all, and this costs next to nothing. */
  get(address: Ipv4): Hold | undefined {
    return this.#byAddress.size === 0 ? undefined : this.#byAddress.get(address);
  }

  /** What is forwarded under this key from now on. */
  set(key: string, item: ForwardingItem | undefined): void {
    const before = this.#addresses.get(key);
    if (item?.kind !== "handover") {
      if (before !== undefined) this.#forget(key, before);
      return;
    }
    this.#addresses.set(key, item.address);
    const hold = this.#byAddress.get(item.address);
    if (hold === undefined) {
      this.#byAddress.set(item.address, new Hold(item));
    } else {
      hold.item = item;
      hold.isUnsettled = true;
    }
  }

  /** Copies a packet out of a slab, behind those that wait already. */
  keep(hold: Hold, slab: Uint8Array, packet: number, now: number): void {
    const { limits } = hold.item;
    const length = totalLength(slab, packet);
    this.#dropOld(hold, now);
    if (hold.packets.length >= limits.packets || hold.octets + length > limits.octets) {
      this.#counters.add("handover-buffer-full");
      return;
    }
    hold.packets.push({ bytes: slab.slice(packet, packet + length), at: now });
    hold.octets += length;
    this.#counters.add("handover-buffered");
  }

  /** The kernel is as the items want it: what no item holds any more goes on. */
  settle(now: number): void {
    for (const hold of this.#byAddress.values()) {
      if (!hold.isUnsettled) continue;
      hold.isUnsettled = false;
      if (!hold.item.hold) this.#flush(hold, now);
    }
  }

  close(): void {
    for (const [key, address] of this.#addresses) this.#forget(key, address);
  }

  #flush(hold: Hold, now: number): void {
    this.#dropOld(hold, now);
    const { packets } = hold;
    hold.packets = [];
    hold.octets = 0;
    if (packets.length > 0) this.#counters.add("handover-buffer-flushed", packets.length);
    for (let start = 0; start < packets.length; start += BATCH) {
      this.#release(batchOf(packets.slice(start, start + BATCH)), hold);
    }
  }

  #dropOld(hold: Hold, now: number): void {
    const { time } = hold.item.limits;
    const young = hold.packets.findIndex(({ at }) => now - at <= time);
    const dropped = hold.packets.splice(0, young < 0 ? hold.packets.length : young);
    if (dropped.length === 0) return;
    for (const { bytes } of dropped) hold.octets -= bytes.length;
    this.#counters.add("handover-buffer-expired", dropped.length);
  }

  #forget(key: string, address: Ipv4): void {
    const left = this.#byAddress.get(address)?.packets.length ?? 0;
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
