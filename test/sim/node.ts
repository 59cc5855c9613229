/** A machine that runs a core: its clocks, its journal, its interfaces, its crashes. */

import type { Ipv4, Prefix } from "../../shared/base/address.ts";
import { type Random, uniform } from "../../shared/base/random.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Now } from "../../shared/base/time.ts";
import type { ArpReceived, Core, Effect, Event, SendUdp } from "../../shared/protocol/core.ts";
import { ICMP_EXPERIMENTAL_MOBILITY } from "../../shared/wire/icmp/fast-handover.ts";
import type { MachineClock } from "./clock.ts";
import { isReachedAt, type Network, type Packet, type Port, type Station } from "./network.ts";
import type { EventQueue } from "./queue.ts";

/** No name resolves here: the nodes of a run know their home agents by address. */
function isPacket(effect: Effect): effect is Packet {
  return effect.type.startsWith("send-") || effect.type === "route-icmp";
}

export type Role = "foreign-agent" | "home-agent" | "mobile-node";

/** Who watches: told of every step of every node. */
export interface Observer {
  handled(node: SimNode, event: Event, effects: readonly Effect[], now: Now): void;
  sent(node: SimNode, packet: Packet): void;
  booted(node: SimNode): void;
  /** The rules of the core contract were broken. */
  violation(what: string): never;
}

export interface NodeOptions {
  readonly name: string;
  readonly role: Role;
  readonly make: (random: Random, config: unknown) => Core;
  readonly config: unknown;
  readonly clock: MachineClock;
  /** Addresses of each interface; the ports themselves are made here. */
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: Port["mac"];
    readonly segment: string | undefined;
    readonly addresses: readonly Prefix[];
  }[];
  /** Addresses at which it is reached from anywhere. */
  readonly addresses: readonly Ipv4[];
}

export interface World {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly random: Random;
  readonly observer: Observer;
}

/** ICMP types that a role's sockets let through. */
const ICMP_HEARD: Readonly<Record<Role, readonly number[]>> = {
  "foreign-agent": [10, ICMP_EXPERIMENTAL_MOBILITY],
  "home-agent": [10],
  "mobile-node": [9, ICMP_EXPERIMENTAL_MOBILITY],
};
/** How often a step is followed by a tick that nobody asked for. */
const SPURIOUS_TICKS = 0.05;
/** A core that wants a tick so often without time passing does not sleep. */
const MAX_TICKS_AT_ONCE = 50;
const MAX_TIMER_LATENCY = 5;
const MAX_DISK_LATENCY = 20;
/** Milliseconds that a power failure takes back of what was written without waiting. */
const UNFLUSHED = 2000;
const TICK = { type: "tick" } as const;

interface JournalWrite {
  readonly at: number;
  readonly key: string;
  readonly value: Json;
}

export class SimNode implements Station {
  readonly name: string;
  readonly role: Role;
  readonly authenticates: boolean;
  readonly clock: MachineClock;
  readonly ports: readonly Port[];
  readonly #options: NodeOptions;
  readonly #world: World;
  #core: Core | undefined;
  /** What its file says now. */
  #config: unknown;
  #journal: JournalWrite[] = [];
  #boots = 0;
  #stopping = false;
  /** What was planned for an earlier life does not happen. */
  #life = 0;
  #tickPlan = 0;
  #ticksAtOnce = { time: -1, count: 0 };
  /** Until when the effects of earlier steps wait for the disk. */
  #outboxUntil = 0;
  #outbox: (readonly Effect[])[] = [];
  #nextCommand = 1;

  constructor(options: NodeOptions, world: World) {
    this.#options = options;
    this.#config = options.config;
    this.#world = world;
    this.name = options.name;
    this.role = options.role;
    this.authenticates = options.role !== "foreign-agent";
    this.clock = options.clock;
    this.ports = options.interfaces.map(({ name, mac, segment }) => ({
      station: this,
      interface: name,
      mac,
      segment,
    }));
    world.network.ports.push(...this.ports);
    for (const address of options.addresses) world.network.routes.set(address, this);
  }

  /** `undefined` while the node is down. */
  get core(): Core | undefined {
    return this.#core;
  }

