/** What the visitor list and the pending list both know of a node, and how they tell nodes apart. */

import { formatIpv4, type Ipv4, type Mac, UNSPECIFIED } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";

/** How a visitor's packets reach the agent when they are to be reverse tunnelled (RFC 3024 §5). */
export type DeliveryStyle = "direct" | "encapsulating";

/** A node on a link, as its request names it. */
export interface Node {
  readonly interface: string;
  readonly mac: Mac;
  /** 0.0.0.0 in a request that asks for one; then there is a NAI (RFC 2794 §3). */
  readonly homeAddress: Ipv4;
  /** Mobile Node NAI, if the request has one (RFC 2794 §2). */
  readonly nai: string | undefined;
}

/** What a node asked for, and has once it is a visitor. */
export interface Registration extends Node {
  /** The Home Agent field; what a node leaves open (RFC 4433) shows 0.0.0.0 or 255.255.255.255. */
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  readonly encapsulation: Encapsulation;
  readonly reverse: boolean;
  /** Only for `reverse`. */
  readonly delivery: DeliveryStyle;
  /** D: the node decapsulates itself; the agent only relays. */
  readonly colocated: boolean;
}

/** What a node is known by: its home address, or without one its NAI (RFC 2794 §3). */
export function identityOf({ homeAddress, nai }: Node): Ipv4 | string {
  return homeAddress === UNSPECIFIED ? (nai ?? "") : homeAddress;
}

/** At one link-layer address? Two nodes may have the same home address (RFC 3024 §A.3). */
export function isSameStation(a: Node, b: Node): boolean {
  return a.mac === b.mac && a.interface === b.interface;
}

/** The columns of `visitors --json` that both lists have. */
export function rowOf(entry: Registration): { [key: string]: Json } {
  return {
    // A node that asks for an address has none yet (RFC 2794 §3).
    home_address: entry.homeAddress === UNSPECIFIED ? null : formatIpv4(entry.homeAddress),
    nai: entry.nai ?? null,
    home_agent: formatIpv4(entry.homeAgent),
    care_of_address: formatIpv4(entry.careOfAddress),
    mac: entry.mac,
    interface: entry.interface,
    encapsulation: entry.encapsulation,
    reverse_tunnel: entry.reverse,
  };
}
