/** A mobile node core on a timeline, with the agents that it may hear. */

import assert from "node:assert/strict";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import { MobileNode } from "../../mn/core/mobile-node.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import type {
  Effect,
  Event,
  IcmpReceived,
  Report,
  SendArp,
  SendIcmp,
  SendUdp,
} from "../../shared/protocol/core.ts";

import {
  advertisement,
  HOME,
  HOME_AGENT,
  HOME_CONTEXT,
  OWN_MAC,
  type ReplyOptions,
  type Request,
  readRequest,
  replyTo,
} from "./messages.ts";

export * from "./messages.ts";

type Changes = Partial<Omit<MnCoreConfig, "registration">> & {
  readonly registration?: Partial<MnCoreConfig["registration"]>;
};

export function makeConfig({ registration, ...changes }: Changes = {}): MnCoreConfig {
  return {
    homeAddress: HOME,
    homePrefix: { address: HOME, length: 24 },
    homeAgents: [{ kind: "address", address: HOME_AGENT }],
    homeAgent: HOME_AGENT,
    requestedHomeAgent: undefined,
    identities: { homeAgent: undefined, aaaServer: undefined },
    nai: undefined,
    interfaces: [
      { name: "wlan0", mode: "auto" },
      { name: "eth0", mode: "auto" },
    ],
    registration: {
      lifetime: 300,
      reverseTunnel: true,
      simultaneous: "off",
      broadcasts: false,
      encapsulation: "ipip",
      deliveryStyle: "direct",
      hostConfiguration: false,
      revocation: false,
      natTraversal: "off",
      keepalive: 110,
      ...registration,
    },
    probing: undefined,
    movement: "lazy",
    fastHandover: undefined,
    homeAssociation: HOME_CONTEXT,
    aaa: undefined,
    foreignAgents: [],
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
      effect.type === "send-udp" && effect.payload[0] === 1 ? [{ at, ...readRequest(effect) }] : [],
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
