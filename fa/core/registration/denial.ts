/** Denials that the foreign agent makes itself, limited to one a second a node: RFC 5944 §3.7.2. */

import {
  BROADCAST,
  type Ipv4,
  isMulticast,
  type Mac,
  UNSPECIFIED,
} from "../../../shared/base/address.ts";
import { RateLimit } from "../../../shared/base/rate-limit.ts";
import type { SendUdp } from "../../../shared/protocol/core.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import { appendAuthentication } from "../../../shared/security/authenticator.ts";
import {
  encodeControl,
  MOBILE_IP_PORT,
  type RegistrationRequest,
} from "../../../shared/wire/control.ts";
import type { Node } from "../node.ts";

/** RFC 5944 §3.7.2, RFC 3024 §4.2.1: one a second to a node; under a flood, none to new ones. */
export function denialLimit(): RateLimit<Mac> {
  return new RateLimit({ burst: 1, perSecond: 1, maxKeys: 1024 });
}

/** The fixed part of a denial: fields copied from the request (RFC 5944 §3.7.2.3). */
export function denialReply(
  request: Pick<RegistrationRequest, "lifetime" | "homeAddress" | "homeAgent" | "identification">,
  code: number,
  lifetime = request.lifetime,
): Uint8Array {
  return encodeControl({
    name: "registration-reply",
    code,
    lifetime,
    homeAddress: request.homeAddress,
    homeAgent: request.homeAgent,
    identification: request.identification,
    extensions: [],
  });
}

/** Where a reply to a node goes: remembered from its request. */
export interface ReplyPath extends Node {
  readonly sourcePort: number;
  readonly destination: Ipv4;
}

/**
 * A reply on the link to the node, straight to its link-layer address (RFC 5944 §3.7.2.3):
 * from port 434 to the request's source port; from the address the request went to, unless that
 * was a group; to the home address, or to 255.255.255.255 when there is none.
 */
export function replyToNode(
  path: ReplyPath,
  agentAddress: Ipv4,
  reply: Uint8Array,
  context: SecurityContext | undefined,
): SendUdp {
  const toGroup = isMulticast(path.destination) || path.destination === BROADCAST;
  const payload =
    context === undefined
      ? reply
      : appendAuthentication(reply, "mobile-foreign-authentication-extension", context);
  return {
    type: "send-udp",
    source: toGroup ? agentAddress : path.destination,
    sourcePort: MOBILE_IP_PORT,
    destination: path.homeAddress === UNSPECIFIED ? BROADCAST : path.homeAddress,
    destinationPort: path.sourcePort,
    ttl: 64,
    payload,
    link: { interface: path.interface, destination: path.mac },
  };
}
