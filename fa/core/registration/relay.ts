/**
 * The registration relay: requests from links to home agents, replies back, and the denials in
 * between. RFC 5944 §3.7.2, §3.7.3; RFC 3024 §4.2.
 */

import { isGroupMac, MOBILE_AGENTS } from "../../../shared/base/address.ts";
import type { Now } from "../../../shared/base/time.ts";
import type { AdvertisingConfig } from "../../../shared/protocol/advertising-config.ts";
import type { Effect, IcmpReceived, SendUdp, UdpReceived } from "../../../shared/protocol/core.ts";
import { naiIn } from "../../../shared/protocol/identity.ts";
import { hasUnsupportedVendorExtension } from "../../../shared/protocol/vendor.ts";
import {
  appendExtension,
  BASE_EXTENSIONS,
  type DecodedControl,
  decodeControl,
  type RegistrationReply,
  type RegistrationRequest,
  understanding,
} from "../../../shared/wire/control.ts";
import { ReplyCode, replyCodeText } from "../../../shared/wire/reply-code.ts";
import type { Agent } from "../agent.ts";
import { denied, dropped, messageStringReports, securityException } from "../reports.ts";
import { isForeignRevocationOffer, offerFault } from "../visits/visit-revocation.ts";
import { disownReply, followReply, visitFault } from "../visits/visits.ts";
import type { Challenged } from "./challenge.ts";
import { isUnansweredChallenge, wrongChallenge } from "./challenge-request.ts";
import { denialLimit, denialReply, type ReplyPath, replyToNode } from "./denial.ts";
import type { PendingRequest } from "./pending.ts";
import { pendingRequest, type ReceivedRequest, relayedRequest } from "./relaying.ts";
import { foreignHomeFault, relayedPart } from "./reply.ts";
import {
  type AcceptableRequest,
  associationsWith,
  contextsOf,
  endOfAuthorization,
  judgeRequest,
} from "./request.ts";
import { readUnreachable } from "./unreachable.ts";
import { Upstream } from "./upstream.ts";

/**
 * The extensions that are acted on here, or that a reply may bear for a node although no agent
 * that does not know them may let it pass (RFC 5944 §1.8): the UDP Tunnel Reply.
 */
const UNDERSTOOD = understanding(
  new Set([...BASE_EXTENSIONS, 36, 38, 44, 48, 130, 131, 132, 137, 139, 145]),
);

export class RegistrationRelay {
  readonly #agent: Agent;
  readonly #denials = denialLimit();
  readonly upstream: Upstream;

