/** A mobile node core on a timeline, with the agents that it may hear. */

import assert from "node:assert/strict";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import { MobileNode } from "../../mn/core/mobile-node.ts";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import type {
  ArpReceived,
  Effect,
  Event,
  IcmpReceived,
  Report,
  SendArp,
  SendIcmp,
  SendUdp,
  UdpReceived,
} from "../../shared/protocol/core.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import {
  type DecodedControl,
  decodeControl,
  encodeControl,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";

export const HOME = ipv4("10.1.0.7");
export const HOME_AGENT = ipv4("198.51.100.1");
export const HOME_LINK_ROUTER = ipv4("10.1.0.1");
export const OWN_MAC = "02:00:00:00:00:07" as Mac;
export const FA1 = ipv4("192.0.2.1");
export const FA2 = ipv4("192.0.2.65");
export const FA1_MAC = "02:00:00:00:01:01" as Mac;
export const FA2_MAC = "02:00:00:00:02:01" as Mac;
export const HA_MAC = "02:00:00:00:0a:01" as Mac;

export const HOME_CONTEXT: SecurityContext = {
  spi: 256,
  algorithm: "hmac-md5",
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  replay: "timestamp",
};
export const FA_CONTEXT: PeerAssociation = {
  peer: FA1,
  spi: 1000,
  algorithm: "hmac-sha1",
  key: Uint8Array.from({ length: 20 }, (_, i) => 200 - i),
  replay: "timestamp",
};

export function makeConfig(changes: Partial<MnCoreConfig> = {}): MnCoreConfig {
  return {
    homeAddress: HOME,
    homePrefix: { address: HOME, length: 24 },
    homeAgent: HOME_AGENT,
    interfaces: ["wlan0", "eth0"],
    registration: { lifetime: 300, reverseTunnel: true, encapsulation: "ipip" },
    movement: "lazy",
    homeAssociation: HOME_CONTEXT,
    foreignAgents: [],
    ...changes,
  };
}

export interface AdvertisementOptions {
  readonly interface?: string;
  readonly source?: Ipv4;
  readonly mac?: Mac;
  readonly lifetime?: number;
  readonly sequenceNumber?: number;
  readonly registrationLifetime?: number;
  readonly flags?: number;
  readonly careOf?: readonly Ipv4[];
  readonly routers?: readonly Ipv4[];
  readonly code?: number;
}

const { F, T, H, R } = AdvertisementFlag;
export const FOREIGN_FLAGS = F | T | R;

export function advertisement(options: AdvertisementOptions = {}): IcmpReceived {
  const source = options.source ?? FA1;
  return {
    type: "icmp",
    interface: options.interface ?? "wlan0",
    linkSource: options.mac ?? (source === FA2 ? FA2_MAC : FA1_MAC),
    source,
    destination: ipv4("224.0.0.1"),
    ttl: 1,
    payload: encodeIcmp({
      name: "router-advertisement",
      addrEntrySize: 2,
      code: options.code ?? 0,
      lifetime: options.lifetime ?? 30,
      routerAddresses: (options.routers ?? [source]).map((address) => ({ address, preference: 0 })),
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: options.sequenceNumber ?? 1000,
          registrationLifetime: options.registrationLifetime ?? 1800,
          flags: options.flags ?? FOREIGN_FLAGS,
          careOfAddresses: options.careOf ?? [source],
        },
      ],
    }),
  };
}

export function homeAdvertisement(options: AdvertisementOptions = {}): IcmpReceived {
  const routers = [HOME_LINK_ROUTER, HOME_AGENT];
  return advertisement({
    ...{ source: HOME_LINK_ROUTER, mac: HA_MAC, flags: H, careOf: [], routers },
    ...options,
  });
}

export interface Request {
  readonly effect: SendUdp;
  readonly decoded: DecodedControl<RegistrationRequest>;
  readonly message: RegistrationRequest;
}

export function readRequest(effect: SendUdp): Request {
  const decoded = decodeControl(effect.payload);
  assert.ok(decoded.ok);
  const { message } = decoded.value;
  assert.ok(message.name === "registration-request");
  return { effect, message, decoded: { ...decoded.value, message } };
}

export interface ReplyOptions {
  readonly code?: number;
  readonly lifetime?: number;
  readonly identification?: bigint;
  readonly homeAgent?: Ipv4;
  readonly homeAddress?: Ipv4;
  /** Contexts of extensions 32 and 33, in order; default: one 32. */
  readonly home?: readonly SecurityContext[];
  readonly foreign?: readonly SecurityContext[];
  readonly event?: Partial<UdpReceived>;
}

export function replyTo({ effect, message }: Request, options: ReplyOptions = {}): UdpReceived {
  let payload = encodeControl({
    name: "registration-reply",
    code: options.code ?? 0,
    lifetime: options.lifetime ?? message.lifetime,
    homeAddress: options.homeAddress ?? message.homeAddress,
    homeAgent: options.homeAgent ?? message.homeAgent,
    identification: options.identification ?? message.identification,
    extensions: [],
  });
  for (const context of options.home ?? [HOME_CONTEXT]) {
    payload = appendAuthentication(payload, "mobile-home-authentication-extension", context);
  }
  for (const context of options.foreign ?? []) {
    payload = appendAuthentication(payload, "mobile-foreign-authentication-extension", context);
  }
  return {
    type: "udp",
    interface: effect.link?.interface,
    linkSource: effect.link?.destination,
    source: effect.destination,
    sourcePort: 434,
    destination: HOME,
    destinationPort: 434,
    ttl: 64,
    payload,
    ...options.event,
  };
}

