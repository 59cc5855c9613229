/**
 * The visitor list (RFC 5944 §3.7.1): current registrations, and beside them the requests that
 * wait for the home agent. A pending request never changes the registration it would replace.
 */

import { formatIpv4, type Ipv4, type Mac, parseIpv4, parseMac } from "../../shared/base/address.ts";
import { Deadlines } from "../../shared/base/deadlines.ts";
import type { Json } from "../../shared/base/result.ts";
import { after, type Instant, type Now, secondsLeft } from "../../shared/base/time.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";
import { INFINITE_LIFETIME } from "../../shared/wire/control.ts";

/** What a request asked for, and where it came from. */
export interface PendingRequest {
  readonly interface: string;
  readonly mac: Mac;
  /** IP source of the request: the home address or a co-located care-of address. */
  readonly source: Ipv4;
  readonly sourcePort: number;
  /** IP destination of the request: the source of replies, unless it was a group. */
  readonly destination: Ipv4;
  readonly homeAddress: Ipv4;
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  readonly identification: bigint;
  readonly lifetime: number;
  readonly encapsulation: Encapsulation;
  readonly reverse: boolean;
  /** D: the node decapsulates itself; the agent only relays. */
  readonly colocated: boolean;
  /** True when extension 34 was appended, so that the reply must carry one. */
  readonly foreignHomeAuthenticated: boolean;
  readonly expiresAt: Instant;
}

/** A current registration. */
export interface Visitor {
  readonly interface: string;
  readonly mac: Mac;
  readonly homeAddress: Ipv4;
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  readonly encapsulation: Encapsulation;
  readonly reverse: boolean;
  readonly colocated: boolean;
  /** Granted, in seconds; 0xffff is infinity. */
  readonly lifetime: number;
  readonly expiresAt: Instant | undefined;
}

/** Requests of one home address that may wait at once (RFC 5944 §3.7.1: typically 5). */
const MAX_PENDING_PER_HOME_ADDRESS = 5;

export class VisitorList {
  readonly #visitors = new Map<Ipv4, Visitor>();
  readonly #expiry = new Deadlines<Ipv4>();
  readonly #pending = new Map<Ipv4, PendingRequest[]>();
  readonly #pendingExpiry = new Deadlines<PendingRequest>();

  get size(): number {
    return this.#visitors.size;
  }

  get pendingSize(): number {
    return this.#pendingExpiry.size;
  }

  get(homeAddress: Ipv4): Visitor | undefined {
    return this.#visitors.get(homeAddress);
  }

  visitors(): IterableIterator<Visitor> {
    return this.#visitors.values();
  }

  set(visitor: Visitor): void {
    this.#visitors.set(visitor.homeAddress, visitor);
    if (visitor.expiresAt === undefined) this.#expiry.delete(visitor.homeAddress);
    else this.#expiry.set(visitor.homeAddress, visitor.expiresAt);
  }

  delete(homeAddress: Ipv4): void {
    this.#visitors.delete(homeAddress);
    this.#expiry.delete(homeAddress);
  }

  pendingOf(homeAddress: Ipv4): readonly PendingRequest[] {
    return this.#pending.get(homeAddress) ?? [];
  }

  /** A newer request of the same node replaces the one that waits; false when there is no room. */
  addPending(request: PendingRequest, limit: number): boolean {
    const same = this.pendingOf(request.homeAddress).find(({ mac }) => mac === request.mac);
    if (same !== undefined) this.deletePending(same);
    const others = this.pendingOf(request.homeAddress);
    if (others.length >= MAX_PENDING_PER_HOME_ADDRESS || this.pendingSize >= limit) return false;
    this.#pending.set(request.homeAddress, [...others, request]);
    this.#pendingExpiry.set(request, request.expiresAt);
    return true;
  }

  deletePending(request: PendingRequest): void {
    this.#pendingExpiry.delete(request);
    const left = this.pendingOf(request.homeAddress).filter((other) => other !== request);
    if (left.length > 0) this.#pending.set(request.homeAddress, left);
    else this.#pending.delete(request.homeAddress);
  }

