/**
 * Agent Advertisements on one link, for foreign and home agents: periodic with jitter, and in
 * answer to solicitations. RFC 1256 §4, RFC 5944 §2.1 and §2.3.
 */

import {
  ALL_SYSTEMS,
  BROADCAST,
  BROADCAST_MAC,
  directedBroadcast,
  formatIpv4,
  type Ipv4,
  isUsableUnicast,
  type Mac,
  multicastMac,
  UNSPECIFIED,
} from "../base/address.ts";
import type { Counters } from "../base/counters.ts";
import { type Random, uniform } from "../base/random.ts";
import { after, type Instant, type Now } from "../base/time.ts";
import type { IcmpExtension } from "../wire/icmp/agent-discovery.ts";
import { decodeDiscovery } from "../wire/icmp.ts";
import {
  advertisedAddresses,
  advertisements,
  nextSequenceNumber,
  type RouterAddress,
  withdrawal,
} from "./advertisement.ts";
import type { AdvertisementExtras, AdvertisingConfig } from "./advertising-config.ts";
import type { Effect, IcmpReceived, LinkChanged, Report, SendIcmp } from "./core.ts";

/** RFC 1256 §4.3: the first three intervals are at most 16 seconds. */
const MAX_INITIAL_ADVERTISEMENTS = 3;
const MAX_INITIAL_ADVERT_INTERVAL = 16;
/** RFC 5944 §2.3 asks for a limit; a burst of this many unicast answers, refilled one a second. */
const SOLICITED_BURST = 10;

type Link = NonNullable<LinkChanged["link"]>;

export class Advertiser {
  #config: AdvertisingConfig;
  readonly #random: Random;
  readonly #counters: Counters;
  readonly #extras: AdvertisementExtras;
  #link: Link | undefined;
  #sequenceNumber = 0;
  #sent = 0;
  #busy = false;
  #mismatchReported = false;
  #nextAt: Instant | undefined;
  #sentAt: Instant | undefined;
  #answers = { tokens: SOLICITED_BURST, at: 0 as Instant };

  constructor(
    config: AdvertisingConfig,
    random: Random,
    counters: Counters,
    extras: AdvertisementExtras = () => [],
  ) {
    this.#config = config;
    this.#random = random;
    this.#counters = counters;
    this.#extras = extras;
  }

  get config(): AdvertisingConfig {
    return this.#config;
  }

