/** Where the mobile node should be attached. RFC 5944 §2.4.2, §2.4.3, §3.1. */

import { UNSPECIFIED } from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import { type MnCoreConfig, rankOf } from "../config.ts";
import type { Registered } from "../registration/registration.ts";
import type { AgentHistory } from "./agent-history.ts";
import { type Agent, isHomeAgent } from "./agents.ts";
import { type Attachment, interfaceOf, isFor, isThrough, keyOf } from "./attachment.ts";
import type { CoLocatedPath } from "./co-located.ts";
import { compareAgents, hasLeft, isUsable, movementStrategies } from "./movement.ts";

export interface Surroundings {
  readonly config: MnCoreConfig;
  /** The agents that are heard. */
  readonly agents: readonly Agent[];
  /** Co-located care-of addresses that may be used. */
  readonly paths: readonly CoLocatedPath[];
  readonly attachment: Attachment | undefined;
  readonly registered: Registered | undefined;
  readonly history: AgentHistory;
  /** Key of what somebody asked for by command. */
  readonly pinned: string | undefined;
}

/**
 * Where the choice comes to rest: an agent that is left stands no longer in the way of another one on
 * its interface.
 */
export function chooseAttachment(around: Surroundings, now: Instant): Attachment | undefined {
  let choice = around.attachment;
  for (const _ of [undefined, ...around.config.interfaces]) {
    const next = choose({ ...around, attachment: choice }, now);
    const isSame =
      next?.kind === choice?.kind && (next && keyOf(next)) === (choice && keyOf(choice));
    choice = next;
    if (isSame) break;
  }
  return choice;
}

/**
 * Home comes before everything (§2.4.3). Who is at home stays there while nothing else is to be
 * had, even if its home agent falls silent: at home a node needs no mobility support (§3.6), and
 * leaving takes another link (§4.6). Otherwise it is the first interface of the configuration on
 * which there is a way that has not failed lately.
 */
function choose(around: Surroundings, now: Instant): Attachment | undefined {
  const { config, attachment, history } = around;
  const agents = [...around.agents].sort(compareAgents(config));
  const isCurrent = ({ key }: Agent): boolean => key === currentKey(around);
  // Without an address there is nothing that would be at home yet.
  const home =
    config.homeAddress === UNSPECIFIED ? [] : agents.filter((agent) => isHomeAgent(agent, config));
  const homeAgent = home.find(isCurrent) ?? home[0];
  if (homeAgent !== undefined) return { kind: "home", agent: homeAgent };
  const usable = usableAgents(around);
  const asked = usable.find(({ key }) => key === around.pinned);
  if (asked !== undefined) return { kind: "foreign-agent", agent: asked };
  const path = around.paths.find(({ key }) => key === around.pinned);
  if (path !== undefined) return { kind: "co-located", path };
  const ways = config.interfaces.flatMap(
    ({ name }) => wayOn(name, { ...around, agents: usable }, now) ?? [],
  );
  const willing = ways.find((way) => !history.refuses(keyOf(way), now));
  const current = ways.find((way) => keyOf(way) === currentKey(around));
  const way = willing ?? current ?? ways[0];
  if (way !== undefined) return way;
  const isStill = attachment?.kind === "home" && config.homeAddress !== UNSPECIFIED;
  return isStill && agents.every(isCurrent) ? attachment : undefined;
}

/** The agents that can be registered with, best first. */
export function usableAgents({ config, agents, registered }: Surroundings): Agent[] {
  const isFree = ({ interface: name }: Agent): boolean =>
    config.interfaces[rankOf(config, name)]?.mode !== "co-located";
  return agents
    .filter((agent) => isFree(agent) && isUsable(agent, config, isThrough(registered, agent)))
    .sort(compareAgents(config));
}

function currentKey({ attachment }: Surroundings): string | undefined {
  return attachment === undefined ? undefined : keyOf(attachment);
}

/**
 * On one interface: what is in use there while it can be used; else the agent that the movement
 * algorithm picks, before the interface's own address.
 */
function wayOn(name: string, around: Surroundings, now: Instant): Attachment | undefined {
  const { config, attachment, registered, history } = around;
  const path = around.paths.find((each) => each.interface === name);
  const coLocated = path && ({ kind: "co-located", path } as const);
  const heard = around.agents.filter((agent) => agent.interface === name);
  const isInUse = coLocated !== undefined && keyOf(coLocated) === currentKey(around);
  const moved = heard.find((agent) => path && hasLeft(path.careOfAddress, agent, config));
  if (isInUse && moved === undefined) return coLocated;
  const isHere = attachment?.kind === "foreign-agent" && interfaceOf(attachment) === name;
  const current = isHere ? heard.find(({ key }) => key === keyOf(attachment)) : undefined;
  const others = heard.filter((agent) => agent.key !== current?.key);
  const willing = others.filter(({ key }) => !history.refuses(key, now));
  const agent = movementStrategies[config.movement]({
    current,
    registered:
      current !== undefined && isFor(registered, { kind: "foreign-agent", agent: current }),
    refused: current !== undefined && history.refuses(current.key, now),
    candidates: willing.length > 0 || current !== undefined ? willing : others,
  });
  if (agent === undefined) return coLocated;
  const isRefused = history.refuses(agent.key, now);
  return isRefused && coLocated !== undefined ? coLocated : { kind: "foreign-agent", agent };
}
