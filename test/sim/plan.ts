/** One seed draws a whole run: how big the network is, how its nodes are set, what goes wrong. */

import { type Random, uniform } from "../../shared/base/random.ts";
import type { Algorithm, ReplayMethod } from "../../shared/security/association.ts";
import {
  drawFurther,
  drawHandoverFurther,
  type Further,
  NOTHING_FURTHER,
  pick,
} from "./further.ts";
import type { Weather } from "./network.ts";

/** Mean seconds between two of a kind; `undefined`: never in this run. */
export interface Faults {
  readonly move: number;
  readonly linkFlap: number | undefined;
  readonly crash: number | undefined;
  readonly shutdown: number | undefined;
  readonly partition: number | undefined;
  readonly clockStep: number | undefined;
  readonly command: number | undefined;
  readonly reload: number | undefined;
  /** Somebody sends again what he has heard. */
  readonly replay: number | undefined;
  /** The home agent ends a node's bindings. */
  readonly revoke: number | undefined;
  /** Somebody on a link invents nodes that want to register. */
  readonly flood: number | undefined;
  /** A node goes to another link and says so before (RFC 4988). */
  readonly handover: number;
  /** Of crashes: how many are power failures. */
  readonly powerFailures: number;
  /** Of moves: how many happen without the link layer saying so. */
  readonly silentMoves: number;
}

export interface Plan extends Further {
  readonly mobileNodes: number;
  readonly foreignAgents: number;
  /** The last two foreign agents share a link. */
  readonly sharedLink: boolean;
  readonly interfaces: number;
  /** Seconds. */
  readonly maxInterval: number;
  readonly registrationLifetime: number;
  readonly agentLifetime: number;
  readonly homeAgentLifetime: number;
  readonly reverseTunnel: "allow" | "require" | "refuse";
  readonly mobileReverseTunnel: boolean;
  readonly encapsulation: "ipip" | "minimal" | "gre";
  readonly replay: ReplayMethod;
  readonly algorithm: Algorithm;
  readonly foreignHomeKeys: boolean;
  readonly mobileForeignKeys: boolean;
  readonly maxPending: number;
  /** Milliseconds that the mobile nodes' wall clocks are wrong at the start. */
  readonly wallOffset: number;
  readonly weather: Weather;
  readonly faults: Faults;
  /** The X bit; it takes keys between foreign and home agent too. */
  readonly revocation: boolean;
  /** Fast handovers, which take keys between mobile and foreign agent. */
  readonly fastHandover: boolean;
  /** Are the mobile nodes routers with networks behind them (RFC 5177, RFC 6626)? */
  readonly mobileRouters: "none" | "explicit" | "implicit" | "dynamic";
  /** Bindings beside each other while a node has two interfaces (RFC 5944 §3.6.1.2). */
  readonly simultaneous: "auto" | "always";
  /** Nodes look whether their agents are still there. */
  readonly probing: boolean;
  /** Challenges (RFC 4721), which take keys between mobile and foreign agent. */
  readonly challenges: boolean;
  /** Agents know each other by associations, and the access points by what they name to each other. */
  readonly learnsNeighbors: boolean;
}

/** Swarm testing: each fault is wholly absent in about half of the runs. */
function sometimes<T>(random: Random, value: T): T | undefined {
  return random.next() < 0.5 ? value : undefined;
}

function drawWeather(random: Random): Weather {
  const chance = (most: number): number => sometimes(random, uniform(random, 0, most)) ?? 0;
  return {
    loss: chance(0.4),
    duplicate: chance(0.3),
    reorder: chance(0.2),
    late: chance(0.1),
    corrupt: chance(0.1),
    linkDelay: uniform(random, 0, 5),
    pathDelay: uniform(random, 1, 300),
    jitter: chance(200),
  };
}

function drawFaults(random: Random): Faults {
  const every = (least: number, most: number): number | undefined =>
    sometimes(random, uniform(random, least, most));
  return {
    move: uniform(random, 3, 60),
    linkFlap: every(5, 60),
    crash: every(10, 80),
    shutdown: every(20, 80),
    partition: every(5, 60),
    clockStep: every(10, 60),
    command: every(10, 60),
    reload: every(10, 60),
    replay: every(0.2, 10),
    powerFailures: random.next(),
    silentMoves: random.next(),
    revoke: every(5, 40),
    flood: every(0.5, 20),
    handover: uniform(random, 3, 30),
  };
}

