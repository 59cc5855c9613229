/**
 * The visitor list (RFC 5944 §3.7.1): current registrations. Home agent and home address name a
 * visitor: private home addresses are only unique among the nodes of one home agent (RFC 3024
 * §A.2, §A.4). The link-layer address tells it apart on its link, and changes when the node comes
 * back with another card.
 */

import { formatIpv4, type Ipv4, UNSPECIFIED } from "../../../shared/base/address.ts";
import { Deadlines } from "../../../shared/base/deadlines.ts";
import { flat } from "../../../shared/base/flat.ts";
import { Lists } from "../../../shared/base/lists.ts";
import type { Json } from "../../../shared/base/result.ts";
import { type Instant, type Now, secondsLeft } from "../../../shared/base/time.ts";
import { MAX_PLANE } from "../../../shared/forwarding/kernel-objects.ts";
import type { VisitorItem } from "../../../shared/forwarding/state.ts";
import { isSameStation, type Node, type Registration, rowOf } from "../node.ts";
import type { PendingRequest } from "../registration/pending.ts";
import type { VisitRevocation } from "./visit-revocation.ts";

/**
 * A current registration: the home agent is the tunnel's end, the home address is not 0. It is at
 * the same time what the machine is to forward for it; a renewal changes only the terms.
 */
export interface Visitor extends Registration, VisitorItem {
  /** Names it: in the journal and in the forwarding state. */
  readonly key: string;
  /** Granted, in seconds; 0xffff is infinity. */
  lifetime: number;
  expiresAt: Instant | undefined;
  /** `undefined`: not negotiated (RFC 3543 §4.2.1). */
  revocation: VisitRevocation | undefined;
}

/** Of private home addresses only the home agent tells which is meant. */
export function visitorKey(homeAgent: Ipv4, homeAddress: Ipv4): string {
  return flat(`visitor/${formatIpv4(homeAgent)}/${formatIpv4(homeAddress)}`);
}

