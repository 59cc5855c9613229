/**
 * The foreign agent: advertises, relays registrations, keeps the visitor list and says what the
 * machine should forward. RFC 5944 §2.3, §3.7, §4.2.2. Pure: it is told the time and what came in.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import type { Random } from "../../shared/base/random.ts";
import type { Json } from "../../shared/base/result.ts";
import { earliest, type Instant, type Now } from "../../shared/base/time.ts";
import { PersistentMap } from "../../shared/forwarding/persistent-map.ts";
import type { ForwardingItem, ForwardingState } from "../../shared/forwarding/state.ts";
import { Advertisers } from "../../shared/protocol/advertisers.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Core, Effect, Event, IcmpReceived, LinkChanged } from "../../shared/protocol/core.ts";
import type { FaCoreConfig } from "./config.ts";
import { type Agent, RegistrationRelay } from "./relay.ts";
import { restoreVisitor, type Visitor, VisitorList, visitorKey } from "./visitors.ts";

export class ForeignAgent implements Core<FaCoreConfig>, Agent {
  readonly counters = new Counters();
  readonly visitors = new VisitorList();
  #config: FaCoreConfig;
  readonly #advertisers: Advertisers;
  readonly #addresses = new Map<string, readonly Ipv4[]>();
  readonly #relay = new RegistrationRelay(this);
  #forwarding = PersistentMap.empty<ForwardingItem>();

  constructor(config: FaCoreConfig, random: Random) {
    this.#config = config;
    this.#advertisers = new Advertisers(config.links, random, this.counters);
  }

  get config(): FaCoreConfig {
    return this.#config;
  }

  handle(event: Event, now: Now): Effect[] {
    switch (event.type) {
      case "udp":
        return event.interface === undefined
          ? this.#relay.fromNetwork(event, now)
          : this.#relay.fromLink(event, event.interface, now);
      case "icmp":
        return this.#onIcmp(event, now);
      case "link":
        return this.#onLink(event, now);
      case "tick":
        return this.#onTick(now);
      case "restore":
        return this.#onRestore(event.entries, now);
      case "shutdown":
        return this.#advertisers.stop();
      case "command":
        return [
          { type: "answer", id: event.id, ok: false, message: `no command ${event.name} here` },
        ];
      case "arp":
        return []; // visitors' addresses come from their requests, never from ARP (§4.2.2)
    }
  }

  nextDeadline(): Instant | undefined {
    return earliest(this.#advertisers.nextDeadline(), ...this.visitors.nextExpiry());
  }

  forwarding(): ForwardingState {
    return this.#forwarding;
  }

  reconfigure(config: FaCoreConfig, now: Now): Effect[] {
    this.#config = config;
    const effects = this.#advertisers.reconfigure(config.links, now);
    this.#updateBusy();
    return effects;
  }

  query(name: string, now: Now): Json | undefined {
    if (name === "visitors") return this.visitors.toJson(now);
    if (name !== "status") return undefined;
    return {
      visitors: this.visitors.size,
      pending: this.visitors.pendingSize,
      busy: this.#isFull(),
      counters: this.counters.toJson(),
    };
  }

  link(interfaceName: string): AdvertisingConfig | undefined {
    return this.#advertisers.get(interfaceName)?.config;
  }

  linkAddress(interfaceName: string): Ipv4 | undefined {
    return this.#advertisers.get(interfaceName)?.address;
  }

  isOwnAddress(address: Ipv4): boolean {
    const onInterface = [...this.#addresses.values()].some((list) => list.includes(address));
    return onInterface || this.#config.links.some((l) => l.careOfAddresses.includes(address));
  }

  /** Forwarding follows the visitor list, and the B bit the room that is left in it. */
  visitorChanged(homeAddress: Ipv4): void {
    const visitor = this.visitors.get(homeAddress);
    const key = visitorKey(homeAddress);
    this.#forwarding =
      visitor === undefined || visitor.colocated // a co-located node is its own tunnel end
        ? this.#forwarding.without(key)
        : this.#forwarding.with(key, forwardingOf(visitor));
    this.#updateBusy();
  }

  #updateBusy(): void {
    for (const advertiser of this.#advertisers.all()) advertiser.setBusy(this.#isFull());
  }

  #isFull(): boolean {
    return this.visitors.size >= this.#config.maxVisitors;
  }

  #onLink(event: LinkChanged, now: Now): Effect[] {
    const addresses = event.link?.addresses.map(({ address }) => address) ?? [];
    this.#addresses.set(event.interface, addresses);
    return this.#advertisers.linkChanged(event, now);
  }

  #onIcmp(event: IcmpReceived, now: Now): Effect[] {
    return event.interface === undefined
      ? this.#relay.unreachable(event, now)
      : this.#advertisers.solicited(event, now);
  }

  #onTick(now: Now): Effect[] {
    const effects = [...this.#advertisers.tick(now), ...this.#relay.timeOut(now)];
    for (const visitor of this.visitors.takeExpired(now.monotonic)) {
      effects.push(...this.#relay.remove(visitor, "expired"));
    }
    return effects;
  }

  #onRestore(entries: readonly (readonly [string, Json])[], now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const [key, value] of entries) {
      const visitor = restoreVisitor(value, now);
      const known = visitor !== undefined && this.link(visitor.interface) !== undefined;
      if (known && !this.#isFull()) {
        this.visitors.set(visitor);
        this.visitorChanged(visitor.homeAddress);
      } else {
        effects.push({ type: "persist", key, value: null });
      }
    }
    return effects;
  }
}

function forwardingOf(visitor: Visitor): ForwardingItem {
  return {
    kind: "visitor",
    homeAddress: visitor.homeAddress,
    interface: visitor.interface,
    mac: visitor.mac,
    homeAgent: visitor.homeAgent,
    careOfAddress: visitor.careOfAddress,
    encapsulation: visitor.encapsulation,
    reverse: visitor.reverse,
  };
}
