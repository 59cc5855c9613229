/**
 * The network of a run: a home link with the home agent and an ordinary neighbour, foreign links
 * with their agents, mobile nodes that start at home.
 */

import type { FaCoreConfig } from "../../fa/core/config.ts";
import { ForeignAgent } from "../../fa/core/foreign-agent.ts";
import type { FastHandoverConfig } from "../../fa/core/handover/config.ts";
import { ALLOW_ALL } from "../../fa/core/registration/access.ts";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import { HomeAgent } from "../../ha/core/home-agent.ts";
import type { MnSettings } from "../../mn/core/config.ts";
import { MobileNode } from "../../mn/core/mobile-node.ts";
import {
  type Ipv4,
  ipv4,
  type Mac,
  type Prefix,
  toIpv4,
  UNSPECIFIED,
} from "../../shared/base/address.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";
import { authorized, mobileRouter, networkPools } from "./network-rules.ts";
import type { NodeOptions } from "./node.ts";
import type { Plan } from "./plan.ts";

export const HOME_LINK = "home";
/** A foreign link without agents, where a node needs an address of its own. */
export const BARE_LINK = "bare";
export const HOME_AGENT = ipv4("198.51.100.1");
/** Not private: from there packets find their way without a reverse tunnel, too (RFC 3024 §A.4). */
const HOME_PREFIX = { address: ipv4("198.18.0.0"), length: 24 };
const ON_HOME_LINK = { address: ipv4("198.18.0.1"), length: 24 };
const FIRST_CARE_OF = ipv4("192.0.2.1");
const MAX_BINDINGS = 16;
const MAX_VISITORS = 8;
export const BOUNDS = {
  bindings: MAX_BINDINGS,
  visitors: MAX_VISITORS,
  agents: 32,
  handovers: 4,
} as const;
/** Seconds that a handover is supported. */
export const HANDOVER_LIFETIME = 10;
/** Seconds until a foreign agent gives up on a home agent. */
const PENDING_TIMEOUT = 7;
const REPLAY_WINDOW = 7;
/** On a foreign link; what is leased is in front of it. */
const FIRST_NEW = 32;

export type Blueprint = Omit<NodeOptions, "clock">;

const mac = (number: number): Mac =>
  `02:00:00:00:00:${number.toString(16).padStart(2, "0")}` as Mac;

export function homeAddress(index: number): Ipv4 {
  return toIpv4(HOME_PREFIX.address + 7 + index);
}

/** Who the home agent assigns an address. */
export function naiOf(index: number): string {
  return `mn${index + 1}@example.net`;
}

/** As many as there are nodes. */
export function assignedAddresses({ mobileNodes }: Plan): { first: Ipv4; last: Ipv4 } {
  return { first: homeAddress(0), last: homeAddress(mobileNodes - 1) };
}

export function careOfAddress(index: number): Ipv4 {
  return toIpv4(FIRST_CARE_OF + 64 * index);
}

export function foreignLink(plan: Plan, index: number): string {
  const shared = plan.sharedLink && index === plan.foreignAgents - 1;
  return `foreign-${shared ? index : index + 1}`;
}

/** Every link a mobile node may be on. */
export function links(plan: Plan): string[] {
  const foreign = Array.from({ length: plan.foreignAgents }, (_, i) => foreignLink(plan, i));
  return [HOME_LINK, ...new Set(foreign), ...(plan.coLocated === "no" ? [] : [BARE_LINK])];
}

function context(plan: Plan, spi: number): SecurityContext {
  const key = Uint8Array.from({ length: 16 }, (_, i) => (spi * 7 + i * 31) & 255);
  return { spi, algorithm: plan.algorithm, key, replay: plan.replay };
}

const homeContext = (plan: Plan, mobile: number) => context(plan, 256 + mobile);
const mobileForeign = (plan: Plan, mobile: number, foreign: number) =>
  context(plan, 2000 + 16 * mobile + foreign);
const foreignHome = (plan: Plan, foreign: number) => context(plan, 1000 + foreign);

function advertising(plan: Plan, home: boolean, careOf: readonly Ipv4[]): AdvertisingConfig {
  return {
    interface: home ? "home0" : "lan0",
    careOfAddresses: careOf,
    extraRouterAddresses: home ? [HOME_AGENT] : [],
    home,
    foreign: !home,
    maxInterval: plan.maxInterval,
    minInterval: plan.maxInterval * 0.75,
    lifetime: Math.max(1, Math.round(plan.maxInterval * 3)),
    registrationLifetime: home ? plan.homeAgentLifetime : plan.agentLifetime,
    registrationRequired: home || plan.registrationRequired,
    encapsulations: ["ipip", "minimal", "gre"],
    reverseTunneling: true,
    udpTunneling: false,
    revocation: !home && plan.revocation,
    prefixLengths: true,
    destination: ipv4("224.0.0.1"),
    mobilityOnly: false,
  };
}

