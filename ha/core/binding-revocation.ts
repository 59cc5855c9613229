/** What the home agent and the other end of a tunnel agree on about revocation: RFC 3543 §3.2. */

import { formatIpv4, type Ipv4, parseIpv4 } from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import { HALF_BOUND, type TunnelForm } from "../../shared/forwarding/state.ts";
import {
  agree,
  type RevocationClock,
  type RevocationOffer,
  type RevocationTerms,
  readOffer,
  restoreTerms,
  supportExtension,
  termsRecord,
} from "../../shared/protocol/revocation-terms.ts";
import { authenticationIndexes } from "../../shared/security/authenticator.ts";
import { MOBILE_IP_PORT, RequestFlag } from "../../shared/wire/control.ts";
import type { ReplyTerms } from "./authenticate.ts";
import type { Exchange } from "./reception.ts";
import type { ReplyExtensions } from "./tunnel-terms.ts";

/** Revocation as negotiated for a binding. */
export interface BindingRevocation extends RevocationTerms {
  /** IP source of the last approved request, where a revocation goes to (RFC 3543 §3.3). */
  readonly source: Ipv4;
  /** The node registered without a foreign agent, from its own care-of address. */
  readonly direct: boolean;
  /** When its reply was sent; not known after a restart. */
  readonly registeredAt: Instant | undefined;
}

/** What the reply says, and what the binding keeps. */
export interface SupportReply {
  readonly offer: RevocationOffer;
  readonly revocation: BindingRevocation;
}

/**
 * RFC 3543 §3.2, §4.2.1: support is answered with support. A foreign agent's offer stands between
 * extensions 32 and 34, a directly registered node's before 32. A node whose own care-of address
 * comes through a foreign agent takes no part (§4.3.2).
 */
export function negotiate(
  { event, decoded, request }: Exchange,
  terms: ReplyTerms,
  clock: RevocationClock,
  now: Now,
): SupportReply | "unprotected" | undefined {
  if (request.lifetime === 0) return undefined;
  const [mobile = -1] = authenticationIndexes(request, "mobile-home-authentication-extension");
  const [foreign] = authenticationIndexes(request, "foreign-home-authentication-extension");
  const byAgent = readOffer(decoded, terms.foreign === undefined ? undefined : foreign, mobile);
  if (byAgent === "unprotected") return "unprotected";
  const isColocated = (request.flags & RequestFlag.D) !== 0;
  const direct = isColocated && event.source === request.careOfAddress;
  const theirs = direct ? readOffer(decoded, mobile) : isColocated ? undefined : byAgent;
  if (theirs === undefined || theirs === "unprotected") return undefined;
  // I is taken up where it is offered: this home agent always decides (§3.2).
  const offer = { timestamp: clock.timestamp(now), inform: theirs.inform };
  const agreed = agree(offer, theirs);
  if (agreed === undefined) return undefined;
  const revocation = { ...agreed, source: event.source, direct, registeredAt: now.monotonic };
  return { offer, revocation };
}

/** What is said about revocation stands before the extension that the peer can check (§3.2). */
export function supportExtensions(support: SupportReply | undefined): ReplyExtensions {
  if (support === undefined) return { toNode: [], toAgent: [] };
  const extension = [supportExtension(support.offer)];
  return support.revocation.direct
    ? { toNode: extension, toAgent: [] }
    : { toNode: [], toAgent: extension };
}

/** Port 434, or what a NAT has made of it: the same as a UDP tunnel's (RFC 3543 §3.3). */
export function revocationPort({ udpPort }: TunnelForm): number {
  return udpPort === undefined || udpPort === HALF_BOUND ? MOBILE_IP_PORT : udpPort;
}

/** Journal form. */
export function revocationRecord(revocation: BindingRevocation | undefined): Json {
  if (revocation === undefined) return null;
  return {
    ...(termsRecord(revocation) as JsonObject),
    source: formatIpv4(revocation.source),
    direct: revocation.direct,
  };
}

/** Reads a journal record; what is not one of ours counts as not negotiated. */
export function restoreRevocation(value: Json | undefined): BindingRevocation | undefined {
  const terms = restoreTerms(value);
  if (terms === undefined) return undefined;
  const { source, direct } = value as JsonObject;
  const address = parseIpv4(String(source));
  if (address === undefined) return undefined;
  return { ...terms, source: address, direct: direct === true, registeredAt: undefined };
}
