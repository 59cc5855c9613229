/**
 * Who had an address of the pools last. A node that comes back gets it again (RFC 5944 §3.8.1), and one
 * that is at home with it needs it though it has no binding: others get other ones as long as there
 * are any, also after a restart and in another configuration. So the journal has it, by address.
 */

import { formatIpv4, type Ipv4, parseIpv4 } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Persist } from "../../shared/protocol/core.ts";

const PREFIX = "address/";

/** The nodes and the pools of the configuration. */
interface Memory {
  /** Is this an address that the node with this name may be given? Then others get other ones first. */
  readonly remember: (name: string, address: Ipv4) => boolean;
}

export class LastAddresses {
  /** By the names of the nodes, and the reverse. */
  readonly #byName = new Map<string, Ipv4>();
  readonly #byAddress = new Map<Ipv4, string>();

  isRemembered(address: Ipv4): boolean {
    return this.#byAddress.has(address);
  }

  of(name: string): Ipv4 | undefined {
    return this.#byName.get(name);
  }

  /** The node has a binding with it: it is nobody else's last one any more, and its only one. */
  bound(name: string, address: Ipv4): Persist[] {
    if (this.#byAddress.get(address) === name) return [];
    const former = this.#byName.get(name);
    const effects = former === undefined ? [] : [this.#forget(former)];
    this.#set(name, address);
    return [...effects, { type: "persist", key: keyOf(address), value: name }];
  }

  /** From one configuration to the next: what that does not remember is forgotten. */
  retain({ remember }: Memory): Persist[] {
    const over = [...this.#byAddress].filter(([address, name]) => !remember(name, address));
    return over.map(([address]) => this.#forget(address));
  }

  /** Takes a record over; `undefined`: it is none of these. */
  restore(key: string, value: Json, { remember }: Memory): Persist[] | undefined {
    if (!key.startsWith(PREFIX)) return undefined;
    const address = parseIpv4(key.slice(PREFIX.length));
    const isOne = address !== undefined && typeof value === "string" && remember(value, address);
    if (!isOne) return [{ type: "persist", key, value: null }];
    this.#set(value, address);
    return [];
  }

  #set(name: string, address: Ipv4): void {
    const other = this.#byAddress.get(address);
    if (other !== undefined) this.#byName.delete(other);
    this.#byName.set(name, address);
    this.#byAddress.set(address, name);
  }

  #forget(address: Ipv4): Persist {
    const name = this.#byAddress.get(address);
    this.#byAddress.delete(address);
    if (name !== undefined) this.#byName.delete(name);
    return { type: "persist", key: keyOf(address), value: null };
  }
}

function keyOf(address: Ipv4): string {
  return PREFIX + formatIpv4(address);
}
