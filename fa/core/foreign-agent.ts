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
import type {
  Core,
  Effect,
  Event,
  IcmpReceived,
  LinkChanged,
  UdpReceived,
} from "../../shared/protocol/core.ts";
import { isRevocationMessage } from "../../shared/protocol/revocation-messages.ts";
import type { Agent } from "./agent.ts";
import { answerCommand } from "./commands.ts";
import type { FaCoreConfig } from "./config.ts";
import { isSameItem } from "./forwarding.ts";
import { addressOf, FastHandovers } from "./handover/fast-handovers.ts";
import { RequestLoad } from "./load.ts";
import type { Node } from "./node.ts";
import { Challenges } from "./registration/challenge.ts";
import { PendingList } from "./registration/pending.ts";
import { RegistrationRelay } from "./registration/relay.ts";
import { VisitorRevocations } from "./visits/revocation.ts";
import { restoreVisitor, visitorRecord } from "./visits/visitor-journal.ts";
import { type Visitor, VisitorList, visitorRows } from "./visits/visitors.ts";
import { endVisit } from "./visits/visits.ts";

/** RFC 791: what every link carries. */
const SMALLEST_MTU = 68;

export class ForeignAgent implements Core<FaCoreConfig>, Agent {
  readonly counters = new Counters();
  readonly visitors = new VisitorList();
  readonly pending = new PendingList();
  readonly load = new RequestLoad(() => this.#config.maxRequestRate);
  readonly challenges: Challenges;
  readonly revocations = new VisitorRevocations(this);
  readonly handovers: FastHandovers;
  #config: FaCoreConfig;
  readonly #random: Random;
  readonly #advertisers: Advertisers;
  readonly #addresses = new Map<string, readonly Ipv4[]>();
  readonly #mtus = new Map<string, number>();
  readonly #relay = new RegistrationRelay(this);
  #forwarding = PersistentMap.empty<ForwardingItem>();
  #isLeaving = false;

  constructor(config: FaCoreConfig, random: Random) {
    this.#config = config;
    this.#random = random;
    this.handovers = new FastHandovers(this, random);
    this.challenges = new Challenges(random, {
      window: () => this.#config.challengeWindow,
      isVisitor: (node) => this.visitors.at(node) !== undefined,
      isPending: (request) => this.pending.has(request),
      visitors: () => this.visitors.size,
    });
    this.#advertisers = new Advertisers(config.links, random, this.counters, (name, occasion) =>
      this.challenges.extensions(name, occasion),
    );
  }

  get config(): FaCoreConfig {
    return this.#config;
  }

