/**
 * Serving Registration Requests: from the verdict on who sent one to the reply that leaves.
 * RFC 5944 §3.8.2, §3.8.3.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { Random } from "../../shared/base/random.ts";
import { RateLimit } from "../../shared/base/rate-limit.ts";
import type { Result } from "../../shared/base/result.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import type { Effect, UdpReceived } from "../../shared/protocol/core.ts";
import { isLeftOpen } from "../../shared/protocol/dynamic-home-agent.ts";
import type { PeerAssociation } from "../../shared/security/association.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import { authenticate, type ReplayUpdate, type ReplyTerms } from "./authenticate.ts";
import { negotiate, supportExtensions } from "./binding-revocation.ts";
import type { BindingTable } from "./bindings.ts";
import type { HaCoreConfig } from "./config.ts";
import type { HomeLinks } from "./home-link.ts";
import type { LastAddresses } from "./last-addresses.ts";
import { agreeNetworks } from "./networks.ts";
import { NodeService } from "./node-service.ts";
import type { Directory, MobileNode } from "./nodes.ts";
import { type Exchange, linkToHome } from "./reception.ts";
import { applyRegistration, type BindingChange } from "./registration.ts";
import { replayEffect } from "./replay-record.ts";
import { encodeReply, sendReply } from "./reply.ts";
import { replyWords } from "./reply-words.ts";
import { denied, outcomeCounter, securityException } from "./reports.ts";
import type { HomeRevocations } from "./revocation.ts";
import { type ReplyExtensions, readTunnelRequest, tunnelAnswers } from "./tunnel-terms.ts";
import { grantedLifetime, validate } from "./validate.ts";

/** Milliseconds between two code 131 replies about one node to senders nobody vouches for. */
const UNAUTHENTICATED_DENIAL_INTERVAL = 1000;

/**
 * Security exceptions that are answered and told, by the source of the request: enough for a foreign
 * agent whose nodes all have a wrong clock, and not enough to fill a disk with the log.
 */
const SECURITY_EXCEPTIONS = { burst: 100, perSecond: 20, maxKeys: 256 };

/** What a reply has of its own. */
interface Content extends Partial<ReplyExtensions> {
  /** Granted, in seconds. */
  readonly lifetime?: number;
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
  readonly lastAddresses: LastAddresses;
  isOwnAddress(address: Ipv4): boolean;
  /** The binding list has changed: journal, forwarding state and reports follow. */
  changed(exchange: Exchange, change: BindingChange, now: Now): Effect[];
  discard(event: UdpReceived, reason: string): Effect[];
}

export class Registrar {
  readonly #owner: RegistrarOwner;
  readonly #exceptions = new RateLimit<Ipv4>(SECURITY_EXCEPTIONS);

  constructor(owner: RegistrarOwner) {
    this.#owner = owner;
  }