  /** The address that advertisements come from, once the link has one. */
  get address(): Ipv4 | undefined {
    return this.#link?.addresses[0]?.address;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  reconfigure(config: AdvertisingConfig, now: Now): Effect[] {
    const before = this.#routerAddresses();
    this.#config = config;
    if (this.#nextAt !== undefined) this.#nextAt = after(now.monotonic, this.#interval());
    return this.#withdraw(before);
  }

  /** The B bit: no further visitors for now; only with F (RFC 5944 §2.1.1). */
  setBusy(busy: boolean): void {
    this.#busy = busy;
  }

  /** An interface that comes up starts over with the initial intervals (RFC 1256 §4.3). */
  linkChanged(link: Link | undefined, now: Now): Effect[] {
    const before = this.#routerAddresses();
    const ready = link?.up === true && link.addresses.length > 0;
    this.#link = ready ? link : undefined;
    if (!ready) {
      this.#nextAt = undefined;
      return [];
    }
    if (this.#nextAt !== undefined) return this.#withdraw(before);
    this.#sent = 0;
    this.#mismatchReported = false;
    this.#nextAt = now.monotonic;
    return this.tick(now);
  }

  nextDeadline(): Instant | undefined {
    return this.#nextAt;
  }

  /** Seconds since the last periodic advertisement, while there are any. */
  age(now: Now): number | undefined {
    if (this.#nextAt === undefined || this.#sentAt === undefined) return undefined;
    return (now.monotonic - this.#sentAt) / 1000;
  }

  tick(now: Now): Effect[] {
    if (this.#nextAt === undefined || now.monotonic < this.#nextAt) return [];
    this.#nextAt = after(now.monotonic, this.#interval());
    this.#sentAt = now.monotonic;
    this.#sent++;
    const { destination, lifetime, interface: name } = this.#config;
    return this.#advertise(destination, undefined, lifetime, this.#extras(name, "periodic"));
  }

  /**
   * Answers at once and unicast, to the link-layer source of the solicitation, so that nobody else
   * is woken; without a usable IP source the answer goes to all systems, still unicast on the link
   * (RFC 1256 §4.3, RFC 5944 §2.1, §2.3: no neighbour check of the source).
   */
  solicited(event: IcmpReceived, now: Now): Effect[] {
    const decoded = decodeDiscovery(event.payload);
    if (!decoded.ok) {
      this.#counters.add(`solicitation-${decoded.error.code}`);
      return [];
    }
    if (decoded.value.name !== "router-solicitation" || event.linkSource === undefined) return [];
    if (this.#link === undefined) return [];
    this.#counters.add("solicitations-received");
    if (!this.#takeToken(now.monotonic)) {
      this.#counters.add("solicitations-over-rate");
      return [];
    }
    // A source that is no node's own (0, a group) is not answered to (RFC 5944 §2.1).
    const { source } = event;
    const answerable = isUsableUnicast(source) && source !== this.#linkBroadcast();
    const destination = answerable ? source : ALL_SYSTEMS;
    const { lifetime, interface: name } = this.#config;
    const extras = this.#extras(name, answerable ? { mac: event.linkSource } : "repeated");
    const answers = this.#advertise(destination, event.linkSource, lifetime, extras);
    this.#counters.add("advertisements-solicited", answers.length);
    return [...this.#mismatch(event), ...answers];
  }

  /**
   * Tells one node that its registration is gone, as if this agent had started anew; for all others
   * the sequence numbers go on (RFC 3543 §4.1). `busy`: it shall not register here again.
   */
  reset(destination: Ipv4, mac: Mac, busy: boolean): SendIcmp[] {
    if (this.#link === undefined) return [];
    const { interface: name } = this.#config;
    const lifetime = this.#nextAt === undefined ? 0 : this.#config.lifetime;
    const state = { busy: busy || this.#busy, sequenceNumber: 0, lifetime };
    const extras = this.#extras(name, { mac });
    const [payload] = advertisements(this.#config, this.#link, state, extras);
    if (payload === undefined) return [];
    this.#counters.add("advertisements-sent");
    return [this.#send(payload, destination, mac)];
  }

  /** RFC 1256 §4.3: the node's advertisement address is not this agent's; told once a link-up. */
  #mismatch({ source, destination }: IcmpReceived): Report[] {
    const toBroadcast = destination === BROADCAST || destination === this.#linkBroadcast();
    if (!toBroadcast || this.#config.destination === BROADCAST) return [];
    this.#counters.add("solicitations-to-broadcast");
    if (this.#mismatchReported) return [];
    this.#mismatchReported = true;
    const event = "advertisement-address-mismatch";
    const fields = { interface: this.#config.interface, source: formatIpv4(source) };
    return [{ type: "report", level: "warning", event, fields }];
  }

  /** RFC 1256 §4.3: a last advertisement with lifetime 0 when the link stops advertising. */
  stop(): Effect[] {
    const { destination, interface: name } = this.#config;
    this.#nextAt = undefined;
    if (this.#sent === 0) return [];
    return this.#advertise(destination, undefined, 0, this.#extras(name, "repeated"));
  }

  #linkBroadcast(): Ipv4 | undefined {
    const [own] = this.#link?.addresses ?? [];
    return own === undefined ? undefined : directedBroadcast(own);
  }

  #takeToken(now: Instant): boolean {
    const refill = Math.max(0, now - this.#answers.at) / 1000;
    const tokens = Math.min(SOLICITED_BURST, this.#answers.tokens + refill);
    this.#answers = { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now };
    return tokens >= 1;
  }

  /** Milliseconds to the next periodic advertisement: uniform, with the initial limit. */
  #interval(): number {
    const { minInterval, maxInterval } = this.#config;
    const seconds = uniform(this.#random, minInterval, maxInterval);
    const initial = this.#sent < MAX_INITIAL_ADVERTISEMENTS;
    return 1000 * (initial ? Math.min(seconds, MAX_INITIAL_ADVERT_INTERVAL) : seconds);
  }

  #routerAddresses() {
    return this.#link === undefined ? [] : advertisedAddresses(this.#config, this.#link.addresses);
  }

  #advertise(
    destination: Ipv4,
    linkDestination: Mac | undefined,
    lifetime: number,
    extras: readonly IcmpExtension[],
  ): SendIcmp[] {
    const link = this.#link;
    if (link === undefined) return [];
    const state = { busy: this.#busy, sequenceNumber: this.#sequenceNumber, lifetime };
    const payloads = advertisements(this.#config, link, state, extras);
    for (const _ of payloads) this.#sequenceNumber = nextSequenceNumber(this.#sequenceNumber);
    this.#counters.add("advertisements-sent", payloads.length);
    return payloads.map((payload) => this.#send(payload, destination, linkDestination));
  }

  /** Addresses that are no longer advertised, while the link still is (RFC 1256 §4.3). */
  #withdraw(before: readonly RouterAddress[]): SendIcmp[] {
    const left = new Set(this.#routerAddresses().map(({ address }) => address));
    const gone = before.filter(({ address }) => !left.has(address));
    if (this.#link === undefined || this.#sent === 0 || gone.length === 0) return [];
    return [this.#send(withdrawal(gone), this.#config.destination, undefined)];
  }

  #send(payload: Uint8Array, destination: Ipv4, linkDestination: Mac | undefined): SendIcmp {
    const onLink =
      linkDestination ?? (destination === BROADCAST ? BROADCAST_MAC : multicastMac(destination));
    return {
      type: "send-icmp",
      source: this.address ?? UNSPECIFIED,
      destination,
      ttl: 1,
      payload,
      link: { interface: this.#config.interface, destination: onLink },
    };
  }
}
