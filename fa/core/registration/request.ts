/**
 * The foreign agent's checks of a Registration Request: RFC 5944 §3.7.2, RFC 3024 §4.2.1. Pure
 * judgement; relaying and denying are done elsewhere.
 */

import {
  type Ipv4,
  isGloballyReachable,
  isMulticast,
  isPrivate,
  isUsableUnicast,
  UNSPECIFIED,
} from "../../../shared/base/address.ts";
import type { Encapsulation } from "../../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../../shared/protocol/advertising-config.ts";
import type { UdpReceived } from "../../../shared/protocol/core.ts";
import { requestedEncapsulation } from "../../../shared/protocol/requested-encapsulation.ts";
import { hasUnsupportedVendorExtension } from "../../../shared/protocol/vendor.ts";
import type { PeerAssociation, SecurityContext } from "../../../shared/security/association.ts";
import {
  authenticationIndexes,
  checkAuthentication,
} from "../../../shared/security/authenticator.ts";
import {
  type DecodedControl,
  INFINITE_LIFETIME,
  type RegistrationRequest,
  RequestFlag,
} from "../../../shared/wire/control.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { FaCoreConfig, NaiAssociation } from "../config.ts";
import { lookup } from "../lookup.ts";
import type { DeliveryStyle, Node } from "../node.ts";
import { isAllowed } from "./access.ts";
import { octetsForHomeAgent } from "./challenge-request.ts";
import { chooseHomeAgent } from "./home-agent-choice.ts";

export interface RequestContext {
  readonly config: FaCoreConfig;
  /** The link on which the request came. */
  readonly link: AdvertisingConfig;
  /** Who sent it. */
  readonly node: Node;
  /** The home agent that has accepted this node as a visitor here. */
  readonly currentHomeAgent: Ipv4 | undefined;
  readonly isOwnAddress: (address: Ipv4) => boolean;
}

