/**
 * Registration revocation at the foreign agent: RFC 3543 §3.2, §4.1, §4.2.2.2, §4.2.3.1. It offers
 * itself in relayed requests, tells home agents of visitors that it serves no longer, and ends the
 * visits that a home agent has revoked.
 */

import type { Instant, Now } from "../../../shared/base/time.ts";
import type { AdvertisingConfig } from "../../../shared/protocol/advertising-config.ts";
import type { Effect, UdpReceived } from "../../../shared/protocol/core.ts";
import {
  acknowledgment,
  judgeRevocation,
  type RegistrationRevocation,
  type RegistrationRevocationAcknowledgment,
  RevocationMemory,
  UNDERSTOOD_IN_REVOCATION,
} from "../../../shared/protocol/revocation-messages.ts";
import {
  type RevocationEnd,
  RevocationSender,
} from "../../../shared/protocol/revocation-sender.ts";
import {
  isLaterTimestamp,
  RevocationClock,
  type RevocationOffer,
} from "../../../shared/protocol/revocation-terms.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import { RevocationFlag } from "../../../shared/wire/control/revocation.ts";
import {
  type DecodedControl,
  decodeControl,
  MOBILE_IP_PORT,
} from "../../../shared/wire/control.ts";
import type { Agent } from "../agent.ts";
import type { Node } from "../node.ts";
import { associationsWith } from "../registration/request.ts";
import {
  dropped,
  messageStringReports,
  revocationException,
  revocationReport,
  revokedReport,
} from "../reports.ts";
import { type BindingNames, visitKey } from "./visit-revocation.ts";
import type { Visitor } from "./visitors.ts";
import { endVisit } from "./visits.ts";

/** Whom a revocation is about, and whether it may come back here. */
interface Subject {
  readonly node: Node;
  readonly busy: boolean;
}

export class VisitorRevocations {
  readonly #agent: Agent;
  readonly #clock = new RevocationClock();
  readonly #sender = new RevocationSender<Subject>("foreign-agent", this.#clock);
  readonly #memory = new RevocationMemory();

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  nextDeadline(): Instant | undefined {
    return this.#sender.nextDeadline();
  }

  /** RFC 3543 §3.3: not within a second of a revocation of the same binding. */
  isTooSoon(visit: BindingNames, now: Instant): boolean {
    return !this.#sender.isIdle && this.#sender.isRecent(visitKey(visit), now);
  }