export function arpRequest(changes: Partial<ArpReceived> = {}): ArpReceived {
  return {
    type: "arp",
    interface: "wlan0",
    operation: "request",
    senderMac: FA1_MAC,
    senderAddress: FA1,
    targetMac: "00:00:00:00:00:00" as Mac,
    targetAddress: HOME,
    linkSource: FA1_MAC,
    linkDestination: OWN_MAC,
    ...changes,
  };
}

export const WALL_START = Date.UTC(2026, 10, 23) as WallTime;

/** Runs one core on its own clock, in milliseconds from 0, and logs what it does and when. */
export class Timeline {
  readonly node: MobileNode;
  now = 0;
  /** Added to the wall clock. */
  wallShift = 0;
  /** Effects with their time. */
  log: { readonly at: number; readonly effect: Effect }[] = [];

  constructor(config: MnCoreConfig = makeConfig(), seed = 1) {
    this.node = new MobileNode(config, seededRandom(seed));
  }

  clock(): Now {
    return {
      monotonic: this.now as Instant,
      wall: (WALL_START + this.now + this.wallShift) as WallTime,
    };
  }

  event(event: Event): Effect[] {
    const effects = this.node.handle(event, this.clock());
    for (const effect of effects) this.log.push({ at: this.now, effect });
    return effects;
  }

  /** Lets time pass, with a tick at every deadline. */
  until(at: number): void {
    for (let guard = 0; guard < 10_000; guard++) {
      const deadline = this.node.nextDeadline();
      if (deadline === undefined || deadline > at) {
        this.now = Math.max(this.now, at);
        return;
      }
      this.now = Math.max(this.now, deadline);
      this.event({ type: "tick" });
    }
    assert.fail(`deadlines do not move on at ${this.now}`);
  }

  /** Lets time pass while these agents advertise once a second. */
  hearing(at: number, ...events: readonly IcmpReceived[]): void {
    for (let next = this.now; next <= at; next += 1000) {
      this.until(next);
      for (const event of events) this.event(event);
    }
    this.until(at);
  }

  linkUp(name = "wlan0", mac = OWN_MAC): Effect[] {
    return this.event({
      type: "link",
      interface: name,
      link: { up: true, mac, mtu: 1500, addresses: [] },
    });
  }

  linkDown(name = "wlan0"): Effect[] {
    return this.event({
      type: "link",
      interface: name,
      link: { up: false, mac: OWN_MAC, mtu: 1500, addresses: [] },
    });
  }

  command(name: string, id: number): Effect[] {
    return this.event({ type: "command", id, name, args: {} });
  }

  requests(): (Request & { readonly at: number })[] {
    return this.log.flatMap(({ at, effect }) =>
      effect.type === "send-udp" ? [{ at, ...readRequest(effect) }] : [],
    );
  }

  lastRequest(): Request {
    const request = this.requests().at(-1);
    assert.ok(request !== undefined, "no request was sent");
    return request;
  }

  accept(options: ReplyOptions = {}): Effect[] {
    return this.event(replyTo(this.lastRequest(), options));
  }

  solicitations(): number[] {
    return this.log.flatMap(({ at, effect }) => (effect.type === "send-icmp" ? [at] : []));
  }

  sent<K extends Effect["type"]>(type: K): Extract<Effect, { type: K }>[] {
    return this.log.flatMap(({ effect }) =>
      effect.type === type ? [effect as Extract<Effect, { type: K }>] : [],
    );
  }

  reports(event: string): Report[] {
    return this.sent("report").filter((report) => report.event === event);
  }

  answers(): { id: number; ok: boolean; message: string }[] {
    return this.sent("answer").map(({ id, ok, message }) => ({ id, ok, message }));
  }

  status(): JsonObject {
    return this.node.query("status", this.clock()) as JsonObject;
  }

  counter(name: string): number {
    return (this.status().counters as Record<string, number>)[name] ?? 0;
  }

  items(): string[] {
    return [...this.node.forwarding().keys()];
  }

  clear(): void {
    this.log = [];
  }

  /** Up, heard FA1, registered through it. */
  static registered(config?: MnCoreConfig, seed?: number): Timeline {
    const line = new Timeline(config, seed);
    line.linkUp();
    line.until(2000);
    line.event(advertisement());
    line.accept();
    assert.equal(line.node.state, "registered");
    line.until(4000);
    return line;
  }
}

/** What leaves on a link, in order: for asserting silence and sequence. */
export function packets(effects: readonly Effect[]): (SendUdp | SendIcmp | SendArp)[] {
  return effects.filter(
    (effect): effect is SendUdp | SendIcmp | SendArp =>
      effect.type === "send-udp" || effect.type === "send-icmp" || effect.type === "send-arp",
  );
}

/** A node two seconds after its link came up: it has solicited, and nobody has answered. */
export function started(config = makeConfig()): Timeline {
  const line = new Timeline(config);
  line.linkUp();
  line.until(2000);
  line.clear();
  return line;
}
