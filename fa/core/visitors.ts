/**
 * The visitor list (RFC 5944 §3.7.1): current registrations. Home agent and home address name a
 * visitor: private home addresses are only unique among the nodes of one home agent (RFC 3024
 * §A.2, §A.4). The link-layer address tells it apart on its link, and changes when the node comes
 * back with another card.
 */

import { formatIpv4, type Ipv4 } from "../../shared/base/address.ts";
import { Deadlines } from "../../shared/base/deadlines.ts";
import type { Json } from "../../shared/base/result.ts";
import { type Instant, type Now, secondsLeft } from "../../shared/base/time.ts";
import { MAX_PLANE } from "../../shared/forwarding/kernel-objects.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import { type Node, type Registration, rowOf, stationOf } from "./node.ts";
import type { PendingRequest } from "./pending.ts";
import type { VisitRevocation } from "./visit-revocation.ts";

/** A current registration: the home agent is the tunnel's end, the home address is not 0. */
export interface Visitor extends Registration, TunnelForm {
  /** Granted, in seconds; 0xffff is infinity. */
  readonly lifetime: number;
  readonly expiresAt: Instant | undefined;
  /** Seconds without a packet to the home agent until a keepalive is due (RFC 3519 §4.9). */
  readonly keepalive: number | undefined;
  /**
   * 0, unless another visitor has the same home address there: equal home addresses of two home
   * agents stand in different planes of the data path (RFC 3024 §A.2, §A.3).
   */
  readonly plane: number;
  /** `undefined`: not negotiated (RFC 3543 §4.2.1). */
  readonly revocation: VisitRevocation | undefined;
}

/** What names a visitor: in the list, in the journal and in the forwarding state. */
export function visitorKey(homeAgent: Ipv4, homeAddress: Ipv4): string {
  return `visitor/${formatIpv4(homeAgent)}/${formatIpv4(homeAddress)}`;
}

export function keyOf({ homeAgent, homeAddress }: Visitor): string {
  return visitorKey(homeAgent, homeAddress);
}

/** The names by which a node at one link-layer address is found: home address, and NAI. */
function stationsOf(visitor: Visitor): string[] {
  const byAddress = stationOf(visitor);
  if (visitor.nai === undefined) return [byAddress];
  const { interface: name, mac, nai } = visitor;
  return [byAddress, stationOf({ interface: name, mac, homeAddress: 0 as Ipv4, nai })];
}

export class VisitorList {
  readonly #visitors = new Map<string, Visitor>();
  readonly #byStation = new Map<string, Visitor>();
  readonly #byHomeAddress = new Map<Ipv4, Visitor[]>();
  /** Visitors with a care-of address of their own, by that. */
  readonly #colocated = new Map<Ipv4, Visitor>();
  readonly #greKeys = new Set<number>();
  readonly #expiry = new Deadlines<string>();

  get size(): number {
    return this.#visitors.size;
  }

  get(key: string): Visitor | undefined {
    return this.#visitors.get(key);
  }

  /** The visitor at this link-layer address with this home address, or with this NAI and none. */
  at(node: Node): Visitor | undefined {
    return this.#byStation.get(stationOf(node));
  }

  /**
   * The visitor that has this address on its link: its co-located care-of address, or its home
   * address if no other visitor has the same (RFC 4988 §1).
   */
  reachedAt(address: Ipv4): Visitor | undefined {
    const colocated = this.#colocated.get(address);
    if (colocated !== undefined) return colocated;
    const [visitor, another] = (this.#byHomeAddress.get(address) ?? []).filter(
      (candidate) => !candidate.colocated,
    );
    return another === undefined ? visitor : undefined;
  }

  all(): IterableIterator<Visitor> {
    return this.#visitors.values();
  }

  set(visitor: Visitor): void {
    const key = keyOf(visitor);
    this.delete(key);
    this.#visitors.set(key, visitor);
    for (const station of stationsOf(visitor)) this.#byStation.set(station, visitor);
    const same = this.#byHomeAddress.get(visitor.homeAddress);
    if (same === undefined) this.#byHomeAddress.set(visitor.homeAddress, [visitor]);
    else same.push(visitor);
    if (visitor.colocated) this.#colocated.set(visitor.careOfAddress, visitor);
    if (visitor.greKeyIn !== undefined) this.#greKeys.add(visitor.greKeyIn);
    if (visitor.expiresAt !== undefined) this.#expiry.set(key, visitor.expiresAt);
  }

  delete(key: string): void {
    const visitor = this.#visitors.get(key);
    if (visitor === undefined) return;
    this.#visitors.delete(key);
    this.#expiry.delete(key);
    for (const station of stationsOf(visitor)) {
      if (this.#byStation.get(station) === visitor) this.#byStation.delete(station);
    }
    const same = this.#byHomeAddress.get(visitor.homeAddress) ?? [];
    const left = same.filter((other) => other !== visitor);
    if (left.length === 0) this.#byHomeAddress.delete(visitor.homeAddress);
    else this.#byHomeAddress.set(visitor.homeAddress, left);
    if (this.#colocated.get(visitor.careOfAddress) === visitor) {
      this.#colocated.delete(visitor.careOfAddress);
    }
    if (visitor.greKeyIn !== undefined) this.#greKeys.delete(visitor.greKeyIn);
  }

  /** The plane that a visitor has, or the lowest that is free for its home address, if any is. */
  planeFor(homeAgent: Ipv4, homeAddress: Ipv4): number | undefined {
    const current = this.#visitors.get(visitorKey(homeAgent, homeAddress));
    const others = (this.#byHomeAddress.get(homeAddress) ?? []).filter(
      (other) => other !== current && !other.colocated,
    );
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
    return this.#expiry.takeDue(now).flatMap((key) => this.#visitors.get(key) ?? []);
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
    renewing: renewing.has(keyOf(visitor)),
    lifetime: visitor.lifetime,
    lifetime_remaining:
      visitor.expiresAt === undefined ? null : secondsLeft(visitor.expiresAt, now.monotonic),
  }));
  const waiting = requests
    .filter(({ renews }) => renews === undefined || visitors.get(renews) === undefined)
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
