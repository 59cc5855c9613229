/**
 * Forwarding is declared, not commanded: a core says what should be, in the protocol's own terms.
 * `realize` turns that into kernel objects and tunnel tables, `plan` into the smallest change.
 */

import type { Ipv4, Mac, Prefix } from "../base/address.ts";

export type Encapsulation = "ipip" | "minimal" | "gre" | "udp";

/** Home agent: intercept a home address and tunnel it (RFC 5944 §4.2.3, RFC 3024 §4.3). */
export interface BindingItem {
  readonly kind: "binding";
  readonly homeAddress: Ipv4;
  /** Outer source: the Home Agent field of the Registration Reply (RFC 5944 §4.2.3). */
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  readonly encapsulation: Encapsulation;
  /** Accept what comes back through the tunnel with this inner source. */
  readonly reverse: boolean;
  /** The home link on which to answer ARP; `undefined` for a virtual home network. */
  readonly homeInterface: string | undefined;
}

/** Foreign agent: deliver to a visitor, and take its traffic (RFC 5944 §4.2.2, RFC 3024 §5). */
export interface VisitorItem {
  readonly kind: "visitor";
  readonly homeAddress: Ipv4;
  readonly interface: string;
  /** Where to deliver, without ARP for the home address (RFC 5944 §4.2.2). */
  readonly mac: Mac;
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  readonly encapsulation: Encapsulation;
  /** Direct delivery: what the visitor sends goes back through the tunnel. */
  readonly reverse: boolean;
}

/** Mobile node: it owns its home address wherever it is, and wherever the system has put it. */
export interface HomeAddressItem {
  readonly kind: "home-address";
  readonly address: Ipv4;
}

/** Mobile node on a foreign link: a foreign agent is its default router (RFC 5944 §4.2.1). */
export interface VisitingItem {
  readonly kind: "visiting";
  readonly interface: string;
  readonly homeAddress: Ipv4;
  readonly router: Ipv4;
  readonly routerMac: Mac;
}

/** Mobile node on its home link: an ordinary host there. */
export interface AtHomeItem {
  readonly kind: "at-home";
  readonly interface: string;
  readonly homeAddress: Ipv4;
  readonly homePrefix: Prefix;
  readonly router: Ipv4 | undefined;
}

/** Mobile node: an interface on which it looks for agents. The ARP rules of RFC 5944 §4.6 hold. */
export interface ListeningItem {
  readonly kind: "listening";
  readonly interface: string;
}

export type ForwardingItem =
  | BindingItem
  | VisitorItem
  | HomeAddressItem
  | VisitingItem
  | AtHomeItem
  | ListeningItem;

/** Items by a key that is stable for the thing they are about (`binding/10.1.0.7/192.0.2.1`). */
export type ForwardingState = ReadonlyMap<string, ForwardingItem>;

export const NO_FORWARDING: ForwardingState = new Map();