  handle(event: Event, now: Now): Effect[] {
    // After the farewell nothing is advertised or relayed any more.
    if (this.#isLeaving && (event.type === "link" || event.type === "icmp")) return [];
    this.#updateBusy(now);
    switch (event.type) {
      case "udp":
        return this.#onUdp(event, now);
      case "icmp":
        return this.#onIcmp(event, now);
      case "link":
        return this.#onLink(event, now);
      case "tick":
        return this.#onTick(now);
      case "restore":
        return this.#onRestore(event.entries, now);
      case "shutdown":
        return this.#onShutdown(now);
      case "command":
        return answerCommand(this, event, now);
      case "resolved":
        return []; // nothing is asked for
      case "arp":
        return []; // visitors' addresses come from their requests, never from ARP (§4.2.2)
      case "path":
      case "tunnel-bound":
        return []; // the home agent's side knows the port of its own request
    }
  }

  nextDeadline(): Instant | undefined {
    const { visitors, pending } = this;
    const revocations = this.revocations.nextDeadline();
    if (this.#isLeaving) return revocations; // nothing else is waited for
    const advertisers = this.#advertisers.nextDeadline();
    const handovers = this.handovers.nextDeadline();
    return earliest(advertisers, visitors.nextExpiry(), pending.next(), revocations, handovers);
  }

  forwarding(): ForwardingState {
    return this.#forwarding;
  }

  reconfigure(config: FaCoreConfig, now: Now): Effect[] {
    this.#config = config;
    const unfit = [...this.visitors.all()].filter((visitor) => !this.#stillFits(visitor));
    // While their links still advertise: the nodes may have to be told.
    const effects = this.#revoke(unfit, "reconfigured", now);
    effects.push(...this.#advertisers.reconfigure(config.links, now));
    this.#updateBusy(now);
    this.handovers.reconfigured();
    return effects;
  }

  query(name: string, now: Now): Json | undefined {
    if (name === "visitors") return visitorRows(this.visitors, this.pending.all(), now);
    if (name !== "status") return undefined;
    return {
      visitors: this.visitors.size,
      pending: this.pending.size,
      busy: this.room(now) <= 0,
      advertising: this.#advertisers.status(now),
      home_agents: this.#relay.upstream.rows(now),
      ...(this.handovers.isEnabled ? { handovers: this.handovers.counts() } : {}),
      counters: this.counters.toJson(),
    };
  }

  link(interfaceName: string): AdvertisingConfig | undefined {
    return this.#advertisers.get(interfaceName)?.config;
  }

  linkAddress(interfaceName: string): Ipv4 | undefined {
    return this.#advertisers.get(interfaceName)?.address;
  }

  linkMtu(interfaceName: string): number {
    return this.#mtus.get(interfaceName) ?? SMALLEST_MTU;
  }

  isOwnAddress(address: Ipv4): boolean {
    const onInterface = [...this.#addresses.values()].some((list) => list.includes(address));
    return onInterface || this.#config.links.some((l) => l.careOfAddresses.includes(address));
  }

  room(now: Now): number {
    if (this.load.isBusy(now.monotonic)) return 0;
    return this.#config.maxVisitors - this.visitors.size;
  }

  /** Forwarding follows the visitor list. A co-located node is its own tunnel end. */
  visitorChanged(visitor: Visitor): void {
    this.forward(visitor.key, visitor.colocated ? undefined : visitor);
    this.handovers.visitorChanged(addressOf(visitor));
  }

  visitorGone(visitor: Visitor): void {
    this.forward(visitor.key, undefined);
    this.handovers.visitorChanged(addressOf(visitor));
  }

  forward(key: string, item: ForwardingItem | undefined): void {
    const current = this.#forwarding.get(key);
    // A renewal changes nothing: then there is nothing for the machine to do either.
    if (isSameItem(current, item)) return;
    this.#forwarding =
      item === undefined ? this.#forwarding.without(key) : this.#forwarding.with(key, item);
  }

  nextGreKey(): number {
    for (;;) {
      const key = this.#random.u32();
      // 0 would leave the choice to the home agent (RFC 6245 §4.1).
      if (key !== 0 && !this.visitors.hasGreKey(key)) return key;
    }
  }

  notifyRevoked({ interface: name, homeAddress, mac }: Node, busy: boolean): Effect[] {
    return this.#advertisers.get(name)?.reset(homeAddress, mac, busy) ?? [];
  }

  #onUdp(event: UdpReceived, now: Now): Effect[] {
    if (isRevocationMessage(event.payload)) {
      return this.isOwnAddress(event.destination) ? this.revocations.receive(event, now) : [];
    }
    if (this.#isLeaving) return [];
    if (this.handovers.isOurs(event)) return this.handovers.receive(event, now);
    return event.interface === undefined
      ? this.#relay.fromNetwork(event, now)
      : this.#relay.fromLink(event, event.interface, now);
  }

  /** Visitors whose home agents take revocations are given up; the others may find us back. */
  #onShutdown(now: Now): Effect[] {
    this.#isLeaving = true;
    const effects = this.#advertisers.stop();
    const revocable = [...this.visitors.all()].filter(({ revocation }) => revocation !== undefined);
    return [...effects, ...this.#revoke(revocable, "shutdown", now)];
  }

  #revoke(visitors: readonly Visitor[], reason: string, now: Now): Effect[] {
    return visitors.flatMap((visitor) => [
      ...endVisit(this, visitor, reason),
      ...this.revocations.revoke(visitor, false, now),
    ]);
  }

  /** What is advertised next tells the room that is left. */
  #updateBusy(now: Now): void {
    const isBusy = this.room(now) <= 0;
    for (const advertiser of this.#advertisers.all()) advertiser.setBusy(isBusy);
  }

  #onLink(event: LinkChanged, now: Now): Effect[] {
    const addresses = event.link?.addresses.map(({ address }) => address) ?? [];
    this.#addresses.set(event.interface, addresses);
    if (event.link !== undefined) this.#mtus.set(event.interface, event.link.mtu);
    const effects = this.handovers.linkChanged(event, now);
    return [...this.#advertisers.linkChanged(event, now), ...effects];
  }

  #onIcmp(event: IcmpReceived, now: Now): Effect[] {
    if (this.handovers.isIcmp(event)) return this.handovers.receiveIcmp(event, now);
    return event.interface === undefined
      ? this.#relay.unreachable(event, now)
      : this.#advertisers.solicited(event, now);
  }

  #onTick(now: Now): Effect[] {
    const revocations = this.revocations.tick(now);
    if (this.#isLeaving) return revocations;
    const effects = [...revocations, ...this.#advertisers.tick(now), ...this.#relay.timeOut(now)];
    effects.push(...this.handovers.tick(now));
    for (const visitor of this.visitors.takeExpired(now.monotonic)) {
      effects.push(...endVisit(this, visitor, "expired"));
    }
    return effects;
  }

  #onRestore(entries: readonly (readonly [string, Json])[], now: Now): Effect[] {
    this.handovers.begin(now, entries.length > 0);
    return entries.flatMap(([key, value]) => {
      const visitor = restoreVisitor(value, now);
      const hasRoom = this.visitors.size < this.#config.maxVisitors;
      const fits = visitor !== undefined && this.#stillFits(visitor) && hasRoom;
      const plane = fits
        ? this.visitors.planeFor(visitor.homeAgent, visitor.homeAddress)
        : undefined;
      if (!fits || plane === undefined) {
        this.counters.add("journal-records-dropped");
        return [{ type: "persist", key, value: null }];
      }
      const restored = { ...visitor, plane: visitor.colocated ? 0 : plane };
      this.visitors.set(restored);
      this.visitorChanged(restored);
      this.revocations.restored(restored, now);
      if (key === restored.key) return [];
      // A record under a key that visitors had before is written under today's.
      return [
        { type: "persist", key, value: null },
        { type: "persist", key: restored.key, value: visitorRecord(restored, now) },
      ];
    });
  }

  /** Does the configuration still serve this visitor's link and care-of address? */
  #stillFits({ interface: name, careOfAddress, colocated }: Visitor): boolean {
    const link = this.#config.links.find((candidate) => candidate.interface === name);
    return link !== undefined && (colocated || link.careOfAddresses.includes(careOfAddress));
  }
}
