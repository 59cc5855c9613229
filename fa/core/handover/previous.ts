/**
 * The part of the previous access router: RFC 4988 §4.2, RFC 4068 §4, §5.3, §5.5. A node that has
 * told where it goes has a departure here: the other router is asked, and once it agrees what comes
 * for the node goes there.
 */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import { after, earliest, type Instant, type Now } from "../../../shared/base/time.ts";
import type { HandoverItem } from "../../../shared/forwarding/state.ts";
import type { Effect, IcmpReceived } from "../../../shared/protocol/core.ts";
import { AddressCode, addressIn, FIRST_REFUSAL } from "../../../shared/protocol/fast-handover.ts";
import { ntpTimestamp } from "../../../shared/security/replay.ts";
import { MOBILE_IP_PORT } from "../../../shared/wire/control.ts";
import type { FastHandoverOption } from "../../../shared/wire/icmp/fast-handover-options.ts";
import type { FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import type { Agent } from "../agent.ts";
import type { Visitor } from "../visits/visitors.ts";
import { AckCode, acknowledgment, answerTo, type BindingUpdate } from "./binding-update.ts";
import type { FastHandoverConfig } from "./config.ts";
import {
  type Acceptance,
  acceptance,
  type Departure,
  departureItem,
  fieldsOf,
  initiateMessage,
  modeOf,
} from "./departure.ts";
import { report, shown } from "./reports.ts";
import type { RouterMessages } from "./routers.ts";

type HandoverAcknowledge = Extract<FastHandoverMessage, { name: "hack" }>;

/** Milliseconds until a HI is repeated first; doubled each time (RFC 4068 §6.2.1). */
const FIRST_TIMEOUT = 100;
/** Milliseconds that a node which is back keeps its departure, so that what was kept goes to it. */
const SETTLING = 1000;

export interface PreviousRouterParts {
  readonly agent: Agent;
  readonly random: Random;
  readonly config: () => FastHandoverConfig;
  readonly routers: RouterMessages;
  /** This router's own access points, for who is asked. */
  readonly tuples: () => readonly FastHandoverOption[];
  /** What is forwarded for this address has changed. */
  readonly changed: (address: Ipv4) => void;
}

export class PreviousRouter {
  readonly #parts: PreviousRouterParts;
  readonly #departures = new Map<Ipv4, Departure>();
  #identifier: number;

  constructor(parts: PreviousRouterParts) {
    this.#parts = parts;
    this.#identifier = parts.random.u32() & 0xffff;
  }

  get size(): number {
    return this.#departures.size;
  }

  nextDeadline(): Instant | undefined {
    let next: Instant | undefined;
    for (const { expiresAt, initiate } of this.#departures.values()) {
      next = earliest(next, expiresAt, initiate?.repeatAt);
    }
    return next;
  }

  item(address: Ipv4): HandoverItem | undefined {
    const departure = this.#departures.get(address);
    if (departure === undefined) return undefined;
    return departureItem(departure, this.#parts.config().limits);
  }

  /** An update that may be acted on. */
  update(update: BindingUpdate, now: Now): Effect[] {
    const current = this.#departures.get(update.address);
    if (update.lifetime === 0) return this.#back(update, current, now);
    const isSame = current?.ends?.remote === update.next && current.state !== "back";
    if (isSame && current.state === "initiating") {
      // RFC 4988 §4.2: the node may have sent it again from the other link meanwhile.
      this.#set({ ...current, update });
      return [];
    }
    const lifetime = Math.min(update.lifetime, this.#parts.config().lifetime);
    if (isSame && current.state === "forwarding") {
      // The next router is not asked again: what it has agreed to ends when it does.
      const left = Math.ceil((current.expiresAt - now.monotonic) / 1000);
      const renewed = { ...current, update, lifetime: Math.min(lifetime, left) };
      this.#set(renewed);
      return this.#acknowledge(renewed, acceptance(renewed));
    }
    if (current === undefined && this.size >= this.#parts.config().maxHandovers) {
      return this.refuse(update, AckCode.insufficientResources);
    }
    const local = this.#localEnd(update);
    if (local === undefined) return this.refuse(update, AckCode.unspecified);
    this.#identifier = (this.#identifier + 1) & 0xffff;
    const { address, visitor, next } = update;
    return this.#initiate(
      {
        address,
        visitor,
        state: "initiating",
        ends: { local, remote: next },
        update,
        lifetime,
        startedAt: now.monotonic,
        expiresAt: after(now.monotonic, lifetime * 1000),
        initiate: {
          identifier: this.#identifier,
          sent: 0,
          timestamps: [],
          repeatAt: now.monotonic,
        },
      },
      now,
    );
  }

  refuse(update: BindingUpdate, code: number): Effect[] {
    this.#parts.agent.counters.add(`fbu-refused-${code}`);
    const { address, visitor, next, context } = update;
    return [
      answerTo(update, acknowledgment(update, code, 0, undefined)),
      report("handover-refused", {
        home_address: shown(visitor.homeAddress),
        address: shown(address),
        mac: visitor.mac,
        next_router: shown(next),
        spi: context.spi,
        code,
      }),
    ];
  }

  /** The other router's answer (RFC 4988 §5.6). */
  acknowledged(event: IcmpReceived, hack: HandoverAcknowledge, timestamp: bigint, now: Now) {
    const departure = [...this.#departures.values()].find(
      ({ initiate, ends }) =>
        initiate?.identifier === hack.identifier && ends?.remote === event.source,
    );
    const { agent, config } = this.#parts;
    const isOurs = departure?.initiate?.timestamps.includes(timestamp) === true;
    if (departure === undefined || (config().authenticate && !isOurs)) {
      agent.counters.add("discarded-hack-unmatched");
      return [];
    }
    if (hack.code >= FIRST_REFUSAL) {
      const known = hack.code <= AckCode.insufficientResources;
      return this.#failed(departure, known ? hack.code : AckCode.unspecified, "refused", now);
    }
    const { initiate: _, ...rest } = departure;
    const careOfAddress = addressIn(hack.extensions, AddressCode.new);
    const expiresAt = after(now.monotonic, departure.lifetime * 1000);
    const forwarding: Departure = { ...rest, state: "forwarding", careOfAddress, expiresAt };
    this.#set(forwarding);
    agent.counters.add("handovers-out");
    return [
      ...this.#acknowledge(forwarding, acceptance(forwarding)),
      report("handover-started", { ...fieldsOf(forwarding), mode: modeOf(forwarding) }),
    ];
  }

  /** Repeats what was not answered, and ends what is over. */
  tick(now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const departure of [...this.#departures.values()]) {
      const { initiate, expiresAt, state } = departure;
      if (initiate !== undefined && initiate.repeatAt <= now.monotonic) {
        const isOver = initiate.sent > this.#parts.config().initiateRetries;
        effects.push(
          ...(isOver
            ? this.#failed(departure, AckCode.unspecified, "no-answer", now)
            : this.#initiate(departure, now)),
        );
      } else if (expiresAt <= now.monotonic) {
        // Where it is nobody has said, so it is looked for where it was.
        if (state === "absent") effects.push(...this.returned(departure.address, "not-seen", now));
        else this.#forget(departure.address);
        if (state === "forwarding") {
          effects.push(report("handover-finished", { ...fieldsOf(departure), outcome: "expired" }));
        }
      }
    }
    return effects;
  }

  /** Beyond the RFC: the node has left this link and has said nothing. */
  left(visitor: Visitor, address: Ipv4, now: Now): Effect[] {
    const { earlyBuffering, maxHandovers } = this.#parts.config();
    const current = this.#departures.get(address);
    const isKnown = current !== undefined && current.state !== "back";
    if (earlyBuffering === 0 || isKnown || this.size >= maxHandovers) return [];
    const departure: Departure = {
      address,
      visitor,
      state: "absent",
      ends: undefined,
      update: undefined,
      lifetime: 0,
      startedAt: now.monotonic,
      expiresAt: after(now.monotonic, earlyBuffering * 1000),
    };
    this.#set(departure);
    return [report("visitor-left", fieldsOf(departure))];
  }

  /** It was seen to leave, and has not said where to. */
  isAbsent(address: Ipv4): boolean {
    return this.#departures.get(address)?.state === "absent";
  }

  /** The addresses of those that had this link-layer address here; they are few, visitors are many. */
  awayAt(mac: Mac): readonly Ipv4[] {
    const all = [...this.#departures.values()];
    return all.filter(({ visitor }) => visitor.mac === mac).map(({ address }) => address);
  }

  /** The node is on this link again: what was kept is for it, and no tunnel leads away. */
  returned(address: Ipv4, outcome: string, now: Now): Effect[] {
    const departure = this.#departures.get(address);
    if (departure === undefined || departure.state === "back") return [];
    const { initiate: _, ...rest } = departure;
    const expiresAt = after(now.monotonic, SETTLING);
    this.#set({ ...rest, state: "back", expiresAt });
    return [report("handover-finished", { ...fieldsOf(departure), outcome })];
  }

  /** Another router has announced it: it is no more where this one sent its packets. */
  end(address: Ipv4): void {
    if (this.#departures.has(address)) this.#forget(address);
  }

  /** When the departure of this address began, if it is away. */
  awaySince(address: Ipv4): Instant | undefined {
    const departure = this.#departures.get(address);
    return departure?.state === "back" ? undefined : departure?.startedAt;
  }

  /** Everything is forgotten: the configuration takes no part any more. */
  clear(): void {
    for (const address of [...this.#departures.keys()]) this.#forget(address);
  }

  /** RFC 4068 §5.5: a node that has come back says so with a lifetime of 0. */
  #back(update: BindingUpdate, current: Departure | undefined, now: Now): Effect[] {
    const answer = answerTo(update, acknowledgment(update, AckCode.accepted, 0, undefined));
    if (current === undefined) return [answer];
    return [...this.returned(update.address, "returned", now), answer];
  }

  #initiate(departure: Departure, now: Now): Effect[] {
    const { initiate, ends, update } = departure;
    if (initiate === undefined || ends === undefined || update === undefined) return [];
    const timestamp = ntpTimestamp(now.wall) + BigInt(initiate.sent);
    const sent = initiate.sent + 1;
    this.#set({
      ...departure,
      initiate: {
        ...initiate,
        sent,
        timestamps: [...initiate.timestamps, timestamp],
        repeatAt: after(now.monotonic, FIRST_TIMEOUT * 2 ** initiate.sent),
      },
    });
    this.#parts.agent.counters.add("hi-sent");
    const message = initiateMessage(departure, update, initiate.identifier, this.#parts.tuples());
    return [this.#parts.routers.send(message, ends.local, ends.remote, timestamp)];
  }

  /** RFC 4988 §5.6: no tunnel, and the node hears why. */
  #failed(departure: Departure, code: number, outcome: string, now: Now): Effect[] {
    const { update } = departure;
    const finished = this.returned(departure.address, outcome, now);
    if (update === undefined) return finished;
    return [...finished, ...this.#acknowledge(departure, { code, lifetime: 0 })];
  }

  /** RFC 4988 §4.2, figure 1: on the old link, and towards the new one as well. */
  #acknowledge(departure: Departure, { code, lifetime }: Acceptance): Effect[] {
    const { update, ends, careOfAddress } = departure;
    if (update === undefined) return [];
    const payload = acknowledgment(update, code, lifetime, careOfAddress);
    const answer = answerTo(update, payload);
    if (update.link === undefined || ends === undefined || code >= FIRST_REFUSAL) return [answer];
    const { local: source, remote: destination } = ends;
    const towards = {
      type: "send-udp",
      source,
      sourcePort: MOBILE_IP_PORT,
      destination,
      destinationPort: MOBILE_IP_PORT,
      ttl: 64,
      payload,
      onceInForce: true,
    } as const;
    return [answer, towards];
  }

  /** A care-of address of this agent: the one that the node named, if it is one. */
  #localEnd({ router, visitor, link, destination }: BindingUpdate): Ipv4 | undefined {
    const served = this.#parts.agent.link(visitor.interface)?.careOfAddresses ?? [];
    if (link === undefined) return destination;
    return served.includes(router) ? router : served[0];
  }

  #set(departure: Departure): void {
    this.#departures.set(departure.address, departure);
    this.#parts.changed(departure.address);
  }

  #forget(address: Ipv4): void {
    this.#departures.delete(address);
    this.#parts.changed(address);
  }
}
