/**
 * The registration relay: requests from links to home agents, replies back, and the denials in
 * between. RFC 5944 §3.7.2, §3.7.3; RFC 3024 §4.2.
 */

import { type Ipv4, MOBILE_AGENTS } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import { after, type Now } from "../../shared/base/time.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Effect, IcmpReceived, SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import {
  BASE_EXTENSIONS,
  type DecodedControl,
  decodeControl,
  INFINITE_LIFETIME,
  MOBILE_IP_PORT,
  type RegistrationReply,
  type RegistrationRequest,
  understanding,
} from "../../shared/wire/control.ts";
import { isAccepted, ReplyCode } from "../../shared/wire/reply-code.ts";
import type { FaCoreConfig } from "./config.ts";
import { DenialLimit, denialReply, type ReplyPath, replyToNode } from "./denial.ts";
import { foreignHomeFault, grantedLifetime, matchPending, relayedPart } from "./reply.ts";
import { denied, dropped, securityException, visitorReport } from "./reports.ts";
import { type AcceptableRequest, associationsWith, judgeRequest } from "./request.ts";
import { readUnreachable } from "./unreachable.ts";
import {
  type PendingRequest,
  type Visitor,
  type VisitorList,
  visitorKey,
  visitorRecord,
} from "./visitors.ts";

/** The extensions that are acted on here. */
const UNDERSTOOD = understanding(new Set([...BASE_EXTENSIONS, 130]));

/** What the relay must know of the agent around it. */
export interface Agent {
  readonly config: FaCoreConfig;
  readonly counters: Counters;
  readonly visitors: VisitorList;
  /** How the agent advertises on a link; `undefined` for a link that it does not serve. */
  link(interfaceName: string): AdvertisingConfig | undefined;
  /** The address that advertisements on a link come from, while the link is up. */
  linkAddress(interfaceName: string): Ipv4 | undefined;
  isOwnAddress(address: Ipv4): boolean;
  /** Called after a visitor came, changed or went. */
  visitorChanged(homeAddress: Ipv4): void;
}

/** A request as received, with the way back to the node. */
type ReceivedRequest = ReplyPath & RegistrationRequest;