  pending(): PendingRequest[] {
    return [...this.#pending.values()].flat();
  }

  nextExpiry(): readonly (Instant | undefined)[] {
    return [this.#expiry.next(), this.#pendingExpiry.next()];
  }

  /** Takes out the visitors whose lifetime is over (RFC 5944 §3.7: silently). */
  takeExpired(now: Instant): Visitor[] {
    return this.#expiry.takeDue(now).flatMap((homeAddress) => {
      const visitor = this.#visitors.get(homeAddress);
      this.#visitors.delete(homeAddress);
      return visitor === undefined ? [] : [visitor];
    });
  }

  /** Takes out the requests that nobody answered in time. */
  takeTimedOut(now: Instant): PendingRequest[] {
    const due = this.#pendingExpiry.takeDue(now);
    for (const request of due) this.deletePending(request);
    return due;
  }

  /** The rows of `visitors --json`. A visitor whose renewal is pending is one row. */
  toJson(now: Now): Json {
    const registered = [...this.#visitors.values()].map((visitor) => ({
      ...rowOf(visitor),
      state: "registered",
      renewing: this.#pending.has(visitor.homeAddress),
      lifetime: visitor.lifetime,
      lifetime_remaining:
        visitor.expiresAt === undefined ? null : secondsLeft(visitor.expiresAt, now.monotonic),
    }));
    const waiting = this.pending()
      .filter(({ homeAddress }) => !this.#visitors.has(homeAddress))
      .map((request) => ({
        ...rowOf(request),
        state: "pending",
        renewing: false,
        lifetime: request.lifetime,
        lifetime_remaining: null,
      }));
    return [...registered, ...waiting];
  }
}

function rowOf(entry: Visitor | PendingRequest): { [key: string]: Json } {
  return {
    home_address: formatIpv4(entry.homeAddress),
    nai: null,
    home_agent: formatIpv4(entry.homeAgent),
    care_of_address: formatIpv4(entry.careOfAddress),
    mac: entry.mac,
    interface: entry.interface,
    encapsulation: entry.encapsulation,
    reverse_tunnel: entry.reverse,
  };
}

/** The fields by which events name a visitor. */
export function visitorFields(visitor: Visitor): { [key: string]: Json } {
  return { ...rowOf(visitor), lifetime: visitor.lifetime };
}

/** Journal key of a visitor. */
export function visitorKey(homeAddress: Ipv4): string {
  return `visitor/${formatIpv4(homeAddress)}`;
}

/** Journal form: the expiry by the wall clock, since the monotonic one does not survive. */
export function visitorRecord(visitor: Visitor, now: Now): Json {
  const left = visitor.expiresAt === undefined ? undefined : visitor.expiresAt - now.monotonic;
  return {
    ...rowOf(visitor),
    colocated: visitor.colocated,
    lifetime: visitor.lifetime,
    expires: left === undefined ? null : Math.round(now.wall + left),
  };
}

/** Reads a journal record; `undefined` when it is over, or not one of ours. */
export function restoreVisitor(value: Json, now: Now): Visitor | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const record = value as { readonly [key: string]: Json | undefined };
  const address = (key: string) => parseIpv4(String(record[key]));
  const homeAddress = address("home_address");
  const homeAgent = address("home_agent");
  const careOfAddress = address("care_of_address");
  const mac = parseMac(String(record.mac));
  const { expires, lifetime } = record;
  if (homeAddress === undefined || homeAgent === undefined || careOfAddress === undefined) {
    return undefined;
  }
  if (mac === undefined || typeof record.interface !== "string") return undefined;
  if (typeof lifetime !== "number") return undefined;
  if (typeof expires !== "number" && lifetime !== INFINITE_LIFETIME) return undefined;
  const left = typeof expires === "number" ? expires - now.wall : undefined;
  // A wall clock that stepped must not lengthen what the home agent granted.
  if (left !== undefined && (left <= 0 || left > lifetime * 1000)) return undefined;
  return {
    interface: record.interface,
    mac,
    homeAddress,
    homeAgent,
    careOfAddress,
    encapsulation: record.encapsulation as Encapsulation,
    reverse: record.reverse_tunnel === true,
    colocated: record.colocated === true,
    lifetime,
    expiresAt: left === undefined ? undefined : after(now.monotonic, left),
  };
}