/** The access point of a foreign agent bears the agent's own link-layer address. */
export function accessPoint(index: number): Mac {
  return mac(0x10 + index);
}

function accessRouter(plan: Plan, own: number): FastHandoverConfig {
  const all = Array.from({ length: plan.foreignAgents }, (_, index) => index);
  return {
    neighbors: (plan.learnsNeighbors ? [own] : all).map((index) => ({
      accessPoint: accessPoint(index),
      router: careOfAddress(index),
      routerMac: accessPoint(index),
      prefixLength: 26,
      fastHandover: true,
    })),
    limits: { packets: 256, octets: 400_000, time: 2000 },
    lifetime: HANDOVER_LIFETIME,
    maxHandovers: BOUNDS.handovers,
    initiateRetries: 3,
    authenticate: true,
    routers: all.map((index) => ({ ...context(plan, 3000), peer: careOfAddress(index) })),
    pool: plan.coLocatedHandovers === "given" ? newAddresses(own) : undefined,
    poolHold: 1.5,
    coLocated: plan.coLocatedHandovers === "no" ? [] : leased(own),
    earlyBuffering: 1,
  };
}

/** Two for the nodes that arrive, on the link of this agent. */
function newAddresses(index: number) {
  const first = toIpv4(careOfAddress(index) + FIRST_NEW);
  return { first, last: toIpv4(first + 1) };
}

/** Where the addresses are that hosts get there, without the agent's own. */
function leased(index: number): Prefix[] {
  const network = careOfAddress(index) - 1;
  return [8, 16].map((host) => ({ address: toIpv4(network + host), length: 29 }));
}

/** What an agent's operator has set about reverse tunnels, and what the agent advertises. */
function reverseTunnels(plan: Plan, index: number) {
  const { withoutReverse, reverseTunnel } = plan;
  const isWithout =
    withoutReverse === "agents" ||
    withoutReverse === "unsaid" ||
    (withoutReverse === "one-agent" && index === 0);
  if (!isWithout || reverseTunnel === "require") return { reverseTunnel, isAdvertised: true };
  return { reverseTunnel: "refuse", isAdvertised: withoutReverse === "unsaid" } as const;
}

function foreignAgent(plan: Plan, index: number): Blueprint {
  const own = careOfAddress(index);
  const { reverseTunnel, isAdvertised } = reverseTunnels(plan, index);
  const mobiles = Array.from({ length: plan.mobileNodes }, (_, mobile): PeerAssociation => {
    return { ...mobileForeign(plan, mobile, index), peer: homeAddress(mobile) };
  });
  const named = mobiles.map((context, mobile) => ({ ...context, nai: naiOf(mobile) }));
  const config: FaCoreConfig = {
    links: [{ ...advertising(plan, false, [own]), reverseTunneling: isAdvertised }],
    registrationLifetime: plan.agentLifetime,
    encapsulations: ["ipip", "minimal", "gre"],
    reverseTunnel,
    privateNeedsReverseTunnel: false,
    encapsulatingDelivery: true,
    greKeys: "never",
    udpTunneling: false,
    udpKeepalive: undefined,
    challengeWindow: plan.challenges ? 2 : 0,
    pendingTimeout: PENDING_TIMEOUT,
    maxVisitors: MAX_VISITORS,
    maxPending: plan.maxPending,
    maxRequestRate: 0,
    informRevoked: "home-agent",
    messages: false,
    access: ALLOW_ALL,
    dynamicHomeAgents: plan.openHomeAgent === "chosen" ? [{ address: HOME_AGENT, realms: [] }] : [],
    mobileNodesByNai: plan.mobileForeignKeys && plan.assignsAddresses ? named : [],
    homeAgents: plan.foreignHomeKeys ? [{ ...foreignHome(plan, index), peer: HOME_AGENT }] : [],
    mobileNodes: plan.mobileForeignKeys && !plan.assignsAddresses ? mobiles : [],
    fastHandover: plan.fastHandover ? accessRouter(plan, index) : undefined,
  };
  return {
    name: `fa${index + 1}`,
    role: "foreign-agent",
    config,
    make: (random, present) => new ForeignAgent(present as FaCoreConfig, random),
    addresses: [own],
    interfaces: [
      {
        name: "lan0",
        mac: mac(0x10 + index),
        segment: foreignLink(plan, index),
        addresses: [{ address: own, length: 26 }],
      },
    ],
  };
}

