/**
 * Forwarding is declared, not commanded: a core says what should be, in the protocol's own terms.
 * `realize` turns that into kernel objects and tunnel tables, `plan` into the smallest change.
 */

import type { Ipv4, Mac, Prefix } from "../base/address.ts";

/** RFC 2003, RFC 2004, RFC 2784. */
export type Encapsulation = "ipip" | "minimal" | "gre";

/** How packets are wrapped between the two ends of a tunnel. */
export interface TunnelForm {
  readonly encapsulation: Encapsulation;
  /** GRE key that packets to us must bear, 32 bits; without one they must bear none (RFC 6245). */
  readonly greKeyIn?: number | undefined;
  /** GRE key of the packets we send, 32 bits. */
  readonly greKeyOut?: number | undefined;
  /**
   * The other end's UDP port: all of it travels as MIP tunnel data, from and to our port 434
   * (RFC 3519 §4.2). Packets from another port are refused. `HALF_BOUND`: not known yet.
   */
  readonly udpPort?: number | undefined;
}

/**
 * The node's tunnel goes another way through the NAT than its registration did, so its port is not
 * known before its first keepalive, and until then nothing goes out (RFC 3519 §4.6).
 */
export const HALF_BOUND = -1;

/** Do two forms put the same octets on the wire? */
export function sameForm(a: TunnelForm, b: TunnelForm): boolean {
  return (
    a.encapsulation === b.encapsulation &&
    a.greKeyIn === b.greKeyIn &&
    a.greKeyOut === b.greKeyOut &&
    a.udpPort === b.udpPort
  );
}

/** Only what says the form, of something that has more. */
export function formOf({ encapsulation, greKeyIn, greKeyOut, udpPort }: TunnelForm): TunnelForm {
  return { encapsulation, greKeyIn, greKeyOut, udpPort };
}

/** Home agent: intercept a home address and tunnel it (RFC 5944 §4.2.3, RFC 3024 §4.3). */
export interface BindingItem extends TunnelForm {
  readonly kind: "binding";
  readonly homeAddress: Ipv4;
  /** Outer source: the Home Agent field of the Registration Reply (RFC 5944 §4.2.3). */
  readonly homeAgent: Ipv4;
  /** The effective one: in a UDP tunnel the source of the registration (RFC 3519 §4.6). */
  readonly careOfAddress: Ipv4;
  /** Accept what comes back through the tunnel with this inner source. */
  readonly reverse: boolean;
  /** The home link on which to answer ARP; `undefined` for a virtual home network. */
  readonly homeInterface: string | undefined;
  /** Mobile networks behind the node, which is a mobile router (RFC 5177 §6.5). */
  readonly networks?: readonly Prefix[];
  /** It is at a foreign agent, which delivers only to its home address (RFC 5177 §7). */
  readonly byAgent?: boolean;
  /** What the home link has for all or for groups; `undefined`: nothing of it. */
  readonly groups?: GroupService | undefined;
  /** Only while this machine has that address: the kernel ends the interception with it. */
  readonly dependsOn?: Ipv4 | undefined;
}

/** Home agent: of a binding that another has replaced, what its node had sent before is taken. */
export interface ReplacedBindingItem extends Omit<BindingItem, "kind"> {
  readonly kind: "replaced-binding";
}

/** Home agent: datagrams for all or for a group on the home link (RFC 5944 §4.3, §4.4). */
export interface GroupService {
  readonly homePrefix: Prefix;
  /** D = 0: encapsulated to the home address first, so that the foreign agent knows whose it is. */
  readonly isNested: boolean;
  /** UDP ports of the broadcasts that go to the node, none: all; `undefined`: no broadcasts. */
  readonly broadcasts: readonly number[] | undefined;
  /** The node may join groups by IGMP through its reverse tunnel. */
  readonly multicast: boolean;
}

/** Home agent: an address that moves between machines, here for as long as it is renewed. */
export interface SharedAddressItem {
  readonly kind: "shared-address";
  readonly interface: string;
  readonly prefix: Prefix;
  /** Whole seconds. */
  readonly lifetime: number;
}

