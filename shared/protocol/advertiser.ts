/**
 * Agent Advertisements on one link, for foreign and home agents: periodic with jitter, and in
 * answer to solicitations. RFC 1256 §4, RFC 5944 §2.1 and §2.3.
 */

import {
  ALL_SYSTEMS,
  BROADCAST,
  BROADCAST_MAC,
  directedBroadcast,
  type Ipv4,
  isUsableUnicast,
  type Mac,
  multicastMac,
} from "../base/address.ts";
import type { Counters } from "../base/counters.ts";
import { type Random, uniform } from "../base/random.ts";
import { after, type Instant, type Now } from "../base/time.ts";
import { AdvertisementFlag, type IcmpExtension } from "../wire/icmp/agent-discovery.ts";
import { decodeDiscovery, encodeIcmp } from "../wire/icmp.ts";
import type { AdvertisingConfig } from "./advertising-config.ts";
import type { Effect, IcmpReceived, LinkChanged, SendIcmp } from "./core.ts";

/** RFC 1256 §4.3: the first three intervals are at most 16 seconds. */
const MAX_INITIAL_ADVERTISEMENTS = 3;
const MAX_INITIAL_ADVERT_INTERVAL = 16;
/** RFC 5944 §2.3 asks for a limit; a burst of this many unicast answers, refilled one a second. */
const SOLICITED_BURST = 10;

type Link = NonNullable<LinkChanged["link"]>;

/** RFC 5944 §2.3.2: 0 after boot, then up by one, and 0xffff is followed by 256. */
export function nextSequenceNumber(sequenceNumber: number): number {
  return sequenceNumber === 0xffff ? 256 : sequenceNumber + 1;
}

export class Advertiser {
  #config: AdvertisingConfig;
  readonly #random: Random;
  readonly #counters: Counters;
  #link: Link | undefined;
  #sequenceNumber = 0;
  #sent = 0;
  #busy = false;
  #nextAt: Instant | undefined;
  #answers = { tokens: SOLICITED_BURST, at: 0 as Instant };

  constructor(config: AdvertisingConfig, random: Random, counters: Counters) {
    this.#config = config;
    this.#random = random;
    this.#counters = counters;
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

  reconfigure(config: AdvertisingConfig, now: Now): void {
    this.#config = config;
    if (this.#nextAt !== undefined) this.#nextAt = after(now.monotonic, this.#interval());
  }

  /** The B bit: no further visitors for now; only with F (RFC 5944 §2.1.1). */
  setBusy(busy: boolean): void {
    this.#busy = busy;
  }

  /** An interface that comes up starts over with the initial intervals (RFC 1256 §4.3). */
  linkChanged(link: Link | undefined, now: Now): Effect[] {
    const ready = link?.up === true && link.addresses.length > 0;
    this.#link = ready ? link : undefined;
    if (!ready) {
      this.#nextAt = undefined;
      return [];
    }
    if (this.#nextAt !== undefined) return [];
    this.#sent = 0;
    this.#nextAt = now.monotonic;
    return this.tick(now);
  }

  nextDeadline(): Instant | undefined {
    return this.#nextAt;
  }

  tick(now: Now): Effect[] {
    if (this.#nextAt === undefined || now.monotonic < this.#nextAt) return [];
    this.#nextAt = after(now.monotonic, this.#interval());
    this.#sent++;
    return this.#advertise(this.#config.destination, undefined, this.#config.lifetime);
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
    return this.#advertise(destination, event.linkSource, this.#config.lifetime);
  }

  /** RFC 1256 §4.3: a last advertisement with lifetime 0 when the link stops advertising. */
  stop(): Effect[] {
    const effects = this.#sent > 0 ? this.#advertise(this.#config.destination, undefined, 0) : [];
    this.#nextAt = undefined;
    return effects;
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

  #advertise(destination: Ipv4, linkDestination: Mac | undefined, lifetime: number): SendIcmp[] {
    const link = this.#link;
    const source = this.address;
    if (link === undefined || source === undefined) return [];
    const onLink =
      linkDestination ?? (destination === BROADCAST ? BROADCAST_MAC : multicastMac(destination));
    const payload = this.#encode(link, lifetime);
    this.#sequenceNumber = nextSequenceNumber(this.#sequenceNumber);
    this.#counters.add("advertisements-sent");
    return [
      {
        type: "send-icmp",
        source,
        destination,
        ttl: 1,
        payload,
        link: { interface: this.#config.interface, destination: onLink },
      },
    ];
  }

  #encode(link: Link, lifetime: number): Uint8Array {
    const config = this.#config;
    const own = link.addresses[0];
    const addresses = own === undefined ? [] : [own];
    for (const address of config.extraRouterAddresses) {
      if (address !== own?.address) addresses.push({ address, length: 32 });
    }
    const extensions: IcmpExtension[] = [
      {
        name: "mobility-agent-advertisement-extension",
        sequenceNumber: this.#sequenceNumber,
        registrationLifetime: config.registrationLifetime,
        flags: this.#flags(),
        careOfAddresses: config.careOfAddresses,
      },
    ];
    if (config.prefixLengths) {
      const prefixLengths = addresses.map(({ length }) => length);
      extensions.push({ name: "prefix-lengths-extension", prefixLengths });
    }
    return encodeIcmp({
      name: "router-advertisement",
      addrEntrySize: 2,
      code: config.mobilityOnly ? 16 : 0,
      lifetime,
      routerAddresses: addresses.map(({ address }) => ({ address, preference: 0 })),
      extensions,
    });
  }

  /** RFC 5944 §2.1.1: R and B only with F; M and G only for what can be received. */
  #flags(): number {
    const { foreign, home, encapsulations, ...config } = this.#config;
    let flags = 0;
    if (home) flags |= AdvertisementFlag.H;
    if (foreign) flags |= AdvertisementFlag.F;
    if (foreign && config.registrationRequired) flags |= AdvertisementFlag.R;
    if (foreign && this.#busy) flags |= AdvertisementFlag.B;
    if (encapsulations.includes("minimal")) flags |= AdvertisementFlag.M;
    if (encapsulations.includes("gre")) flags |= AdvertisementFlag.G;
    if (config.reverseTunneling) flags |= AdvertisementFlag.T;
    if (config.udpTunneling) flags |= AdvertisementFlag.U;
    if (config.revocation) flags |= AdvertisementFlag.X;
    return flags;
  }
}