/** `handovers`: hardly anything but fast handovers, one after the other, and what disturbs them. */
export type PlanForm = "everything" | "handovers";

export function drawPlan(random: Random, form: PlanForm = "everything"): Plan {
  const plan = { ...drawEverything(random), ...NOTHING_FURTHER };
  if (form === "handovers") return { ...plan, ...drawHandovers(random, plan) };
  return { ...plan, ...drawFurther(random, plan) };
}

/** Agents and nodes that take part; moves as fast as a node can make ready for them, and faster. */
function drawHandovers(random: Random, { weather }: Plan): Partial<Plan> {
  const every = (least: number, most: number) => sometimes(random, uniform(random, least, most));
  return {
    mobileNodes: pick(random, 2, 3),
    // With two a node goes to and fro, with three it may go on before it has arrived.
    foreignAgents: pick(random, 2, 3),
    interfaces: 1,
    maxInterval: pick(random, 1, 1, 2),
    registrationLifetime: 1800,
    agentLifetime: 1800,
    homeAgentLifetime: 1800,
    mobileForeignKeys: true,
    fastHandover: true,
    challenges: false,
    mobileRouters: "none",
    weather: {
      ...weather,
      loss: Math.min(weather.loss, 0.25),
      corrupt: Math.min(weather.corrupt, 0.02),
      pathDelay: uniform(random, 1, 100),
      jitter: Math.min(weather.jitter, 50),
    },
    faults: {
      ...NO_FAULTS,
      move: uniform(random, 10, 60),
      linkFlap: every(5, 30),
      crash: every(5, 30),
      partition: every(5, 30),
      replay: every(0.2, 5),
      handover: uniform(random, 0.3, 1.5),
      powerFailures: random.next(),
      silentMoves: random.next(),
    },
    ...drawHandoverFurther(random),
  };
}

const NO_FAULTS = {
  shutdown: undefined,
  clockStep: undefined,
  command: undefined,
  reload: undefined,
  revoke: undefined,
  flood: undefined,
} as const;

function drawEverything(random: Random): Omit<Plan, keyof Further> {
  const maxInterval = pick(random, 1, 1, 2, 5, 10);
  const lifetime = (): number =>
    pick(
      random,
      Math.floor(uniform(random, 10, 60)),
      Math.floor(uniform(random, 60, 1800)),
      0xffff,
    );
  // What one side insists on and the other refuses would never become a session.
  const reverseTunnel = pick(random, "allow", "allow", "require");
  const fastHandover = random.next() < 0.6;
  const mobileForeignKeys = fastHandover || random.next() < 0.5;
  return {
    mobileNodes: pick(random, 1, 1, 2, 3),
    foreignAgents: pick(random, 2, 3),
    sharedLink: random.next() < 0.25,
    interfaces: pick(random, 1, 1, 1, 2),
    maxInterval,
    registrationLifetime: lifetime(),
    agentLifetime: lifetime(),
    homeAgentLifetime: lifetime(),
    reverseTunnel,
    mobileReverseTunnel: reverseTunnel === "require" || random.next() < 0.7,
    encapsulation: pick(random, "ipip", "ipip", "minimal", "gre"),
    replay: pick(random, "timestamp", "timestamp", "nonce"),
    algorithm: pick(random, "hmac-md5", "keyed-md5", "hmac-sha1", "hmac-sha256"),
    foreignHomeKeys: random.next() < 0.5,
    mobileForeignKeys,
    maxPending: pick(random, 4, 256),
    wallOffset: pick(
      random,
      0,
      uniform(random, -5000, 5000),
      uniform(random, -3e10, 3e10),
      -1.79e12,
    ),
    weather: drawWeather(random),
    faults: drawFaults(random),
    revocation: random.next() < 0.9,
    fastHandover,
    mobileRouters: pick(random, "none", "none", "explicit", "implicit", "dynamic"),
    simultaneous: pick(random, "auto", "always"),
    probing: random.next() < 0.5,
    challenges: mobileForeignKeys && random.next() < 0.3,
    learnsNeighbors: random.next() < 0.3,
  };
}
