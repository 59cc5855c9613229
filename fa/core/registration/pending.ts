/**
 * Requests that wait for the home agent (RFC 5944 §3.7.1), bounded so that no flood of requests
 * from invented nodes takes the place of a visitor that renews.
 */

import type { Ipv4 } from "../../../shared/base/address.ts";
import { Deadlines } from "../../../shared/base/deadlines.ts";
import { Lists } from "../../../shared/base/lists.ts";
import type { Instant } from "../../../shared/base/time.ts";
import type { RevocationOffer } from "../../../shared/protocol/revocation-terms.ts";
import { lowBits } from "../../../shared/security/replay.ts";
import { identityOf, isSameStation, type Registration } from "../node.ts";
import type { Visitor } from "../visits/visitors.ts";

/** A relayed request, with the way back to the node. It never changes what it would replace. */
export interface PendingRequest extends Registration {
  /** IP source of the request: the home address or a co-located care-of address. */
  readonly source: Ipv4;
  readonly sourcePort: number;
  /** IP destination of the request: the source of replies, unless it was a group. */
  readonly destination: Ipv4;
  /** Where it was relayed to: the Home Agent field, or what was chosen instead (RFC 4433 §5.2). */
  readonly relayedTo: Ipv4;
  readonly identification: bigint;
  readonly lifetime: number;
  /** The Revocation Support Extension that was appended (RFC 3543 §3.2). */
  readonly revocation: RevocationOffer | undefined;
  readonly relayedAt: Instant;
  /** True when extension 34 was appended, so that the reply must carry one. */
  readonly foreignHomeAuthenticated: boolean;
  /** Mobile-Foreign Challenge of the request, which went on to the home agent (RFC 4721 §3.3). */
  readonly challenge: Uint8Array | undefined;
  /** Key for GRE packets to us that a GRE Key Extension proposed (RFC 6245 §4.1). */
  readonly greKey: number | undefined;
  /** True when a UDP Tunnel Request Extension was appended (RFC 3519 §4.5). */
  readonly udpRequested: boolean;
  /** The visitor that this request would renew or replace. */
  readonly renews: Visitor | undefined;
  /** That visitor sent it, as far as its link-layer address tells: room is kept for it. */
  readonly fromVisitor: boolean;
  readonly expiresAt: Instant;
}

/** What a reply says about the request that it answers. */
export interface ReplyMarks {
  readonly homeAddress: Ipv4;
  readonly nai: string | undefined;
  readonly homeAgent: Ipv4;
  /** IP source of the reply. */
  readonly source: Ipv4;
  readonly identification: bigint;
}

/** The bounds of the tables. */
export interface Room {
  /** Requests that may wait at a time. */
  readonly pending: number;
  /** Visitors that may be added. */
  readonly visitors: number;
}

export interface Admission {
  readonly admitted: boolean;
  /** The stranger's request that had to go. */
  readonly evicted?: PendingRequest | undefined;
}

/** Requests of one home address or NAI that may wait at once (RFC 5944 §3.7.1: typically 5). */
const MAX_PER_IDENTITY = 5;
/** Requests from one link-layer address that may wait at once. */
const MAX_PER_MAC = 5;

const macKey = ({ interface: name, mac }: PendingRequest): string => `${name} ${mac}`;

export class PendingList {
  readonly #requests = new Set<PendingRequest>();
  readonly #byIdentity = new Lists<Ipv4 | string, PendingRequest>();
  /** By the low-order bits of the Identification. */
  readonly #byLowBits = new Lists<number, PendingRequest>();
  /** How many wait of one link-layer address, visitors' not counted. */
  readonly #strangersAt = new Map<string, number>();
  readonly #expiry = new Deadlines<PendingRequest>();
  /** Those that are not from visitors, oldest first. */
  readonly #strangers = new Set<PendingRequest>();
  /** Requests that would add a visitor. */
  #newcomers = 0;

  get size(): number {
    return this.#requests.size;
  }

  has(request: PendingRequest): boolean {
    return this.#requests.has(request);
  }

  all(): IterableIterator<PendingRequest> {
    return this.#requests.values();
  }

