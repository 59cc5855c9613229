/** What this node can prove to a foreign agent. RFC 5944 §3.5.3, RFC 4721 §3.1. */

import type { Ipv4 } from "../../../shared/base/address.ts";
import type { PeerAssociation } from "../../../shared/security/association.ts";
import type { MnCoreConfig } from "../config.ts";
import type { Agent } from "../movement/agents.ts";

/** Addresses by which an association with the agent may be known. */
export function peersOf(agent: Agent): readonly Ipv4[] {
  return [agent.address, ...agent.careOfAddresses];
}

export function associationsWith(
  peers: readonly Ipv4[],
  { foreignAgents }: MnCoreConfig,
): readonly PeerAssociation[] {
  return foreignAgents.filter(({ peer }) => peers.includes(peer));
}

/** A challenge takes extension 33 or a Mobile-AAA extension behind it, else it is no answer (§3.2). */
export function canAnswerChallenge(agent: Agent, config: MnCoreConfig): boolean {
  return config.aaa !== undefined || associationsWith(peersOf(agent), config).length > 0;
}
