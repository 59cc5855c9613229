/** Registration Replies of the home agent: RFC 5944 §3.8.3. */

import { BROADCAST, type Ipv4, isMulticast } from "../../shared/base/address.ts";
import type { SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import { supportExtension } from "../../shared/protocol/revocation-terms.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import {
  appendExtension,
  encodeControl,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import type { ReplyTerms } from "./authenticate.ts";
import type { SupportReply } from "./binding-revocation.ts";

const REPLY_TTL = 64;

/**
 * The reply's octets: fixed part, extension 32, and 34 last where there is one (§3.8.3.3). What is
 * said about revocation stands before the extension that the peer can check (RFC 3543 §3.2).
 */
export function encodeReply(
  request: RegistrationRequest,
  fields: { readonly code: number; readonly lifetime: number; readonly homeAgent: Ipv4 },
  terms: ReplyTerms,
  support: SupportReply | undefined,
): Uint8Array {
  const reply = encodeControl({
    name: "registration-reply",
    ...fields,
    homeAddress: request.homeAddress,
    identification: terms.identification,
    extensions: support?.revocation.direct === true ? [supportExtension(support.offer)] : [],
  });
  const signed = appendAuthentication(reply, "mobile-home-authentication-extension", terms.context);
  if (terms.foreign === undefined) return signed;
  const toAgent =
    support?.revocation.direct === false ? supportExtension(support.offer) : undefined;
  const extended = toAgent === undefined ? signed : appendExtension(signed, toAgent);
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
