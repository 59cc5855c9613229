/**
 * One run: two minutes of trouble with safety checked at every step, then the trouble stops and
 * everybody must come to rest: registered where they are, packets flowing both ways.
 */

import type { Ipv4, Mac } from "../../shared/base/address.ts";
import { type Random, seededRandom, uniform } from "../../shared/base/random.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Event } from "../../shared/protocol/core.ts";
import { MachineClock } from "./clock.ts";
import { Diary } from "./diary.ts";
import { Leases } from "./leases.ts";
import { FINE_WEATHER, Network, type Port, type Station } from "./network.ts";
import { networkFault } from "./network-rules.ts";
import { type Observer, SimNode } from "./node.ts";
import { OwnAddresses } from "./own-addresses.ts";
import { drawPlan, type Plan, type PlanForm } from "./plan.ts";
import { EventQueue } from "./queue.ts";
import { Roster } from "./roster.ts";
import { Safety } from "./safety.ts";
import { type Blueprint, blueprints, HOME_LINK, links } from "./topology.ts";
import { bindingsOf, type Cast, faultFrom, faultTowards, itemsOf } from "./traffic.ts";
import { Trouble } from "./trouble.ts";

/** Virtual seconds. */
const TROUBLE = 120;
/**
 * What the longest waits of the nodes come to after the trouble: retransmission and refusals at
 * most 64 s, solicitations 75 s, a wall clock of the home agent that was set back 20 s.
 */
const REST_WITHIN = 240;
const STAYS_AT_REST = 60;
/** After one more move in fine weather: no request has backed off. Beside the advertised lifetime. */
const MOVED_WITHIN = 15;
/** Three solicitations that nobody answers, as far apart as they may be. */
const MAX_SEARCH = 270;

export interface RunResult {
  readonly seed: number;
  readonly plan: Plan;
  /** Registrations that the home agent accepted. */
  readonly accepted: number;
  /** Revocations that were acknowledged, some of them more than once. */
  readonly revoked: number;
  /** Nodes that an agent has announced to another (RFC 4988). */
  readonly handovers: number;
  /** Seconds from the end of the trouble to rest. */
  readonly restAfter: number;
  /** Handled events of all nodes. */
  readonly steps: number;
  readonly faults: ReadonlyMap<string, number>;
}

export interface RunOptions {
  readonly seed: number;
  readonly form?: PlanForm | undefined;
  /** For tests of the simulator itself: nodes that misbehave. */
  readonly tamper?: (blueprint: Blueprint) => Blueprint;
  /** Gets every event of the run, not only the last of a failure. */
  readonly trace?: ((line: string) => void) | undefined;
}

export class SimulationFailure extends Error {
  constructor(run: string, time: number, what: string, plan: Plan, diary: string) {
    super(
      [
        `${what}, at ${(time / 1000).toFixed(3)} s`,
        `replay with: make sim ${run}`,
        `the run: ${JSON.stringify(plan)}`,
        "the last events:",
        diary,
      ].join("\n"),
    );
    this.name = "SimulationFailure";
  }
}

/** An ordinary host on the home link; it believes the last ARP it heard. */
class Neighbour implements Station {
  readonly name = "neighbour";
  readonly authenticates = false;
  readonly cache = new Map<Ipv4, Mac>();
  readonly port: Port = {
    station: this,
    interface: "eth0",
    mac: "02:00:00:00:00:fe" as Mac,
    segment: HOME_LINK,
  };

  receive(event: Event): void {
    if (event.type === "arp") this.cache.set(event.senderAddress, event.senderMac);
  }
}

class Simulation {
  readonly #seed: number;
  readonly #form: PlanForm | undefined;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #queue = new EventQueue();
  readonly #diary: Diary;
  readonly #network: Network;
  readonly #own: OwnAddresses;
  readonly #roster: Roster;
  readonly #safety: Safety;
  readonly #neighbour = new Neighbour();
  readonly #nodes: readonly SimNode[];
  readonly #cast: Cast;
  #steps = 0;

