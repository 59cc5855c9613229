/**
 * What the agents agree about the tunnel beside the M, G and T bits: GRE keys (RFC 6245) and UDP
 * tunnelling (RFC 3519). The agent adds its extensions behind what the node has signed.
 */

import type { Encapsulation, TunnelForm } from "../../../shared/forwarding/state.ts";
import {
  MOBILE_IP_PORT,
  type RegistrationReply,
  type RegistrationRequest,
  RequestFlag,
} from "../../../shared/wire/control.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import type { FaCoreConfig } from "../config.ts";
import type { PendingRequest } from "./pending.ts";

/** IP protocol numbers, as the Encapsulation field has them (RFC 3519 §3.1.4). */
const PROTOCOL: Readonly<Record<Encapsulation, number>> = { ipip: 4, gre: 47, minimal: 55 };
/** Reply codes 0 to 63 of a UDP Tunnel Reply assent (RFC 3519 §3.2.1). */
const HIGHEST_ASSENT = 63;
/** Seconds between keepalives, unless the home agent says otherwise (RFC 3519 §4.9). */
const DEFAULT_KEEPALIVE = 110;

/** What is asked for one request. */
export type TunnelTerms = Pick<PendingRequest, "greKey" | "udpRequested">;

/**
 * RFC 6245 §4.1: with GRE, asked for or by policy, and D = 0 every request has the key: initial,
 * renewal and deregistration. RFC 3519 §4.5: never for a co-located care-of address, since that
 * would end the UDP tunnel here instead of at the node.
 */
export function proposeTerms(
  config: Pick<FaCoreConfig, "greKeys" | "udpTunneling">,
  { flags }: Pick<RegistrationRequest, "flags">,
  encapsulation: Encapsulation,
  nextGreKey: () => number,
): TunnelTerms {
  if ((flags & RequestFlag.D) !== 0) return { greKey: undefined, udpRequested: false };
  const keyed =
    config.greKeys === "always" || (config.greKeys === "requested" && encapsulation === "gre");
  return { greKey: keyed ? nextGreKey() : undefined, udpRequested: config.udpTunneling };
}

/** To stand behind extension 32, 132 and 36, and before 34 (RFC 3519 §4.5, RFC 6245 §4.1). */
export function tunnelExtensions(
  { greKey, udpRequested }: TunnelTerms,
  encapsulation: Encapsulation,
): ControlExtension[] {
  const extensions: ControlExtension[] = [];
  if (udpRequested) {
    extensions.push({
      name: "regular-udp-tunnel-request-extension",
      reserved1: 0,
      flags: 0, // F is the mobile node's wish (RFC 3519 §3.1), R is for co-located addresses
      encapsulation: PROTOCOL[greKey === undefined ? encapsulation : "gre"],
      reserved3: 0,
    });
  }
  if (greKey !== undefined) {
    extensions.push({ name: "gre-key-extension", keyIdentifier: greKey });
  }
  return extensions;
}

/**
 * The tunnel that an accepting reply makes. Its GRE Key Extension has the key of the packets that
 * we send (RFC 6245 §5); without one the M and G bits hold as they are. A UDP tunnel needs our
 * request and an assenting answer (RFC 3519 §4.7).
 */
export function agreedTunnel(
  { greKey, udpRequested, encapsulation }: TunnelTerms & { readonly encapsulation: Encapsulation },
  { extensions }: Pick<RegistrationReply, "extensions">,
  configuredKeepalive: number | undefined,
): TunnelForm & { readonly keepalive: number | undefined } {
  const key = extensions.find(({ name }) => name === "gre-key-extension");
  const isAsked = greKey !== undefined && key?.name === "gre-key-extension";
  const greKeyOut = isAsked ? key.keyIdentifier : undefined;
  const udp = extensions.find(({ name }) => name === "regular-udp-tunnel-reply-extension");
  let keepalive: number | undefined;
  if (udpRequested && udp?.name === "regular-udp-tunnel-reply-extension") {
    const given = udp.keepaliveInterval === 0 ? DEFAULT_KEEPALIVE : udp.keepaliveInterval;
    // What is known of the NAT here holds (RFC 3519 §4.10).
    if (udp.replyCode <= HIGHEST_ASSENT) keepalive = configuredKeepalive ?? given;
  }
  const isKeyed = greKeyOut !== undefined;
  return {
    encapsulation: isKeyed ? "gre" : encapsulation,
    greKeyIn: isKeyed ? greKey : undefined,
    greKeyOut,
    udpPort: keepalive === undefined ? undefined : MOBILE_IP_PORT,
    keepalive,
  };
}
