/** Home addresses that are given out (RFC 5944 §3.8.1): each operation costs the same in a full pool. */

import { type Ipv4, toIpv4 } from "../../shared/base/address.ts";

/** Addresses from `first` to `last`, both included. */
export interface AddressRange {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

export class AddressPool {
  readonly #ranges: readonly AddressRange[];
  /** False for addresses in the ranges that somebody has by other means. */
  readonly #isGiveable: (address: Ipv4) => boolean;
  readonly #taken = new Set<Ipv4>();
  /** In the order of their return; and those that some node had last, which may be at home with it. */
  readonly #returned = new Set<Ipv4>();
  readonly #remembered = new Set<Ipv4>();
  /** Where the addresses begin that nobody has had yet. */
  #range = 0;
  #next: number | undefined;
  /** Counted once: who has addresses by other means changes with the configuration alone. */
  #size: number | undefined;

  constructor(ranges: readonly AddressRange[], isGiveable: (address: Ipv4) => boolean) {
    this.#ranges = ranges;
    this.#isGiveable = isGiveable;
  }

  /** Addresses in the ranges that nobody has by other means. */
  get size(): number {
    this.#size ??= this.#count();
    return this.#size;
  }

  #count(): number {
    let size = 0;
    for (const { first, last } of this.#ranges) {
      for (let each: number = first; each <= last; each++) {
        const address = toIpv4(each);
        if (this.#taken.has(address) || this.#isGiveable(address)) size++;
      }
    }
    return size;
  }

  get taken(): number {
    return this.#taken.size;
  }

  /** Takes this address, if it is one of the pool's and free. */
  claim(address: Ipv4): boolean {
    if (this.#taken.has(address) || !this.holds(address)) return false;
    this.#returned.delete(address);
    this.#remembered.delete(address);
    this.#taken.add(address);
    return true;
  }

  /**
   * An address that nobody has had, else one that is nobody's last, else the one that has been free
   * longest; `undefined`: all taken.
   */
  take(): Ipv4 | undefined {
    for (let fresh = this.#advance(); fresh !== undefined; fresh = this.#advance()) {
      const isFresh = !this.#returned.has(fresh) && !this.#remembered.has(fresh);
      if (isFresh && this.claim(fresh)) return fresh;
    }
    for (const address of this.#returned) if (this.claim(address)) return address;
    for (const address of this.#remembered) if (this.claim(address)) return address;
    return undefined;
  }

  /** Some node had this one of the pool last. */
  recall(address: Ipv4): void {
    if (!this.#taken.has(address)) this.#remembered.add(address);
  }

  /** Is it one that may be given out? */
  holds(address: Ipv4): boolean {
    const isOurs = this.#ranges.some(({ first, last }) => address >= first && address <= last);
    return isOurs && (this.#taken.has(address) || this.#isGiveable(address));
  }

  release(address: Ipv4, isRemembered: boolean): void {
    if (!this.#taken.delete(address)) return;
    (isRemembered ? this.#remembered : this.#returned).add(address);
  }

  #advance(): Ipv4 | undefined {
    for (; this.#range < this.#ranges.length; this.#range++) {
      const range = this.#ranges[this.#range];
      const next = this.#next ?? range?.first;
      this.#next = undefined;
      if (range === undefined || next === undefined || next > range.last) continue;
      this.#next = next + 1;
      return toIpv4(next);
    }
    return undefined;
  }
}
