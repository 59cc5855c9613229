/** Which agent to use: who can be used at all, in what order, and when to move (RFC 5944 §2.4.2). */

import { isPrivate } from "../../shared/base/address.ts";
import { type Agent, hasFlag } from "./agents.ts";
import { type MnCoreConfig, rankOf } from "./config.ts";
import { canAnswerChallenge } from "./credentials.ts";

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

export const movementStrategies: Readonly<Record<MnCoreConfig["movement"], MovementStrategy>> = {
  lazy,
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