/** Foreign agent: deliver to a visitor, and take its traffic (RFC 5944 §4.2.2, RFC 3024 §5). */
export interface VisitorItem extends TunnelForm {
  readonly kind: "visitor";
  readonly homeAddress: Ipv4;
  readonly interface: string;
  /** Where to deliver, without ARP for the home address (RFC 5944 §4.2.2). */
  readonly mac: Mac;
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  /** What the visitor sends goes back through the tunnel. */
  readonly reverse: boolean;
  /**
   * How it comes to the agent (RFC 3024 §5): as it is, or encapsulated to the agent. With
   * `encapsulating` what comes as it is is routed like any other packet.
   */
  readonly delivery: "direct" | "encapsulating";
  /**
   * 0, or another number up to `MAX_PLANE` for a home address that a visitor of another home agent
   * has as well: each plane is a separate world of routes (RFC 3024 Appendix A).
   */
  readonly plane: number;
  /**
   * Only in a UDP tunnel: when nothing has gone to the home agent for so many seconds, an ICMP
   * Echo Request from the home address to the home agent goes through the tunnel, so that a NAT on
   * the way keeps its mapping (RFC 3519 §4.9). The first is due so long after the item appears.
   */
  readonly keepalive?: number | undefined;
}

/** What is kept for a node at most; what comes beyond is dropped and counted. */
export interface HoldLimits {
  readonly packets: number;
  readonly octets: number;
  /** Milliseconds that one packet is kept. */
  readonly time: number;
}

/**
 * Foreign agent: a node between two links (RFC 4988). With this item packets to its address are
 * kept or sent on, in the order in which they came; without it what is kept is dropped.
 */
export interface HandoverItem {
  readonly kind: "handover";
  /** The node's address on the previous link (PCoA): its home or its co-located care-of address. */
  readonly address: Ipv4;
  /** Everything is kept until the item says otherwise. */
  readonly hold: boolean;
  readonly limits: HoldLimits;
  /** What the kernel has for the address comes here too, not only what comes out of a tunnel. */
  readonly intercept: boolean;
  /** To the other access router, and back from it; `undefined`: the node is on a link here. */
  readonly tunnel: { readonly local: Ipv4; readonly remote: Ipv4 } | undefined;
  /**
   * What this router still sends goes first: what comes by any other tunnel waits until the detour
   * by that router is empty, so that a shorter way overtakes nothing.
   */
  readonly behind?: Ipv4 | undefined;
}

/** Mobile node: what it sends while it is between two links. */
export interface OutgoingItem {
  readonly kind: "outgoing";
  /** Its source. */
  readonly address: Ipv4;
  /** No link leads anywhere: it is kept. */
  readonly hold: boolean;
  readonly limits: HoldLimits;
  /**
   * The router that takes it, to which it goes in frames of our own: so it leaves before the kernel
   * has its way, and what the kernel then sends overtakes nothing. `undefined`: by the kernel's way.
   */
  readonly router?: { readonly interface: string; readonly mac: Mac } | undefined;
}

/** Mobile node: it owns its home address wherever it is, and wherever the system has put it. */
export interface HomeAddressItem {
  readonly kind: "home-address";
  readonly address: Ipv4;
}

/**
 * Mobile node: which of its own packets go by its home address, beside those that have it as their
 * source already; connected networks and others that the system has a route for are none of them.
 */
export interface RoutingPolicy {
  /** Destinations that do; 0.0.0.0/0 is all. */
  readonly tunnel: readonly Prefix[];
  /** Destinations among them that table main holds for. */
  readonly exclude: readonly Prefix[];
}

/** What the three ways in which a mobile node can be attached have in common. */
interface Attached {
  readonly policy?: RoutingPolicy;
}

/** Mobile node: what it takes that is for all of its home link, or for groups (RFC 5944 §4.3, §4.4). */
export interface NodeGroups {
  /** Broadcasts of this network; `undefined`: it has asked for none. */
  readonly broadcasts: Prefix | undefined;
  /** It joins groups through its tunnel. */
  readonly joins: boolean;
}

/** Mobile node on a foreign link: a foreign agent is its default router (RFC 5944 §4.2.1). */
export interface VisitingItem extends Attached {
  readonly kind: "visiting";
  readonly interface: string;
  readonly homeAddress: Ipv4;
  readonly router: Ipv4;
  readonly routerMac: Mac;
  /** What the node sends goes to the agent encapsulated (RFC 3024 §5.2), or as it is. */
  readonly delivery?: "encapsulating";
  /** It comes encapsulated by the home agent to the home address (RFC 5944 §4.3, §4.4). */
  readonly groups?: (NodeGroups & { readonly homeAgent: Ipv4 }) | undefined;
}

