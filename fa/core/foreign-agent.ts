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
import { Advertiser, advertisersDeadline } from "../../shared/protocol/advertiser.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Core, Effect, Event, IcmpReceived, LinkChanged } from "../../shared/protocol/core.ts";
import type { FaCoreConfig } from "./config.ts";
import { type Agent, RegistrationRelay } from "./relay.ts";
import { restoreVisitor, type Visitor, VisitorList, visitorKey } from "./visitors.ts";

export class ForeignAgent implements Core<FaCoreConfig>, Agent {
  readonly counters = new Counters();
  readonly visitors = new VisitorList();
  #config: FaCoreConfig;
  readonly #random: Random;
  readonly #advertisers = new Map<string, Advertiser>();
  readonly #addresses = new Map<string, readonly Ipv4[]>();
  readonly #relay = new RegistrationRelay(this);
  #forwarding = PersistentMap.empty<ForwardingItem>();

  constructor(config: FaCoreConfig, random: Random) {
    this.#config = config;
    this.#random = random;
    for (const link of config.links) this.#addAdvertiser(link);
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
        return [...this.#advertisers.values()].flatMap((each) => each.stop());
      case "command":
        return [
          { type: "answer", id: event.id, ok: false, message: `no command ${event.name} here` },
        ];
      case "arp":
        return []; // visitors' addresses come from their requests, never from ARP (§4.2.2)
    }
  }

  nextDeadline(): Instant | undefined {
    return earliest(advertisersDeadline(this.#advertisers.values()), ...this.visitors.nextExpiry());
  }

  forwarding(): ForwardingState {
    return this.#forwarding;
  }

  reconfigure(config: FaCoreConfig, now: Now): Effect[] {
    this.#config = config;
    const effects: Effect[] = [];
    const links = new Map(config.links.map((link) => [link.interface, link]));
    for (const [name, advertiser] of this.#advertisers) {
      const link = links.get(name);
      if (link === undefined) {
        effects.push(...advertiser.stop());
        this.#advertisers.delete(name);
      } else {
        advertiser.reconfigure(link, now);
      }
    }
    for (const [name, link] of links) if (!this.#advertisers.has(name)) this.#addAdvertiser(link);
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
    for (const advertiser of this.#advertisers.values()) advertiser.setBusy(this.#isFull());
  }

  #isFull(): boolean {
    return this.visitors.size >= this.#config.maxVisitors;
  }

  #addAdvertiser(link: AdvertisingConfig): void {
    this.#advertisers.set(link.interface, new Advertiser(link, this.#random, this.counters));
  }

  #onLink(event: LinkChanged, now: Now): Effect[] {
    const addresses = event.link?.addresses.map(({ address }) => address) ?? [];
    this.#addresses.set(event.interface, addresses);
    return this.#advertisers.get(event.interface)?.linkChanged(event.link, now) ?? [];
  }

  #onIcmp(event: IcmpReceived, now: Now): Effect[] {
    if (event.interface === undefined) return this.#relay.unreachable(event, now);
    return this.#advertisers.get(event.interface)?.solicited(event, now) ?? [];
  }

  #onTick(now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const advertiser of this.#advertisers.values()) effects.push(...advertiser.tick(now));
    effects.push(...this.#relay.timeOut(now));
    for (const visitor of this.visitors.takeExpired(now.monotonic)) {
      effects.push(...this.#relay.remove(visitor, "expired"));
    }
    return effects;
  }

  #onRestore(entries: readonly (readonly [string, Json])[], now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const [key, value] of entries) {
      const visitor = restoreVisitor(value, now);
      const known = visitor !== undefined && this.#advertisers.has(visitor.interface);
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
