/**
 * Addresses that this node itself has on its links for the sake of fast handovers (RFC 4988 §4.2): the
 * one of the link before, while packets still come for it, and those that access routers have given it.
 * What the system has configured stays as it is, beside them.
 */

import { formatIpv4, type Ipv4, type Prefix } from "../../../shared/base/address.ts";
import { after, earliest, type Instant } from "../../../shared/base/time.ts";
import type { OwnAddressItem } from "../../../shared/forwarding/state.ts";
import type { Registered } from "../registration/registration.ts";
import type { Agent } from "./agents.ts";
import type { Links } from "./links.ts";
import { isInNetworkOf } from "./movement.ts";

/** Milliseconds that an address is kept for what is still on its way to it. */
const FORMER_MS = 3000;
/** Addresses whose links are remembered; the oldest makes room. */
const MAX_LEFT = 8;

/** A node with a co-located care-of address has come to another link. */
export interface Carried {
  readonly interface: string;
  /** Of the link before (PCoA). */
  readonly address: Ipv4;
  /** The agent there, by the source of its advertisements. */
  readonly home: Ipv4;
  readonly until: Instant;
  readonly given: Given | undefined;
}

/** For this node alone, on the link of that router (NCoA). */
export interface Given {
  readonly prefix: Prefix;
  readonly router: Ipv4;
}

interface Entry {
  readonly interface: string;
  readonly prefix: Prefix;
  /** Who gave it; `undefined`: it is of the link before, and none for registrations. */
  readonly router: Ipv4 | undefined;
  /** `undefined`: the node is registered with it. */
  readonly until: Instant | undefined;
  /** The system had configured it already, so that it is the system's to take away. */
  readonly isSystems: boolean;
}

export class LinkAddresses {
  readonly #entries = new Map<Ipv4, Entry>();
  /** Addresses that the system has had since an earlier link, and by which agent that is known. */
  readonly #left = new Map<Ipv4, { readonly interface: string; readonly home: Ipv4 }>();
  #carried: Carried | undefined;

  nextDeadline(): Instant | undefined {
    return earliest(...[...this.#entries.values()].map(({ until }) => until));
  }

  /**
   * An address that was given stays while the node is registered with it, since the router keeps it for
   * its visitor so long; one that is of no use goes with the handover. True: others are to be had now.
   */
  follow(
    carried: Carried | undefined,
    registered: Registered | undefined,
    links: Links,
    now: Instant,
  ): boolean {
    const present = this.#names();
    const current = registered?.operation.careOfAddress;
    const before = this.#carried;
    this.#carried = carried;
    if (carried !== undefined) this.#carry(carried, links.get(carried.interface)?.addresses ?? []);
    else if (before !== undefined && before.address === current) this.#undo(before.address);
    for (const [address, entry] of [...this.#entries]) {
      const isInUse = entry.router !== undefined && address === current;
      const until = isInUse ? undefined : (entry.until ?? after(now, FORMER_MS));
      if (until !== undefined && until <= now) this.#entries.delete(address);
      else if (until !== entry.until) this.#entries.set(address, { ...entry, until });
    }
    return this.#names() !== present;
  }

  #names(): string {
    return [this.#carried?.interface, ...this.#entries.keys(), "left", ...this.#left.keys()].join();
  }

  /** What the system has on this interface now: what it takes away, and has again, is of this link. */
  configured(name: string, prefixes: readonly Prefix[]): void {
    for (const [address, left] of this.#left) {
      const isStill = prefixes.some((each) => each.address === address && !this.#isOurs(each));
      if (left.interface === name && !isStill) this.#left.delete(address);
    }
  }

  /** May a registration be for this address of the system's, with this agent on the link? */
  isOfLink(name: string, prefix: Prefix, agent: Agent | undefined): boolean {
    const { address } = prefix;
    if (this.#isOurs(prefix) || this.#entries.get(address)?.router !== undefined) return false;
    const left = this.#left.get(address);
    if (left === undefined) return true;
    // Which link it is turns out when its agent is heard.
    if (agent === undefined) return this.#carried?.interface !== name;
    return agent.address === left.home || isInNetworkOf(address, agent);
  }

  /** Did this node configure it, and nobody else? */
  #isOurs({ address, length }: Prefix): boolean {
    const entry = this.#entries.get(address);
    return entry !== undefined && !entry.isSystems && entry.prefix.length === length;
  }

  /** What this agent has given the node on its link. */
  givenBy({ address, careOfAddresses, interface: name }: Agent): Given | undefined {
    for (const { prefix, router, interface: on } of this.#entries.values()) {
      if (router === undefined || on !== name) continue;
      if (router === address || careOfAddresses.includes(router)) return { prefix, router };
    }
    return undefined;
  }

  /** By their keys. */
  items(): (readonly [key: string, item: OwnAddressItem])[] {
    const own = [...this.#entries.values()].filter(({ isSystems }) => !isSystems);
    return own.map(({ interface: name, prefix }) => [
      `own-address/${name}/${formatIpv4(prefix.address)}`,
      { kind: "own-address", interface: name, prefix },
    ]);
  }

  #carry(
    { interface: name, address, home, until, given }: Carried,
    configured: readonly Prefix[],
  ): void {
    this.#left.delete(address);
    const [oldest] = this.#left.keys();
    if (this.#left.size >= MAX_LEFT && oldest !== undefined) this.#left.delete(oldest);
    this.#left.set(address, { interface: name, home });
    if (this.#entries.get(address)?.router === undefined) {
      const later = after(until, FORMER_MS);
      const prefix = { address, length: 32 };
      this.#put({ interface: name, prefix, router: undefined, until: later }, configured);
    }
    if (given !== undefined) this.#put({ ...given, interface: name, until }, configured);
  }

  #put(entry: Omit<Entry, "isSystems">, configured: readonly Prefix[]): void {
    const { address, length } = entry.prefix;
    const known = this.#entries.get(address);
    if (known !== undefined && known.until === undefined) return;
    const isThere = configured.some((each) => each.address === address && each.length === length);
    this.#entries.set(address, { ...entry, isSystems: known?.isSystems ?? isThere });
  }

  /** It came to nothing: the node is registered as before. */
  #undo(address: Ipv4): void {
    this.#left.delete(address);
    if (this.#entries.get(address)?.router === undefined) this.#entries.delete(address);
  }
}
