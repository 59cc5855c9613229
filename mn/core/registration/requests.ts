/** Sending requests: what is needed, what it answers, when it may go. RFC 5944 §3.6, RFC 4721 §3. */

import type { Instant, Now } from "../../../shared/base/time.ts";
import type { Effect } from "../../../shared/protocol/core.ts";
import { isLeftOpen } from "../../../shared/protocol/dynamic-home-agent.ts";
import { RevocationClock } from "../../../shared/protocol/revocation-terms.ts";
import type { AgentHistory } from "../movement/agent-history.ts";
import { type Attachment, agentOf, keyOf } from "../movement/attachment.ts";
import { requestReport } from "../reports.ts";
import type { Session } from "../session.ts";
import { neededOperation } from "./needs.ts";
import { isInVain } from "./outcomes.ts";
import type { Registration } from "./registration.ts";
import { type Operation, sameOperation } from "./request.ts";

/** An agent is found silent so often until its silence is taken for the home agent's. */
const PATIENCE = 2;

export interface Situation {
  readonly attachment: Attachment | undefined;
  /** The node is to be registered. */
  readonly wanted: boolean;
  /** At home, and the home agent has confirmed that there is no binding. */
  readonly cleared: boolean;
  /** The node is registered where it is attached. */
  readonly isRenewal: boolean;
  /** What it is registered for is still there. */
  readonly isServed: boolean;
}

export class Requests {
  readonly #session: Session;
  readonly #history: AgentHistory;
  readonly #registration: Registration;
  readonly #clock = new RevocationClock();
  #solicitsOn: string | undefined;

  constructor(session: Session, history: AgentHistory, registration: Registration) {
    this.#session = session;
    this.#history = history;
    this.#registration = registration;
  }

  /** The interface on which an unused challenge is to be solicited (RFC 4721 §3.3). */
  get solicitsOn(): string | undefined {
    return this.#solicitsOn;
  }

  /** `isIdle`: nothing needs to be asked for any more. */
  drive(situation: Situation, now: Now): { effects: Effect[]; isIdle: boolean } {
    const registration = this.#registration;
    const { attachment, isRenewal } = situation;
    this.#noteSilence(now.monotonic);
    const inputs = {
      ...situation,
      config: this.#session.config,
      history: this.#history,
      registered: registration.registered,
      renewalDue: registration.renewalDue(now.monotonic),
      formers: registration.formers,
      exposed: registration.exposed,
    };
    const needed = neededOperation(inputs, now.monotonic);
    this.#solicitsOn = undefined;
    if (needed === undefined) {
      return { effects: registration.drive(undefined, undefined, now), isIdle: true };
    }
    if (attachment !== undefined) {
      this.#history.challenges.advertised(keyOf(attachment), agentOf(attachment)?.challenge);
    }
    const before = registration.pending;
    const operation = this.#answering(needed, now);
    // Who waits for the answer to this needs no other challenge yet.
    const isAsked = before?.denied === false && sameOperation(before.operation, operation);
    const notBefore = isAsked ? undefined : this.#notBefore(operation, now.monotonic);
    const effects = registration.drive(operation, notBefore, now);
    const { pending } = registration;
    if (pending !== undefined && pending !== before) {
      const { agentKey, challenge } = pending.operation;
      if (challenge !== undefined) this.#history.challenges.use(agentKey, challenge);
      effects.push(requestReport(pending, isRenewal));
    }
    return { effects, isIdle: false };
  }

  /** Who is silent: the agent, which is left alone then, or the home agent behind it? */
  #noteSilence(now: Instant): void {
    const { pending, registered } = this.#registration;
    if (pending === undefined || !isInVain(pending, now)) return;
    if (pending.operation.action === "release") return;
    const { agentKey, homeAgent } = pending.operation;
    const { refusals } = this.#history.of(agentKey);
    if (refusals < PATIENCE && !isLeftOpen(homeAgent)) return;
    if (this.#session.unanswered(registered !== undefined, now)) this.#registration.abandon();
  }

  /** Straight to the home agent there is no foreign agent to answer. */
  #answering(needed: Operation, now: Now): Operation {
    // RFC 3543 §3.2: who registers by itself may be told of revocations, nobody else.
    const isRevocable = needed.via === "co-located" && needed.action === "register";
    if (isRevocable && this.#session.config.registration.revocation) {
      return { ...needed, revocation: this.#clock.timestamp(now) };
    }
    if (needed.via !== "foreign-agent") return needed;
    return { ...needed, challenge: this.#history.challenges.of(needed.agentKey) };
  }

  /** A new request waits for an agent that has refused, and for a challenge that is unused. */
  #notBefore(
    { agentKey, interface: name, challenge }: Operation,
    now: Instant,
  ): Instant | undefined {
    const { until } = this.#history.of(agentKey);
    const wait = challenge === undefined ? undefined : this.#history.challenges.wait(agentKey, now);
    if (wait === undefined) return until;
    this.#solicitsOn = name;
    return Math.max(wait, until ?? 0) as Instant;
  }
}