/** A request that may be relayed. */
export interface AcceptableRequest {
  /** The node's octets for the home agent, which never change: see `octetsForHomeAgent`. */
  readonly signed: Uint8Array;
  /** The home agent that it goes to. */
  readonly relayTo: Ipv4;
  readonly colocated: boolean;
  readonly encapsulation: Encapsulation;
  readonly reverse: boolean;
  readonly delivery: DeliveryStyle;
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

/** The contexts shared with one home agent. */
export const associationsWith = lookup((association: PeerAssociation): Ipv4 => association.peer);
const associationsOf = lookup((association: NaiAssociation) => association.nai);

/** The contexts shared with one mobile node, by its home address or its NAI (RFC 2794). */
export function contextsOf(
  { mobileNodes, mobileNodesByNai }: Pick<FaCoreConfig, "mobileNodes" | "mobileNodesByNai">,
  { homeAddress, nai }: Pick<Node, "homeAddress" | "nai">,
): readonly SecurityContext[] {
  const byAddress = associationsWith(mobileNodes, homeAddress);
  return byAddress.length > 0 || nai === undefined
    ? byAddress
    : associationsOf(mobileNodesByNai, nai);
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
  const { config, node } = context;
  const security = mobileForeignFault(context, decoded);
  if (security !== undefined) {
    return { verdict: "deny", code: ReplyCode.faMobileNodeFailedAuthentication, security };
  }
  if (hasUnsupportedVendorExtension(message.extensions)) {
    return deny(ReplyCode.faUnknownVendorExtensionFromMobileNode);
  }
  // Without an address only the NAI can tell whose reply it is (RFC 2794 §3).
  if (message.homeAddress === UNSPECIFIED && node.nai === undefined) {
    return deny(ReplyCode.faNonzeroHomeAddressRequired);
  }
  const signedEnd = endOfAuthorization(decoded);
  const usable = message.homeAddress === UNSPECIFIED || isUsableUnicast(message.homeAddress);
  if (signedEnd === undefined || !usable) return deny(ReplyCode.faPoorlyFormedRequest);
  const chosen = chooseHomeAgent(
    message,
    node.nai,
    context.currentHomeAgent,
    config.dynamicHomeAgents,
  );
  if ("code" in chosen) return deny(chosen.code);
  // This agent is nobody's home agent (RFC 5944 §3.7.2).
  if (context.isOwnAddress(chosen.address)) return deny(ReplyCode.faInvalidHomeAgentAddress);
  if (!isAllowed(config.access, { mac: node.mac, nai: node.nai, homeAgent: chosen.address })) {
    return deny(ReplyCode.faProhibited);
  }
  if (isColocatedHere(context, message, chosen.address)) return deny(ReplyCode.faProhibited);
  const reverse = (message.flags & RequestFlag.T) !== 0;
  // Without T the delivery style means nothing (RFC 3024 §3.3).
  const encapsulating = reverse && asksForEncapsulatingDelivery(message);
  return (
    lifetimeAndCareOf(context, message) ??
    tunnelFault(context, event, message, chosen.address) ?? {
      verdict: "relay",
      request: {
        signed: octetsForHomeAgent(decoded, signedEnd),
        relayTo: chosen.address,
        colocated: (message.flags & RequestFlag.D) !== 0,
        encapsulation: requestedEncapsulation(message.flags),
        reverse,
        delivery: encapsulating ? "encapsulating" : "direct",
      },
    }
  );
}

/**
 * RFC 3543 §4.3.1: where every registration comes here so that it can be revoked, one with a
 * co-located care-of address, which cannot be (§4.3.2), is denied.
 */
function isColocatedHere(
  { config, link }: RequestContext,
  { flags, lifetime }: RegistrationRequest,
  homeAgent: Ipv4,
): boolean {
  const revocable = link.revocation && link.registrationRequired;
  if (!revocable || lifetime === 0 || (flags & RequestFlag.D) === 0) return false;
  return associationsWith(config.homeAgents, homeAgent).length > 0;
}

/** RFC 5944 §3.7.2.1: with an association exactly one extension 33, and it holds. */
function mobileForeignFault(
  { config, node }: RequestContext,
  decoded: DecodedControl<RegistrationRequest>,
): string | undefined {
  const contexts = contextsOf(config, node);
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
  homeAgent: Ipv4,
): RequestVerdict | undefined {
  const colocated = (message.flags & RequestFlag.D) !== 0;
  const reverse = (message.flags & RequestFlag.T) !== 0;
  const encapsulation = requestedEncapsulation(message.flags);
  if (!colocated && !config.encapsulations.includes(encapsulation)) {
    return deny(ReplyCode.faEncapsulationUnavailable);
  }
  if (message.lifetime === 0) return undefined;
  if (reverse && asksForEncapsulatingDelivery(message) && !config.encapsulatingDelivery) {
    return deny(ReplyCode.faDeliveryStyleNotSupported);
  }
  if (!reverse) {
    const mandatory =
      config.reverseTunnel === "require" ||
      (config.privateNeedsReverseTunnel && isPrivateAmongGlobal(message, homeAgent));
    return mandatory ? deny(ReplyCode.faReverseTunnelMandatory) : undefined;
  }
  // RFC 5944 §3.6.1.1 keeps TTL 1 for the group; RFC 3024 asks for 255 from a direct neighbour.
  const fromNeighbour = isMulticast(event.destination) || event.ttl === 255;
  if (!fromNeighbour) return deny(ReplyCode.faTooDistant);
  return config.reverseTunnel === "refuse" ? deny(ReplyCode.faReverseTunnelUnavailable) : undefined;
}

/**
 * The scenario of RFC 3024 §A.4: only the node has a private address, which nobody on the general
 * Internet could answer to. In a network that is private as a whole its neighbours can.
 */
function isPrivateAmongGlobal(
  { homeAddress, careOfAddress }: RegistrationRequest,
  homeAgent: Ipv4,
): boolean {
  return (
    isPrivate(homeAddress) && isGloballyReachable(careOfAddress) && isGloballyReachable(homeAgent)
  );
}

/** The extension itself stays here either way (RFC 3024 §3.3). */
function asksForEncapsulatingDelivery(message: RegistrationRequest): boolean {
  return message.extensions.some(({ name }) => name === "encapsulating-delivery-style-extension");
}
