/** Which agent to use: who can be used at all, in what order, and when to move (RFC 5944 §2.4.2). */

import {
  type Ipv4,
  isPrivate,
  networkOf,
  type Prefix,
  prefixContains,
} from "../../../shared/base/address.ts";
import { type MnCoreConfig, rankOf } from "../config.ts";
import { canAnswerChallenge } from "../registration/credentials.ts";
import { type Agent, hasFlag } from "./agents.ts";

/** What a movement algorithm may look at. */
export interface MovementView {
  /** The agent in use, while it is heard and can be used. */
  readonly current: Agent | undefined;
  /** A registration through `current` has not run out. */
  readonly registered: boolean;
  /** `current` has refused or does not answer. */
  readonly refused: boolean;
  /** Other agents that can be used, best first. */
  readonly candidates: readonly Agent[];
}

/** Picks the agent to be registered with; `undefined`: keep looking. */
export type MovementStrategy = (view: MovementView) => Agent | undefined;

/**
 * Lazy cell switching, algorithm 1 of RFC 5944 §2.4.2.1: as long as the current agent is heard,
 * others are no reason to move (§3.6). An agent is no longer `current` when its advertisement has
 * run out or when the link layer said that the link has changed.
 */
export const lazy: MovementStrategy = ({ current, registered, refused, candidates }) => {
  if (current === undefined) return candidates[0];
  return refused && !registered ? (candidates[0] ?? current) : current;
};

/**
 * Eager cell switching (RFC 5944 §2.4.2 allows other mechanisms): an agent that is heard for the
 * first time is where the node has come to. One that was there before is no news.
 */
export const eager: MovementStrategy = (view) => newest(view, () => true) ?? lazy(view);

/**
 * Algorithm 2 of RFC 5944 §2.4.2.2: an agent that is heard for the first time, and is on another
 * network than the current one, is where the node has come to. Where one of them does not tell its
 * prefixes nothing can be said, and it is lazy.
 */
export const prefix: MovementStrategy = (view) =>
  newest(view, (agent) => isElsewhere(networksOf(agent), view.current)) ?? lazy(view);

/** The candidate that was found last, after the current agent. */
function newest(
  { current, candidates }: MovementView,
  isElsewhere: (agent: Agent) => boolean,
): Agent | undefined {
  if (current === undefined) return undefined;
  const found = candidates.filter((agent) => agent.foundAt > current.foundAt && isElsewhere(agent));
  return found.sort((a, b) => b.foundAt - a.foundAt)[0];
}

/** §2.1.2: a length belongs to the router address in the same place, never to a care-of address. */
function networksOf({ routerAddresses, prefixLengths }: Agent): readonly Prefix[] {
  return routerAddresses.flatMap(({ address }, i) => {
    const length = prefixLengths?.[i];
    return length === undefined || length > 32 ? [] : [networkOf({ address, length })];
  });
}

function isElsewhere(networks: readonly Prefix[], current: Agent | undefined): boolean {
  const before = current === undefined ? [] : networksOf(current);
  if (networks.length === 0 || before.length === 0) return false;
  const isSame = (a: Prefix, b: Prefix): boolean =>
    a.address === b.address && a.length === b.length;
  return !networks.some((network) => before.some((other) => isSame(network, other)));
}

/**
 * The same for an address of the node's own: an agent on the link that tells its prefixes, none of
 * which it is in (§2.4.2.2), says that the link is another one now.
 */
export function hasLeft(address: Ipv4, agent: Agent, config: MnCoreConfig): boolean {
  if (config.movement !== "prefix") return false;
  return networksOf(agent).length > 0 && !isInNetworkOf(address, agent);
}

/** Is this address of a network that the agent tells its prefix of? */
export function isInNetworkOf(address: Ipv4, agent: Agent): boolean {
  return networksOf(agent).some((network) => prefixContains(network, address));
}

export const movementStrategies: Readonly<Record<MnCoreConfig["movement"], MovementStrategy>> = {
  lazy,
  prefix,
  eager,
};

/** T is asked for only where it is advertised (RFC 5944 appendix E, RFC 3024 §4.1). */
export function usesReverseTunnel(agent: Agent, config: MnCoreConfig): boolean {
  return config.registration.reverseTunnel && hasFlag(agent, "T");
}

/** Can a registration go through this agent? A busy one still serves who is registered (B bit). */
export function isUsable(agent: Agent, config: MnCoreConfig, registered: boolean): boolean {
  if (!hasFlag(agent, "F") || agent.careOfAddresses.length === 0) return false;
  if (agent.registrationLifetime === 0) return false;
  if (hasFlag(agent, "B") && !registered) return false;
  if (agent.challenge !== undefined && !canAnswerChallenge(agent, config)) return false;
  // RFC 3024 §A.4: from a private home address only a reverse tunnel leads home.
  const needsTunnel = config.registration.reverseTunnel && isPrivate(config.homeAddress);
  return !needsTunnel || hasFlag(agent, "T");
}

/** Best first: preferred interface, reverse tunnel where wanted, heard most recently. */
export function compareAgents(config: MnCoreConfig): (a: Agent, b: Agent) => number {
  return (a, b) =>
    rankOf(config, a.interface) - rankOf(config, b.interface) ||
    Number(usesReverseTunnel(b, config)) - Number(usesReverseTunnel(a, config)) ||
    b.heardAt - a.heardAt;
}