export class RegistrationRelay {
  readonly #agent: Agent;
  readonly #denials = new DenialLimit();

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** A datagram that a node sent on a link: only a request to this agent concerns it. */
  fromLink(event: UdpReceived, interfaceName: string, now: Now): Effect[] {
    const link = this.#agent.link(interfaceName);
    const toAgent =
      event.destination === MOBILE_AGENTS || this.#agent.isOwnAddress(event.destination);
    if (link === undefined || !toAgent) return []; // passing through, or another agent's
    const result = decodeControl(event.payload, UNDERSTOOD);
    if (!result.ok) return this.#discard(`request-${result.error.code}`);
    if (event.linkSource === undefined) return this.#discard("no-link-layer-source");
    const decoded = result.value;
    if (decoded.message.name !== "registration-request") return this.#discard("unexpected-message");
    this.#agent.counters.add("requests-received");
    const received: ReceivedRequest = {
      ...decoded.message,
      interface: interfaceName,
      mac: event.linkSource,
      sourcePort: event.sourcePort,
      destination: event.destination,
    };
    const verdict = judgeRequest(
      { config: this.#agent.config, link, isOwnAddress: (a) => this.#agent.isOwnAddress(a) },
      event,
      decoded as DecodedControl<RegistrationRequest>,
    );
    if (verdict.verdict === "relay") {
      return this.#admit(received, event.source, verdict.request, link, now);
    }
    const denial = this.#deny(received, verdict.code, now, verdict.lifetime);
    return verdict.security === undefined
      ? denial
      : [securityException(received, verdict.security), ...denial];
  }

  /** A datagram to a care-of address: only a reply to a relayed request concerns it. */
  fromNetwork(event: UdpReceived, now: Now): Effect[] {
    const result = decodeControl(event.payload, UNDERSTOOD);
    if (!result.ok) return this.#discard(`reply-${result.error.code}`);
    if (result.value.message.name !== "registration-reply") {
      return this.#discard("unexpected-message");
    }
    const reply = result.value as DecodedControl<RegistrationReply>;
    this.#agent.counters.add("replies-received");
    const pending = matchPending(this.#agent.visitors, reply.message);
    if (pending === undefined) return this.#discard("reply-unmatched");
    this.#agent.visitors.deletePending(pending);
    const fault = foreignHomeFault(this.#agent.config, pending, reply);
    if (fault !== undefined) {
      const code = ReplyCode.faHomeAgentFailedAuthentication;
      return [securityException(pending, fault), ...this.#deny(pending, code, now)];
    }
    return [
      ...this.#reply(pending, relayedPart(reply)),
      ...this.#update(pending, reply.message, now),
    ];
  }

  /** An ICMP error: the requests it is about are denied with 80, 81, 82 or 88. */
  unreachable(event: IcmpReceived, now: Now): Effect[] {
    const error = readUnreachable(event.payload);
    if (error === undefined) return [];
    const about = this.#agent.visitors.pending().filter((pending) => {
      if (pending.homeAgent !== error.homeAgent) return false;
      if (error.request === undefined) return pending.careOfAddress === error.careOfAddress;
      return (
        pending.homeAddress === error.request.homeAddress &&
        pending.identification === error.request.identification
      );
    });
    return about.flatMap((pending) => {
      this.#agent.visitors.deletePending(pending);
      return this.#deny(pending, error.code, now);
    });
  }

  /** Requests that nobody answered (RFC 5944 §3.7.1: code 78). */
  timeOut(now: Now): Effect[] {
    return this.#agent.visitors
      .takeTimedOut(now.monotonic)
      .flatMap((pending) => this.#deny(pending, ReplyCode.faRegistrationTimeout, now));
  }

  /** Room in the tables, and no other node's home address; then the request is relayed. */
  #admit(
    received: ReceivedRequest,
    source: Ipv4,
    accepted: AcceptableRequest,
    link: AdvertisingConfig,
    now: Now,
  ): Effect[] {
    const { config, visitors, counters } = this.#agent;
    const current = visitors.get(received.homeAddress);
    // Equal private home addresses of two home agents cannot both be delivered yet.
    if (current !== undefined && current.homeAgent !== received.homeAgent) {
      return this.#deny(received, ReplyCode.faProhibited, now);
    }
    if (current === undefined && received.lifetime !== 0 && visitors.size >= config.maxVisitors) {
      return this.#deny(received, ReplyCode.faInsufficientResources, now);
    }
    const ours = link.careOfAddresses.includes(received.careOfAddress);
    const relaySource = ours ? received.careOfAddress : link.careOfAddresses[0];
    if (relaySource === undefined) return this.#discard("no-care-of-address");
    // RFC 5944 §3.5.4: no extension 34 on a deregistration or for another's care-of address.
    const [association] = associationsWith(config.homeAgents, received.homeAgent);
    const context = ours && received.lifetime !== 0 ? association : undefined;
    const request = pendingRequest(received, source, accepted, context, config, now);
    if (!visitors.addPending(request, config.maxPending)) {
      return this.#deny(received, ReplyCode.faInsufficientResources, now);
    }
    counters.add("requests-relayed");
    return [relayedRequest(request, relaySource, accepted.signed, context)];
  }

  #reply(path: ReplyPath, payload: Uint8Array): Effect[] {
    const address = this.#agent.linkAddress(path.interface);
    if (address === undefined) return this.#discard("link-down");
    this.#agent.counters.add("replies-sent");
    const [context] = associationsWith(this.#agent.config.mobileNodes, path.homeAddress);
    return [replyToNode(path, address, payload, context)];
  }

  /** RFC 5944 §3.7.3.2: the visitor list follows the code of a valid reply. */
  #update(pending: PendingRequest, reply: RegistrationReply, now: Now): Effect[] {
    const { config, visitors } = this.#agent;
    if (!isAccepted(reply.code)) return [denied(pending, reply.code, "home-agent")];
    const current = visitors.get(pending.homeAddress);
    const limit = config.registrationLifetime;
    const lifetime = grantedLifetime(pending.lifetime, reply.lifetime, limit);
    if (lifetime === 0) {
      const { careOfAddress, homeAddress } = pending;
      const ours = careOfAddress === homeAddress || careOfAddress === current?.careOfAddress;
      return current !== undefined && ours ? this.remove(current, "deregistered") : [];
    }
    const visitor = visitorOf(pending, reply, lifetime, now);
    visitors.set(visitor);
    this.#agent.visitorChanged(visitor.homeAddress);
    const event = current === undefined ? "visitor-added" : "visitor-updated";
    return [
      { type: "persist", key: visitorKey(visitor.homeAddress), value: visitorRecord(visitor, now) },
      visitorReport(event, visitor),
    ];
  }

  /** Forgets a visitor; nothing is sent for it (RFC 5944 §3.7). */
  remove(visitor: Visitor, reason: string): Effect[] {
    this.#agent.visitors.delete(visitor.homeAddress);
    this.#agent.visitorChanged(visitor.homeAddress);
    return [
      { type: "persist", key: visitorKey(visitor.homeAddress), value: null },
      visitorReport("visitor-removed", visitor, reason),
    ];
  }

  /** RFC 5944 §3.7.2: a denial with its code, unless one went to this node within a second. */
  #deny(
    path: ReplyPath & Pick<RegistrationRequest, "lifetime" | "homeAgent" | "identification">,
    code: number,
    now: Now,
    lifetime?: number,
  ): Effect[] {
    this.#agent.counters.add(`denied-${code}`);
    if (!this.#denials.allow(path.mac, now.monotonic)) {
      this.#agent.counters.add("denials-over-rate");
      return [];
    }
    return [
      ...this.#reply(path, denialReply(path, code, lifetime)),
      denied(path, code, "foreign-agent"),
    ];
  }