  judge(exchange: Exchange, now: Now): Effect[] {
    const { event, request, node } = exchange;
    node.service ??= new NodeService();
    const verdict = authenticate({
      decoded: exchange.decoded,
      node,
      foreignAgent: this.#associationsOf(exchange),
      source: event.source,
      wall: now.wall,
      replayWindow: this.#owner.config.replayWindow,
      random: this.#owner.random,
    });
    if (verdict.verdict === "discard") {
      const effects = this.#owner.discard(event, verdict.reason);
      if (verdict.security && this.#exceptions.allow(event.source, now.monotonic)) {
        effects.unshift(securityException(event, request, verdict.reason));
      }
      return effects;
    }
    if (verdict.verdict === "authentic") {
      node.replay[verdict.update.method] = verdict.update.state;
      return this.#addressed(exchange, (known, homeAddress) => {
        const effects = this.#serve(known, homeAddress, verdict.terms, now);
        if (!this.#isInBinding(known, verdict.update)) effects.unshift(replayEffect(node));
        return effects;
      });
    }
    if (!this.#exceptions.allow(event.source, now.monotonic)) {
      return this.#owner.discard(event, "denials-over-rate");
    }
    const effects: Effect[] = [securityException(event, request, verdict.security)];
    if (verdict.limited && !this.#mayDenyUnauthenticated(node, now.monotonic)) {
      return [...effects, ...this.#owner.discard(event, "denials-over-rate")];
    }
    // A nonce given out by a denial is not written: a replay must not cost a write, and after a
    // crash the one before it is as good.
    if (verdict.update !== undefined) node.replay[verdict.update.method] = verdict.update.state;
    const deny = (known: Exchange): Effect[] => this.#deny(known, verdict.code, verdict.terms, now);
    const isProven = verdict.code !== ReplyCode.haMobileNodeFailedAuthentication;
    effects.push(...(isProven ? this.#addressed(exchange, deny) : deny(exchange)));
    return effects;
  }

  /**
   * Finds a home address for a node that has proved who it is, since every reply needs one (RFC
   * 2794 §3), and takes it back when no binding came of it.
   */
  #addressed(
    exchange: Exchange,
    act: (known: Exchange, homeAddress: Result<Ipv4, number>) => Effect[],
  ): Effect[] {
    const { node, decoded, request } = exchange;
    const { directory, bindings, lastAddresses } = this.#owner;
    const assigned = directory.assign(node, decoded.message.homeAddress);
    const homeAddress = assigned.ok ? assigned.value : request.homeAddress;
    const isNew = bindings.of(homeAddress).length === 0;
    const named = homeAddress === request.homeAddress ? request : { ...request, homeAddress };
    const known = { ...exchange, request: named, isNew };
    const effects = act(known, assigned);
    if (!assigned.ok) return effects;
    if (bindings.of(homeAddress).length === 0) directory.release(homeAddress);
    else if (node.isDynamic) effects.unshift(...lastAddresses.bound(node.name, homeAddress));
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
   * What was accepted is written before its reply leaves: with the binding that came of it, or by
   * itself. Only the record of a binding by timestamp tells what must be remembered.
   */
  #isInBinding({ request }: Exchange, { method, state }: ReplayUpdate): boolean {
    if (method !== "timestamp") return false;
    const bindings = this.#owner.bindings.of(request.homeAddress);
    return bindings.some(({ identification }) => identification === state.lastAccepted);
  }

  #mayDenyUnauthenticated(node: MobileNode, now: Instant): boolean {
    const last = node.lastUnauthenticatedDenial;
    if (last !== undefined && now - last < UNAUTHENTICATED_DENIAL_INTERVAL) return false;
    node.lastUnauthenticatedDenial = now;
    return true;
  }

