/** What goes to the home agent, and what is remembered of it until the reply: RFC 5944 §3.7.2.2. */

import type { Ipv4 } from "../../../shared/base/address.ts";
import { after, type Now } from "../../../shared/base/time.ts";
import type { SendUdp } from "../../../shared/protocol/core.ts";
import {
  type RevocationOffer,
  supportExtension,
} from "../../../shared/protocol/revocation-terms.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import { appendAuthentication } from "../../../shared/security/authenticator.ts";
import {
  appendExtension,
  INFINITE_LIFETIME,
  MOBILE_IP_PORT,
  type RegistrationRequest,
} from "../../../shared/wire/control.ts";
import type { Agent } from "../agent.ts";
import type { Visitor } from "../visits/visitors.ts";
import { challengeIn } from "./challenge-request.ts";
import type { ReplyPath } from "./denial.ts";
import type { PendingRequest } from "./pending.ts";
import type { AcceptableRequest } from "./request.ts";
import { proposeTerms, tunnelExtensions } from "./tunnel-terms.ts";

/** A request as received, with the way back to the node. */
export type ReceivedRequest = ReplyPath & RegistrationRequest & { readonly source: Ipv4 };

/** What a request has to do with this agent and its visitors. */
export interface Visit {
  /** The care-of address is one of this agent's. */
  readonly ours: boolean;
  /** Extension 34 is appended. */
  readonly authenticated: boolean;
  /** What is said about revocation. */
  readonly revocation: RevocationOffer | undefined;
  /** The visitor at the link-layer address that the request came from. */
  readonly here: Visitor | undefined;
  /** The visitor that the request would renew or replace. */
  readonly renewed: Visitor | undefined;
}

export function pendingRequest(
  agent: Agent,
  received: ReceivedRequest,
  accepted: AcceptableRequest,
  { ours, authenticated, revocation, here, renewed }: Visit,
  now: Now,
): PendingRequest {
  const { config } = agent;
  const nextKey = (): number => renewed?.greKeyIn ?? agent.nextGreKey();
  const terms = proposeTerms(config, received, accepted.encapsulation, nextKey);
  // RFC 5944 §3.7.2.2: never longer than the lifetime that was asked for.
  const ends = received.lifetime === 0 ? INFINITE_LIFETIME : received.lifetime;
  return {
    interface: received.interface,
    mac: received.mac,
    source: received.source,
    sourcePort: received.sourcePort,
    destination: received.destination,
    homeAddress: received.homeAddress,
    nai: received.nai,
    homeAgent: received.homeAgent,
    relayedTo: accepted.relayTo,
    careOfAddress: received.careOfAddress,
    identification: received.identification,
    lifetime: received.lifetime,
    encapsulation: accepted.encapsulation,
    reverse: accepted.reverse,
    delivery: accepted.delivery,
    colocated: accepted.colocated,
    revocation,
    relayedAt: now.monotonic,
    foreignHomeAuthenticated: authenticated,
    challenge: challengeIn(received.extensions),
    greKey: terms.greKey,
    // RFC 3519 §4.5: only from the care-of address itself can the home agent see a NAT.
    udpRequested: terms.udpRequested && ours,
    renews: renewed,
    fromVisitor: here !== undefined && here.homeAgent === accepted.relayTo,
    expiresAt: after(now.monotonic, Math.min(config.pendingTimeout, ends) * 1000),
  };
}

/** From the care-of address: the signed part unchanged, the agent's own extensions, 34 last. */
export function relayedRequest(
  request: PendingRequest,
  source: Ipv4,
  signed: Uint8Array,
  context: SecurityContext | undefined,
): SendUdp {
  const { revocation } = request;
  const own = [
    ...tunnelExtensions(request, request.encapsulation),
    ...(revocation === undefined ? [] : [supportExtension(revocation)]),
  ];
  const extended = own.reduce(appendExtension, signed);
  const name = "foreign-home-authentication-extension";
  return {
    type: "send-udp",
    source,
    sourcePort: MOBILE_IP_PORT,
    destination: request.relayedTo,
    destinationPort: MOBILE_IP_PORT,
    ttl: 64,
    payload: context === undefined ? extended : appendAuthentication(extended, name, context),
  };
}
