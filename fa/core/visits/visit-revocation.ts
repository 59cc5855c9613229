/** What the foreign agent and a home agent agree on about revocation: RFC 3543 §3.2, §4.2.1. */

import { formatIpv4 } from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import {
  agree,
  type RevocationOffer,
  type RevocationTerms,
  readOffer,
} from "../../../shared/protocol/revocation-terms.ts";
import { authenticationIndexes } from "../../../shared/security/authenticator.ts";
import {
  type DecodedControl,
  type RegistrationReply,
  type RegistrationRequest,
  RequestFlag,
} from "../../../shared/wire/control.ts";
import type { PendingRequest } from "../registration/pending.ts";
import { type Visitor, visitorKey } from "./visitors.ts";

/** Revocation as negotiated for a visitor. */
export interface VisitRevocation extends RevocationTerms {
  /** When its reply was relayed; not known after a restart. */
  readonly registeredAt: Instant | undefined;
}

/** What names a binding to both of its agents (RFC 3543 §3.3). */
export type BindingNames = Pick<Visitor, "homeAgent" | "homeAddress" | "careOfAddress">;

export function visitKey(visit: BindingNames): string {
  return `${visitorKey(visit.homeAgent, visit.homeAddress)}/${formatIpv4(visit.careOfAddress)}`;
}

/**
 * What a valid reply says. Extension 34 has been checked where it is due and covers what stands
 * before it; what stands behind is protected by nothing (RFC 3543 §3.2).
 */
function offerIn(
  pending: PendingRequest,
  reply: DecodedControl<RegistrationReply>,
): RevocationOffer | "unprotected" | undefined {
  if (!pending.foreignHomeAuthenticated) return undefined;
  const [end] = authenticationIndexes(reply.message, "foreign-home-authentication-extension");
  return readOffer(reply, end);
}

/** RFC 3543 §3.2: an unprotected extension 137 is as bad as a wrong extension 34. */
export function offerFault(
  pending: PendingRequest,
  reply: DecodedControl<RegistrationReply>,
): string | undefined {
  const isUnprotected = offerIn(pending, reply) === "unprotected";
  return isUnprotected ? "unprotected revocation-support-extension" : undefined;
}

/** Negotiated when the request had our offer and its reply an answer; else not (§4.2.1). */
export function agreedRevocation(
  pending: PendingRequest,
  reply: DecodedControl<RegistrationReply>,
  now: Instant,
): VisitRevocation | undefined {
  const theirs = offerIn(pending, reply);
  if (theirs === "unprotected") return undefined;
  const agreed = agree(pending.revocation, theirs);
  return agreed && { ...agreed, registeredAt: now };
}

/** A node that has no care-of address of its own must not offer revocation (RFC 3543 §4.2.1). */
export function isForeignRevocationOffer({ flags, extensions }: RegistrationRequest): boolean {
  const isColocated = (flags & RequestFlag.D) !== 0;
  return !isColocated && extensions.some(({ name }) => name === "revocation-support-extension");
}
