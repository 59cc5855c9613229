/** A foreign agent on a bench: one link, a clock that the test turns, requests made by hand. */

import assert from "node:assert/strict";
import type { FaCoreConfig } from "../../fa/core/config.ts";
import { ForeignAgent } from "../../fa/core/foreign-agent.ts";
import { ALLOW_ALL } from "../../fa/core/registration/access.ts";
import type { Visitor } from "../../fa/core/visits/visitors.ts";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Effect, SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import {
  decodeControl,
  encodeControl,
  type RegistrationReply,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { oneSend, replyIn, sends } from "../effects.ts";

export { oneSend, replyIn, sends };

export const FA = ipv4("192.0.2.1");
export const HA = ipv4("198.51.100.1");
export const HOME = ipv4("10.1.0.7");
export const NODE_MAC = "02:00:00:00:00:07" as Mac;
export const FA_MAC = "02:00:00:00:00:01" as Mac;

export const homeContext: SecurityContext = {
  spi: 256,
  algorithm: "hmac-md5",
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  replay: "timestamp",
};
export const foreignHome = {
  ...homeContext,
  spi: 1000,
  key: Uint8Array.from({ length: 16 }, () => 0x55),
  peer: HA,
};
export const mobileForeign = {
  ...homeContext,
  spi: 2000,
  key: Uint8Array.from({ length: 20 }, () => 0x66),
  algorithm: "hmac-sha1" as const,
  peer: HOME,
};

export const lan0: AdvertisingConfig = {
  interface: "lan0",
  careOfAddresses: [FA],
  extraRouterAddresses: [],
  home: false,
  foreign: true,
  maxInterval: 10,
  minInterval: 7.5,
  lifetime: 30,
  registrationLifetime: 1800,
  registrationRequired: true,
  encapsulations: ["ipip"],
  reverseTunneling: true,
  udpTunneling: false,
  revocation: false,
  prefixLengths: true,
  destination: ipv4("224.0.0.1"),
  mobilityOnly: false,
};

export const config: FaCoreConfig = {
  links: [lan0],
  registrationLifetime: 1800,
  encapsulations: ["ipip"],
  reverseTunnel: "allow",
  privateNeedsReverseTunnel: false,
  encapsulatingDelivery: true,
  greKeys: "never",
  udpTunneling: false,
  udpKeepalive: undefined,
  challengeWindow: 0,
  pendingTimeout: 7,
  maxVisitors: 1024,
  maxPending: 256,
  maxRequestRate: 0,
  informRevoked: "home-agent",
  messages: false,
  access: ALLOW_ALL,
  fastHandover: undefined,
  dynamicHomeAgents: [],
  homeAgents: [],
  mobileNodes: [],
  mobileNodesByNai: [],
};

export interface RequestOptions {
  readonly fields?: Partial<RegistrationRequest>;
  readonly context?: SecurityContext | null;
  /** Put behind extension 32. */
  readonly foreign?: readonly ControlExtension[];
  readonly foreignContext?: SecurityContext;
  readonly event?: Partial<UdpReceived>;
}

export class Bench {
  readonly agent: ForeignAgent;
  now: Now = { monotonic: 0 as Instant, wall: 1_795_435_200_000 as WallTime };
  #identification = 0xec9a1b2c_00000000n;

  constructor(overrides: Partial<FaCoreConfig> = {}, seed = 1) {
    this.agent = new ForeignAgent({ ...config, ...overrides }, seededRandom(seed));
  }

  /** A bench whose link is up. */
  static up(overrides: Partial<FaCoreConfig> = {}): Bench {
    const bench = new Bench(overrides);
    bench.linkUp();
    return bench;
  }

  linkUp(): Effect[] {
    return this.agent.handle(
      {
        type: "link",
        interface: "lan0",
        link: { up: true, mac: FA_MAC, mtu: 1500, addresses: [{ address: FA, length: 26 }] },
      },
      this.now,
    );
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
      effects.push(...this.agent.handle({ type: "tick" }, this.now));
    }
    this.pass((end - this.now.monotonic) / 1000);
    return effects.filter(({ type }) => type !== "send-icmp");
  }

  /** The octets of a request as the mobile node would send it. */
  requestBytes(options: RequestOptions = {}): Uint8Array {
    this.#identification += 0x1_0000_0001n;
    let bytes = encodeControl({
      name: "registration-request",
      flags: 0x02,
      lifetime: 600,
      homeAddress: HOME,
      homeAgent: HA,
      careOfAddress: FA,
      identification: this.#identification,
      extensions: [],
      ...options.fields,
    });
    if (options.context !== null) {
      const name = "mobile-home-authentication-extension";
      bytes = appendAuthentication(bytes, name, options.context ?? homeContext);
    }
    for (const extension of options.foreign ?? []) {
      const tail = encodeControl({ ...blankReply, extensions: [extension] }).subarray(20);
      bytes = Uint8Array.of(...bytes, ...tail);
    }
    if (options.foreignContext !== undefined) {
      const name = "mobile-foreign-authentication-extension";
      bytes = appendAuthentication(bytes, name, options.foreignContext);
    }
    return bytes;
  }

  request(options: RequestOptions = {}): Effect[] {
    return this.deliver(this.requestBytes(options), options.event);
  }

  deliver(payload: Uint8Array, event: Partial<UdpReceived> = {}): Effect[] {
    return this.agent.handle(
      {
        type: "udp",
        interface: "lan0",
        linkSource: NODE_MAC,
        source: HOME,
        sourcePort: 40_000,
        destination: FA,
        destinationPort: 434,
        ttl: 255,
        payload,
        ...event,
      },
      this.now,
    );
  }

  /** What the home agent answers to a relayed request. */
  reply(
    relayed: SendUdp,
    fields: Partial<RegistrationReply> = {},
    foreignContext?: SecurityContext,
    extra: readonly ControlExtension[] = [],
  ): Effect[] {
    return this.replyBytes(this.replyTo(relayed, fields, foreignContext, extra));
  }

  replyTo(
    relayed: SendUdp,
    fields: Partial<RegistrationReply> = {},
    foreignContext?: SecurityContext,
    extra: readonly ControlExtension[] = [],
  ): Uint8Array {
    const request = decodeControl(relayed.payload);
    assert(request.ok && request.value.message.name === "registration-request");
    const { lifetime, homeAddress, homeAgent, identification } = request.value.message;
    const fixed = { code: 0, lifetime, homeAddress, homeAgent, identification, ...fields };
    const extensions = fields.extensions ?? [];
    let bytes: Uint8Array = encodeControl({ name: "registration-reply", ...fixed, extensions });
    bytes = appendAuthentication(bytes, "mobile-home-authentication-extension", homeContext);
    for (const extension of extra) {
      const tail = encodeControl({ ...blankReply, extensions: [extension] }).subarray(20);
      bytes = Uint8Array.of(...bytes, ...tail);
    }
    const name = "foreign-home-authentication-extension";
    return foreignContext === undefined ? bytes : appendAuthentication(bytes, name, foreignContext);
  }

  replyBytes(payload: Uint8Array, source: Ipv4 = HA): Effect[] {
    return this.agent.handle(
      {
        type: "udp",
        interface: undefined,
        linkSource: undefined,
        source,
        sourcePort: 434,
        destination: FA,
        destinationPort: 434,
        ttl: 60,
        payload,
      },
      this.now,
    );
  }

  /** Registers the node and returns the effects of the accepting reply. */
  register(options: RequestOptions = {}): Effect[] {
    return this.reply(oneSend(this.request(options)));
  }

  /** What is forwarded for visitors, without the terms of their registrations. */
  forwarded(): object[] {
    return [...this.agent.forwarding().values()].map((item) => {
      assert(item.kind === "visitor");
      const { lifetime, expiresAt, revocation, ...forwarded } = item as Visitor;
      return forwarded;
    });
  }

  visitors(): readonly { readonly [key: string]: Json | undefined }[] {
    return this.agent.query("visitors", this.now) as never;
  }

  counter(name: string): number {
    const status = this.agent.query("status", this.now) as { counters: Record<string, number> };
    return status.counters[name] ?? 0;
  }
}

const blankReply = {
  name: "registration-reply",
  code: 0,
  lifetime: 0,
  homeAddress: HOME,
  homeAgent: HA,
  identification: 0n,
} as const;

export function reports(effects: readonly Effect[], event: string): Effect[] {
  return effects.filter((effect) => effect.type === "report" && effect.event === event);
}

/** The one denial that a request gets. */
export const denialOf = (bench: Bench, options: RequestOptions) => {
  const effects = bench.request(options);
  const send = oneSend(effects);
  assert(send.link !== undefined, "a denial goes to the node");
  return { send, reply: replyIn(send), effects };
};
