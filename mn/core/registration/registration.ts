/**
 * Registration with the home agent: the one pending request, its retransmission, the registration
 * that holds, its renewal. RFC 5944 §3.6.
 */

import type { Ipv4 } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import { type Random, uniform } from "../../../shared/base/random.ts";
import { after, earliest, type Instant, type Now } from "../../../shared/base/time.ts";
import type { Effect, UdpReceived } from "../../../shared/protocol/core.ts";
import { type RegistrationReply, RequestFlag } from "../../../shared/wire/control.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { MnCoreConfig } from "../config.ts";
import { Formers } from "./formers.ts";
import { Identifications } from "./identification.ts";
import { laterEnd, lifetimeEnd, nextTimeout } from "./lifetimes.ts";
import { MobileNetworks } from "./mobile-networks.ts";
import { RequestPace } from "./pace.ts";
import { judgeReply, signedByHome, supportedSince, type Verdict } from "./reply.ts";
import { encodeRequest, type Operation, sameOperation, sendRequest } from "./request.ts";
import { shorterKeepalive, type UdpTunnelGrant, udpTunnelGrant } from "./udp-tunnel.ts";

/**
 * Renewal at this share of the granted lifetime, by chance within it, so that nodes do not stay
 * in step: a third is left for retransmissions (§3.6.2.2 wants it before the end).
 */
const RENEW_FROM = 0.6;
const RENEW_TO = 2 / 3;
/** For each pending registration, what RFC 5944 §3.6 lists. */
export interface Pending {
  readonly operation: Operation;
  readonly identification: bigint;
  readonly payload: Uint8Array;
  /** When these very octets were first sent; lifetimes count from then. */
  readonly sentAt: Instant;
  readonly attempts: number;
  readonly timeout: number;
  readonly retryAt: Instant;
  /**
   * A denial came, or another home agent is asked. The request stays pending until the next one
   * replaces it: a denial that only a foreign agent claims must not keep the home agent's own
   * answer out.
   */
  readonly denied: boolean;
}

/** A registration that the home agent has accepted. */
export interface Registered {
  readonly operation: Operation;
  /** Seconds granted; 0xffff is infinity. */
  readonly lifetime: number;
  readonly expiresAt: Instant | undefined;
  readonly renewAt: Instant | undefined;
  /** Where the acceptance came from: the address of the foreign agent (RFC 3024 §5.2.2). */
  readonly answeredBy: Ipv4;
  /** Both sides take part in revocation: the home agent's clock then (RFC 3543 §4.2.1). */
  readonly revocableSince: number | undefined;
  /** The tunnel goes in UDP (RFC 3519). */
  readonly udp: UdpTunnelGrant | undefined;
}

/** What a reply has settled. */
export type Outcome =
  | { readonly kind: "accepted"; readonly operation: Operation; readonly reply: RegistrationReply }
  | {
      readonly kind: "denied";
      readonly operation: Operation;
      readonly reply: RegistrationReply;
      readonly origin: "foreign-agent" | "home-agent";
    }
  | { readonly kind: "discarded"; readonly verdict: Extract<Verdict, { kind: "discarded" }> };

export class Registration {
  #config: MnCoreConfig;
  readonly #random: Random;
  readonly #counters: Counters;
  readonly identifications: Identifications;
  #pending: Pending | undefined;
  #registered: Registered | undefined;
  /** The home agent may hold a binding of ours; until when, if not for ever. */
  #exposure: { readonly until: Instant | undefined } | undefined;
  readonly #pace = new RequestPace();
  readonly networks: MobileNetworks;
  readonly formers = new Formers();
  #dueAt: Instant | undefined;
  /** The interval of keepalives on one way, where the one granted was too long for a NAT. */
  #shortened: { readonly key: string; readonly keepalive: number } | undefined;

  constructor(config: MnCoreConfig, random: Random, counters: Counters) {
    this.#config = config;
    this.#random = random;
    this.#counters = counters;
    this.identifications = new Identifications(config.homeAssociation.replay, random);
    this.networks = new MobileNetworks(config);
  }

  get pending(): Pending | undefined {
    return this.#pending;
  }

  get registered(): Registered | undefined {
    return this.#registered;
  }

  /** A registration holds, or a request is out that may yet become one. */
  get exposed(): boolean {
    return this.#exposure !== undefined;
  }

  /** When the next new request may be sent. */
  get earliestRequest(): Instant {
    return this.#pace.earliest();
  }

