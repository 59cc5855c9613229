/** What goes wrong during a run: each kind of fault comes by itself, at its own mean interval. */

import { formatIpv4 } from "../../shared/base/address.ts";
import { type Random, uniform } from "../../shared/base/random.ts";
import { deny } from "./denials.ts";
import { flood } from "./flooder.ts";
import type { Leases } from "./leases.ts";
import type { Network, Port } from "./network.ts";
import type { SimNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import type { EventQueue } from "./queue.ts";
import { accessPoint, careOfAddress, foreignLink, homeAddress, naiOf } from "./topology.ts";
import type { Cast } from "./traffic.ts";

export interface Surroundings {
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly random: Random;
  readonly cast: Cast;
  readonly leases: Leases;
  readonly links: readonly string[];
  readonly note: (what: string) => void;
}

/** Milliseconds. */
const MAX_DOWN_TIME = 20_000;
const SUPERVISED_DOWN_TIME = 1000;
const MAX_PARTITION = 30_000;
const MAX_GAP = 500;
const SHUTDOWN_TIME = 2500;
const MAX_DENIAL = 30_000;
/** The home agent's clock is kept by NTP; a mobile node's may have been anywhere. */
const MAX_AGENT_STEP = 20_000;
const MAX_MOBILE_STEP = 3_600_000;

export const FAULT_KINDS = [
  "move",
  "linkFlap",
  "crash",
  "shutdown",
  "partition",
  "clockStep",
  "command",
  "reload",
  "replay",
  "flood",
  "revoke",
  "handover",
  "denial",
] as const;
type FaultKind = (typeof FAULT_KINDS)[number];

export class Trouble {
  /** How often each kind of fault came. */
  readonly counts = new Map<string, number>();
  readonly #around: Surroundings;
  #over = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  start(): void {
    const { faults, denial } = this.#around.plan;
    const means = { ...faults, denial };
    const { mobileNodes } = this.#around.cast;
    const actions: Readonly<Record<FaultKind, () => void>> = {
      move: () => this.move(this.#pick(mobileNodes)),
      linkFlap: () => this.#flap(),
      crash: () => this.#crash(),
      shutdown: () => this.#shutDown(),
      partition: () => this.#partition(),
      clockStep: () => this.#stepClock(),
      command: () => this.#command(),
      reload: () => this.#pick(this.#nodes).reconfigure(),
      replay: () => this.#around.network.replay(),
      revoke: () => this.#revoke(),
      flood: () => this.#flood(),
      handover: () => this.#handOver(),
      denial: () => this.#deny(),
    };
    for (const kind of FAULT_KINDS) {
      this.#recurring(means[kind], () => {
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
        actions[kind]();
      });
    }
  }

  /** Everything is repaired: from here on nothing goes wrong any more. */
  stop(): void {
    const { plan, network, cast, note } = this.#around;
    note("the trouble is over");
    this.#over = true;
    network.blocked.clear();
    for (const node of this.#nodes) {
      node.boot();
      if (plan.denial !== undefined) node.reconfigure(node.ownConfig);
    }
    for (const mobile of cast.mobileNodes) {
      mobile.command("register");
      if (mobile.ports.every(({ segment }) => segment === undefined)) this.move(mobile);
    }
  }

  /** To another link, through a gap that the link layer reports, or as if nothing had happened. */
  move(mobile: SimNode): void {
    const { plan, random, links, queue, leases, note } = this.#around;
    const port = this.#pick(mobile.ports);
    const target = this.#pick(links.filter((link) => link !== port.segment));
    const silent = port.segment !== undefined && random.next() < plan.faults.silentMoves;
    note(`${mobile.name} moves from ${port.segment} to ${target}${silent ? " silently" : ""}`);
    if (silent) {
      port.segment = target;
      leases.movedSilently(mobile, port);
      return;
    }
    this.#setLink(mobile, port, undefined);
    queue.after(uniform(random, 0, MAX_GAP), () => this.#setLink(mobile, port, target));
  }

  /** The node goes where it says, or somewhere else; somebody may see it leave. */
  #handOver(): void {
    const { plan, random, queue, cast, note } = this.#around;
    const mobile = this.#pick(cast.mobileNodes);
    const all = Array.from({ length: plan.foreignAgents }, (_, index) => index);
    const isHere = (index: number) => foreignLink(plan, index) === mobile.ports[0]?.segment;
    const others = all.filter((index) => !isHere(index));
    const index = this.#pick(random.next() < 0.1 || others.length === 0 ? all : others);
    note(`${mobile.name} makes ready for fa${index + 1}`);
    mobile.command("handover", { to: accessPoint(index) });
    queue.after(uniform(random, 0, 1000), () => {
      const [port] = mobile.ports;
      if (port === undefined || this.#over) return;
      if (random.next() < 0.3)
        this.#pick(cast.foreignAgents).command("node-left", { mac: port.mac });
      const target =
        random.next() < 0.2 ? this.#pick(this.#around.links) : foreignLink(plan, index);
      this.#setLink(mobile, port, undefined);
      queue.after(uniform(random, 0, MAX_GAP), () => this.#setLink(mobile, port, target));
    });
  }

  #command(): void {
    const mobile = this.#pick(this.#around.cast.mobileNodes);
    mobile.command(this.#pick(["register", "deregister", "nonsense"]));
  }

  #flood(): void {
    const { cast, random, note } = this.#around;
    const index = Math.floor(random.next() * cast.foreignAgents.length);
    const agent = cast.foreignAgents[index];
    if (agent === undefined) return;
    note(`${agent.name} is flooded with requests of nobody`);
    flood(agent, careOfAddress(index), random);
  }

  /** Set up otherwise, and after a while as before. */
  #deny(): void {
    const { cast, queue, random, note } = this.#around;
    const agent = this.#pick([cast.homeAgent, ...cast.foreignAgents]);
    note(`${agent.name} ${deny(agent, random)}`);
    queue.after(uniform(random, 1000, MAX_DENIAL), () => {
      if (!this.#over) agent.reconfigure(agent.ownConfig);
    });
  }

  #revoke(): void {
    const { plan, cast, note } = this.#around;
    const index = cast.mobileNodes.indexOf(this.#pick(cast.mobileNodes));
    const name = plan.assignsAddresses ? naiOf(index) : formatIpv4(homeAddress(index));
    note(`the bindings of ${name} are revoked`);
    cast.homeAgent.command("revoke", { home_address: name });
  }

  get #nodes(): readonly SimNode[] {
    const { homeAgent, foreignAgents, mobileNodes } = this.#around.cast;
    return [homeAgent, ...foreignAgents, ...mobileNodes];
  }

  #setLink(node: SimNode, port: Port, segment: string | undefined): void {
    port.segment = segment;
    this.#around.leases.linkChanged(node, port);
    node.linkEvent(port);
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#around.random.next() * choices.length)] as T;
  }

  /** Intervals are exponential: the next fault never knows of the last. */
  #recurring(meanSeconds: number | undefined, action: () => void): void {
    if (meanSeconds === undefined) return;
    const { queue, random } = this.#around;
    const delay = -Math.log(1 - random.next()) * meanSeconds * 1000;
    queue.after(delay, () => {
      if (this.#over) return;
      action();
      this.#recurring(meanSeconds, action);
    });
  }

  #flap(): void {
    const { queue, random, note } = this.#around;
    const node = this.#pick(this.#nodes);
    const port = this.#pick(node.ports);
    const { segment } = port;
    if (segment === undefined) return;
    note(`${node.name} loses carrier`);
    this.#setLink(node, port, undefined);
    queue.after(uniform(random, 0, 5000), () => {
      // Somebody may have moved it meanwhile.
      if (port.segment === undefined) this.#setLink(node, port, segment);
    });
  }

  #crash(): void {
    const { plan, queue, random, note } = this.#around;
    const node = this.#pick(this.#nodes);
    const powerFailure = random.next() < plan.faults.powerFailures;
    note(`${node.name} ${powerFailure ? "loses power" : "crashes"}`);
    node.crash(powerFailure);
    // A supervisor starts it again at once, or somebody has to come.
    const downTime = random.next() < 0.5 ? SUPERVISED_DOWN_TIME : MAX_DOWN_TIME;
    queue.after(uniform(random, 0, downTime), () => node.boot());
  }

  #shutDown(): void {
    const { queue, random, note } = this.#around;
    const node = this.#pick(this.#nodes);
    note(`${node.name} is shut down`);
    node.shutDown(SHUTDOWN_TIME);
    queue.after(SHUTDOWN_TIME + uniform(random, 1, MAX_DOWN_TIME), () => node.boot());
  }

  /** One direction between two nodes, or both. */
  #partition(): void {
    const { network, queue, random, note } = this.#around;
    const [a, b] = [this.#pick(this.#nodes).name, this.#pick(this.#nodes).name];
    if (a === b) return;
    const directions = random.next() < 0.5 ? [`${a}>${b}`] : [`${a}>${b}`, `${b}>${a}`];
    note(`nothing gets through ${directions.join(" and ")}`);
    for (const direction of directions) network.blocked.add(direction);
    queue.after(uniform(random, 0, MAX_PARTITION), () => {
      for (const direction of directions) network.blocked.delete(direction);
    });
  }

  #stepClock(): void {
    const { random, note } = this.#around;
    const node = this.#pick(this.#nodes);
    const most = node.role === "mobile-node" ? MAX_MOBILE_STEP : MAX_AGENT_STEP;
    const step = uniform(random, -most, most);
    note(`${node.name}'s wall clock is set by ${(step / 1000).toFixed(1)} s`);
    node.clock.step(step);
  }
}
