/** The access router that the node is registered with, as its updates name and reach it. */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import type { PeerAssociation } from "../../../shared/security/association.ts";
import { RequestFlag } from "../../../shared/wire/control.ts";
import type { MnCoreConfig } from "../config.ts";
import type { Registered } from "../registration/registration.ts";
import { foreignAgentContexts } from "../registration/request.ts";

export interface PreviousRouter {
  /** The node's on that router's link: its home address, or its co-located care-of address. */
  readonly bound: Ipv4;
  readonly isCoLocated: boolean;
  /** Its global address: the Home Agent field. */
  readonly address: Ipv4;
  /** How it is reached on its own link. */
  readonly agent: Ipv4;
  readonly mac: Mac;
  readonly interface: string;
  /** Of the registration. */
  readonly flags: number;
  readonly context: PeerAssociation;
}

/** The router of a registration, if an update to it could be authenticated. */
export function previousRouter(
  registered: Registered | undefined,
  config: MnCoreConfig,
): PreviousRouter | undefined {
  if (registered === undefined || registered.operation.via !== "foreign-agent") return undefined;
  const { operation } = registered;
  const { agent, mac, flags, careOfAddress } = operation;
  const [context] = foreignAgentContexts(operation, config);
  if (context === undefined || agent === undefined || mac === undefined) return undefined;
  // With an address of its own (the D bit) the node, and not the router, ends the tunnel.
  const isCoLocated = (flags & RequestFlag.D) !== 0;
  const [, first = agent] = operation.peers;
  return {
    bound: isCoLocated ? careOfAddress : config.homeAddress,
    isCoLocated,
    address: isCoLocated ? first : careOfAddress,
    agent,
    mac,
    interface: operation.interface,
    flags,
    context,
  };
}