function homeAgent(plan: Plan): Blueprint {
  const foreign = Array.from({ length: plan.foreignAgents }, (_, index): PeerAssociation => {
    return { ...foreignHome(plan, index), peer: careOfAddress(index) };
  });
  const isWithoutReverse = plan.withoutReverse === "home-agent" && plan.reverseTunnel !== "require";
  const config: HaCoreConfig = {
    address: HOME_AGENT,
    homeNetworks: [{ prefix: HOME_PREFIX, interface: "home0" }],
    mobileNodes: Array.from({ length: plan.mobileNodes }, (_, mobile) => ({
      ...(plan.assignsAddresses
        ? { homeAddress: undefined, nai: naiOf(mobile) }
        : { homeAddress: homeAddress(mobile) }),
      associations: [homeContext(plan, mobile)],
      ...authorized(plan, mobile),
    })),
    addressPools: plan.assignsAddresses ? [assignedAddresses(plan)] : [],
    networkPools: networkPools(plan),
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
    maxLifetime: plan.homeAgentLifetime,
    encapsulations: ["ipip", "minimal", "gre"],
    reverseTunnel: isWithoutReverse ? "refuse" : plan.reverseTunnel,
    replayWindow: REPLAY_WINDOW,
    replacedGrace: 2,
    maxBindings: MAX_BINDINGS,
    natTraversal: { enabled: true, force: false, keepalive: 110, maxLifetime: 60 },
    informRevoked: true,
    foreignAgents: plan.foreignHomeKeys ? foreign : [],
    links: [advertising(plan, true, [])],
  };
  return {
    name: "ha",
    role: "home-agent",
    config,
    make: (random, present) => new HomeAgent(present as HaCoreConfig, random),
    addresses: [HOME_AGENT],
    interfaces: [{ name: "home0", mac: mac(1), segment: HOME_LINK, addresses: [ON_HOME_LINK] }],
  };
}

function homeAgentsOf({ openHomeAgent }: Plan): MnSettings["homeAgents"] {
  const known = { kind: "address", address: HOME_AGENT } as const;
  if (openHomeAgent === "no") return [known];
  return openHomeAgent === "requested" ? [{ kind: "assigned" }, known] : [{ kind: "assigned" }];
}

function mobileNode(plan: Plan, index: number): Blueprint {
  const foreign = Array.from({ length: plan.foreignAgents }, (_, i): PeerAssociation => {
    return { ...mobileForeign(plan, index, i), peer: careOfAddress(i) };
  });
  const names = ["wlan0", "wlan1"].slice(0, plan.interfaces);
  const mode = plan.coLocated === "always" ? "co-located" : "auto";
  const config: MnSettings = {
    ...(plan.assignsAddresses
      ? { homeAddress: UNSPECIFIED, homePrefix: { ...HOME_PREFIX, address: UNSPECIFIED } }
      : { homeAddress: homeAddress(index), homePrefix: HOME_PREFIX }),
    homeAgents: homeAgentsOf(plan),
    nai: plan.assignsAddresses ? naiOf(index) : undefined,
    interfaces: names.map((name) => ({ name, mode })),
    registration: {
      lifetime: plan.registrationLifetime,
      simultaneous: plan.simultaneous,
      broadcasts: false,
      reverseTunnel: plan.mobileReverseTunnel,
      encapsulation: plan.encapsulation,
      deliveryStyle: "direct",
      hostConfiguration: false,
      revocation: false,
      natTraversal: "off",
      keepalive: 110,
    },
    mobileRouter: mobileRouter(plan, index),
    probing: plan.probing ? { interval: 0.35, misses: 3 } : undefined,
    movement: "lazy",
    fastHandover: plan.fastHandover
      ? {
          solicitationRetries: 3,
          solicitationRate: 3,
          updateRetries: 3,
          lifetime: HANDOVER_LIFETIME,
          limits: { packets: 256, octets: 400_000, time: 2000 },
          obeysNetwork: true,
        }
      : undefined,
    homeAssociation: homeContext(plan, index),
    aaa: undefined,
    foreignAgents: plan.mobileForeignKeys ? foreign : [],
  };
  return {
    name: `mn${index + 1}`,
    role: "mobile-node",
    config,
    make: (random, present) => new MobileNode(present as MnSettings, random),
    addresses: [],
    interfaces: names.map((name, i) => ({
      name,
      mac: mac(0x20 + 16 * i + index),
      segment: i === 0 ? HOME_LINK : undefined,
      addresses: [],
    })),
  };
}

export function blueprints(plan: Plan): Blueprint[] {
  return [
    homeAgent(plan),
    ...Array.from({ length: plan.foreignAgents }, (_, i) => foreignAgent(plan, i)),
    ...Array.from({ length: plan.mobileNodes }, (_, i) => mobileNode(plan, i)),
  ];
}
