/**
 * Which entries of the tunnel table the programs in the kernel have, too: those that leave no
 * question open. Everything else is the daemon's, whose own table decides again.
 */

import type { Ipv4 } from "../../base/address.ts";
import { UNSPECIFIED } from "../../base/address.ts";
import { HALF_BOUND } from "../state.ts";
import type { Acceptance, Tunnel, TunnelTable } from "../tunnel-table.ts";
import type { Match } from "./layout.ts";

/** Why a tunnel is the daemon's alone, if it is. */
export function notInKernel({
  encapsulation,
  port,
  router,
}: Tunnel): "minimal" | "mobile-network" | "half-bound" | undefined {
  if (encapsulation === "minimal") return "minimal";
  if (router !== UNSPECIFIED) return "mobile-network";
  return port === HALF_BOUND ? "half-bound" : undefined;
}

/**
 * The only tunnel for packets to or from this address; with simultaneous bindings there are several,
 * and a copy goes into each (RFC 5944 §4.2.3).
 */
export function wantedOut(
  table: Pick<TunnelTable, "outAt">,
  match: Match,
  address: Ipv4,
): Tunnel | undefined {
  const [tunnel, another] = table.outAt(match, address);
  if (tunnel === undefined || another !== undefined) return undefined;
  return notInKernel(tunnel) === undefined ? tunnel : undefined;
}

/** The only way by which packets to or from this address may come from that tunnel end. */
export function wantedIn(
  table: Pick<TunnelTable, "inAt">,
  match: Match,
  address: Ipv4,
  remote: Ipv4,
): Acceptance | undefined {
  let acceptance: Acceptance | undefined;
  for (const one of table.inAt(match, address)) {
    if (one.tunnel.remote !== remote) continue;
    if (acceptance !== undefined) return undefined;
    acceptance = one;
  }
  if (acceptance === undefined) return undefined;
  const { tunnel, plane, innerDestination, onward } = acceptance;
  if (plane !== 0 || onward || innerDestination !== undefined) return undefined;
  return notInKernel(tunnel) === undefined ? acceptance : undefined;
}
