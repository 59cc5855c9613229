/** Where the mobile node is attached, and where it should be. RFC 5944 §2.4.2, §2.4.3. */

import { UNSPECIFIED } from "../../shared/base/address.ts";
import type { Instant } from "../../shared/base/time.ts";
import type { AgentHistory } from "./agent-history.ts";
import { type Agent, isHomeAgent } from "./agents.ts";
import type { MnCoreConfig } from "./config.ts";
import { compareAgents, isUsable, movementStrategies } from "./movement.ts";
import type { Registered } from "./registration.ts";

export interface Attachment {
  readonly kind: "home" | "foreign-agent";
  /** As it was heard last. */
  readonly agent: Agent;
}

/** Is this registration through this agent, with an address that it still offers? */
export function isThrough(registered: Registered | undefined, agent: Agent): boolean {
  if (registered === undefined || registered.operation.agentKey !== agent.key) return false;
  return agent.careOfAddresses.includes(registered.operation.careOfAddress);
}

export interface Surroundings {
  readonly config: MnCoreConfig;
  /** The agents that are heard. */
  readonly agents: readonly Agent[];
  readonly attachment: Attachment | undefined;
  readonly registered: Registered | undefined;
  readonly history: AgentHistory;
  /** Key of the agent that somebody asked for by command. */
  readonly pinned: string | undefined;
}

/**
 * Home comes before everything (§2.4.3). Who is at home stays there while no other agent is heard,
 * even if its home agent falls silent: at home a node needs no mobility support (§3.6), and
 * leaving takes a foreign agent (§4.6). Otherwise the movement algorithm decides.
 */
export function chooseAttachment(around: Surroundings, now: Instant): Attachment | undefined {
  const { config, attachment, registered, history } = around;
  const agents = [...around.agents].sort(compareAgents(config));
  const isCurrent = ({ key }: Agent): boolean => key === attachment?.agent.key;
  // Without an address there is nothing that would be at home yet.
  const home =
    config.homeAddress === UNSPECIFIED
      ? []
      : agents.filter((agent) => isHomeAgent(agent, config.homeAgent));
  const homeAgent = home.find(isCurrent) ?? home[0];
  if (homeAgent !== undefined) return { kind: "home", agent: homeAgent };
  const usable = agents.filter((agent) => isUsable(agent, config, isThrough(registered, agent)));
  const asked = usable.find(({ key }) => key === around.pinned);
  if (asked !== undefined) return { kind: "foreign-agent", agent: asked };
  const current = attachment?.kind === "home" ? undefined : usable.find(isCurrent);
  const others = usable.filter((agent) => agent.key !== current?.key);
  const willing = others.filter(({ key }) => !history.refuses(key, now));
  const agent = movementStrategies[config.movement]({
    current,
    registered: current !== undefined && isThrough(registered, current),
    refused: current !== undefined && history.refuses(current.key, now),
    candidates: willing.length > 0 || current !== undefined ? willing : others,
  });
  if (agent !== undefined) return { kind: "foreign-agent", agent };
  return attachment?.kind === "home" && agents.every(isCurrent) ? attachment : undefined;
}
