/**
 * The work of bringing the kernel to a state: one turn at a time, and another while there is a newer
 * state. Nobody who waits for the state of now waits for what comes later.
 */

import { ForwardingError } from "../driver.ts";

export class Turns {
  readonly #turn: () => Promise<readonly string[]>;
  readonly #isMore: () => boolean;
  #isWorking = false;
  /** Somebody has asked since the turn began. */
  #isBehind = false;
  #waiting: (() => void)[] = [];
  #running: Promise<void> = Promise.resolve();

  /** `turn` tells what failed, a line each; `isMore`: another one is needed for reasons of its own. */
  constructor(turn: () => Promise<readonly string[]>, isMore: () => boolean) {
    this.#turn = turn;
    this.#isMore = isMore;
  }

  get isWorking(): boolean {
    return this.#isWorking;
  }

  /** Resolves when nothing is left to be done; rejects with a `ForwardingError`. */
  run(): Promise<void> {
    if (this.#isWorking) {
      this.#isBehind = true;
      return this.#running;
    }
    // Set before any work, since what the work reports may lead back here.
    this.#isWorking = true;
    this.#running = this.#work();
    return this.#running;
  }

  /** Resolves when what is wanted now is there, or cannot be. */
  inForce(): Promise<void> {
    if (!this.#isWorking) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The turn has taken up what is wanted now; what it returns is to be called when that is there. */
  taken(): () => void {
    const waiting = this.#waiting.splice(0);
    return () => {
      for (const resolve of waiting) resolve();
    };
  }

  /** Resolves when nothing is being done, whatever came of it. */
  idle(): Promise<void> {
    return this.#running.catch(() => undefined);
  }

  async #work(): Promise<void> {
    let failures: readonly string[];
    try {
      do {
        this.#isBehind = false;
        failures = await this.#turn();
      } while (this.#isBehind || this.#isMore());
    } finally {
      this.#isWorking = false;
      this.taken()();
    }
    if (failures.length > 0) throw new ForwardingError(failures);
  }
}
