/**
 * The loop around a core: one event in, the forwarding state applied when it is a new one, the
 * event's effects out, and one timer for the core's next deadline.
 */

import { after, type Instant, type Now } from "../../base/time.ts";
import type { ForwardingState } from "../../forwarding/state.ts";
import type { Core, Effect, Event } from "../../protocol/core.ts";
import { type Clock, TIMER_MAX_MS } from "./parts.ts";

/**
 * Where sleep is to be noticed, somebody looks at the clock so often (milliseconds): timers stand
 * still while the machine sleeps, and a deadline may be far.
 */
export const LOOK_MS = 1000;
/** A timer that is so late (milliseconds) was not busy, it slept: suspended, or stopped. */
export const OVERSLEPT_MS = 3000;

export class Loop<CoreConfig> {
  readonly core: Core<CoreConfig>;
  readonly #clock: Clock;
  readonly #effects: (effects: readonly Effect[]) => void;
  readonly #forward: (state: ForwardingState) => void;
  /** Called with the milliseconds slept, before whatever comes next. */
  readonly #overslept: ((milliseconds: number) => void) | undefined;
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
    readonly overslept?: ((milliseconds: number) => void) | undefined;
  }) {
    this.core = options.core;
    this.#clock = options.clock;
    this.#effects = options.effects;
    this.#forward = options.forward;
    this.#overslept = options.overslept;
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
    this.#noticeSleep();
    if (this.#isStopped) return;
    const effects = advance(this.#clock.now());
    const forwarding = this.core.forwarding();
    if (forwarding !== this.#forwarding) {
      this.#forwarding = forwarding;
      this.#forward(forwarding);
    }
    // What they bring about may be here before the next event: the sockets for it are open.
    this.#effects(effects);
    this.#armTimer();
  }

  #noticeSleep(): void {
    const late = this.#clock.now().monotonic - (this.#firesAt ?? Number.POSITIVE_INFINITY);
    if (this.#overslept === undefined || late < OVERSLEPT_MS) return;
    this.#disarm(); // said once
    this.#overslept(late);
  }

  /**
   * Most events change the next deadline and few make it come sooner: a timer that will fire in
   * time stays, and finds out then how long there is still to wait.
   */
  #armTimer(): void {
    const deadline = this.core.nextDeadline();
    if (this.#isStopped || (deadline === undefined && this.#overslept === undefined)) {
      this.#disarm();
      return;
    }
    // Rounded up, so that the deadline has passed when the tick comes; never 0, so that a core
    // which asks for the past cannot starve the sockets.
    const now = this.#clock.now().monotonic;
    const most = this.#overslept === undefined ? TIMER_MAX_MS : LOOK_MS;
    const wait = Math.min(Math.max(1, Math.ceil((deadline ?? now + most) - now)), most);
    const firesAt = after(now, wait);
    if (this.#firesAt !== undefined && this.#firesAt <= firesAt) return;
    this.#disarm();
    this.#firesAt = firesAt;
    this.#cancelTimer = this.#clock.setTimer(wait, () => {
      this.#noticeSleep();
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
