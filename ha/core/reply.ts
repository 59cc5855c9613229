/** Registration Replies of the home agent: RFC 5944 §3.8.3. */

import { BROADCAST, type Ipv4, isMulticast } from "../../shared/base/address.ts";
import type { SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import {
  appendExtension,
  encodeControl,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import type { ReplyTerms } from "./authenticate.ts";
import type { ReplyExtensions } from "./tunnel-terms.ts";

const REPLY_TTL = 64;

/**
 * The reply's octets: fixed part, what is for the node, extension 32, what is for the foreign
 * agent, and 34 last where there is one (§3.8.3.3).
 */
export function encodeReply(
  request: RegistrationRequest,
  fields: { readonly code: number; readonly lifetime: number; readonly homeAgent: Ipv4 },
  terms: ReplyTerms,
  { toNode, toAgent }: ReplyExtensions,
): Uint8Array {
  const reply = encodeControl({
    name: "registration-reply",
    ...fields,
    homeAddress: request.homeAddress,
    identification: terms.identification,
    extensions: toNode,
  });
  const signed = appendAuthentication(reply, "mobile-home-authentication-extension", terms.context);
  const extended = toAgent.reduce(appendExtension, signed);
  if (terms.foreign === undefined) return extended;
  return appendAuthentication(extended, "foreign-home-authentication-extension", terms.foreign);
}

/**
 * Back the way the request came (§3.8.3.1): addresses and ports exchanged, from the home agent's
 * own address if a group was asked. `link` bypasses routing, and with it every binding: the way to
 * a node that speaks from its home address on its home link.
 */
export function sendReply(
  event: UdpReceived,
  ownAddress: Ipv4,
  broadcast: boolean,
  link: SendUdp["link"],
  payload: Uint8Array,
): SendUdp {
  const toGroup = broadcast || isMulticast(event.destination) || event.destination === BROADCAST;
  return {
    type: "send-udp",
    source: toGroup ? ownAddress : event.destination,
    sourcePort: event.destinationPort,
    destination: event.source,
    destinationPort: event.sourcePort,
    ttl: REPLY_TTL,
    payload,
    ...(link === undefined ? {} : { link }),
  };
}
