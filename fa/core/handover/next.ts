/**
 * The part of the new access router: RFC 4988 §4.2, §5.5, §5.6. A node that another router has
 * announced is a guest: its packets are kept until it is seen here, and what it sends goes back to
 * where it came from until it has registered.
 */

import { type Ipv4, isUsableUnicast, type Mac } from "../../../shared/base/address.ts";
import { after, earliest, type Instant, type Now } from "../../../shared/base/time.ts";
import type { ForwardingItem } from "../../../shared/forwarding/state.ts";
import type { Effect, IcmpReceived } from "../../../shared/protocol/core.ts";
import {
  AddressCode,
  addressIn,
  addressOption,
  LinkLayerCode,
  macIn,
} from "../../../shared/protocol/fast-handover.ts";
import { HandoverInitiateFlag } from "../../../shared/wire/icmp/fast-handover.ts";
import type { FastHandoverOption } from "../../../shared/wire/icmp/fast-handover-options.ts";
import type { FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import type { Agent } from "../agent.ts";
import type { Visitor } from "../visits/visitors.ts";
import { endVisit } from "../visits/visits.ts";
import type { FastHandoverConfig } from "./config.ts";
import { AddressPool } from "./pool.ts";
import { report, shown } from "./reports.ts";
import type { RouterMessages } from "./routers.ts";

type HandoverInitiate = Extract<FastHandoverMessage, { name: "hi" }>;

/** Code of a Handover Acknowledge (RFC 4988 §5.6). */
const HackCode = {
  accepted: 0,
  addressNotValid: 1,
  addressInUse: 2,
  addressAssigned: 3,
  addressNotAssigned: 4,
  unspecified: 128,
  insufficientResources: 130,
} as const;

export interface Guest {
  /** Its address on the previous link (PCoA). */
  readonly address: Ipv4;
  readonly mac: Mac;
  readonly interface: string;
  /** Of the tunnel: this router, and the previous one. */
  readonly local: Ipv4;
  readonly previous: Ipv4;
  /** Of the HI that announced it. */
  readonly identifier: number;
  readonly isHere: boolean;
  readonly startedAt: Instant;
  readonly expiresAt: Instant;
  /** Milliseconds to the previous router and back, once that has answered. */
  readonly roundTrip?: number;
  /** It has registered; what it had sent is on the detour until then. */
  readonly detour?: { readonly until: Instant; readonly isEmpty: boolean };
}

/** Milliseconds that the detour is given to become empty, beyond the round trip; and at most. */
const MORE_WAIT = 5;
const MOST_WAIT = 50;

export interface NextRouterParts {
  readonly agent: Agent;
  readonly config: () => FastHandoverConfig;
  readonly routers: RouterMessages;
  /** This router's own access points, for who asks. */
  readonly tuples: () => readonly FastHandoverOption[];
  /** Where a node with this address was seen that has told of itself before its router did. */
  readonly seenOn: (address: Ipv4) => string | undefined;
  /** And when. */
  readonly seenAt: (address: Ipv4) => Instant | undefined;
  /** It comes back, if it had left: two routers must not send its packets to each other. */
  readonly announced: (address: Ipv4) => void;
  /** What is forwarded for this address has changed. */
  readonly changed: (address: Ipv4) => void;
}

export class NextRouter {
  readonly #parts: NextRouterParts;
  readonly #guests = new Map<Ipv4, Guest>();
  readonly #pool = new AddressPool();

  constructor(parts: NextRouterParts) {
    this.#parts = parts;
  }

  restarted(now: Now): void {
    this.#pool.restarted(now.monotonic);
  }

  get size(): number {
    return this.#guests.size;
  }

  get(address: Ipv4): Guest | undefined {
    return this.#guests.get(address);
  }

  all(): readonly Guest[] {
    return [...this.#guests.values()];
  }

  nextDeadline(): Instant | undefined {
    let next: Instant | undefined;
    for (const { expiresAt, detour } of this.#guests.values()) {
      next = earliest(next, expiresAt, detour?.isEmpty === false ? detour.until : undefined);
    }
    return next;
  }

  /** Each HI is answered (RFC 4988 §5.6); one that changes nothing changes nothing. */
  initiated(event: IcmpReceived, hi: HandoverInitiate, timestamp: bigint, now: Now): Effect[] {
    const { agent, routers } = this.#parts;
    agent.counters.add("hi-received");
    const { code, careOfAddress, effects } = this.#admit(event, hi, now);
    const message: FastHandoverMessage = {
      name: "hack",
      code,
      reserved: 0,
      identifier: hi.identifier,
      extensions: [
        ...(careOfAddress === undefined ? [] : [addressOption(AddressCode.new, careOfAddress)]),
        ...this.#parts.tuples(),
      ],
    };
    const answer = routers.send(message, event.destination, event.source, timestamp);
    // A node that is here is told by its acknowledgment; until then its packets are kept where it was.
    return [hi.code === 1 ? answer : { ...answer, onceInForce: true }, ...effects];
  }

  /** The node was seen on this link (RFC 4988 §4.2). */
  seen(address: Ipv4, mac: Mac, interfaceName: string, now: Now): Effect[] {
    const guest = this.#guests.get(address);
    if (guest === undefined || guest.isHere) return [];
    // Whoever else claims the address would get what was kept for its owner.
    if (guest.mac !== mac) {
      this.#parts.agent.counters.add("handover-wrong-link-layer-address");
      return [];
    }
    const arrived = { ...guest, interface: interfaceName, isHere: true };
    this.#set(arrived);
    const waited = Math.round(now.monotonic - guest.startedAt);
    return [report("handover-finished", { ...fieldsOf(arrived), outcome: "arrived", waited })];
  }

  /** The previous router has answered what was sent on to it so many milliseconds ago. */
  measured(address: Ipv4, roundTrip: number): void {
    const guest = this.#guests.get(address);
    if (guest !== undefined) this.#guests.set(address, { ...guest, roundTrip });
  }

  /**
   * It has registered, and what it sends has a shorter way, which is taken when the detour is empty: after
   * a round trip to the previous router and a little more. From there to the home agent it is no farther than by way of
   * here, so what went before is there first.
   */
  registered(address: Ipv4, now: Now): void {
    const guest = this.#guests.get(address);
    if (guest === undefined || guest.detour !== undefined) return;
    const wait = Math.min((guest.roundTrip ?? 0) + MORE_WAIT, MOST_WAIT);
    this.#set({ ...guest, detour: { until: after(now.monotonic, wait), isEmpty: false } });
  }

  tick(now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const guest of [...this.#guests.values()]) {
      const { detour } = guest;
      if (detour?.isEmpty === false && detour.until <= now.monotonic) {
        this.#set({ ...guest, detour: { ...detour, isEmpty: true } });
      }
      if (guest.expiresAt > now.monotonic) continue;
      this.forget(guest.address);
      if (guest.isHere) continue;
      effects.push(report("handover-finished", { ...fieldsOf(guest), outcome: "never-seen" }));
    }
    return effects;
  }

  forget(address: Ipv4): void {
    if (this.#guests.delete(address)) this.#parts.changed(address);
  }

  clear(): void {
    for (const address of [...this.#guests.keys()]) this.forget(address);
  }

  /** What is forwarded for a guest: as for a visitor, with its previous router for a home agent. */
  items(address: Ipv4): GuestItems {
    const guest = this.#guests.get(address);
    if (guest === undefined) return {};
    const { interface: name, mac, local, previous, isHere, detour } = guest;
    const { limits } = this.#parts.config();
    const { visitors, pending } = this.#parts.agent;
    const visitor = visitors.reachedAt(address);
    const request = [...pending.all()].find(
      (candidate) => candidate.homeAddress === address && candidate.mac === mac,
    );
    const here = {
      kind: "visitor",
      homeAddress: address,
      interface: name,
      mac,
      delivery: "direct",
      plane: 0,
    } as const;
    const isExpected = visitor === undefined && request !== undefined && !request.colocated;
    return {
      guest: {
        ...here,
        homeAgent: previous,
        careOfAddress: local,
        // Once it is registered its own tunnel takes what it sends.
        reverse: visitor === undefined,
        encapsulation: "ipip",
      },
      // The home agent's first packets may be here before its reply has been read.
      ...(isExpected
        ? {
            expected: {
              ...here,
              homeAgent: request.relayedTo,
              careOfAddress: request.careOfAddress,
              reverse: false,
              encapsulation: request.encapsulation,
            },
          }
        : {}),
      handover: {
        kind: "handover",
        address,
        hold: !isHere,
        limits,
        intercept: false,
        tunnel: undefined,
        // The home agent's own tunnel may be the shorter way.
        behind: previous,
      },
      // So may be that of what it sends; what goes without a tunnel the kernel alone forwards.
      ...(detour === undefined || visitor?.reverse !== true || visitor.delivery !== "direct"
        ? {}
        : { own: { kind: "outgoing", address, hold: !detour.isEmpty, limits } }),
    };
  }

  #admit(event: IcmpReceived, hi: HandoverInitiate, now: Now): Admission {
    const { agent, config, seenOn } = this.#parts;
    const address = addressIn(hi.extensions, AddressCode.previous);
    const mac = macIn(hi.extensions, LinkLayerCode.mobileNode);
    const seen = address === undefined ? undefined : seenOn(address);
    const name = seen ?? this.#linkOf(event.destination);
    if (address === undefined || mac === undefined || name === undefined) {
      return { code: HackCode.unspecified, effects: [] };
    }
    const visitor = agent.visitors.reachedAt(address);
    const isOther = visitor !== undefined && visitor.mac !== mac;
    const ended = isOther ? [] : this.#endOldVisit(visitor, hi.code === 1, now);
    if (isOther || agent.isOwnAddress(address) || !isUsableUnicast(address)) {
      return { code: HackCode.unspecified, effects: [] };
    }
    const current = this.#guests.get(address);
    if (current === undefined && this.size >= config().maxHandovers) {
      return { code: HackCode.insufficientResources, effects: [] };
    }
    const isReactive = hi.code === 1;
    // The same HI again; another one says that the node has been away and comes back.
    const isRepeated = current?.identifier === hi.identifier && current.previous === event.source;
    const wasHere = isRepeated && current.isHere && current.mac === mac;
    const guest: Guest = {
      address,
      mac,
      interface: current?.interface ?? name,
      local: event.destination,
      previous: event.source,
      identifier: hi.identifier,
      // RFC 4988 §4.2: code 1 comes of an update that the node has sent here.
      isHere: isReactive || wasHere,
      startedAt: isRepeated ? current.startedAt : now.monotonic,
      expiresAt: after(now.monotonic, config().lifetime * 1000),
    };
    this.#set(guest);
    this.#parts.announced(address);
    const started = report("handover-started", {
      ...fieldsOf(guest),
      mode: isReactive ? "reactive" : "predictive",
    });
    const effects = current === undefined ? [...ended, started] : ended;
    if (current === undefined) agent.counters.add("handovers-in");
    return { ...this.#assign(hi, guest, now), effects };
  }

  /**
   * It has been at another router since it was a visitor here. One that has registered after it had
   * told that it is here is a visitor of now.
   */
  #endOldVisit(visitor: Visitor | undefined, isReactive: boolean, now: Now): Effect[] {
    if (visitor === undefined || visitor.colocated) return [];
    const { agent, seenAt } = this.#parts;
    const { expiresAt, lifetime } = visitor;
    const registeredAt = expiresAt === undefined ? 0 : expiresAt - lifetime * 1000;
    const seen = isReactive ? seenAt(visitor.homeAddress) : undefined;
    if (registeredAt >= (seen ?? now.monotonic)) return [];
    return endVisit(agent, visitor, "handed-over");
  }

  /** RFC 4988 §5.6: the code for the new address that was asked for, wished, or neither. */
  #assign(hi: HandoverInitiate, { address, mac }: Guest, now: Now): Omit<Admission, "effects"> {
    const isAsked = (hi.flags & HandoverInitiateFlag.S) !== 0;
    // RFC 4068 §4: nothing is reserved for a node that has come already.
    if (hi.code === 1) return { code: HackCode.accepted };
    const config = this.#parts.config();
    const wish = addressIn(hi.extensions, AddressCode.new);
    if (!isAsked && wish === undefined) return { code: HackCode.accepted };
    const until = after(now.monotonic, (config.lifetime + config.poolHold) * 1000);
    const isTaken = (one: Ipv4): boolean => this.#isTaken(one, mac);
    const careOfAddress = this.#pool.take(config, address, wish, until, now.monotonic, isTaken);
    if (careOfAddress !== undefined && (isAsked || careOfAddress === wish)) {
      return { code: HackCode.addressAssigned, careOfAddress };
    }
    if (wish === undefined) return { code: HackCode.addressNotAssigned };
    const isUsed = this.#pool.isInUse(wish, address, now.monotonic);
    return { code: isUsed ? HackCode.addressInUse : HackCode.addressNotValid };
  }

  /** One that a node has been given stays its own while it is registered with it. */
  #isTaken(address: Ipv4, mac: Mac): boolean {
    const { agent } = this.#parts;
    const holder = agent.visitors.reachedAt(address) ?? this.#guests.get(address);
    return agent.isOwnAddress(address) || (holder !== undefined && holder.mac !== mac);
  }

  /** The link that an address of this router serves. */
  #linkOf(address: Ipv4): string | undefined {
    const { links } = this.#parts.agent.config;
    return (
      links.find(({ interface: name }) => this.#parts.agent.linkAddress(name) === address) ??
      links.find(({ careOfAddresses }) => careOfAddresses.includes(address)) ??
      links[0]
    )?.interface;
  }

  #set(guest: Guest): void {
    this.#guests.set(guest.address, guest);
    this.#parts.changed(guest.address);
  }
}

/** What is forwarded for a guest. */
export interface GuestItems {
  readonly guest?: ForwardingItem;
  readonly expected?: ForwardingItem;
  readonly handover?: ForwardingItem;
  readonly own?: ForwardingItem;
}

interface Admission {
  readonly code: number;
  readonly careOfAddress?: Ipv4;
  readonly effects: Effect[];
}

function fieldsOf({ address, interface: name, mac, previous }: Guest) {
  return {
    role: "next",
    address: shown(address),
    interface: name,
    mac,
    previous_router: shown(previous),
  };
}