  get boots(): number {
    return this.#boots;
  }

  get now(): Now {
    return this.clock.now(this.#world.queue.time);
  }

  boot(): void {
    if (this.#stopping) this.crash(false);
    if (this.#core !== undefined) return;
    this.#life++;
    this.#boots++;
    this.#outboxUntil = 0;
    this.clock.reboot();
    this.#core = this.#options.make(this.#world.random, this.#config);
    this.#world.observer.booted(this);
    const kept = new Map<string, Json>();
    for (const { key, value } of this.#journal) {
      if (value === null) kept.delete(key);
      else kept.set(key, value);
    }
    this.#journal = [...kept].map(([key, value]) => ({ at: -UNFLUSHED, key, value }));
    // Through JSON, as a journal on disk would hand it back.
    const entries = [...kept].map(
      ([key, value]) => [key, JSON.parse(JSON.stringify(value))] as const,
    );
    this.receive({ type: "restore", entries });
    for (const port of this.ports) this.linkEvent(port);
  }

  /** `kill -9`, or with a power failure the loss of what was not yet on the disk. */
  crash(powerFailure: boolean): void {
    this.#core = undefined;
    this.#stopping = false;
    this.#life++;
    // What waited was never sent; some of it, the older first, may have reached the disk.
    const reached = Math.floor(this.#world.random.next() * (this.#outbox.length + 1));
    for (const effects of this.#outbox.slice(0, reached)) this.#persist(effects);
    this.#outbox = [];
    if (!powerFailure || this.#waitsForDisk) return;
    const safe = this.#world.queue.time - UNFLUSHED;
    this.#journal = this.#journal.filter(({ at }) => at <= safe);
  }

  /** What `mip4-… run` does on SIGTERM: the core says goodbye, and a little later it is gone. */
  shutDown(milliseconds: number): void {
    this.receive({ type: "shutdown" });
    this.#stopping = true;
    const life = this.#life;
    this.#world.queue.after(milliseconds, () => {
      if (this.#life === life) this.crash(false);
    });
  }

  /** What its file says when nobody has changed it. */
  get ownConfig(): unknown {
    return this.#options.config;
  }

  /** The file is read again, as it is or with something else in it. */
  reconfigure(config = this.#config): void {
    this.#config = config;
    const { now } = this;
    const effects = this.#core?.reconfigure(config, now);
    if (effects !== undefined) this.#done(TICK, effects, now);
  }

  command(name: string, args: JsonObject = {}): void {
    this.receive({ type: "command", id: this.#nextCommand++, name, args });
  }

  linkEvent(port: Port): void {
    const wiring = this.#options.interfaces.find(({ name }) => name === port.interface);
    const { lease, own = [] } = port;
    const leases = [...(lease === undefined ? [] : [lease]), ...own];
    this.receive({
      type: "link",
      interface: port.interface,
      link: {
        up: port.segment !== undefined,
        mac: port.mac,
        mtu: 1500,
        addresses: [...(wiring?.addresses ?? []), ...leases.map(({ prefix }) => prefix)],
        ...(lease === undefined ? {} : { defaultRoute: { gateway: lease.gateway } }),
      },
    });
  }

  receive(event: Event): void {
    if (event.type === "arp") this.#answerArp(event);
    if (this.#core === undefined || !this.#hears(event)) return;
    const { now } = this;
    this.#done(event, this.#core.handle(event, now), now);
  }

  /** As an agent's kernel does, whether its program runs or not. */
  #answerArp({
    operation,
    interface: name,
    targetAddress,
    senderAddress,
    linkSource,
  }: ArpReceived) {
    const own = this.#options.interfaces.find((each) => each.name === name);
    const port = this.ports.find((each) => each.interface === name);
    const isOwn = own?.addresses.some(({ address }) => address === targetAddress) === true;
    if (operation !== "request" || this.role === "mobile-node" || !isOwn || !port) return;
    this.#world.network.frame(port, linkSource, {
      ...{
        type: "send-arp",
        operation: "reply",
        link: { interface: name, destination: linkSource },
      },
      ...{ senderMac: port.mac, senderAddress: targetAddress },
      ...{ targetMac: linkSource, targetAddress: senderAddress },
    });
  }

  #hears(event: Event): boolean {
    if (event.type === "arp") return this.role === "mobile-node";
    return event.type !== "icmp" || ICMP_HEARD[this.role].includes(event.payload[0] ?? -1);
  }

  get #waitsForDisk(): boolean {
    return this.role === "home-agent";
  }

  #done(event: Event, effects: readonly Effect[], now: Now): void {
    this.#world.observer.handled(this, event, effects, now);
    this.#carryOutInTurn(effects);
    if (this.#world.random.next() < SPURIOUS_TICKS) this.#tickSpuriously(now);
    this.#planTick();
  }

  /** A step that persists waits for the disk where the program does so, and others behind it. */
  #carryOutInTurn(effects: readonly Effect[]): void {
    const { queue, random } = this.#world;
    if (!this.#waitsForDisk) {
      this.#carryOut(effects);
      return;
    }
    const persists = effects.some(({ type }) => type === "persist");
    const ready = queue.time + (persists ? uniform(random, 0, MAX_DISK_LATENCY) : 0);
    this.#outboxUntil = Math.max(this.#outboxUntil, ready);
    const life = this.#life;
    this.#outbox.push(effects);
    queue.after(this.#outboxUntil - queue.time, () => {
      if (this.#life !== life) return;
      this.#outbox.shift();
      this.#carryOut(effects);
    });
  }

  #persist(effects: readonly Effect[]): void {
    const at = this.#world.queue.time;
    for (const effect of effects) {
      if (effect.type === "persist")
        this.#journal.push({ at, key: effect.key, value: effect.value });
    }
  }