  constructor({ seed, form, tamper = (same) => same, trace }: RunOptions) {
    this.#seed = seed;
    this.#form = form;
    this.#diary = new Diary(trace);
    this.#plan = drawPlan(seededRandom(seed), form);
    this.#random = seededRandom(seed ^ 0x5eed);
    this.#network = new Network(this.#queue, this.#random, this.#plan.weather);
    this.#network.ports.push(this.#neighbour.port);
    this.#own = new OwnAddresses(this.#plan, this.#queue, this.#network, this.#random, (what) =>
      this.#fail(what),
    );
    this.#roster = new Roster(this.#plan, (name) => this.#nodes.find((node) => node.name === name));
    this.#safety = new Safety(this.#plan, this.#roster, (what) => this.#fail(what));
    this.#nodes = blueprints(this.#plan).map((blueprint) => this.#build(tamper(blueprint)));
    const [homeAgent] = this.#nodes;
    if (homeAgent === undefined) throw new Error("a run without a home agent");
    this.#cast = {
      network: this.#network,
      homeAgent,
      foreignAgents: this.#nodes.filter(({ role }) => role === "foreign-agent"),
      mobileNodes: this.#nodes.filter(({ role }) => role === "mobile-node"),
    };
  }

  run(): RunResult {
    for (const node of this.#nodes) {
      this.#queue.after(uniform(this.#random, 0, 3000), () => node.boot());
    }
    const trouble = new Trouble({
      plan: this.#plan,
      queue: this.#queue,
      network: this.#network,
      random: this.#random,
      cast: this.#cast,
      leases: new Leases(this.#plan, this.#queue, this.#random),
      links: links(this.#plan),
      note: (what) => this.#diary.note(this.#queue.time, () => `* ${what}`),
    });
    trouble.start();
    this.#runFor(TROUBLE);
    trouble.stop();
    this.#network.changeWeather(FINE_WEATHER);
    const restAfter = this.#awaitRest(REST_WITHIN, STAYS_AT_REST);
    this.#nothingIsLeft();
    this.#oneMoreMove(trouble);
    return {
      seed: this.#seed,
      plan: this.#plan,
      accepted: this.#safety.accepted,
      revoked: this.#safety.acknowledged,
      handovers: this.#safety.announced,
      restAfter,
      steps: this.#steps,
      faults: trouble.counts,
    };
  }

  #build(blueprint: Blueprint): SimNode {
    const mobile = blueprint.role === "mobile-node";
    const clock = new MachineClock(this.#random, mobile ? this.#plan.wallOffset : 0);
    const observer: Observer = {
      handled: (node, event, effects, now) => {
        this.#steps++;
        this.#diary.step(this.#queue.time, node.name, event, effects);
        this.#own.follow(node);
        this.#safety.handled(node, event, effects, now);
      },
      sent: (node, packet) => this.#safety.sent(node, packet),
      booted: (node) => this.#safety.booted(node),
      violation: (what) => this.#fail(what),
    };
    const world = { queue: this.#queue, network: this.#network, random: this.#random, observer };
    return new SimNode({ ...blueprint, clock }, world);
  }

  #fail(what: string): never {
    const { text } = this.#diary;
    const run = `SEED=${this.#seed}${this.#form === "handovers" ? " HANDOVERS=1" : ""}`;
    throw new SimulationFailure(run, this.#queue.time, what, this.#plan, text);
  }

  #runFor(seconds: number): void {
    this.#queue.runUntil(this.#queue.time + seconds * 1000);
  }

  /**
   * Waits until everything has been well for some seconds, because what the trouble left behind may
   * still strike once (a registration that runs out while a clock is wrong). Returns the seconds
   * until the last moment at which something was not.
   */
  #awaitRest(within: number, forSeconds: number): number {
    const start = this.#queue.time;
    let wellSince = start;
    while (this.#queue.time - wellSince < forSeconds * 1000) {
      this.#runFor(0.5);
      const unrest = this.#unrest();
      if (unrest === undefined) continue;
      wellSince = this.#queue.time;
      if (wellSince - start > within * 1000) this.#fail(`not at rest after ${within} s: ${unrest}`);
    }
    return (wellSince - start) / 1000;
  }

  #oneMoreMove(trouble: Trouble): void {
    const isAway = this.#cast.mobileNodes.map((_, index) => this.#isAway(index));
    for (const mobile of this.#cast.mobileNodes) trouble.move(mobile);
    const advertised = Math.max(1, Math.round(this.#plan.maxInterval * 3));
    // To a link without agents, and nobody has said so: solicitations that back off come first.
    const search = this.#plan.coLocated === "auto" ? MAX_SEARCH : 0;
    this.#awaitRest(advertised + this.#plan.maxInterval + MOVED_WITHIN + search, 5);
    for (const [index, mobile] of this.#cast.mobileNodes.entries()) {
      // Between two foreign links nothing is announced, and what was lost before stays lost.
      if (this.#isAway(index) !== isAway[index]) this.#neighbourKnows(mobile, this.#isAway(index));
    }
  }

  /** A handover is over when its lifetime is (RFC 4988 §7), however it went. */
  #nothingIsLeft(): void {
    for (const agent of this.#cast.foreignAgents) {
      if (itemsOf(agent, "handover").length > 0) this.#fail(`${agent.name} has an old handover`);
    }
  }

  #isAway(index: number): boolean {
    const home = this.#homeOf(this.#cast.mobileNodes[index]);
    return home !== undefined && bindingsOf(this.#cast, home).length > 0;
  }

  #homeOf(mobile: SimNode | undefined): Ipv4 | undefined {
    const member = this.#roster.named(mobile?.name ?? "");
    return member && this.#roster.homeOf(member);
  }

  /** Gratuitous ARP (RFC 5944 §4.6) told the home link who takes the node's packets now. */
  #neighbourKnows(mobile: SimNode, isAway: boolean): void {
    const home = this.#homeOf(mobile);
    if (home === undefined) return;
    const expected = isAway
      ? this.#cast.homeAgent.ports.map(({ mac }) => mac)
      : mobile.ports.filter(({ segment }) => segment === HOME_LINK).map(({ mac }) => mac);
    const known = this.#neighbour.cache.get(home);
    if (known === undefined || !expected.includes(known)) {
      this.#fail(`the home link takes ${mobile.name} to be at ${known ?? "no address"}`);
    }
  }

  /** What is not yet as it should be, if anything. */
  #unrest(): string | undefined {
    for (const mobile of this.#cast.mobileNodes) {
      const home = this.#homeOf(mobile);
      const status = mobile.core?.query("status", mobile.now) as
        | { [key: string]: Json }
        | undefined;
      const state = String(status?.state);
      const atHome = mobile.ports.some(({ segment }) => segment === HOME_LINK);
      // Without an address it is at home nowhere, and asks for one elsewhere.
      if (home === undefined && atHome && state === "searching") continue;
      if (state !== (atHome ? "home" : "registered")) {
        return `${mobile.name} is ${state} (${String(status?.last_error)})`;
      }
      if (home === undefined) return `${mobile.name} has no home address`;
      const towards = faultTowards(this.#cast, mobile, home);
      if (towards !== undefined) return `no packet reaches ${mobile.name}: ${towards}`;
      const from = faultFrom(this.#cast, mobile, home);
      if (from !== undefined) return `no packet leaves ${mobile.name}: ${from}`;
      const networks = networkFault(this.#cast, mobile, home);
      if (networks !== undefined) return `networks of ${mobile.name}: ${networks}`;
    }
    return undefined;
  }
}

/** Throws SimulationFailure. The same seed is the same run. */
export function runSimulation(options: RunOptions): RunResult {
  return new Simulation(options).run();
}
