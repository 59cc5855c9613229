/**
 * Lists of values by prefix; the longest prefix that holds an address is the one that counts. Most
 * are single addresses, which cost one map access; each other length in use costs one more.
 */

import { type Ipv4, netmask, type Prefix, toIpv4 } from "../base/address.ts";
import { assert } from "../base/result.ts";

type Lists<T> = Map<Ipv4, T[]>;

const HOST = 32;

export class PrefixLists<T> {
  readonly #hosts: Lists<T> = new Map();
  /** The other lengths, the longest first. */
  #networks: { readonly length: number; readonly mask: Ipv4; readonly lists: Lists<T> }[] = [];

  /** The values of the longest prefix that holds this address. */
  get(address: Ipv4): readonly T[] | undefined {
    const own = this.#hosts.get(address);
    if (own !== undefined) return own;
    for (const { mask, lists } of this.#networks) {
      const values = lists.get(toIpv4(address & mask));
      if (values !== undefined) return values;
    }
    return undefined;
  }

  /** The values of this very address. */
  at(address: Ipv4): readonly T[] | undefined {
    return this.#hosts.get(address);
  }

  has(address: Ipv4): boolean {
    return this.get(address) !== undefined;
  }

  add({ address, length }: Prefix, value: T): void {
    const lists = this.#listsOf(length);
    const values = lists.get(address);
    if (values === undefined) lists.set(address, [value]);
    else values.push(value);
  }

  /** Removes one value that was added under this prefix. */
  remove({ address, length }: Prefix, isIt: (value: T) => boolean): void {
    const lists = this.#listsOf(length);
    const values = lists.get(address);
    const at = values?.findIndex(isIt) ?? -1;
    assert(values !== undefined && at >= 0, "removed what was not there");
    values.splice(at, 1);
    if (values.length > 0) return;
    lists.delete(address);
    if (lists.size === 0) this.#networks = this.#networks.filter((one) => one.lists !== lists);
  }

  #listsOf(length: number): Lists<T> {
    if (length === HOST) return this.#hosts;
    const known = this.#networks.find((one) => one.length === length);
    if (known !== undefined) return known.lists;
    const made = { length, mask: netmask(length), lists: new Map() };
    this.#networks = [...this.#networks, made].sort((a, b) => b.length - a.length);
    return made.lists;
  }
}
