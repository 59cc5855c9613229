/** A home agent on a bench: a clock that the test turns, requests made and signed by hand. */

import assert from "node:assert/strict";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import { HomeAgent } from "../../ha/core/home-agent.ts";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Effect, Event, SendArp, UdpReceived } from "../../shared/protocol/core.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { ntpTimestamp } from "../../shared/security/replay.ts";
import {
  appendExtension,
  encodeControl,
  type RegistrationReply,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { oneSend, replyIn, sends } from "../effects.ts";

export { oneSend, replyIn, sends };

export const HA = ipv4("198.51.100.1");
export const HA_ON_LINK = ipv4("10.1.0.1");
export const HA_MAC = "02:00:00:00:00:0a" as Mac;
export const FA = ipv4("192.0.2.1");
export const FA2 = ipv4("192.0.2.65");
export const HOME = ipv4("10.1.0.7");
export const NODE_MAC = "02:00:00:00:00:07" as Mac;
/** Its home network is virtual. */
export const ROAMER = ipv4("10.2.0.9");
/** Authorised, but in none of the home networks. */
export const STRANGER = ipv4("10.9.0.1");
export const MOBILE_HOME = "mobile-home-authentication-extension";
export const FOREIGN_HOME = "foreign-home-authentication-extension";

export const homeContext: SecurityContext = {
  spi: 256,
  algorithm: "hmac-md5",
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  replay: "timestamp",
};
export const newerContext: SecurityContext = {
  spi: 300,
  algorithm: "hmac-sha256",
  key: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
  replay: "timestamp",
};
export const nonceContext: SecurityContext = { ...homeContext, spi: 400, replay: "nonce" };
export const unknownContext: SecurityContext = { ...homeContext, spi: 999 };
export const wrongKey: SecurityContext = { ...homeContext, key: new Uint8Array(16) };
export const foreignHome = {
  ...homeContext,
  spi: 1000,
  key: Uint8Array.from({ length: 16 }, () => 0x55),
  peer: FA,
};

export const home0: AdvertisingConfig = {
  interface: "home0",
  careOfAddresses: [],
  extraRouterAddresses: [HA],
  home: true,
  foreign: false,
  maxInterval: 10,
  minInterval: 7.5,
  lifetime: 30,
  registrationLifetime: 1800,
  registrationRequired: false,
  encapsulations: ["ipip"],
  reverseTunneling: true,
  udpTunneling: false,
  revocation: false,
  prefixLengths: true,
  destination: ipv4("224.0.0.1"),
  mobilityOnly: false,
};

export const config: HaCoreConfig = {
  address: HA,
  homeNetworks: [
    { prefix: { address: ipv4("10.1.0.0"), length: 24 }, interface: "home0" },
    { prefix: { address: ipv4("10.2.0.0"), length: 24 }, interface: undefined },
  ],
  mobileNodes: [
    { homeAddress: HOME, associations: [homeContext, newerContext, nonceContext] },
    { homeAddress: ROAMER, associations: [homeContext] },
    { homeAddress: STRANGER, associations: [homeContext] },
  ],
  addressPools: [],
  networkPools: [],
  broadcasts: [],
  multicast: true,
  redirection: undefined,
  identity: undefined,
  denialMessage: undefined,
  hostConfiguration: {
    defaultGateway: undefined,
    dnsServers: [],
    dnsSuffix: undefined,
    url: undefined,
  },
  maxLifetime: 1800,
  encapsulations: ["ipip", "gre"],
  reverseTunnel: "allow",
  replayWindow: 7,
  replacedGrace: 2,
  maxBindings: 100,
  natTraversal: { enabled: true, force: false, keepalive: 110, maxLifetime: 60 },
  informRevoked: true,
  foreignAgents: [],
  links: [home0],
};

export interface RequestOptions {
  readonly fields?: Partial<RegistrationRequest>;
  /** `null`: without extension 32. */
  readonly context?: SecurityContext | null;
  /** One extension 34 for each. */
  readonly foreign?: readonly SecurityContext[];
  /** Extensions behind extension 32. */
  readonly behind?: readonly ControlExtension[];
  readonly event?: Partial<UdpReceived>;
}

/** Where a request of a node on its home link comes from. */
export const fromHomeLink: Partial<UdpReceived> = {
  interface: "home0",
  linkSource: NODE_MAC,
  source: HOME,
};
export const comingHome: RequestOptions = {
  fields: { lifetime: 0, careOfAddress: HOME },
  event: fromHomeLink,
};

export class Bench {
  agent: HomeAgent;
  now: Now = { monotonic: 0 as Instant, wall: 1_795_435_200_000 as WallTime };
  /** What the journal holds. */
  readonly journal = new Map<string, Json>();
  #serial = 0n;

  constructor(overrides: Partial<HaCoreConfig> = {}, seed = 1) {
    this.agent = new HomeAgent({ ...config, ...overrides }, seededRandom(seed));
  }

  /** A bench whose home link is up. */
  static up(overrides: Partial<HaCoreConfig> = {}): Bench {
    const bench = new Bench(overrides);
    bench.linkUp();
    return bench;
  }

  /** Events go through here, so that the journal is kept. */
  handle(event: Event): Effect[] {
    return this.#record(this.agent.handle(event, this.now));
  }

  reconfigure(overrides: Partial<HaCoreConfig>): Effect[] {
    return this.#record(this.agent.reconfigure({ ...config, ...overrides }, this.now));
  }

  #record(effects: Effect[]): Effect[] {
    for (const effect of effects) {
      if (effect.type !== "persist") continue;
      if (effect.value === null) this.journal.delete(effect.key);
      else this.journal.set(effect.key, effect.value);
    }
    return effects;
  }

  /** Crash and start again: only the journal is left. */
  restart(overrides: Partial<HaCoreConfig> = {}): Effect[] {
    this.agent = new HomeAgent({ ...config, ...overrides }, seededRandom(99));
    // As it comes back from disk.
    const entries = JSON.parse(JSON.stringify([...this.journal])) as [string, Json][];
    const effects = this.handle({ type: "restore", entries });
    this.linkUp();
    return effects;
  }

  linkUp(up = true): Effect[] {
    const addresses = [{ address: HA_ON_LINK, length: 24 }];
    const link = { up, mac: HA_MAC, mtu: 1500, addresses };
    return this.handle({ type: "link", interface: "home0", link });
  }

  pass(seconds: number): void {
    this.now = {
      monotonic: (this.now.monotonic + seconds * 1000) as Instant,
      wall: (this.now.wall + seconds * 1000) as WallTime,
    };
  }

  /** Lets time pass and ticks whenever the core asks for it; advertisements are left out. */
  run(seconds: number): Effect[] {
    const end = this.now.monotonic + seconds * 1000;
    const effects: Effect[] = [];
    for (;;) {
      const due = this.agent.nextDeadline();
      if (due === undefined || due > end) break;
      this.pass(Math.max(0, due - this.now.monotonic) / 1000);
      effects.push(...this.handle({ type: "tick" }));
    }
    this.pass((end - this.now.monotonic) / 1000);
    return effects.filter(({ type }) => type !== "send-icmp");
  }

  /** The octets of a request, with extension 34 for each foreign context. */
  requestBytes(options: RequestOptions = {}): Uint8Array {
    this.#serial += 1n;
    let bytes = encodeControl({
      name: "registration-request",
      flags: 0,
      lifetime: 600,
      homeAddress: HOME,
      homeAgent: HA,
      careOfAddress: FA,
      identification: ntpTimestamp(this.now.wall) + this.#serial,
      extensions: [],
      ...options.fields,
    });
    if (options.context !== null) {
      bytes = appendAuthentication(bytes, MOBILE_HOME, options.context ?? homeContext);
    }
    bytes = (options.behind ?? []).reduce(appendExtension, bytes);
    for (const context of options.foreign ?? []) {
      bytes = appendAuthentication(bytes, FOREIGN_HOME, context);
    }
    return bytes;
  }

  request(options: RequestOptions = {}): Effect[] {
    return this.deliver(this.requestBytes(options), options.event);
  }

  deliver(payload: Uint8Array, event: Partial<UdpReceived> = {}): Effect[] {
    return this.handle({
      type: "udp",
      interface: undefined,
      linkSource: undefined,
      source: FA,
      sourcePort: 434,
      destination: HA,
      destinationPort: 434,
      ttl: 60,
      payload,
      ...event,
    });
  }

  /** A request that must be answered; its reply. */
  replyTo(options: RequestOptions = {}): RegistrationReply {
    return replyIn(oneSend(this.request(options)));
  }

  /** Registers with the node's nonce context, whatever nonce is due. */
  bindings(): readonly JsonObject[] {
    return this.agent.query("bindings", this.now) as readonly JsonObject[];
  }

  careOfAddresses(): Json[] {
    return this.bindings().map((row) => row.care_of_address ?? null);
  }

  forwarding(): readonly ForwardingItem[] {
    return [...this.agent.forwarding().values()];
  }

  counter(name: string): number {
    const status = this.agent.query("status", this.now) as { counters: Record<string, number> };
    return status.counters[name] ?? 0;
  }
}

export function arps(effects: readonly Effect[]): SendArp[] {
  return effects.filter((effect) => effect.type === "send-arp");
}

export function reports(effects: readonly Effect[], event: string): JsonObject[] {
  return effects.flatMap((effect) =>
    effect.type === "report" && effect.event === event ? [effect.fields] : [],
  );
}

/** Nothing but reports: no packet, nothing to remember. */
export function assertSilent(effects: readonly Effect[]): void {
  assert.deepEqual(
    effects.filter(({ type }) => type !== "report"),
    [],
  );
}

/** Another address of the home network, in order of `index`. */
export function homeAddress(index: number): Ipv4 {
  return (ipv4("10.1.0.0") + index) as Ipv4;
}
