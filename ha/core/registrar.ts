/**
 * Serving Registration Requests: from the verdict on who sent one to the reply that leaves.
 * RFC 5944 §3.8.2, §3.8.3.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { Random } from "../../shared/base/random.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import type { Effect, UdpReceived } from "../../shared/protocol/core.ts";
import type { PeerAssociation } from "../../shared/security/association.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import { authenticate, type ReplayUpdate, type ReplyTerms } from "./authenticate.ts";
import { negotiate, supportExtensions } from "./binding-revocation.ts";
import { type BindingTable, bindingKey } from "./bindings.ts";
import type { HaCoreConfig } from "./config.ts";
import type { HomeLinks } from "./home-link.ts";
import { type Directory, type MobileNode, replayKey, replayRecord } from "./nodes.ts";
import { type Exchange, linkToHome } from "./reception.ts";
import { applyRegistration, type BindingChange } from "./registration.ts";
import { encodeReply, sendReply } from "./reply.ts";
import { denied, outcomeCounter, securityException } from "./reports.ts";
import type { HomeRevocations } from "./revocation.ts";
import { type ReplyExtensions, readTunnelRequest, tunnelAnswers } from "./tunnel-terms.ts";
import { grantedLifetime, validate } from "./validate.ts";

/** Milliseconds between two code 131 replies about one node to senders nobody vouches for. */
const UNAUTHENTICATED_DENIAL_INTERVAL = 1000;

/** What a reply that grants something has of its own. */
interface Grant extends ReplyExtensions {
  /** Seconds. */
  readonly lifetime: number;
}

/** What the rest of the home agent is to this part. */
export interface RegistrarOwner {
  readonly config: HaCoreConfig;
  readonly directory: Directory;
  readonly bindings: BindingTable;
  readonly counters: Counters;
  readonly random: Random;
  readonly homeLinks: HomeLinks;
  readonly revocations: HomeRevocations;
  isOwnAddress(address: Ipv4): boolean;
  /** The binding list has changed: journal, forwarding state and reports follow. */
  changed(exchange: Exchange, change: BindingChange, now: Now): Effect[];
  discard(event: UdpReceived, reason: string): Effect[];
}

export class Registrar {
  readonly #owner: RegistrarOwner;

  constructor(owner: RegistrarOwner) {
    this.#owner = owner;
  }

  judge(exchange: Exchange, now: Now): Effect[] {
    const { event, request, node } = exchange;
    const verdict = authenticate({
      decoded: exchange.decoded,
      node,
      foreignAgent: this.#associationsOf(exchange),
      wall: now.wall,
      replayWindow: this.#owner.config.replayWindow,
      random: this.#owner.random,
    });
    if (verdict.verdict === "authentic") {
      const persist = this.#remember(node, verdict.update, true);
      return [...persist, ...this.#serve(exchange, verdict.terms, now)];
    }
    if (verdict.verdict === "discard") {
      const effects = this.#owner.discard(event, verdict.reason);
      if (verdict.security) effects.unshift(securityException(event, request, verdict.reason));
      return effects;
    }
    const effects: Effect[] = [securityException(event, request, verdict.security)];
    if (verdict.limited && !this.#mayDenyUnauthenticated(node, now.monotonic)) {
      return [...effects, ...this.#owner.discard(event, "denials-over-rate")];
    }
    this.#remember(node, verdict.update, false);
    effects.push(...this.#deny(exchange, verdict.code, verdict.terms));
    return effects;
  }

  /** A NAT hides the source of a foreign agent's request, its care-of address tells. */
  #associationsOf({ event, request }: Exchange): readonly PeerAssociation[] {
    const { directory } = this.#owner;
    const found = directory.associationsWith(event.source);
    const isColocated = (request.flags & RequestFlag.D) !== 0;
    return found.length > 0 || isColocated
      ? found
      : directory.associationsWith(request.careOfAddress);
  }

  /**
   * What was accepted is written before its reply leaves. A nonce given out by a denial is not: a
   * replay must not cost a write, and after a crash the one before it is as good.
   */
  #remember(node: MobileNode, update: ReplayUpdate | undefined, durable: boolean): Effect[] {
    if (update !== undefined) node.replay[update.method] = update.state;
    if (!durable) return [];
    return [{ type: "persist", key: replayKey(node.homeAddress), value: replayRecord(node) }];
  }

  #mayDenyUnauthenticated(node: MobileNode, now: Instant): boolean {
    const last = node.lastUnauthenticatedDenial;
    if (last !== undefined && now - last < UNAUTHENTICATED_DENIAL_INTERVAL) return false;
    node.lastUnauthenticatedDenial = now;
    return true;
  }

