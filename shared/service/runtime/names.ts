/** DNS names on behalf of a core: one at a time, each with a time limit, each with one answer. */

import type { Ipv4 } from "../../base/address.ts";
import type { Resolved } from "../../protocol/core.ts";
import { explainError } from "./explain.ts";
import type { Clock } from "./parts.ts";

/** Names that wait for their turn; one more is answered with an error at once. */
export const NAMES_MAX = 16;
/** After so long a core is told that there is no answer. */
export const LOOKUP_MS = 5000;

export class Names {
  readonly #lookup: (name: string) => Promise<readonly Ipv4[]>;
  readonly #clock: Clock;
  readonly #handle: (event: Resolved) => void;
  #waiting: string[] = [];
  /** The system's resolver is at work, perhaps for a name that has been given up already. */
  #isBusy = false;
  #isClosed = false;
  #cancelTimer: (() => void) | undefined;

  constructor(
    parts: {
      readonly lookup: (name: string) => Promise<readonly Ipv4[]>;
      readonly clock: Clock;
    },
    handle: (event: Resolved) => void,
  ) {
    this.#lookup = parts.lookup;
    this.#clock = parts.clock;
    this.#handle = handle;
  }

  /** The answer comes later, never from within this call: the core is still in its own step. */
  resolve(name: string): void {
    if (this.#isClosed || this.#waiting.includes(name)) return;
    if (this.#waiting.length >= NAMES_MAX) {
      queueMicrotask(() => this.#answer(name, undefined, "too many names are being resolved"));
      return;
    }
    this.#waiting.push(name);
    this.#cancelTimer ??= this.#clock.setTimer(LOOKUP_MS, () => this.#giveUp());
    if (!this.#isBusy) void this.#next();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#waiting = [];
  }

  async #next(): Promise<void> {
    const [name] = this.#waiting;
    if (name === undefined || this.#isClosed) return;
    this.#isBusy = true;
    let addresses: readonly Ipv4[] = [];
    let error = "it has no IPv4 address";
    try {
      addresses = await this.#lookup(name);
    } catch (cause) {
      error = explainError(cause);
    }
    this.#isBusy = false;
    if (this.#waiting[0] === name) {
      this.#waiting.shift();
      this.#rearm();
      this.#answer(name, addresses.length > 0 ? addresses : undefined, error);
    }
    await this.#next();
  }

  /** Who is being asked for does not answer: the others would only wait behind it. */
  #giveUp(): void {
    const given = this.#waiting;
    this.#waiting = [];
    this.#cancelTimer = undefined;
    for (const name of given) this.#answer(name, undefined, "no answer from the resolver");
  }

  #rearm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer =
      this.#waiting.length === 0
        ? undefined
        : this.#clock.setTimer(LOOKUP_MS, () => this.#giveUp());
  }

  #answer(name: string, addresses: readonly Ipv4[] | undefined, error: string): void {
    if (this.#isClosed) return;
    this.#handle({
      type: "resolved",
      name,
      addresses,
      ...(addresses === undefined ? { error } : {}),
    });
  }
}