  #carryOut(effects: readonly Effect[]): void {
    const { network, observer } = this.#world;
    this.#persist(effects);
    for (const effect of effects) {
      if (!isPacket(effect)) continue;
      observer.sent(this, effect);
      if (effect.type === "route-icmp") {
        network.route(this, effect);
        continue;
      }
      const { link } = effect;
      const port = this.ports.find((candidate) => candidate.interface === link?.interface);
      if (link === undefined) {
        // Only a datagram can go without a link.
        if (effect.type === "send-udp" && this.#hasWay(effect)) network.route(this, effect);
      } else if (port !== undefined) network.frame(port, link.destination, effect);
      else observer.violation(`${this.name} sends on ${link.interface}, which it does not have`);
    }
  }

  /** A mobile node has one by an address of its own, and no router takes another source. */
  #hasWay({ source, device }: SendUdp): boolean {
    if (this.role !== "mobile-node") return true;
    return this.ports.some((port) => {
      return isReachedAt(port, source) && (device ?? port.interface) === port.interface;
    });
  }

  #tickSpuriously(now: Now): void {
    const core = this.#core;
    const deadline = core?.nextDeadline();
    if (core === undefined || (deadline !== undefined && deadline <= now.monotonic)) return;
    const before = core.forwarding();
    const effects = core.handle(TICK, now);
    const { observer } = this.#world;
    if (effects.length > 0) observer.violation(`${this.name}: a spurious tick had effects`);
    if (core.forwarding() !== before) {
      observer.violation(`${this.name}: forwarding changed its identity without a change`);
    }
  }

  #planTick(): void {
    const deadline = this.#core?.nextDeadline();
    const plan = ++this.#tickPlan;
    if (deadline === undefined) return;
    const { queue, random, observer } = this.#world;
    const late = random.next() < 0.2 ? uniform(random, 0, MAX_TIMER_LATENCY) : 0;
    const life = this.#life;
    queue.after(this.clock.timeOf(deadline) - queue.time + late, () => {
      if (this.#life !== life || this.#tickPlan !== plan) return;
      const { time, count } = this.#ticksAtOnce;
      this.#ticksAtOnce = { time: queue.time, count: time === queue.time ? count + 1 : 1 };
      if (this.#ticksAtOnce.count > MAX_TICKS_AT_ONCE) {
        observer.violation(`${this.name} wants ticks without end`);
      }
      this.receive(TICK);
    });
  }
}