  #serve(exchange: Exchange, terms: ReplyTerms, now: Now): Effect[] {
    const { request } = exchange;
    const { config, bindings, random } = this.#owner;
    const context = {
      config,
      bindings,
      random,
      isOwnAddress: (address: Ipv4) => this.#owner.isOwnAddress(address),
    };
    const asked = readTunnelRequest(request, terms.foreign !== undefined);
    const service = validate(context, exchange, asked);
    if (!service.ok) return this.#deny(exchange, service.error, terms);
    const { tunnel } = service.value;
    const support = negotiate(exchange, terms, this.#owner.revocations.clock, now);
    if (support === "unprotected") {
      const code = ReplyCode.haForeignAgentFailedAuthentication;
      const exception = securityException(exchange.event, request, "unprotected extension 137");
      return [exception, ...this.#deny(exchange, code, terms)];
    }
    const { keepalive, maxLifetime } = config.natTraversal;
    const inUdp = tunnel?.form.udpPort !== undefined;
    const longest = inUdp ? Math.min(config.maxLifetime, maxLifetime) : config.maxLifetime;
    const lifetime = grantedLifetime(request.lifetime, longest);
    const answers =
      tunnel === undefined
        ? this.#standingAnswers(exchange, terms)
        : tunnelAnswers(asked, tunnel.form, { keepalive });
    const offers = supportExtensions(support);
    const registration = {
      request,
      terms: service.value,
      lifetime,
      identification: terms.identification,
      revocation: support?.revocation,
    };
    const change = applyRegistration(bindings, registration, now);
    const grant = {
      lifetime,
      toNode: [...answers.toNode, ...offers.toNode],
      toAgent: [...answers.toAgent, ...offers.toAgent],
    };
    return [
      ...this.#owner.changed(exchange, change, now),
      ...this.#announce(exchange, change, now),
      ...this.#reply(exchange, ReplyCode.accepted, terms, grant),
    ];
  }

  /** Of a binding that no request has changed yet (RFC 6245 §4.2). */
  #standingAnswers({ request }: Exchange, terms: ReplyTerms): ReplyExtensions {
    const asked = readTunnelRequest(request, terms.foreign !== undefined);
    const { homeAddress, careOfAddress } = request;
    const current = this.#owner.bindings.get(bindingKey(homeAddress, careOfAddress));
    return tunnelAnswers(asked, current, undefined);
  }

  /** RFC 5944 §4.6: who now answers for the home address, when that has changed. */
  #announce(exchange: Exchange, { before, made }: BindingChange, now: Now): Effect[] {
    const { request, node, event } = exchange;
    const home = node.network?.interface;
    if (home === undefined) return [];
    if (made !== undefined) {
      return before ? [] : this.#owner.homeLinks.announce(home, node.homeAddress, undefined, now);
    }
    if (this.#owner.bindings.of(node.homeAddress).length > 0) return [];
    this.#owner.homeLinks.cancel(node.homeAddress);
    const returned = request.careOfAddress === request.homeAddress;
    if (!returned || linkToHome(exchange) === undefined) return [];
    return this.#owner.homeLinks.announce(home, node.homeAddress, event.linkSource, now);
  }

  #reply(exchange: Exchange, code: number, terms: ReplyTerms, grant?: Grant): Effect[] {
    const { event, request, broadcast } = exchange;
    const { address, maxLifetime } = this.#owner.config;
    this.#owner.counters.add(outcomeCounter(code));
    this.#owner.counters.add("reg-replies-sent");
    if (request.lifetime === 0) this.#owner.counters.add("de-reg-replies-sent");
    const fields = {
      code,
      lifetime: grant?.lifetime ?? grantedLifetime(request.lifetime, maxLifetime),
      homeAgent: this.#owner.isOwnAddress(request.homeAgent) ? request.homeAgent : address,
    };
    const extensions = grant ?? this.#standingAnswers(exchange, terms);
    const payload = encodeReply(request, fields, terms, extensions);
    return [sendReply(event, address, broadcast, linkToHome(exchange), payload)];
  }

  #deny(exchange: Exchange, code: number, terms: ReplyTerms): Effect[] {
    return [denied(exchange.event, exchange.request, code), ...this.#reply(exchange, code, terms)];
  }
}