  constructor(agent: Agent) {
    this.#agent = agent;
    this.upstream = new Upstream(() => agent.config);
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
    // An answer to a group would go to nodes that asked for nothing.
    if (isGroupMac(event.linkSource)) return this.#discard("group-link-layer-source");
    if (result.value.message.name !== "registration-request") {
      return this.#discard("unexpected-message");
    }
    const decoded = result.value as DecodedControl<RegistrationRequest>;
    if (isUnansweredChallenge(decoded.message.extensions)) {
      return this.#discard("request-unauthenticated-challenge");
    }
    // RFC 3543 §4.2.1: only a node with a care-of address of its own may speak of revocation.
    if (isForeignRevocationOffer(decoded.message)) {
      return this.#discard("request-revocation-support");
    }
    this.#agent.counters.add("requests-received");
    this.#agent.load.count(now.monotonic);
    const received: ReceivedRequest = {
      nai: naiIn(decoded.message.extensions),
      interface: interfaceName,
      mac: event.linkSource,
      source: event.source,
      sourcePort: event.sourcePort,
      destination: event.destination,
      ...decoded.message,
    };
    const verdict = judgeRequest(
      {
        config: this.#agent.config,
        link,
        node: received,
        currentHomeAgent: this.#agent.visitors.at(received)?.homeAgent,
        isOwnAddress: (address) => this.#agent.isOwnAddress(address),
      },
      event,
      decoded,
    );
    if (verdict.verdict === "relay") return this.#admit(received, verdict.request, link, now);
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
    const { extensions, homeAddress, homeAgent, identification } = reply.message;
    const { source } = event;
    const marks = { homeAddress, homeAgent, identification, nai: naiIn(extensions), source };
    const pending = this.#agent.pending.match(marks);
    if (pending === undefined) return this.#discard("reply-unmatched");
    this.#agent.pending.delete(pending);
    const fault =
      foreignHomeFault(this.#agent.config, pending, reply) ?? offerFault(pending, reply);
    if (fault !== undefined) {
      const code = ReplyCode.faHomeAgentFailedAuthentication;
      return [securityException(pending, fault), ...this.#refuse(pending, reply, code, now)];
    }
    this.upstream.answered(pending.relayedTo, reply.message.code, now);
    // The node need not know extension 38 and could do nothing with a reply that has one.
    if (hasUnsupportedVendorExtension(extensions)) {
      const code = ReplyCode.faUnknownVendorExtensionFromHomeAgent;
      const disowned = disownReply(this.#agent, pending, reply, now);
      return [...this.#deny(pending, code, now), ...disowned];
    }
    const status =
      wrongChallenge(pending, extensions) ?? visitFault(this.#agent, pending, reply.message);
    if (status !== undefined) {
      const disowned = disownReply(this.#agent, pending, reply, now);
      return [...this.#refuse(pending, reply, status, now), ...disowned];
    }
    this.#agent.counters.add("replies-relayed");
    return [
      // A node that is served sends at once, and what it sends must find the tunnel.
      ...this.#reply(pending, relayedPart(reply), { onceInForce: true }),
      ...messageStringReports(pending, extensions),
      ...followReply(this.#agent, pending, reply, now),
    ];
  }

  /** An ICMP error: the requests it is about are denied with 80, 81, 82 or 88. */
  unreachable(event: IcmpReceived, now: Now): Effect[] {
    const error = readUnreachable(event.payload);
    if (error === undefined) return [];
    const about = [...this.#agent.pending.all()].filter((pending) => {
      if (pending.relayedTo !== error.homeAgent) return false;
      if (error.request === undefined) return pending.careOfAddress === error.careOfAddress;
      return (
        pending.homeAddress === error.request.homeAddress &&
        pending.identification === error.request.identification
      );
    });
    return about.flatMap((pending) => {
      this.#agent.pending.delete(pending);
      this.upstream.unanswered(pending.relayedTo);
      return this.#deny(pending, error.code, now);
    });
  }

  /** Requests that nobody answered (RFC 5944 §3.7.1: code 78). */
  timeOut(now: Now): Effect[] {
    return this.#agent.pending.takeTimedOut(now.monotonic).flatMap((pending) => {
      this.upstream.unanswered(pending.relayedTo);
      return this.#deny(pending, ReplyCode.faRegistrationTimeout, now);
    });
  }

  /** Room in the tables; then the request is relayed. */
  #admit(
    received: ReceivedRequest,
    accepted: AcceptableRequest,
    link: AdvertisingConfig,
    now: Now,
  ): Effect[] {
    const { config, visitors, pending, counters } = this.#agent;
    const ours = link.careOfAddresses.includes(received.careOfAddress);
    const relaySource = ours ? received.careOfAddress : link.careOfAddresses[0];
    if (relaySource === undefined) return this.#discard("no-care-of-address");
    // RFC 5944 §3.5.4: no extension 34 on a deregistration or for another's care-of address.
    const [association] = associationsWith(config.homeAgents, accepted.relayTo);
    const context = ours && received.lifetime !== 0 ? association : undefined;
    const here = visitors.at(received);
    const same = visitors.get(accepted.relayTo, received.homeAddress);
    const { homeAddress, careOfAddress } = received;
    const binding = { homeAgent: accepted.relayTo, homeAddress, careOfAddress };
    const { revocations } = this.#agent;
    if (revocations.isTooSoon(binding, now.monotonic)) {
      return this.#discard("request-right-after-revocation");
    }
    const visit = {
      ours,
      authenticated: context !== undefined,
      revocation: revocations.offer(link, accepted.colocated ? undefined : context, now),
      here,
      renewed: same ?? here,
    };
    const request = pendingRequest(this.#agent, received, accepted, visit, now);
    const { challenges } = this.#agent;
    const trusted = contextsOf(config, received).length > 0; // judgeRequest has checked it
    const fault = challenges.fault(request, trusted);
    if (fault !== undefined) return this.#deny(received, fault, now);
    const room = { pending: config.maxPending, visitors: this.#agent.room(now) };
    const { admitted, evicted } = pending.add(request, room);
    if (evicted !== undefined) counters.add("pending-evicted-by-visitor");
    if (!admitted) return this.#deny(received, ReplyCode.faInsufficientResources, now);
    challenges.use(request);
    revocations.relaying(binding);
    this.#agent.handovers.visitorChanged(received.homeAddress);
    counters.add("requests-relayed");
    return [relayedRequest(request, relaySource, accepted.signed, context)];
  }

  #reply(
    path: ReplyPath & Challenged,
    payload: Uint8Array,
    timing: Pick<SendUdp, "onceInForce"> = {},
  ): Effect[] {
    const address = this.#agent.linkAddress(path.interface);
    if (address === undefined) return this.#discard("link-down");
    this.#agent.counters.add("replies-sent");
    const [context] = contextsOf(this.#agent.config, path);
    // RFC 4721 §3.3: behind the home agent's part, before extension 33.
    const challenge = this.#agent.challenges.forReply(path);
    const name = "mobile-foreign-challenge-extension";
    const whole = challenge === undefined ? payload : appendExtension(payload, { name, challenge });
    return [{ ...replyToNode(path, address, whole, context), ...timing }];
  }

  /**
   * The home agent's reply as it is, and this agent's own verdict behind it (RFC 4636 §4). Without
   * extension 32 there is nothing in it that the node could believe, and the verdict stands alone.
   */
  #refuse(
    pending: PendingRequest,
    reply: DecodedControl<RegistrationReply>,
    status: number,
    now: Now,
  ): Effect[] {
    if (endOfAuthorization(reply) === undefined) return this.#deny(pending, status, now);
    this.#agent.counters.add(`denied-${status}`);
    const name = "fa-error-indication-to-mn";
    const verdict = appendExtension(relayedPart(reply), { name, status });
    const payload = this.#explained(verdict, status);
    return [...this.#reply(pending, payload), denied(pending, status, "foreign-agent")];
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
      ...this.#reply(path, this.#explained(denialReply(path, code, lifetime), code)),
      denied(path, code, "foreign-agent"),
    ];
  }

  /** RFC 4917 §5: behind the home agent's part, before extension 33. */
  #explained(payload: Uint8Array, code: number): Uint8Array {
    if (!this.#agent.config.messages) return payload;
    return appendExtension(payload, { name: "foreign-agent", text: replyCodeText(code) });
  }

  #discard(reason: string): Effect[] {
    this.#agent.counters.add(`discarded-${reason}`);
    return [dropped(reason)];
  }
}
