/**
 * Bindings that another one has replaced. What their node had sent by the former care-of address is
 * still under way: on the path itself, or on the detour of a fast handover (RFC 4988 §4.2), so it is
 * taken for a moment more. That address was authenticated as the current one is, and nothing is sent
 * to it any more.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import { Deadlines } from "../../shared/base/deadlines.ts";
import { after, type Instant } from "../../shared/base/time.ts";
import type { PersistentMap } from "../../shared/forwarding/persistent-map.ts";
import { type ForwardingItem, HALF_BOUND } from "../../shared/forwarding/state.ts";
import { type Binding, MAX_SIMULTANEOUS_BINDINGS } from "./bindings.ts";

type Forwarding = PersistentMap<ForwardingItem>;

export class ReplacedBindings {
  /** Keys in the forwarding state, by home address: the oldest first. */
  readonly #keys = new Map<Ipv4, readonly string[]>();
  readonly #homes = new Map<string, Ipv4>();
  readonly #ends = new Deadlines<string>();

  nextDeadline(): Instant | undefined {
    return this.#ends.next();
  }

  /** `item` is what was declared for the binding; `grace` is in seconds, 0: nothing is taken. */
  replaced(
    forwarding: Forwarding,
    binding: Binding,
    item: ForwardingItem | undefined,
    grace: number,
    now: Instant,
  ): Forwarding {
    const isBack = item?.kind === "binding" && item.reverse && item.udpPort !== HALF_BOUND;
    if (!isBack || grace === 0) return forwarding;
    const key = keyOf(binding);
    const { homeAddress } = binding;
    let state = this.#without(forwarding, key);
    const [oldest] = this.#keys.get(homeAddress) ?? [];
    const isFull = (this.#keys.get(homeAddress)?.length ?? 0) >= MAX_SIMULTANEOUS_BINDINGS;
    if (isFull && oldest !== undefined) state = this.#without(state, oldest);
    this.#keys.set(homeAddress, [...(this.#keys.get(homeAddress) ?? []), key]);
    this.#homes.set(key, homeAddress);
    this.#ends.set(key, after(now, grace * 1000));
    return state.with(key, { ...item, kind: "replaced-binding" });
  }

  /** The node is bound to that care-of address again. */
  restored(forwarding: Forwarding, binding: Binding): Forwarding {
    return this.#without(forwarding, keyOf(binding));
  }

  /** The node has deregistered, or what it may do is revoked. */
  end(forwarding: Forwarding, homeAddress: Ipv4): Forwarding {
    const keys = this.#keys.get(homeAddress) ?? [];
    return keys.reduce((state, key) => this.#without(state, key), forwarding);
  }

  endAll(forwarding: Forwarding): Forwarding {
    return [...this.#keys.keys()].reduce((state, home) => this.end(state, home), forwarding);
  }

  /** Those whose time is over. */
  expire(forwarding: Forwarding, now: Instant): Forwarding {
    return this.#ends.takeDue(now).reduce((state, key) => this.#without(state, key), forwarding);
  }

  #without(forwarding: Forwarding, key: string): Forwarding {
    const homeAddress = this.#homes.get(key);
    if (homeAddress === undefined) return forwarding;
    this.#homes.delete(key);
    this.#ends.delete(key);
    const left = (this.#keys.get(homeAddress) ?? []).filter((other) => other !== key);
    if (left.length > 0) this.#keys.set(homeAddress, left);
    else this.#keys.delete(homeAddress);
    return forwarding.without(key);
  }
}

function keyOf({ key }: Binding): string {
  return `replaced-${key}`;
}