  #serve(
    exchange: Exchange,
    homeAddress: Result<Ipv4, number>,
    terms: ReplyTerms,
    now: Now,
  ): Effect[] {
    const { request } = exchange;
    const { config, bindings, random } = this.#owner;
    const context = {
      config,
      bindings,
      random,
      homeAddress,
      isOwnAddress: (address: Ipv4) => this.#owner.isOwnAddress(address),
    };
    const asked = readTunnelRequest(request, terms.foreign !== undefined);
    const service = validate(context, exchange, asked);
    if (!service.ok) return this.#deny(exchange, service.error, terms, now);
    const elsewhere = this.#elsewhere(exchange);
    if (elsewhere !== undefined) {
      const toNode = [{ name: "redirected-ha-extension", haAddress: elsewhere } as const];
      return this.#deny(exchange, ReplyCode.haRedirected, terms, now, { toNode });
    }
    const { tunnel } = service.value;
    const support = negotiate(exchange, terms, this.#owner.revocations.clock, now);
    if (support === "unprotected") {
      const code = ReplyCode.haForeignAgentFailedAuthentication;
      const exception = securityException(exchange.event, request, "unprotected extension 137");
      return [exception, ...this.#deny(exchange, code, terms, now)];
    }
    const networks = agreeNetworks(context, exchange.node, request);
    if (!networks.ok) {
      const { code, answers: toNode } = networks.error;
      return this.#deny(exchange, code, terms, now, { toNode });
    }
    const { keepalive, maxLifetime } = config.natTraversal;
    const inUdp = tunnel?.form.udpPort !== undefined;
    const own = exchange.node.limits.maxLifetime;
    const longest = inUdp ? Math.min(own, maxLifetime) : own;
    const lifetime = grantedLifetime(request.lifetime, longest);
    const answers =
      tunnel === undefined
        ? this.#standingAnswers(exchange, terms)
        : tunnelAnswers(asked, tunnel.form, { keepalive });
    const offers = supportExtensions(support);
    const registration = {
      request,
      nai: exchange.node.nai,
      terms: service.value,
      networks: networks.value.networks,
      lifetime,
      identification: terms.identification,
      replay: terms.context.replay,
      revocation: support?.revocation,
    };
    const change = applyRegistration(bindings, registration, now);
    const grant = {
      lifetime,
      toNode: [...answers.toNode, ...networks.value.answers, ...offers.toNode],
      toAgent: [...answers.toAgent, ...offers.toAgent],
    };
    const effects = this.#owner.changed(exchange, change, now);
    effects.push(...this.#announce(exchange, change, now));
    effects.push(this.#reply(exchange, ReplyCode.accepted, terms, now, grant));
    return effects;
  }

  /** RFC 4433 §5.3: where a node without a binding here is sent that has no home agent yet. */
  #elsewhere({ request, decoded }: Exchange): Ipv4 | undefined {
    const { config, bindings } = this.#owner;
    const { redirection } = config;
    if (redirection === undefined || bindings.size < redirection.above) return undefined;
    if (request.lifetime === 0 || bindings.of(request.homeAddress).length > 0) return undefined;
    return isLeftOpen(decoded.message.homeAgent) ? redirection.homeAgent : undefined;
  }

  /** Of a binding that no request has changed yet (RFC 6245 §4.2). */
  #standingAnswers({ request }: Exchange, terms: ReplyTerms): ReplyExtensions {
    const asked = readTunnelRequest(request, terms.foreign !== undefined);
    const { homeAddress, careOfAddress } = request;
    const current = this.#owner.bindings.get(homeAddress, careOfAddress);
    return tunnelAnswers(asked, current, undefined);
  }

  /** RFC 5944 §4.6: who now answers for the home address, when that has changed. */
  #announce(exchange: Exchange, { before, made }: BindingChange, now: Now): Effect[] {
    const { request, node, event } = exchange;
    const { homeAddress } = request;
    const { homeLinks, bindings } = this.#owner;
    const home = node.network?.interface;
    if (home === undefined) return [];
    if (made !== undefined) {
      return before ? [] : homeLinks.announce(home, homeAddress, undefined, now);
    }
    if (bindings.of(homeAddress).length > 0) return [];
    homeLinks.cancel(homeAddress);
    const returned = request.careOfAddress === homeAddress;
    if (!returned || linkToHome(exchange) === undefined) return [];
    return homeLinks.announce(home, homeAddress, event.linkSource, now);
  }

  #reply(exchange: Exchange, code: number, terms: ReplyTerms, now: Now, content: Content): Effect {
    const { event, request, broadcast, node } = exchange;
    node.service?.replied(code, now.monotonic);
    const { address } = this.#owner.config;
    this.#owner.counters.add(outcomeCounter(code));
    this.#owner.counters.add("reg-replies-sent");
    if (request.lifetime === 0) this.#owner.counters.add("de-reg-replies-sent");
    const fields = {
      code,
      lifetime: content.lifetime ?? grantedLifetime(request.lifetime, node.limits.maxLifetime),
      homeAgent: this.#owner.isOwnAddress(request.homeAgent) ? request.homeAgent : address,
    };
    const words = replyWords(this.#owner.config, exchange, code);
    const payload = encodeReply(request, fields, terms, {
      toNode: [...words.toNode, ...(content.toNode ?? [])],
      toAgent: [...words.toAgent, ...(content.toAgent ?? [])],
    });
    return sendReply(event, address, broadcast, linkToHome(exchange), payload);
  }

  #deny(
    exchange: Exchange,
    code: number,
    terms: ReplyTerms,
    now: Now,
    more: Content = {},
  ): Effect[] {
    const answers = this.#standingAnswers(exchange, terms);
    const toNode = [...answers.toNode, ...(more.toNode ?? [])];
    return [
      denied(exchange.event, exchange.request, code),
      this.#reply(exchange, code, terms, now, { ...answers, toNode }),
    ];
  }
}
