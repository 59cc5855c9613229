/** What the foreign agent checks and strips in a home agent's reply: RFC 5944 §3.7.3. */

import { UNSPECIFIED } from "../../../shared/base/address.ts";
import { naiIn } from "../../../shared/protocol/identity.ts";
import { checkAuthentication } from "../../../shared/security/authenticator.ts";
import type { DecodedControl, RegistrationReply } from "../../../shared/wire/control.ts";
import { isAccepted, ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { FaCoreConfig } from "../config.ts";
import type { PendingRequest } from "./pending.ts";
import { associationsWith, endOfAuthorization } from "./request.ts";

/** Octets of a reply's fixed part (RFC 5944 §3.4). */
const REPLY_FIXED = 20;

/**
 * RFC 5944 §3.7.3.1: with an association exactly one extension 34 that holds. The association is
 * found by the Home Agent field of the reply, not by its IP source (§3.5.4). Deregistrations and
 * requests for another agent's care-of address carry none in either direction.
 */
export function foreignHomeFault(
  config: FaCoreConfig,
  pending: PendingRequest,
  decoded: DecodedControl<RegistrationReply>,
): string | undefined {
  if (!pending.foreignHomeAuthenticated) return undefined;
  const contexts = associationsWith(config.homeAgents, decoded.message.homeAgent);
  const name = "foreign-home-authentication-extension";
  const { outcome } = checkAuthentication(decoded, name, contexts);
  return outcome === "valid" ? undefined : `${name}: ${outcome}`;
}

/**
 * What an accepting reply lacks, as the status of an FA Error Extension: RFC 2794 §3 would write
 * 97 to 99 into the Code field, which the home agent's authenticator covers (RFC 4636 §1).
 */
export function identityFault(
  pending: PendingRequest,
  reply: RegistrationReply,
): number | undefined {
  if (!isAccepted(reply.code)) return undefined;
  if (pending.nai !== undefined && naiIn(reply.extensions) === undefined) {
    return ReplyCode.faMissingNai;
  }
  if (reply.homeAgent === UNSPECIFIED) return ReplyCode.faMissingHomeAgent;
  return reply.homeAddress === UNSPECIFIED ? ReplyCode.faMissingHomeAddress : undefined;
}

/** From the fixed part to extension 32; what stands behind is processed and removed (§3.7.3.2). */
export function relayedPart(decoded: DecodedControl<RegistrationReply>): Uint8Array {
  return decoded.bytes.subarray(0, endOfAuthorization(decoded) ?? REPLY_FIXED);
}