  /**
   * What a relayed request says: with the X bit on its link and an association with its home agent
   * (RFC 3543 §3.2).
   */
  offer(
    link: AdvertisingConfig,
    context: SecurityContext | undefined,
    now: Now,
  ): RevocationOffer | undefined {
    if (!link.revocation || context === undefined) return undefined;
    const inform = this.#agent.config.informRevoked === "home-agent";
    return { timestamp: this.#clock.timestamp(now), inform };
  }

  /**
   * A request for this binding is being relayed: a revocation of it that is under way ends, since a
   * later one of its datagrams would revoke what is being registered.
   */
  relaying(visit: BindingNames): void {
    if (!this.#sender.isIdle) this.#sender.cancel(visitKey(visit));
  }

  /** A visitor came or renewed; `waitingSince` is when its request was relayed. */
  registered(visitor: Visitor, waitingSince: Instant): Effect[] {
    this.relaying(visitor);
    const { revocation } = visitor;
    if (revocation === undefined) return [];
    const key = visitKey(visitor);
    // The timestamps tell that this registration was revoked before its reply got here.
    if (!this.#memory.covers(key, revocation.theirs, waitingSince)) return [];
    this.#agent.counters.add("revocations-overtook-reply");
    return this.#end(visitor, this.#informsByPolicy());
  }

  /** After a restart: what the clock said in an earlier life. */
  restored({ revocation }: Visitor, now: Now): void {
    if (revocation !== undefined) this.#clock.notBefore(revocation.ours, now);
  }

  /**
   * This agent serves a visitor no longer (RFC 3543 §4.2.3.1); `gone` when the node has left by
   * itself and needs no word of it. The visitor has been taken out of the list.
   */
  revoke(visitor: Visitor, gone: boolean, now: Now): Effect[] {
    const { revocation, homeAgent } = visitor;
    const [context] = associationsWith(this.#agent.config.homeAgents, homeAgent);
    if (revocation === undefined || context === undefined) return [];
    const asks = !gone && revocation.inform && this.#agent.config.informRevoked === "home-agent";
    const started = this.#sender.start(
      {
        key: visitKey(visitor),
        homeAddress: visitor.homeAddress,
        homeDomainAddress: homeAgent,
        foreignDomainAddress: visitor.careOfAddress,
        source: visitor.careOfAddress,
        destination: homeAgent,
        destinationPort: MOBILE_IP_PORT,
        inform: asks,
        protection: { name: "foreign-home-authentication-extension", context },
        endsAt: visitor.expiresAt,
        registeredAt: revocation.registeredAt ?? now.monotonic,
        subject: { node: visitor, busy: true },
      },
      now,
    );
    if (!started) this.#agent.counters.add("revocations-without-room");
    // While the home agent is asked, the node is not told (§4.2.3.1).
    const informs = !gone && !(asks && started) && this.#informsByPolicy();
    return [
      revokedReport(visitor, "foreign-agent"),
      ...(informs ? this.#agent.notifyRevoked(visitor, true) : []),
      ...this.tick(now),
    ];
  }

  tick(now: Now): Effect[] {
    const { effects, ended } = this.#sender.tick(now);
    if (effects.length > 0) this.#agent.counters.add("revocations-sent", effects.length);
    return [...effects, ...ended.flatMap((end) => this.#ended(end))];
  }

  /** A Registration Revocation or its acknowledgment. */
  receive(event: UdpReceived, now: Now): Effect[] {
    const decoded = decodeControl(event.payload, UNDERSTOOD_IN_REVOCATION);
    if (!decoded.ok) return this.#discard(`revocation-${decoded.error.code}`);
    return decoded.value.message.name === "registration-revocation"
      ? this.#onRevocation(event, decoded.value as DecodedControl<RegistrationRevocation>, now)
      : this.#onAcknowledgment(
          event,
          decoded.value as DecodedControl<RegistrationRevocationAcknowledgment>,
        );
  }

  /** RFC 3543 §4.2.2.2: a home agent has ended a binding. */
  #onRevocation(
    event: UdpReceived,
    decoded: DecodedControl<RegistrationRevocation>,
    now: Now,
  ): Effect[] {
    const { message } = decoded;
    const { config, counters, visitors } = this.#agent;
    const { homeAddress, homeDomainAddress, foreignDomainAddress, revocationIdentifier } = message;
    counters.add("revocations-received");
    // It alone tells equal private home addresses apart (RFC 3543 §B).
    if (homeDomainAddress === 0) return this.#discard("revocation-without-home-agent");
    const contexts = associationsWith(config.homeAgents, homeDomainAddress);
    const verdict = judgeRevocation(decoded, "foreign-agent", contexts);
    if (verdict.verdict === "discard") {
      const exception = revocationException(homeAddress, event.source, verdict.reason);
      return [exception, ...this.#discard(verdict.reason)];
    }
    if (!this.#agent.isOwnAddress(foreignDomainAddress)) {
      return this.#discard("revocation-not-ours");
    }
    const key = visitKey({
      homeAgent: homeDomainAddress,
      homeAddress,
      careOfAddress: foreignDomainAddress,
    });
    const last = this.#memory.check(key, revocationIdentifier);
    if (last === "replayed") return this.#discard("revocation-replayed");
    const found = visitors.get(homeDomainAddress, homeAddress);
    const visitor = found?.careOfAddress === foreignDomainAddress ? found : undefined;
    const fault = visitor && revocationFault(visitor, revocationIdentifier);
    if (fault !== undefined) return this.#discard(fault);
    this.#sender.cancel(key); // both ends revoke: what there was to say is said
    const wanted = (message.flags & RevocationFlag.I) !== 0;
    const informs =
      visitor?.revocation?.inform === true ? wanted : visitor && this.#informsByPolicy();
    const effects = visitor === undefined ? [] : this.#end(visitor, informs === true);
    // RFC 3543 §4.2.2.2, not §3.4: I tells what was done, whatever the revocation's I was.
    const informed = visitor === undefined ? last?.informed === true : isInformed(effects);
    this.#memory.remember(key, revocationIdentifier, informed, now.monotonic);
    counters.add("revocation-acknowledgments-sent");
    const texts = messageStringReports({ homeAddress }, message.extensions);
    return [...effects, ...texts, acknowledgment(event, message, informed, verdict.protection)];
  }

  #onAcknowledgment(
    event: UdpReceived,
    decoded: DecodedControl<RegistrationRevocationAcknowledgment>,
  ): Effect[] {
    const end = this.#sender.acknowledged(event, decoded);
    if (typeof end === "string") return this.#discard(`revocation-acknowledgment-${end}`);
    this.#agent.counters.add("revocation-acknowledgments-received");
    return this.#ended(end);
  }

  /** A home agent that was asked and does not answer leaves the decision to our policy. */
  #ended({ revocation, outcome, inform }: RevocationEnd<Subject>): Effect[] {
    if (outcome !== "acknowledged") this.#agent.counters.add(`revocations-${outcome}`);
    const silent = outcome === "unanswered" && revocation.inform;
    const informs = inform || silent;
    const { node, busy } = revocation.subject;
    return [
      revocationReport(node, outcome, informs),
      ...(informs ? this.#agent.notifyRevoked(node, busy) : []),
    ];
  }

  #end(visitor: Visitor, informs: boolean): Effect[] {
    return [
      ...endVisit(this.#agent, visitor, "revoked"),
      revokedReport(visitor, "home-agent"),
      // It may register here again: its home agent decides.
      ...(informs ? this.#agent.notifyRevoked(visitor, false) : []),
    ];
  }

  /** RFC 3543 §3.2: by default the node is told. */
  #informsByPolicy(): boolean {
    return this.#agent.config.informRevoked !== "never";
  }

  #discard(reason: string): Effect[] {
    this.#agent.counters.add(`discarded-${reason}`);
    return [dropped(reason)];
  }
}

function isInformed(effects: readonly Effect[]): boolean {
  return effects.some(({ type }) => type === "send-icmp");
}

/** RFC 3543 §4.2.2.2: only what was negotiated, and only after the registration. */
function revocationFault({ revocation }: Visitor, identifier: number): string | undefined {
  if (revocation === undefined) return "revocation-not-negotiated";
  return isLaterTimestamp(identifier, revocation.theirs) ? undefined : "revocation-outdated";
}
