/** Where a mobile node is attached, and what a registration there would be. */

import type { Registered } from "../registration/registration.ts";
import { type Agent, hasFlag } from "./agents.ts";
import type { CoLocatedPath } from "./co-located.ts";

export type Attachment =
  | {
      readonly kind: "home" | "foreign-agent";
      /** As it was heard last. */
      readonly agent: Agent;
    }
  | { readonly kind: "co-located"; readonly path: CoLocatedPath };

/** Names it in the history and in operations: an agent, or one address of one interface. */
export function keyOf(attachment: Attachment): string {
  return attachment.kind === "co-located" ? attachment.path.key : attachment.agent.key;
}

export function interfaceOf(attachment: Attachment): string {
  return attachment.kind === "co-located" ? attachment.path.interface : attachment.agent.interface;
}

/** The agent that advertises there; with a co-located address one that requires registration. */
export function agentOf(attachment: Attachment | undefined): Agent | undefined {
  return attachment?.kind === "co-located" ? attachment.path.relay : attachment?.agent;
}

/** Is this registration through this agent, with an address that it still offers? */
export function isThrough(registered: Registered | undefined, agent: Agent): boolean {
  if (registered === undefined || registered.operation.agentKey !== agent.key) return false;
  return agent.careOfAddresses.includes(registered.operation.careOfAddress);
}

/** Is this registration for being attached there? */
export function isFor(registered: Registered | undefined, attachment: Attachment): boolean {
  if (attachment.kind === "co-located") {
    return registered?.operation.agentKey === attachment.path.key;
  }
  return isThrough(registered, attachment.agent);
}

/** Must whoever is on this agent's link register through it (RFC 5944 §2.4.1)? */
export function requiresRegistration(agent: Agent): boolean {
  return hasFlag(agent, "R") && hasFlag(agent, "F");
}
