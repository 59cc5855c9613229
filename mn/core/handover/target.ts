/** Where a node goes in a fast handover, or has gone: plain data. */

import {
  type Ipv4,
  isUsableUnicast,
  type Mac,
  networkOf,
  type Prefix,
  prefixContains,
} from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import type { MnCoreConfig } from "../config.ts";
import type { Agent } from "../movement/agents.ts";
import { agentOf } from "../movement/attachment.ts";
import type { Carried } from "../movement/link-addresses.ts";
import type { Whereabouts } from "../movement/whereabouts.ts";
import type { PreviousRouter } from "./previous-router.ts";

/** The router by which packets go before there is a registration through it. */
export interface Via {
  readonly interface: string;
  readonly router: Ipv4;
  readonly routerMac: Mac;
  /** The co-located care-of address of the link before, which they go to and come from. */
  readonly bound?: Ipv4;
}

/** Where the node goes, or has gone. */
export interface Target extends Omit<Via, "bound"> {
  readonly accessPoint: Mac | undefined;
  /** Of the address that is bound, by the previous router's word. */
  readonly isAccepted: boolean;
  readonly isHere: boolean;
  readonly until: Instant;
  /** Of the network there, as far as it is known. */
  readonly prefixLength?: number | undefined;
  /** For this node alone, on that link (NCoA). */
  readonly careOfAddress?: Ipv4 | undefined;
  /** The node leaves for it now: until then nothing of its own is sent. */
  readonly leavesUntil?: Instant | undefined;
}

/**
 * Milliseconds for which a node that has been told that the next router is ready sends nothing: it is
 * about to leave, and what a link is given while it goes is lost. A link that stays is used again.
 */
export const LEAVING = 500;

/** Is this the agent that the node goes to? */
export function isRouterOf(
  { interface: name, mac, address, careOfAddresses }: Agent,
  target: Target,
): boolean {
  const isAddress = address === target.router || careOfAddresses.includes(target.router);
  return name === target.interface && (mac === target.routerMac || isAddress);
}

/**
 * The address that the node is to have on the next link instead of asking DHCP for one (RFC 4988 §4.2).
 * It takes an interface on which the node may have a co-located care-of address, and no agent's.
 */
function newAddress(
  { interface: name, careOfAddress: address, prefixLength: length = 32 }: Target,
  { interfaces, homePrefix }: MnCoreConfig,
): Prefix | undefined {
  const mode = interfaces.find((row) => row.name === name)?.mode;
  if (address === undefined || mode !== "co-located") return undefined;
  const isAtHome = prefixContains(networkOf(homePrefix), address);
  return isUsableUnicast(address) && !isAtHome ? { address, length } : undefined;
}

/** By whom packets go once the previous router has agreed and the node has come. */
export function viaOf(
  target: Target | undefined,
  previous: PreviousRouter | undefined,
): Via | undefined {
  if (target === undefined || !target.isHere || !target.isAccepted) return undefined;
  const { interface: name, router, routerMac } = target;
  const via = { interface: name, router, routerMac };
  return previous?.isCoLocated === true ? { ...via, bound: previous.bound } : via;
}

/** What a node with a co-located care-of address has on the link that it has come to. */
export function carriedTo(
  target: Target | undefined,
  previous: PreviousRouter | undefined,
  config: MnCoreConfig,
): Carried | undefined {
  if (target?.isHere !== true || previous?.isCoLocated !== true) return undefined;
  const { interface: name, until, router } = target;
  const { bound: address, agent: home } = previous;
  const prefix = newAddress(target, config);
  return { interface: name, address, home, until, given: prefix && { prefix, router } };
}

/** Who has no care-of address on the new link yet is attached to nothing, and there all the same. */
export function agentHere(
  where: Whereabouts,
  previous: PreviousRouter | undefined,
): Agent | undefined {
  const { attachment } = where;
  if (attachment?.kind === "home") return undefined;
  if (attachment !== undefined) return agentOf(attachment);
  return previous?.isCoLocated === true ? where.relayOn(previous.interface) : undefined;
}

/** The care-of address by which an agent is named to others: the one that was expected, if it has that. */
export function routerOf({ careOfAddresses }: Agent, target: Target | undefined): Ipv4 | undefined {
  return careOfAddresses.find((address) => address === target?.router) ?? careOfAddresses[0];
}
