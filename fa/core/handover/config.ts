import { type Ipv4, type Prefix, prefixContains } from "../../../shared/base/address.ts";
import type { HoldLimits } from "../../../shared/forwarding/state.ts";
import type { AccessRouter } from "../../../shared/protocol/fast-handover.ts";
import type { PeerAssociation } from "../../../shared/security/association.ts";

/** An access point of the neighbourhood (RFC 4988 §5.4), and whether its router takes part. */
export interface Neighbor extends AccessRouter {
  readonly fastHandover: boolean;
}

/** What the fast handover parts of a foreign agent must know. */
export interface FastHandoverConfig {
  readonly neighbors: readonly Neighbor[];
  readonly limits: HoldLimits;
  /** Seconds that a handover is supported at most; never above 10 (RFC 4988 §5.1). */
  readonly lifetime: number;
  /** Nodes between two links at a time, in each direction. */
  readonly maxHandovers: number;
  /** HI is repeated so often (RFC 4068 §7, HI_RETRIES). */
  readonly initiateRetries: number;
  /** HI and HAck must bear our authenticator; without, IPsec has to protect them. */
  readonly authenticate: boolean;
  /** Other access routers, by their address in `neighbors`. */
  readonly routers: readonly PeerAssociation[];
  /** Addresses for the use of one arriving node each (RFC 4988 §4.2); first and last. */
  readonly pool: { readonly first: Ipv4; readonly last: Ipv4 } | undefined;
  /** Seconds that an address stays its node's after the handover (RFC 4068 §7, PROXY_ND_LIFETIME). */
  readonly poolHold: number;
  /** Where the co-located care-of addresses are that may be moved, beside the pool. */
  readonly coLocated: readonly Prefix[];
  /** Seconds that packets of a node that left without a word are kept; 0: they are not. */
  readonly earlyBuffering: number;
}

/**
 * Is this the address of a router that a handover may go to, or come from? One without an access point
 * in the configured map is, where an association says that it takes part.
 */
export function isNeighbor(
  { neighbors, authenticate, routers }: FastHandoverConfig,
  address: Ipv4,
): boolean {
  const rows = neighbors.filter(({ router }) => router === address);
  if (rows.length > 0) return rows.some(({ fastHandover }) => fastHandover);
  return authenticate && routers.some(({ peer }) => peer === address);
}

/**
 * May a node that is registered with this co-located care-of address have what comes for it sent after
 * it? Its key proves who it is, and nothing that the address is its own: other hosts of the link must
 * not be among those that can be moved (RFC 4988 §7).
 */
export function mayMove({ coLocated, pool }: FastHandoverConfig, address: Ipv4): boolean {
  const isGiven = pool !== undefined && address >= pool.first && address <= pool.last;
  return isGiven || coLocated.some((prefix) => prefixContains(prefix, address));
}