  next(): Instant | undefined {
    return this.#expiry.next();
  }

  /**
   * Adds a request in place of an older one of the same node to the same home agent. Strangers
   * have no room beyond their bounds; a visitor takes the room of the oldest stranger.
   */
  add(request: PendingRequest, room: Room): Admission {
    const older = this.#byIdentity
      .get(identityOf(request))
      .find((each) => each.relayedTo === request.relayedTo && isSameStation(each, request));
    if (older !== undefined) this.delete(older);
    const evicted = request.fromVisitor ? this.#evict(room) : undefined;
    if (!this.#hasRoom(request, room)) return { admitted: false, evicted };
    this.#requests.add(request);
    this.#byIdentity.add(identityOf(request), request);
    this.#byLowBits.add(lowBits(request.identification), request);
    this.#expiry.set(request, request.expiresAt);
    if (isNewcomer(request)) this.#newcomers++;
    if (!request.fromVisitor) {
      this.#strangers.add(request);
      this.#countStranger(request, 1);
    }
    return { admitted: true, evicted };
  }

  delete(request: PendingRequest): void {
    if (!this.#requests.delete(request)) return;
    this.#byIdentity.remove(identityOf(request), request);
    this.#byLowBits.remove(lowBits(request.identification), request);
    this.#expiry.delete(request);
    if (isNewcomer(request)) this.#newcomers--;
    if (this.#strangers.delete(request)) this.#countStranger(request, -1);
  }

  /** Takes out the requests that nobody answered in time. */
  takeTimedOut(now: Instant): PendingRequest[] {
    const due = this.#expiry.takeDue(now);
    for (const request of due) this.delete(request);
    return due;
  }

  /**
   * The request that a reply answers: low-order Identification bits, home agent, and the NAI or
   * else the home address (RFC 5944 §3.7.3.1, RFC 2794 §3). A home agent is known by its field in
   * the reply, or by the address that the request went to.
   */
  match(reply: ReplyMarks): PendingRequest | undefined {
    const waiting = this.#byLowBits.get(lowBits(reply.identification));
    const to = (address: Ipv4): PendingRequest[] =>
      waiting.filter(({ relayedTo }) => relayedTo === address);
    const named = to(reply.homeAgent);
    const candidates = named.length > 0 ? named : to(reply.source);
    const sameAddress = candidates.filter(({ homeAddress }) => homeAddress === reply.homeAddress);
    const byNai = (list: readonly PendingRequest[]): PendingRequest | undefined =>
      list.find(({ nai }) => nai === reply.nai);
    // The NAI decides among equal home addresses; a home agent may give another address than asked.
    if (reply.nai !== undefined) {
      return (
        byNai(sameAddress) ?? byNai(candidates) ?? sameAddress.find((r) => r.nai === undefined)
      );
    }
    // A home agent that leaves the NAI out is told apart only so far (RFC 2794 §3: 97).
    return (
      byNai(sameAddress) ??
      sameAddress[0] ??
      candidates.find(({ homeAddress }) => homeAddress === 0)
    );
  }

  #evict(room: Room): PendingRequest | undefined {
    if (this.size < room.pending) return undefined;
    const [oldest] = this.#strangers;
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  #hasRoom(request: PendingRequest, room: Room): boolean {
    if (this.size >= room.pending) return false;
    if (isNewcomer(request) && this.#newcomers >= room.visitors) return false;
    if (request.fromVisitor) return true;
    const alike = this.#byIdentity.get(identityOf(request)).filter((each) => !each.fromVisitor);
    const here = this.#strangersAt.get(macKey(request)) ?? 0;
    return alike.length < MAX_PER_IDENTITY && here < MAX_PER_MAC;
  }

  #countStranger(request: PendingRequest, by: 1 | -1): void {
    const key = macKey(request);
    const count = (this.#strangersAt.get(key) ?? 0) + by;
    if (count === 0) this.#strangersAt.delete(key);
    else this.#strangersAt.set(key, count);
  }
}

function isNewcomer({ renews, lifetime }: PendingRequest): boolean {
  return renews === undefined && lifetime !== 0;
}
