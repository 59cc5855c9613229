/**
 * The way out of a core: effects are carried out in the order in which it gave them, and those of
 * a step that persists something wait until that is kept.
 *
 * The records of one turn of the event loop, in which up to 64 messages come, are one write. A home
 * agent must not forget a binding or a used identification that it has acknowledged
 * (RFC 5944 §5.7), so its replies wait for `fdatasync`. That runs beside the loop, which goes on
 * forwarding packets, and one `fdatasync` covers all turns that ended while the one before it ran.
 * The foreign agent and the mobile node recover by registering again, so nothing waits for it there:
 * the record is in the kernel before the packet leaves, and on the disk within a second; whatever
 * happens to this program, only a loss of power in between costs a record. Flash memory wears less
 * that way.
 */

import type { Json } from "../../base/result.ts";
import type { Effect } from "../../protocol/core.ts";
import type { Clock } from "./parts.ts";
import type { Problems } from "./problems.ts";
import type { Store } from "./store.ts";

/** Steps waiting for the disk; beyond it the loop takes no more from the network. */
export const OUTBOX_MAX = 4096;

/** Milliseconds in which records are gathered for one `fdatasync` when nothing waits for it. */
export const GATHER_MS = 1000;

interface Step {
  readonly effects: readonly Effect[];
  /** Runs when this many turns are kept. */
  readonly after: number;
}

export class Outbox {
  readonly #store: Store;
  readonly #problems: Problems;
  readonly #carryOut: (effect: Effect) => void;
  readonly #waitsForDisk: boolean;
  readonly #clock: Clock;
  #waiting: Step[] = [];
  /** Of this turn. */
  #records: [key: string, value: Json][] = [];
  /** Turns that had records: begun, written, durable. */
  #begun = 0;
  #written = 0;
  #durable = 0;
  #syncing: Promise<void> | undefined;
  #cancelGathering: (() => void) | undefined;
  #isDiscarded = false;

  constructor(options: {
    readonly store: Store;
    readonly problems: Problems;
    readonly carryOut: (effect: Effect) => void;
    readonly waitsForDisk: boolean;
    readonly clock: Clock;
  }) {
    this.#store = options.store;
    this.#problems = options.problems;
    this.#carryOut = options.carryOut;
    this.#waitsForDisk = options.waitsForDisk;
    this.#clock = options.clock;
  }

  get isFull(): boolean {
    return this.#waiting.length >= OUTBOX_MAX;
  }

  /** Takes the effects of one step of the core. */
  push(effects: readonly Effect[]): void {
    if (this.#isDiscarded || effects.length === 0) return;
    let persists = 0;
    for (const effect of effects) {
      if (effect.type !== "persist") continue;
      persists++;
      this.#records.push([effect.key, effect.value]);
    }
    if (persists > 0 && this.#begun === this.#written) {
      this.#begun++;
      // After all messages that are received together, before anything else happens.
      queueMicrotask(() => this.#write());
    }
    if (this.#waiting.length === 0 && this.#begun <= this.#kept) this.#run(effects);
    else if (effects.length > persists) this.#waiting.push({ effects, after: this.#begun });
  }

  /** Tries again what a full disk refused. */
  retry(): void {
    if (this.#store.error === undefined) return;
    this.#store.retry();
    this.#problems.set(this.#store.name, this.#store.error);
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    this.#write();
    while (this.#syncing !== undefined || this.#durable < this.#written) {
      this.#syncNow();
      await this.#syncing;
    }
  }

  /** What waits never leaves, and nothing more is kept. */
  discard(): void {
    this.#isDiscarded = true;
    this.#waiting = [];
    this.#records = [];
    this.#durable = this.#written = this.#begun;
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
  }

  /** Turns after which effects may be carried out. */
  get #kept(): number {
    return this.#waitsForDisk ? this.#durable : this.#written;
  }

  /** Hands the records of this turn to the store. */
  #write(): void {
    if (this.#written === this.#begun) return;
    const records = this.#records;
    this.#records = [];
    this.#store.append(records);
    this.#problems.set(this.#store.name, this.#store.error);
    this.#written = this.#begun;
    this.#release();
    this.#startSync();
  }

  #release(): void {
    const kept = this.#kept;
    const ready = this.#waiting.findIndex((step) => step.after > kept);
    const steps = this.#waiting.splice(0, ready === -1 ? this.#waiting.length : ready);
    for (const step of steps) this.#run(step.effects);
  }

  #run(effects: readonly Effect[]): void {
    for (const effect of effects) if (effect.type !== "persist") this.#carryOut(effect);
  }

  #startSync(): void {
    if (this.#waitsForDisk) this.#syncNow();
    else this.#cancelGathering ??= this.#clock.setTimer(GATHER_MS, () => this.#syncNow());
  }

  #syncNow(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined;
      // Steps came while the last one ran: they share the next.
      if (this.#durable < this.#written) this.#startSync();
      this.#store.tidy();
    });
  }

  async #sync(): Promise<void> {
    const covered = this.#written;
    await this.#store.sync();
    this.#problems.set(this.#store.name, this.#store.error);
    if (this.#isDiscarded) return;
    this.#durable = covered;
    this.#release();
  }
}
