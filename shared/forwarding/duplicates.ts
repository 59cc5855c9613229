/**
 * A node with simultaneous bindings gets a copy of each packet by each of them (RFC 5944 §3.6.1.2).
 * One goes on: of equal packets as many as one tunnel alone has brought, so that what was sent twice
 * arrives twice, and what one of the ways loses comes by the other.
 */

import type { Ipv4 } from "../base/address.ts";
import { totalLength } from "./packet.ts";

/** Packets remembered in each of two generations. */
const MAX_REMEMBERED = 4096;
/** Milliseconds of one generation: copies are no farther apart than the ways differ in delay. */
const GENERATION_MS = 1000;
/** What differs between copies: TTL with minimal encapsulation, the mark for congestion, the sum. */
const TTL = 8;
const CHECKSUM = 10;
const TYPE_OF_SERVICE = 1;
const CODE_POINT = 0xfc;

/** How many came by each of a few tunnels, and the most of these numbers. */
interface Seen {
  readonly counts: Map<Ipv4, number>;
  most: number;
}

export class Duplicates {
  #newer = new Map<number, Seen>();
  #older = new Map<number, Seen>();
  #since = 0;

  /**
   * Is this a copy of a packet that has come by another tunnel? `local` is our end of the one by which
   * it has come, `now` milliseconds.
   */
  isCopy(slab: Uint8Array, packet: number, local: Ipv4, now: number): boolean {
    this.#age(now);
    const hash = hashOf(slab, packet);
    const seen = this.#newer.get(hash) ?? this.#older.get(hash) ?? { counts: new Map(), most: 0 };
    this.#newer.set(hash, seen);
    const count = (seen.counts.get(local) ?? 0) + 1;
    seen.counts.set(local, count);
    if (count <= seen.most) return true;
    seen.most = count;
    return false;
  }

  #age(now: number): void {
    if (now - this.#since < GENERATION_MS && this.#newer.size < MAX_REMEMBERED) return;
    const isLongAgo = now - this.#since >= 2 * GENERATION_MS;
    this.#older = isLongAgo ? new Map() : this.#newer;
    this.#newer = new Map();
    this.#since = now;
  }
}

/** 53 bits of the packet: two hashes side by side, mixed at the end as MurmurHash3 does. */
function hashOf(slab: Uint8Array, packet: number): number {
  const end = packet + totalLength(slab, packet);
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = packet; at < end; at++) {
    const place = at - packet;
    if (place === TTL || place === CHECKSUM || place === CHECKSUM + 1) continue;
    const octet = (slab[at] ?? 0) & (place === TYPE_OF_SERVICE ? CODE_POINT : 0xff);
    a = Math.imul(a ^ octet, 2654435761);
    b = Math.imul(b ^ octet, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
