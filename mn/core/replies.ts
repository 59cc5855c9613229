/** Taking replies in: what they settle, and what the parts of the node make of that. §3.6.2. */

import type { Now } from "../../shared/base/time.ts";
import type { Effect, UdpReceived } from "../../shared/protocol/core.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Outcome, Registration } from "./registration.ts";
import type { Session } from "./session.ts";
import type { Whereabouts } from "./whereabouts.ts";

export class Replies {
  readonly #session: Session;
  readonly #where: Whereabouts;
  readonly #registration: Registration;
  readonly #outcomes: Outcomes;

  constructor(
    session: Session,
    where: Whereabouts,
    registration: Registration,
    outcomes: Outcomes,
  ) {
    this.#session = session;
    this.#where = where;
    this.#registration = registration;
    this.#outcomes = outcomes;
  }

  /** `isRenewal`: the node is registered where it is attached. */
  take(event: UdpReceived, isRenewal: boolean, now: Now): { outcome: Outcome; effects: Effect[] } {
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

  #denied(outcome: Extract<Outcome, { kind: "denied" }>, { monotonic }: Now): Effect[] {
    const agent = this.#where.agents.get(outcome.operation.agentKey);
    const careOfAddresses = agent?.careOfAddresses.length ?? 0;
    const effects = this.#outcomes.denied(outcome, careOfAddresses, monotonic);
    // The home agent does not know the address any more (129, RFC 5944 §3.8.3.2): another one.
    const isRefused = outcome.origin === "home-agent" && !outcome.repaired;
    if (isRefused && this.#registration.registered === undefined) {
      effects.push(...this.#session.end());
    }
    return effects;
  }

  #accepted(
    outcome: Extract<Outcome, { kind: "accepted" }>,
    isRenewal: boolean,
    now: Now,
  ): Effect[] {
    const { operation, reply } = outcome;
    const { registered } = this.#registration;
    const effects: Effect[] =
      operation.action === "register"
        ? this.#outcomes.registered(registered, operation, reply.code, isRenewal, now.monotonic)
        : this.#outcomes.deregistered(operation, reply.code);
    if (operation.via !== "home") {
      const isOver = registered === undefined;
      effects.push(...(isOver ? this.#session.end() : this.#session.accept(registered, now)));
    }
    effects.push(...this.#where.served(operation.agentKey, now.monotonic));
    return effects;
  }
}
