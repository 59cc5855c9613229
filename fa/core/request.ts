/**
 * The foreign agent's checks of a Registration Request: RFC 5944 §3.7.2, RFC 3024 §4.2.1. Pure
 * judgement; relaying and denying are done elsewhere.
 */

import { type Ipv4, isMulticast, isUsableUnicast } from "../../shared/base/address.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { UdpReceived } from "../../shared/protocol/core.ts";
import { requestedEncapsulation } from "../../shared/protocol/requested-encapsulation.ts";
import type { PeerAssociation } from "../../shared/security/association.ts";
import { authenticationIndexes, checkAuthentication } from "../../shared/security/authenticator.ts";
import {
  type DecodedControl,
  INFINITE_LIFETIME,
  type RegistrationRequest,
  RequestFlag,
} from "../../shared/wire/control.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { FaCoreConfig } from "./config.ts";

export interface RequestContext {
  readonly config: FaCoreConfig;
  /** The link on which the request came. */
  readonly link: AdvertisingConfig;
  readonly isOwnAddress: (address: Ipv4) => boolean;
}

/** A request that may be relayed. */
export interface AcceptableRequest {
  /** Octets from the fixed part to the authorization-enabling extension, which never change. */
  readonly signed: Uint8Array;
  readonly careOfAddress: Ipv4;
  readonly colocated: boolean;
  readonly encapsulation: Encapsulation;
  readonly reverse: boolean;
}

export type RequestVerdict =
  | { readonly verdict: "relay"; readonly request: AcceptableRequest }
  | {
      readonly verdict: "deny";
      readonly code: number;
      /** Only for code 69: the most that would be granted. */
      readonly lifetime?: number;
      /** Set when it is a security exception, for the log. */
      readonly security?: string;
    };

const deny = (code: number): RequestVerdict => ({ verdict: "deny", code });

/** The contexts shared with one mobile node. */
export function associationsWith(
  peers: readonly PeerAssociation[],
  peer: Ipv4,
): readonly PeerAssociation[] {
  return peers.filter((association) => association.peer === peer);
}

/** Longer than the agent allows? 0xffff is infinity, not a number (RFC 5944 §3.3). */
function exceeds(lifetime: number, limit: number): boolean {
  return limit !== INFINITE_LIFETIME && lifetime > limit;
}

export function judgeRequest(
  context: RequestContext,
  event: UdpReceived,
  decoded: DecodedControl<RegistrationRequest>,
): RequestVerdict {
  const { message } = decoded;
  const security = mobileForeignFault(context.config, decoded);
  if (security !== undefined) {
    return { verdict: "deny", code: ReplyCode.faMobileNodeFailedAuthentication, security };
  }
  if (message.homeAddress === 0) return deny(ReplyCode.faNonzeroHomeAddressRequired);
  const signedEnd = endOfAuthorization(decoded);
  if (signedEnd === undefined || !isUsableUnicast(message.homeAddress)) {
    return deny(ReplyCode.faPoorlyFormedRequest);
  }
  // The printed 194 is 116 (erratum 3116): this agent is nobody's home agent.
  if (context.isOwnAddress(message.homeAgent) || !isUsableUnicast(message.homeAgent)) {
    return deny(ReplyCode.faInvalidHomeAgentAddress);
  }
  return (
    lifetimeAndCareOf(context, message) ??
    tunnelFault(context, event, message) ?? {
      verdict: "relay",
      request: {
        signed: decoded.bytes.subarray(0, signedEnd),
        careOfAddress: message.careOfAddress,
        colocated: (message.flags & RequestFlag.D) !== 0,
        encapsulation: requestedEncapsulation(message.flags),
        reverse: (message.flags & RequestFlag.T) !== 0,
      },
    }
  );
}

/** RFC 5944 §3.7.2.1: with an association exactly one extension 33, and it holds. */
function mobileForeignFault(
  config: FaCoreConfig,
  decoded: DecodedControl<RegistrationRequest>,
): string | undefined {
  const contexts = associationsWith(config.mobileNodes, decoded.message.homeAddress);
  if (contexts.length === 0) return undefined;
  const name = "mobile-foreign-authentication-extension";
  const { outcome } = checkAuthentication(decoded, name, contexts);
  return outcome === "valid" ? undefined : `${name}: ${outcome}`;
}

/** Offset behind the last authorization-enabling extension (RFC 5944 §3.7.2.2). */
export function endOfAuthorization(decoded: DecodedControl): number | undefined {
  const indexes = authenticationIndexes(decoded.message, "mobile-home-authentication-extension");
  const last = indexes.at(-1);
  return last === undefined ? undefined : decoded.offsets[last + 1];
}

function lifetimeAndCareOf(
  { config, link }: RequestContext,
  message: RegistrationRequest,
): RequestVerdict | undefined {
  if (message.lifetime === 0) return undefined; // never 77 for a deregistration (RFC 5944 F)
  const colocated = (message.flags & RequestFlag.D) !== 0;
  if (!colocated && !link.careOfAddresses.includes(message.careOfAddress)) {
    return deny(ReplyCode.faInvalidCareOfAddress);
  }
  if (exceeds(message.lifetime, config.registrationLifetime)) {
    return {
      verdict: "deny",
      code: ReplyCode.faLifetimeTooLong,
      lifetime: config.registrationLifetime,
    };
  }
  return undefined;
}

/** RFC 3024 §4.2.1, in its order: 72, 79, 75, 76, and 74 as the last check. */
function tunnelFault(
  { config }: RequestContext,
  event: UdpReceived,
  message: RegistrationRequest,
): RequestVerdict | undefined {
  const colocated = (message.flags & RequestFlag.D) !== 0;
  const reverse = (message.flags & RequestFlag.T) !== 0;
  const encapsulation = requestedEncapsulation(message.flags);
  if (!colocated && !config.encapsulations.includes(encapsulation)) {
    return deny(ReplyCode.faEncapsulationUnavailable);
  }
  if (message.lifetime === 0) return undefined;
  if (reverse && asksForEncapsulatingDelivery(message)) {
    return deny(ReplyCode.faDeliveryStyleNotSupported);
  }
  if (!reverse) {
    return config.reverseTunnel === "require"
      ? deny(ReplyCode.faReverseTunnelMandatory)
      : undefined;
  }
  // RFC 5944 §3.6.1.1 keeps TTL 1 for the group; RFC 3024 asks for 255 from a direct neighbour.
  const fromNeighbour = isMulticast(event.destination) || event.ttl === 255;
  if (!fromNeighbour) return deny(ReplyCode.faTooDistant);
  return config.reverseTunnel === "refuse" ? deny(ReplyCode.faReverseTunnelUnavailable) : undefined;
}

/** Only direct delivery is built; the extension itself stays here either way (RFC 3024 §3.3). */
function asksForEncapsulatingDelivery(message: RegistrationRequest): boolean {
  return message.extensions.some(({ name }) => name === "encapsulating-delivery-style-extension");
}
