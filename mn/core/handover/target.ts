/** Where a node goes in a fast handover, or has gone: plain data. */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import type { Agent } from "../movement/agents.ts";

/** The router by which packets go before there is a registration through it. */
export interface Via {
  readonly interface: string;
  readonly router: Ipv4;
  readonly routerMac: Mac;
}

/** Where the node goes, or has gone. */
export interface Target extends Via {
  readonly accessPoint: Mac | undefined;
  /** Of the address that is bound, by the previous router's word. */
  readonly isAccepted: boolean;
  readonly isHere: boolean;
  readonly until: Instant;
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
