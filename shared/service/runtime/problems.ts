/** What is wrong just now: each problem is logged once when it comes and once when it goes. */

import type { Log } from "./parts.ts";

export class Problems {
  readonly #log: Log;
  readonly #onAppear: () => void;
  readonly #current = new Map<string, string>();

  constructor(log: Log, onAppear: () => void = () => {}) {
    this.#log = log;
    this.#onAppear = onAppear;
  }

  /** `key` names a part of the daemon (`link lan0`); `undefined`: all is well with it. */
  set(key: string, message: string | undefined): void {
    const before = this.#current.get(key);
    if (before === message) return;
    if (message === undefined) {
      this.#current.delete(key);
      this.#log.write("info", `${key}: all right again`);
    } else {
      this.#current.set(key, message);
      this.#log.write("warning", `${key}: ${message}`);
      this.#onAppear();
    }
  }

  /** The part is not wanted any more. */
  drop(key: string): void {
    this.#current.delete(key);
  }

  get size(): number {
    return this.#current.size;
  }

  list(): readonly string[] {
    return [...this.#current].map(([key, message]) => `${key}: ${message}`);
  }
}
