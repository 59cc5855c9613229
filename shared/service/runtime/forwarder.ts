/** Hands forwarding states to the driver, and tries again what could not be done. */

import type { Driver } from "../../forwarding/driver.ts";
import type { ForwardingState } from "../../forwarding/state.ts";
import { explainError } from "./explain.ts";
import type { Problems } from "./problems.ts";

const PROBLEM = "forwarding";

export class Forwarder {
  readonly #driver: Driver;
  readonly #problems: Problems;
  #wanted: ForwardingState | undefined;
  #hasFailed = false;
  #work: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(driver: Driver, problems: Problems) {
    this.#driver = driver;
    this.#problems = problems;
  }

  /** The driver works on one state at a time and goes on with the newest. */
  apply(state: ForwardingState): void {
    this.#wanted = state;
    const work = this.#driver.apply(state);
    if (work === this.#work) return; // a driver at work takes the newest state along
    this.#work = work;
    this.#running = work.then(
      () => {
        this.#hasFailed = false;
        this.#problems.set(PROBLEM, undefined);
      },
      (error: unknown) => this.failed(error),
    );
  }

  /** Something of the wanted state is not there: it is tried again later. */
  failed(error: unknown): void {
    this.#hasFailed = true;
    // The driver reports as a list what it rejects with in one line: the same problem.
    const told = Array.isArray(error) ? error.join("; ") : error;
    this.#problems.set(PROBLEM, explainError(told));
  }

  retry(): void {
    if (this.#hasFailed && this.#wanted !== undefined) this.apply(this.#wanted);
  }

  /** Resolves when what has been applied until now is in force. */
  inForce(): Promise<void> {
    return this.#driver.inForce();
  }

  /** Resolves when nothing is being applied. */
  drain(): Promise<void> {
    return this.#running;
  }
}