/**
 * Mobile node with a care-of address of its own: it is the tunnel's end itself (RFC 5944 §1.7,
 * RFC 3024 §4.1.2).
 */
export interface CoLocatedItem extends TunnelForm, Attached {
  readonly kind: "co-located";
  readonly homeAddress: Ipv4;
  readonly homeAgent: Ipv4;
  readonly path: UplinkPath;
  /** What the node sends goes through the tunnel, too; otherwise straight to its destination. */
  readonly reverse: boolean;
  /** Only in a UDP tunnel: as that of a visitor. */
  readonly keepalive?: number | undefined;
  /** The first one goes at once, and again until something comes: the home agent waits for it. */
  readonly awaitsKeepalive?: boolean;
  /**
   * What comes by it is taken, and nothing is sent: it has served until now, or it has been asked
   * for and the home agent may have begun.
   */
  readonly isPassive?: boolean;
  readonly groups?: NodeGroups | undefined;
  /** Find out when nothing comes back any more; it takes a reverse tunnel. */
  readonly probing?: Probing;
}

/** When a way counts as lost: after so many echoes in a row without a sign of life. */
export interface Probing {
  /** Seconds between them. */
  readonly interval: number;
  readonly misses: number;
}

/** Mobile node: an address that it has on a link for the sake of a fast handover (RFC 4988 §4.2). */
export interface OwnAddressItem {
  readonly kind: "own-address";
  readonly interface: string;
  readonly prefix: Prefix;
}

/** The system's own way out by one interface. */
export interface UplinkPath {
  readonly interface: string;
  /** Of this uplink alone, from 1 up to `MAX_PLANE`. */
  readonly number: number;
  readonly careOfAddress: Ipv4;
  /** `undefined`: a point-to-point link, or nobody on the way. */
  readonly gateway: Ipv4 | undefined;
  /** Of the gateway, where that is known without ARP. */
  readonly gatewayMac?: Mac;
}

/** Mobile node on its home link: an ordinary host there. */
export interface AtHomeItem extends Attached {
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
  /** It has an address of its own, for which it takes part in ARP like any host. */
  readonly isHost?: boolean;
}

/**
 * Mobile router: a network that moves with it (RFC 5177 §7). What its hosts send goes one way, with
 * that alone; while there is none it goes nowhere.
 */
export interface MovingNetworkItem {
  readonly kind: "moving-network";
  /** `undefined`: it has not been given out yet (RFC 6626). */
  readonly prefix: Prefix | undefined;
  /** The link that its hosts are on. */
  readonly interface: string;
  /** The router's own address there, for a network that was given out (RFC 6626). */
  readonly address: Ipv4 | undefined;
  readonly way: NetworkTunnel | NetworkRouter | undefined;
  /** Tunnels by which something for it may come besides: before the way, or after it. */
  readonly passing?: readonly NetworkTunnel[];
}

/** The bidirectional tunnel of a mobile router (RFC 5177 §6.5, §7). */
export interface NetworkTunnel extends TunnelForm {
  readonly kind: "tunnel";
  /** The home address, or a co-located care-of address. */
  readonly local: Ipv4;
  readonly homeAgent: Ipv4;
  /** The foreign agent's own tunnel, which this one goes through. */
  readonly through?: TunnelForm;
  /** The foreign agent, if what goes to the home agent is encapsulated to it first (RFC 3024 §5.2). */
  readonly deliveredTo?: Ipv4;
}

/** Without a reverse tunnel, and at home: as an ordinary router (RFC 5177 §5). */
export interface NetworkRouter {
  readonly kind: "router";
  readonly interface: string;
  /** `undefined`: a point-to-point link. */
  readonly gateway: Ipv4 | undefined;
}

export type ForwardingItem =
  | BindingItem
  | ReplacedBindingItem
  | SharedAddressItem
  | VisitorItem
  | HandoverItem
  | OutgoingItem
  | HomeAddressItem
  | VisitingItem
  | CoLocatedItem
  | OwnAddressItem
  | AtHomeItem
  | ListeningItem
  | MovingNetworkItem;

/** Items by a key that is stable for the thing they are about (`binding/10.1.0.7/192.0.2.1`). */
export type ForwardingState = ReadonlyMap<string, ForwardingItem>;

export const NO_FORWARDING: ForwardingState = new Map();
