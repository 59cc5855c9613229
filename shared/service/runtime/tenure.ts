/**
 * One core and its way out, for as long as this machine may act on what is stored. The next time
 * it may, another core begins with what the store has by then.
 */

import type { ForwardingState } from "../../forwarding/state.ts";
import type { Core, Effect } from "../../protocol/core.ts";
import { Loop } from "./loop.ts";
import { Outbox } from "./outbox.ts";
import type { Clock } from "./parts.ts";
import type { Problems } from "./problems.ts";
import type { Records, Store } from "./store.ts";

/** Records that are handed over in one turn: a shared store wants its lease renewed meanwhile. */
const RESTORE_PORTION = 2000;
const LEAVE_POLL_MS = 20;

export interface TenureOptions<CoreConfig> {
  readonly core: Core<CoreConfig>;
  readonly store: Store;
  readonly problems: Problems;
  readonly clock: Clock;
  readonly waitsForDisk: boolean;
  readonly carryOut: (effect: Effect) => void;
  readonly forward: (state: ForwardingState) => void;
  /** Called with the milliseconds slept. */
  readonly overslept: ((milliseconds: number) => void) | undefined;
}

export class Tenure<CoreConfig> {
  readonly loop: Loop<CoreConfig>;
  readonly outbox: Outbox;
  readonly #clock: Clock;
  #isOver = false;

  constructor(options: TenureOptions<CoreConfig>) {
    this.#clock = options.clock;
    this.outbox = new Outbox(options);
    this.loop = new Loop({
      ...options,
      effects: (effects) => this.outbox.push(effects),
    });
  }

  /**
   * Tells the core what was kept: at once, or, from another machine, a portion a turn, the last of
   * which says so. False: it was over before that.
   */
  async restore(entries: Records, isTakeover: boolean): Promise<boolean> {
    let at = 0;
    while (isTakeover && entries.length - at > RESTORE_PORTION) {
      const portion = entries.slice(at, at + RESTORE_PORTION);
      this.loop.handle({ type: "restore", entries: portion });
      at += RESTORE_PORTION;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (!this.#isOver)
      this.loop.handle({ type: "restore", entries: entries.slice(at), isTakeover });
    return !this.#isOver;
  }

  /** Lets the core end what it has with others; `isOver` ends the wait for their replies. */
  async leave(isOver: () => boolean): Promise<void> {
    this.loop.handle({ type: "shutdown" });
    while (this.loop.core.nextDeadline() !== undefined && !isOver()) {
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(LEAVE_POLL_MS, resolve);
      });
    }
    await this.outbox.drain();
  }

  /** No event reaches the core after this, and nothing that waited leaves. */
  end(): void {
    this.#isOver = true;
    this.loop.stop();
    this.outbox.discard();
  }
}
