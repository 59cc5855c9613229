/**
 * Can an authentic request be served? RFC 5944 §3.8.2.1 to §3.8.3.2, RFC 3024 §4.3.1. Pure
 * judgement: the terms of service, or the code that tells why not.
 */

import { type Ipv4, isUsableUnicast, prefixContains } from "../../shared/base/address.ts";
import type { Random } from "../../shared/base/random.ts";
import { err, ok, type Result } from "../../shared/base/result.ts";
import { requestedHomeAgent } from "../../shared/protocol/dynamic-home-agent.ts";
import { type RegistrationRequest, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import { type BindingTable, MAX_SIMULTANEOUS_BINDINGS } from "./bindings.ts";
import type { HaCoreConfig } from "./config.ts";
import type { MobileNode } from "./nodes.ts";
import type { Exchange } from "./reception.ts";
import { agreeTunnel, type TunnelRequest, type TunnelTerms } from "./tunnel-terms.ts";

export interface ServiceTerms {
  /** `undefined`: the request ends a binding. */
  readonly tunnel: TunnelTerms | undefined;
  readonly reverse: boolean;
}

export interface ServiceContext {
  readonly config: HaCoreConfig;
  readonly bindings: BindingTable;
  readonly isOwnAddress: (address: Ipv4) => boolean;
  readonly random: Random;
  /** The node's, or the code that tells why it cannot have the one that it asks for. */
  readonly homeAddress: Result<Ipv4, number>;
}

/** Never more than asked for, and never more than the maximum; 0xffff is infinity in both. */
export function grantedLifetime(requested: number, maximum: number): number {
  return Math.min(requested, maximum);
}

export function validate(
  context: ServiceContext,
  { node, request, broadcast, event }: Exchange,
  asked: TunnelRequest,
): Result<ServiceTerms, number> {
  const { config, isOwnAddress, random } = context;
  const { limits } = node;
  if (!authorizationComesFirst(request)) return err(ReplyCode.haPoorlyFormedRequest);
  if (broadcast || !isOwnAddress(request.homeAgent)) return err(ReplyCode.haUnknownHomeAgent);
  // RFC 4433 §5.3: whom the node asked for is whom the request was sent to.
  const requested = requestedHomeAgent(signedExtensions(request));
  if (requested !== undefined && requested !== event.destination) {
    return err(ReplyCode.haUnknownHomeAgent);
  }
  if (!context.homeAddress.ok) return context.homeAddress;
  if (node.network === undefined) return err(ReplyCode.haProhibited);
  const reverse = (request.flags & RequestFlag.T) !== 0;
  if (request.lifetime === 0) return ok({ tunnel: undefined, reverse });
  if (!isPossibleCareOf(context, request)) return err(ReplyCode.haPoorlyFormedRequest);
  if (!isServedAt(node, request.careOfAddress)) return err(ReplyCode.haProhibited);
  const { source, sourcePort } = event;
  const current = context.bindings.get(request.homeAddress, request.careOfAddress);
  const about = { config, isOwnAddress, random, limits, source, sourcePort, current };
  const tunnel = agreeTunnel(about, request, asked);
  if (!tunnel.ok) return tunnel;
  if (!reverse && limits.reverseTunnel === "require") {
    return err(ReplyCode.haReverseTunnelMandatory);
  }
  const room = roomFault(context, request);
  if (room !== undefined) return err(room);
  // "As a last check" (RFC 3024 §4.3.1).
  if (reverse && limits.reverseTunnel === "refuse") {
    return err(ReplyCode.haReverseTunnelUnavailable);
  }
  return ok({ tunnel: tunnel.value, reverse });
}

/** What the node's authenticator covers. */
function signedExtensions({ extensions }: RegistrationRequest): readonly ControlExtension[] {
  return extensions.slice(
    0,
    extensions.findIndex((extension) => "authenticator" in extension),
  );
}

/** RFC 5944 §3.2: the authorization-enabling extension is the first authentication extension. */
function authorizationComesFirst({ extensions }: RegistrationRequest): boolean {
  const first = extensions.find((extension) => "authenticator" in extension);
  return first?.name === "mobile-home-authentication-extension";
}

/** A tunnel to the home address, or to this agent, would come back here for ever. */
function isPossibleCareOf({ isOwnAddress }: ServiceContext, request: RegistrationRequest): boolean {
  const { careOfAddress, homeAddress } = request;
  return (
    isUsableUnicast(careOfAddress) && careOfAddress !== homeAddress && !isOwnAddress(careOfAddress)
  );
}

/** RFC 5944 §3.8.2.3: is the node served where it is now? */
function isServedAt({ careOfNetworks }: MobileNode, careOfAddress: Ipv4): boolean {
  return (
    careOfNetworks.length === 0 ||
    careOfNetworks.some((prefix) => prefixContains(prefix, careOfAddress))
  );
}

/** RFC 5944 §3.8.2.3: too many bindings of this node, or no room in the binding list. */
function roomFault(
  { config, bindings }: ServiceContext,
  request: RegistrationRequest,
): number | undefined {
  const { homeAddress, careOfAddress, flags } = request;
  const current = bindings.of(homeAddress).length;
  const renews = bindings.get(homeAddress, careOfAddress) !== undefined;
  const kept = (flags & RequestFlag.S) === 0 ? 0 : current - (renews ? 1 : 0);
  if (kept + 1 > MAX_SIMULTANEOUS_BINDINGS) return ReplyCode.haTooManyBindings;
  const total = bindings.size - current + kept + 1;
  // A limit that was lowered does not cut off those who have their binding already.
  if (total > config.maxBindings && total > bindings.size) return ReplyCode.haInsufficientResources;
  return undefined;
}