export class VisitorList {
  readonly #byHomeAddress = new Lists<Ipv4, Visitor>();
  readonly #byNai = new Lists<string, Visitor>();
  /** Visitors with a care-of address of their own, by that. */
  readonly #colocated = new Map<Ipv4, Visitor>();
  readonly #greKeys = new Set<number>();
  readonly #expiry = new Deadlines<Visitor>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(homeAgent: Ipv4, homeAddress: Ipv4): Visitor | undefined {
    return this.#byHomeAddress.get(homeAddress).find((each) => each.homeAgent === homeAgent);
  }

  /** The visitor at this link-layer address with this home address, or with this NAI and none. */
  at(node: Node): Visitor | undefined {
    const { homeAddress, nai = "" } = node;
    const named =
      homeAddress === UNSPECIFIED ? this.#byNai.get(nai) : this.#byHomeAddress.get(homeAddress);
    return named.findLast((visitor) => isSameStation(visitor, node));
  }

  /**
   * The visitor that has this address on its link: its co-located care-of address, or its home
   * address if no other visitor has the same (RFC 4988 §1).
   */
  reachedAt(address: Ipv4): Visitor | undefined {
    const colocated = this.#colocated.get(address);
    if (colocated !== undefined) return colocated;
    const [visitor, another] = this.#byHomeAddress
      .get(address)
      .filter((candidate) => !candidate.colocated);
    return another === undefined ? visitor : undefined;
  }

  *all(): IterableIterator<Visitor> {
    for (const visitors of this.#byHomeAddress.values()) yield* visitors;
  }

  /** Adds a visitor, in place of the one with the same home agent and home address. */
  set(visitor: Visitor): void {
    const current = this.get(visitor.homeAgent, visitor.homeAddress);
    if (current !== undefined) this.delete(current);
    this.#size++;
    this.#byHomeAddress.add(visitor.homeAddress, visitor);
    if (visitor.nai !== undefined) this.#byNai.add(visitor.nai, visitor);
    if (visitor.colocated) this.#addColocated(visitor);
    if (visitor.greKeyIn !== undefined) this.#greKeys.add(visitor.greKeyIn);
    if (visitor.expiresAt !== undefined) this.#expiry.set(visitor, visitor.expiresAt);
  }

  /** Who registers with an address that another station has here does not get it by that. */
  #addColocated(visitor: Visitor): void {
    const holder = this.#colocated.get(visitor.careOfAddress);
    if (holder !== undefined && holder.mac !== visitor.mac) return;
    this.#colocated.set(visitor.careOfAddress, visitor);
  }

  /** New terms for a visitor that stays as it is. */
  renew(visitor: Visitor, terms: Pick<Visitor, "lifetime" | "expiresAt" | "revocation">): void {
    visitor.lifetime = terms.lifetime;
    visitor.expiresAt = terms.expiresAt;
    visitor.revocation = terms.revocation;
    if (terms.expiresAt === undefined) this.#expiry.delete(visitor);
    else this.#expiry.set(visitor, terms.expiresAt);
  }

  delete(visitor: Visitor): void {
    if (!this.#byHomeAddress.remove(visitor.homeAddress, visitor)) return;
    this.#size--;
    this.#expiry.delete(visitor);
    if (visitor.nai !== undefined) this.#byNai.remove(visitor.nai, visitor);
    if (this.#colocated.get(visitor.careOfAddress) === visitor) {
      this.#colocated.delete(visitor.careOfAddress);
    }
    if (visitor.greKeyIn !== undefined) this.#greKeys.delete(visitor.greKeyIn);
  }

  /** The plane that a visitor has, or the lowest that is free for its home address, if any is. */
  planeFor(homeAgent: Ipv4, homeAddress: Ipv4): number | undefined {
    const current = this.get(homeAgent, homeAddress);
    const others = this.#byHomeAddress
      .get(homeAddress)
      .filter((other) => other !== current && !other.colocated);
    if (others.length === 0) return current?.plane ?? 0;
    const taken = new Set(others.map(({ plane }) => plane));
    if (current !== undefined && !taken.has(current.plane)) return current.plane;
    let plane = 0;
    while (taken.has(plane)) plane++;
    return plane <= MAX_PLANE ? plane : undefined;
  }

  hasGreKey(key: number): boolean {
    return this.#greKeys.has(key);
  }

  nextExpiry(): Instant | undefined {
    return this.#expiry.next();
  }

  /** The visitors whose lifetime is over (RFC 5944 §3.7); they are still in the list. */
  takeExpired(now: Instant): Visitor[] {
    return this.#expiry.takeDue(now);
  }
}

/** The fields by which events name a visitor. */
export function visitorFields(visitor: Visitor): { [key: string]: Json } {
  return { lifetime: visitor.lifetime, ...rowOf(visitor) };
}

/** The rows of `visitors --json`. A visitor whose renewal is pending is one row. */
export function visitorRows(
  visitors: VisitorList,
  pending: Iterable<PendingRequest>,
  now: Now,
): Json {
  const requests = [...pending];
  const renewing = new Set(requests.map(({ renews }) => renews));
  const registered = [...visitors.all()].map((visitor) => ({
    ...rowOf(visitor),
    delivery_style: visitor.reverse ? visitor.delivery : null,
    udp_tunnel: visitor.udpPort !== undefined,
    state: "registered",
    renewing: renewing.has(visitor),
    lifetime: visitor.lifetime,
    lifetime_remaining:
      visitor.expiresAt === undefined ? null : secondsLeft(visitor.expiresAt, now.monotonic),
  }));
  const waiting = requests
    .filter(
      ({ renews }) =>
        renews === undefined || visitors.get(renews.homeAgent, renews.homeAddress) !== renews,
    )
    .map((request) => ({
      ...rowOf(request),
      home_agent: formatIpv4(request.relayedTo),
      delivery_style: request.reverse ? request.delivery : null,
      udp_tunnel: false,
      state: "pending",
      renewing: false,
      lifetime: request.lifetime,
      lifetime_remaining: null,
    }));
  return [...registered, ...waiting];
}