  /** `keep`: the registration is still what the configuration asks for, but for its terms. */
  reconfigure(config: MnCoreConfig, keep: boolean): void {
    this.#config = config;
    this.networks.reconfigure(config, keep);
    this.identifications.reconfigure(config.homeAssociation.replay, keep);
    this.#pending = undefined;
    if (!keep) this.#forget();
  }

  /** Something of what the requests say has changed, and nothing of what holds. */
  adopt(config: MnCoreConfig): void {
    this.#config = config;
  }

  /** The home agent has ended the registration (RFC 3543 §4.2.2.3). */
  revoked(): void {
    this.#forget();
  }

  #forget(): void {
    this.#registered = undefined;
    this.#exposure = undefined;
    this.formers.clear();
  }

  /** The request is repeated no more; a late reply to it still counts. */
  abandon(): void {
    if (this.#pending !== undefined) this.#pending = { ...this.#pending, denied: true };
  }

  /** The link layer said that the link has changed. */
  linkChanged(): void {
    this.#pace.linkChanged();
  }

  /**
   * Nothing comes back through a tunnel in UDP: a NAT may have forgotten its mapping sooner than
   * thought. On this way keepalives are more frequent from the next registration on (RFC 3519
   * §4.10).
   */
  mappingLost(): void {
    const { operation, udp } = this.#registered ?? {};
    if (operation === undefined || udp === undefined) return;
    this.#shortened = { key: operation.agentKey, keepalive: shorterKeepalive(udp.keepalive) };
  }

  /** The registration that holds is to be renewed now. */
  renewNow(now: Instant): void {
    if (this.#registered !== undefined) this.#registered = { ...this.#registered, renewAt: now };
  }

  /** A request that was refused for its timestamp is outdone: true, once (§5.7.1). */
  outdoesRefused(now: Instant): boolean {
    if (!this.identifications.outdoesRefused(now)) return false;
    this.renewNow(now);
    return true;
  }

  renewalDue(now: Instant): boolean {
    const renewAt = this.#registered?.renewAt;
    return renewAt !== undefined && renewAt <= now;
  }

  /** Lets run out what has; returns the registration that ended. */
  expire(now: Instant): Registered | undefined {
    const until = this.#exposure?.until;
    if (until !== undefined && until <= now) this.#exposure = undefined;
    this.formers.expire(now);
    const ended = this.#registered;
    if (ended?.expiresAt === undefined || ended.expiresAt > now) return undefined;
    this.#registered = undefined;
    this.networks.end();
    return ended;
  }

  /** When `drive` has something to do, or something runs out. */
  nextDeadline(now: Instant): Instant | undefined {
    const renewAt = this.#registered?.renewAt;
    const future = renewAt !== undefined && renewAt > now ? renewAt : undefined;
    const { expiresAt } = this.#registered ?? {};
    const { outdoAt } = this.identifications;
    const formerAt = this.formers.nextDeadline(now);
    return earliest(this.#dueAt, future, expiresAt, this.#exposure?.until, outdoAt, formerAt);
  }

  /** Sends what `operation` needs, when it is time; `undefined`: nothing is to be asked for. */
  drive(operation: Operation | undefined, notBefore: Instant | undefined, now: Now): Effect[] {
    this.#dueAt = undefined;
    if (operation === undefined) {
      this.#pending = undefined;
      return [];
    }
    const pending = this.#pending;
    const again = pending !== undefined && sameOperation(pending.operation, operation);
    const unanswered = again && !pending.denied;
    const dueAt = unanswered
      ? pending.retryAt
      : (Math.max(this.#pace.earliest(), notBefore ?? 0) as Instant);
    if (now.monotonic < dueAt) {
      this.#dueAt = dueAt;
      return [];
    }
    const effects = this.#send(operation, unanswered ? pending : undefined, now);
    this.#dueAt = this.#pending?.retryAt;
    return effects;
  }

  /**
   * With timestamps every transmission is a new request; with nonces an unanswered one goes out
   * again octet for octet (RFC 5944 §3.6.3).
   */
  #send(operation: Operation, before: Pending | undefined, now: Now): Effect[] {
    const repeated = this.identifications.repeats ? before : undefined;
    const fresh = repeated === undefined ? this.identifications.next(now) : undefined;
    const identification = repeated?.identification ?? fresh?.identification ?? 0n;
    const wanted =
      repeated === undefined
        ? { ...operation, challenge: operation.challenge ?? before?.operation.challenge }
        : { ...repeated.operation, mac: operation.mac };
    const asked = wanted.action === "register" ? this.networks.requests(wanted.homeAgent) : [];
    const payload = repeated?.payload ?? encodeRequest(wanted, identification, this.#config, asked);
    if (wanted.action === "register") this.formers.ask(wanted.careOfAddress);
    const timeout = nextTimeout(before?.timeout, wanted.lifetime);
    this.#pending = {
      operation: wanted,
      identification,
      payload,
      sentAt: repeated?.sentAt ?? now.monotonic,
      attempts: (before?.attempts ?? 0) + 1,
      timeout,
      retryAt: after(now.monotonic, timeout),
      denied: false,
    };
    if (wanted.action === "register") {
      const until = lifetimeEnd(now.monotonic, wanted.lifetime);
      this.#exposure = { until: laterEnd(until, this.#exposure) };
    }
    this.#pace.sent(now.monotonic);
    this.#counters.add(before === undefined ? "requests-sent" : "requests-retransmitted");
    return [...(fresh === undefined ? [] : [fresh.persist]), sendRequest(wanted, payload)];
  }

  /** Takes a datagram in; what it settled is for the caller to act upon. */
  receive(event: UdpReceived, now: Now): { outcome: Outcome; effects: Effect[] } {
    const verdict = judgeReply(event, this.#pending, this.#config);
    const pending = this.#pending;
    if (verdict.kind === "discarded" || pending === undefined) {
      if (verdict.kind === "discarded") this.#counters.add(verdict.reason);
      const none = { kind: "discarded", reason: "reply-not-awaited", security: false } as const;
      const reason = verdict.kind === "discarded" ? verdict : none;
      return { outcome: { kind: "discarded", verdict: reason }, effects: [] };
    }
    const { reply } = verdict;
    const { operation } = pending;
    if (verdict.kind === "accepted") {
      const effects: Effect[] = this.identifications.learn(reply, pending.identification, now);
      effects.push(...this.#accept(pending, reply, event.source, now));
      return { outcome: { kind: "accepted", operation, reply }, effects };
    }
    const { origin } = verdict;
    this.#counters.add(`denied-${origin}`);
    const effects =
      origin === "home-agent" ? this.identifications.learn(reply, pending.identification, now) : [];
    if (origin === "home-agent" && operation.action === "register") {
      const held = this.#registered;
      this.#exposure = held === undefined ? undefined : { until: held.expiresAt };
    }
    this.#pending = { ...pending, denied: true };
    return { outcome: { kind: "denied", operation, reply, origin }, effects };
  }

  #accept(pending: Pending, reply: RegistrationReply, answeredBy: Ipv4, now: Now): Effect[] {
    this.#pending = undefined;
    const { operation, sentAt } = pending;
    if (operation.action === "release") {
      this.formers.released(operation.careOfAddress);
      return [];
    }
    if (operation.action === "deregister") {
      this.#forget();
      this.networks.end();
      return [];
    }
    this.#keepFormer(operation, reply.code, now.monotonic);
    // A reply never extends the lifetime (§3.4); it counts from sending (§3.6.2.2).
    const lifetime = Math.min(operation.lifetime, reply.lifetime);
    const expiresAt = lifetimeEnd(sentAt, lifetime);
    const share = uniform(this.#random, RENEW_FROM, RENEW_TO);
    const renewAt = expiresAt === undefined ? undefined : after(sentAt, lifetime * 1000 * share);
    this.#exposure = { until: expiresAt };
    // What was left open is as the home agent has it (RFC 5944 §3.6, RFC 4433 §4.1).
    const { homeAddress, homeAgent } = reply;
    const agreed = { ...operation, homeAddress, homeAgent };
    const { keepalive } = this.#config.registration;
    if (this.#shortened?.key !== operation.agentKey) this.#shortened = undefined;
    const most = this.#shortened?.keepalive;
    const udp = udpTunnelGrant(operation.udp, signedByHome(reply), keepalive, most);
    const revocableSince =
      operation.revocation === undefined ? undefined : supportedSince(signedByHome(reply));
    const terms = { answeredBy, revocableSince, udp };
    this.#registered = { operation: agreed, lifetime, expiresAt, renewAt, ...terms };
    const told = this.networks.accept(reply);
    this.expire(now.monotonic);
    return told;
  }

  /** Without the S bit, and with code 1, the newest binding is the only one (§3.4, §3.8.2.1). */
  #keepFormer({ flags, careOfAddress }: Operation, code: number, now: Instant): void {
    const { operation: former, expiresAt } = this.#registered ?? {};
    const isBeside = (flags & RequestFlag.S) !== 0 && code === ReplyCode.accepted;
    if (!isBeside) this.formers.clear();
    else if (former !== undefined) this.formers.keep(former.careOfAddress, expiresAt, now);
    this.formers.released(careOfAddress);
    this.formers.answered();
  }
}
