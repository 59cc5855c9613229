/** Taking replies in: what they settle, and what the parts of the node make of that. §3.6.2. */

import type { Now } from "../../../shared/base/time.ts";
import type { Effect, UdpReceived } from "../../../shared/protocol/core.ts";
import { isRevocationMessage } from "../../../shared/protocol/revocation-messages.ts";
import type { RegistrationReply } from "../../../shared/wire/control.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { AgentHistory } from "../movement/agent-history.ts";
import { hasFlag } from "../movement/agents.ts";
import type { Whereabouts } from "../movement/whereabouts.ts";
import { releasedReport } from "../reports.ts";
import type { Session } from "../session.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Outcome, Registration } from "./registration.ts";
import { Remedies, type Remedy } from "./remedies.ts";
import { signedByHome } from "./reply.ts";
import { Revocations } from "./revocation.ts";

/** It was no reply. */
const NONE: Outcome = {
  kind: "discarded",
  verdict: { kind: "discarded", reason: "reply-wrong-type", security: false },
};

export class Replies {
  readonly #session: Session;
  readonly #where: Whereabouts;
  readonly #registration: Registration;
  readonly #outcomes: Outcomes;
  readonly #history: AgentHistory;
  readonly #remedies = new Remedies();
  readonly #revocations: Revocations;

  constructor(
    session: Session,
    where: Whereabouts,
    registration: Registration,
    outcomes: Outcomes,
    history: AgentHistory,
  ) {
    this.#session = session;
    this.#where = where;
    this.#registration = registration;
    this.#outcomes = outcomes;
    this.#history = history;
    this.#revocations = new Revocations(outcomes.counters);
  }

  /** `isRenewal`: the node is registered where it is attached. */
  take(event: UdpReceived, isRenewal: boolean, now: Now): { outcome: Outcome; effects: Effect[] } {
    if (isRevocationMessage(event.payload))
      return { outcome: NONE, effects: this.#told(event, now) };
    const { outcome, effects } = this.#registration.receive(event, now);
    if (outcome.kind === "discarded") {
      effects.push(...this.#outcomes.discarded(outcome, now.monotonic));
    } else if (outcome.kind === "denied") {
      effects.push(...this.#denied(outcome, now));
    } else {
      effects.push(...this.#accepted(outcome, isRenewal, now));
    }
    return { outcome, effects };
  }

  /** RFC 3543 §4.2.2.3: acknowledged first; then the binding is over, and asked for after a while. */
  #told(event: UdpReceived, now: Now): Effect[] {
    const { registered } = this.#registration;
    const { homeAssociation } = this.#session.config;
    const { effects, isOver } = this.#revocations.take(event, registered, homeAssociation, now);
    if (!isOver || registered === undefined) return effects;
    this.#registration.revoked();
    this.#history.refused(registered.operation.agentKey, now.monotonic);
    return [...effects, ...this.#session.end()];
  }

  #denied(outcome: Extract<Outcome, { kind: "denied" }>, { monotonic: now }: Now): Effect[] {
    const { agentKey } = outcome.operation;
    this.#history.challenges.denied(agentKey);
    this.#history.challenges.given(agentKey, challengeIn(outcome.reply));
    if (outcome.operation.action === "release") return this.#notReleased(outcome);
    const agent = this.#where.agents.get(agentKey);
    // RFC 5177 §5.1: without what was denied the registration may be had.
    const asksForLess = this.#registration.networks.refuse(outcome.reply);
    const remedy = asksForLess
      ? ({ kind: "again" } as const)
      : this.#remedies.of({
          ...outcome,
          hasFreshChallenge: this.#history.challenges.isFresh(agentKey),
          offersReverseTunnel: agent !== undefined && hasFlag(agent, "T"),
        });
    if (remedy !== undefined) this.#apply(remedy, agentKey);
    const careOfAddresses = agent?.careOfAddresses.length ?? 0;
    const isHeld = this.#registration.registered !== undefined;
    const { isElsewhere, effects } =
      remedy === undefined
        ? this.#session.lookElsewhere(outcome, isHeld, now)
        : { isElsewhere: true, effects: [] };
    const told = this.#outcomes.denied(outcome, isElsewhere, careOfAddresses, now);
    // The home agent does not know the address any more (129, RFC 5944 §3.8.3.2): another one.
    const isDisowned = this.#isDisowned(outcome);
    if (isDisowned) this.#registration.revoked();
    const isOver = outcome.origin === "home-agent" && !isElsewhere && (!isHeld || isDisowned);
    told.push(...this.#outcomes.told(outcome.reply.extensions, []));
    return [...told, ...effects, ...(isOver ? this.#session.end() : [])];
  }

  /** A registration that does not serve any more is none if its address was assigned, and is not now. */
  #isDisowned({ operation, reply, origin }: Extract<Outcome, { kind: "denied" }>): boolean {
    const isAssigned = this.#session.hasAssignedAddress;
    if (origin !== "home-agent" || reply.code !== ReplyCode.haProhibited || !isAssigned)
      return false;
    const isServed = this.#where.serving(this.#registration.registered) !== undefined;
    return operation.action === "deregister" || !isServed;
  }

  /** The binding ends by itself; only what another Identification or challenge would do is tried. */
  #notReleased({ operation, reply, origin }: Extract<Outcome, { kind: "denied" }>): Effect[] {
    const { agentKey, careOfAddress } = operation;
    const hasFreshChallenge = this.#history.challenges.isFresh(agentKey);
    const denial = { operation, reply, hasFreshChallenge, offersReverseTunnel: false };
    if (this.#remedies.of(denial)?.kind === "again") return [];
    this.#registration.formers.released(careOfAddress);
    return [releasedReport(operation, { code: reply.code, origin })];
  }

  #apply(remedy: Remedy, agentKey: string): void {
    if (remedy.kind === "lifetime") this.#history.offered(agentKey, remedy.lifetime);
    if (remedy.kind !== "terms") return;
    if (remedy.of === "home-agent") this.#session.conceded(remedy.terms);
    else this.#history.conceded(agentKey, remedy.terms);
  }

  #accepted(
    outcome: Extract<Outcome, { kind: "accepted" }>,
    isRenewal: boolean,
    now: Now,
  ): Effect[] {
    const { operation, reply } = outcome;
    const { registered } = this.#registration;
    this.#remedies.accepted();
    const signed = signedByHome(reply);
    if (operation.action === "release") return [releasedReport(operation, { code: reply.code })];
    if (reply.code === ReplyCode.acceptedNoSimultaneous) {
      this.#session.conceded({ simultaneous: "off" });
    }
    this.#history.challenges.given(operation.agentKey, challengeIn(reply));
    const effects: Effect[] =
      operation.action === "register"
        ? this.#outcomes.registered(registered, operation, reply.code, isRenewal, now.monotonic)
        : this.#outcomes.deregistered(operation, reply.code);
    if (operation.via !== "home") {
      const isOver = registered === undefined;
      effects.push(...this.#session.identified(signed));
      effects.push(...(isOver ? this.#session.end() : this.#session.accept(registered, now)));
    }
    effects.push(...this.#outcomes.told(reply.extensions, signed));
    effects.push(...this.#where.served(operation.agentKey, now.monotonic));
    return effects;
  }
}

/** The foreign agent's, for the next request (RFC 4721 §3.3). */
function challengeIn({ extensions }: RegistrationReply): Uint8Array | undefined {
  const found = extensions.findLast(({ name }) => name === "mobile-foreign-challenge-extension");
  return found?.name === "mobile-foreign-challenge-extension" ? found.challenge : undefined;
}
