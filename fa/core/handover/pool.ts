/** Addresses for arriving nodes that have none on this link (RFC 4988 §4.2). */

import { type Ipv4, toIpv4 } from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import type { FastHandoverConfig } from "./config.ts";

/** Addresses given out by one search at most looked at, however large the pool is. */
const LOOKED_AT = 4096;

export class AddressPool {
  /** By address: whose it is, and until when. */
  readonly #held = new Map<Ipv4, { readonly node: Ipv4; until: Instant }>();
  /** What was given out before a restart may be on its way with its node. */
  #restartedAt: Instant | undefined;

  restarted(now: Instant): void {
    this.#restartedAt = now;
  }

  /**
   * An address for the node with this previous address until then: the one that it wishes, if it
   * may have it, or another; `undefined` when there is none. `isTaken`: somebody else has it on this
   * link, however long ago it was given out.
   */
  take(
    { pool, lifetime, poolHold }: FastHandoverConfig,
    node: Ipv4,
    wish: Ipv4 | undefined,
    until: Instant,
    now: Instant,
    isTaken: (address: Ipv4) => boolean = () => false,
  ): Ipv4 | undefined {
    const since = this.#restartedAt;
    const isUnknown = since !== undefined && now - since < (lifetime + poolHold) * 1000;
    if (pool === undefined || isUnknown) return undefined;
    const isFree = (address: Ipv4): boolean => {
      if (isTaken(address)) return false;
      const holder = this.#held.get(address);
      return holder === undefined || holder.node === node || holder.until <= now;
    };
    const isWished = wish !== undefined && wish >= pool.first && wish <= pool.last && isFree(wish);
    const last = Math.min(pool.last, pool.first + LOOKED_AT);
    const held = this.#heldBy(node);
    let address = isWished ? wish : held !== undefined && isFree(held) ? held : undefined;
    for (let at = pool.first as number; address === undefined && at <= last; at++) {
      if (isFree(toIpv4(at))) address = toIpv4(at);
    }
    if (address !== undefined) this.#held.set(address, { node, until });
    return address;
  }

  /** What to say of an address that a node wishes: HAck code 1 or 2 (RFC 4988 §5.6). */
  isInUse(address: Ipv4, node: Ipv4, now: Instant): boolean {
    const holder = this.#held.get(address);
    return holder !== undefined && holder.node !== node && holder.until > now;
  }

  #heldBy(node: Ipv4): Ipv4 | undefined {
    for (const [address, holder] of this.#held) if (holder.node === node) return address;
    return undefined;
  }
}