  #discard(reason: string): Effect[] {
    this.#agent.counters.add(`discarded-${reason}`);
    return [dropped(reason)];
  }
}

function pendingRequest(
  received: ReceivedRequest,
  source: Ipv4,
  accepted: AcceptableRequest,
  context: SecurityContext | undefined,
  config: FaCoreConfig,
  now: Now,
): PendingRequest {
  // RFC 5944 §3.7.2.2: never longer than the lifetime that was asked for.
  const ends = received.lifetime === 0 ? INFINITE_LIFETIME : received.lifetime;
  return {
    interface: received.interface,
    mac: received.mac,
    source,
    sourcePort: received.sourcePort,
    destination: received.destination,
    homeAddress: received.homeAddress,
    homeAgent: received.homeAgent,
    careOfAddress: received.careOfAddress,
    identification: received.identification,
    lifetime: received.lifetime,
    encapsulation: accepted.encapsulation,
    reverse: accepted.reverse,
    colocated: accepted.colocated,
    foreignHomeAuthenticated: context !== undefined,
    expiresAt: after(now.monotonic, Math.min(config.pendingTimeout, ends) * 1000),
  };
}

/** RFC 5944 §3.7.2.2: from the care-of address, the signed part unchanged, 34 last. */
function relayedRequest(
  request: PendingRequest,
  source: Ipv4,
  signed: Uint8Array,
  context: SecurityContext | undefined,
): SendUdp {
  const name = "foreign-home-authentication-extension";
  return {
    type: "send-udp",
    source,
    sourcePort: MOBILE_IP_PORT,
    destination: request.homeAgent,
    destinationPort: MOBILE_IP_PORT,
    ttl: 64,
    payload: context === undefined ? signed : appendAuthentication(signed, name, context),
  };
}

/** The visitor that an accepted request makes; its time runs from the relaying of the reply. */
function visitorOf(
  pending: PendingRequest,
  reply: RegistrationReply,
  lifetime: number,
  now: Now,
): Visitor {
  const infinite = lifetime === INFINITE_LIFETIME;
  return {
    interface: pending.interface,
    mac: pending.mac,
    homeAddress: reply.homeAddress,
    // RFC 3024 §5.1.2: the tunnel ends at the Home Agent field of the latest successful reply.
    homeAgent: reply.homeAgent,
    careOfAddress: pending.careOfAddress,
    encapsulation: pending.encapsulation,
    reverse: pending.reverse,
    colocated: pending.colocated,
    lifetime,
    expiresAt: infinite ? undefined : after(now.monotonic, lifetime * 1000),
  };
}
