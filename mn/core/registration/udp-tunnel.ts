/**
 * Tunnels in UDP, through a NAT on the way to the home agent: asked for with a co-located care-of
 * address, and used when the home agent says so. RFC 3519 §3.1, §3.2, §4.4.
 */

import { UdpTunnelRequestFlag } from "../../../shared/wire/control/udp-tunnel.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import type { MnCoreConfig } from "../config.ts";
import { hasFlag } from "../movement/agents.ts";
import type { CoLocatedPath } from "../movement/co-located.ts";

/** Reply codes of the extension up to this one mean that there will be a tunnel (§3.2.1). */
const LAST_ASSENT = 63;

/** Seconds (§4.10). */
const MIN_KEEPALIVE = 10;

/** What a request says of it. */
export interface UdpTunnelWish {
  /** Also where the home agent sees no NAT (§3.1.1). */
  readonly force: boolean;
  /** The request goes through an agent, and the tunnel will not (§3.1.2, §4.11). */
  readonly throughAgent: boolean;
}

/** What the home agent has agreed to. */
export interface UdpTunnelGrant {
  /** Seconds without traffic to the home agent after which a keepalive goes there (§4.9). */
  readonly keepalive: number;
  /** The home agent waits for a keepalive to learn where the tunnel ends (§4.6). */
  readonly awaitsKeepalive: boolean;
}

/**
 * Not with an agent's care-of address; and through an agent only if it says that it is behind a
 * NAT itself (its U bit), or the tunnel would end at the agent (§4.4).
 */
export function udpTunnelWish(
  { relay }: CoLocatedPath,
  { registration }: MnCoreConfig,
): UdpTunnelWish | undefined {
  const { natTraversal } = registration;
  if (natTraversal === "off" || (relay !== undefined && !hasFlag(relay, "U"))) return undefined;
  return { force: natTraversal === "force", throughAgent: relay !== undefined };
}

/** Seconds, after `keepalive` was too long; never less than 10 (§4.10). */
export function shorterKeepalive(keepalive: number): number {
  return Math.max(MIN_KEEPALIVE, Math.floor(keepalive / 2));
}

/** The encapsulation is the one that the M and G bits ask for (§3.1.4). */
export function udpTunnelRequest({ force, throughAgent }: UdpTunnelWish): ControlExtension {
  const { F, R } = UdpTunnelRequestFlag;
  const flags = (force ? F : 0) | (throughAgent ? R : 0);
  const name = "regular-udp-tunnel-request-extension";
  return { name, reserved1: 0, flags, encapsulation: 0, reserved3: 0 };
}

/**
 * What these extensions of an acceptance grant; without an answer the home agent does not know of
 * UDP tunnels (§4.4). `usual`: seconds, where the home agent leaves the interval to the node; `most`:
 * no more than that, whatever it says (§4.10).
 */
export function udpTunnelGrant(
  wish: UdpTunnelWish | undefined,
  signed: readonly ControlExtension[],
  usual: number,
  most = Number.POSITIVE_INFINITY,
): UdpTunnelGrant | undefined {
  const answer = signed.find(({ name }) => name === "regular-udp-tunnel-reply-extension");
  if (wish === undefined || answer?.name !== "regular-udp-tunnel-reply-extension") return undefined;
  if (answer.replyCode > LAST_ASSENT) return undefined;
  const interval = answer.keepaliveInterval === 0 ? usual : answer.keepaliveInterval;
  const keepalive = Math.max(MIN_KEEPALIVE, Math.min(interval, most));
  return { keepalive, awaitsKeepalive: wish.throughAgent };
}
