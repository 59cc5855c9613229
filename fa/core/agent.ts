import type { Ipv4 } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { Now } from "../../shared/base/time.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import type { FaCoreConfig } from "./config.ts";
import type { FastHandovers } from "./handover/fast-handovers.ts";
import type { RequestLoad } from "./load.ts";
import type { Node } from "./node.ts";
import type { Challenges } from "./registration/challenge.ts";
import type { PendingList } from "./registration/pending.ts";
import type { VisitorRevocations } from "./visits/revocation.ts";
import type { Visitor, VisitorList } from "./visits/visitors.ts";

/** What the parts of the foreign agent must know of the agent around them. */
export interface Agent {
  readonly config: FaCoreConfig;
  readonly counters: Counters;
  readonly visitors: VisitorList;
  readonly pending: PendingList;
  readonly load: RequestLoad;
  readonly challenges: Challenges;
  readonly revocations: VisitorRevocations;
  readonly handovers: FastHandovers;
  /** How the agent advertises on a link; `undefined` for a link that it does not serve. */
  link(interfaceName: string): AdvertisingConfig | undefined;
  /** The address that advertisements on a link come from, while the link is up. */
  linkAddress(interfaceName: string): Ipv4 | undefined;
  /** Octets that fit a link. */
  linkMtu(interfaceName: string): number;
  isOwnAddress(address: Ipv4): boolean;
  /** Visitors that may be added now; with none the B bit is set (RFC 5944 §2.1.1). */
  room(now: Now): number;
  /** Called after a visitor came, or changed in more than its terms. */
  visitorChanged(visitor: Visitor): void;
  /** Called after a visitor has left the list. */
  visitorGone(visitor: Visitor): void;
  /** Declares what is to be forwarded under a key; `undefined`: nothing. */
  forward(key: string, item: ForwardingItem | undefined): void;
  /** A key for GRE packets to this agent that no visitor has (RFC 6245 §4.1). */
  nextGreKey(): number;
  /** Tells a node that its registration is gone; `busy`: not to come back (RFC 3543 §4.1). */
  notifyRevoked(node: Node, busy: boolean): Effect[];
}
