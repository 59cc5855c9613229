/**
 * The loop around a core: one event in, its effects out, the forwarding state applied when it is a
 * new one, and one timer for the core's next deadline.
 */

import { after, type Instant, type Now } from "../../base/time.ts";
import type { ForwardingState } from "../../forwarding/state.ts";
import type { Core, Effect, Event } from "../../protocol/core.ts";
import { type Clock, TIMER_MAX_MS } from "./parts.ts";

export class Loop<CoreConfig> {
  readonly core: Core<CoreConfig>;
  readonly #clock: Clock;
  readonly #effects: (effects: readonly Effect[]) => void;
  readonly #forward: (state: ForwardingState) => void;
  /** None yet: also an empty state is applied once, which removes what an earlier run left. */
  #forwarding: ForwardingState | undefined;
  #cancelTimer: (() => void) | undefined;
  #firesAt: Instant | undefined;
  #isStopped = false;

  constructor(options: {
    readonly core: Core<CoreConfig>;
    readonly clock: Clock;
    readonly effects: (effects: readonly Effect[]) => void;
    readonly forward: (state: ForwardingState) => void;
  }) {
    this.core = options.core;
    this.#clock = options.clock;
    this.#effects = options.effects;
    this.#forward = options.forward;
  }

  handle(event: Event): void {
    this.#step((now) => this.core.handle(event, now));
  }

  reconfigure(config: CoreConfig): void {
    this.#step((now) => this.core.reconfigure(config, now));
  }

  /** No event reaches the core after this. */
  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  #step(advance: (now: Now) => readonly Effect[]): void {
    if (this.#isStopped) return;
    this.#effects(advance(this.#clock.now()));
    const forwarding = this.core.forwarding();
    if (forwarding !== this.#forwarding) {
      this.#forwarding = forwarding;
      this.#forward(forwarding);
    }
    this.#armTimer();
  }

  /**
   * Most events change the next deadline and few make it come sooner: a timer that will fire in
   * time stays, and finds out then how long there is still to wait.
   */
  #armTimer(): void {
    const deadline = this.core.nextDeadline();
    if (deadline === undefined) {
      this.#disarm();
      return;
    }
    // Rounded up, so that the deadline has passed when the tick comes; never 0, so that a core
    // which asks for the past cannot starve the sockets.
    const now = this.#clock.now().monotonic;
    const wait = Math.min(Math.max(1, Math.ceil(deadline - now)), TIMER_MAX_MS);
    const firesAt = after(now, wait);
    if (this.#firesAt !== undefined && this.#firesAt <= firesAt) return;
    this.#disarm();
    this.#firesAt = firesAt;
    this.#cancelTimer = this.#clock.setTimer(wait, () => {
      this.#disarm();
      const next = this.core.nextDeadline();
      if (next === undefined || next > this.#clock.now().monotonic) this.#armTimer();
      else this.handle({ type: "tick" });
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#firesAt = undefined;
  }
}
