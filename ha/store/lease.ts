/**
 * The lease: which of several home agents acts. It is a record in the store that its holder
 * renews; who has seen it unchanged for a whole lease takes it.
 *
 * No clock is compared with another machine's. The holder counts from before it asked to renew and
 * gives up after two thirds of the lease; the others count from when they saw the record change.
 * So the holder has stopped before another one begins, also when it cannot reach the store, when
 * its answers are slow, and when the store is another server that knows an older record.
 */

import { after, type Instant } from "../../shared/base/time.ts";
import type { Clock } from "../../shared/service/runtime/parts.ts";

/** The record as it was found; equal texts are one state of one server. */
export interface LeaseRecord {
  /** Who holds it; empty when it was given back, `undefined` when there is no record. */
  readonly holder: string | undefined;
  /** Holder, count of renewals, and the server's own name for this run of it. */
  readonly state: string;
}

/** The record in the store; each of these is one step there, whole or not at all. */
export interface LeaseStore {
  look(): Promise<LeaseRecord>;
  /** Makes it `holder`'s if it is as it was seen. */
  take(seen: LeaseRecord, holder: string): Promise<boolean>;
  /** Counts a renewal; false: it is not `holder`'s any more. */
  renew(holder: string): Promise<boolean>;
  /** Gives it back if it is `holder`'s. */
  release(holder: string): Promise<void>;
}

export interface LeaseOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly duration: number;
  /** Unlike any other, of this machine and of others. */
  readonly holder: string;
  readonly taken: () => void;
  readonly renewed: () => void;
  /** Over, at once; it will be tried again. */
  readonly lost: (reason: string) => void;
  /** The store cannot be asked, or (`undefined`) it can again. */
  readonly troubled: (error: string | undefined) => void;
}

/** The holder acts for so much of the lease after its last renewal. */
const HELD_SHARE = 2 / 3;
/** Steps in a lease: renewals, or looks at the record. */
const STEPS = 8;

/** Milliseconds for which the holder acts after it has asked for a renewal. */
export function heldFor(duration: number): number {
  return duration * HELD_SHARE;
}

/** Milliseconds between two steps; an answer that takes longer is none. */
export function stepOf(duration: number): number {
  return duration / STEPS;
}

export class Lease {
  readonly #options: LeaseOptions;
  /** The record, and when it was first seen so. */
  #seen: { readonly record: LeaseRecord; readonly at: Instant } | undefined;
  #heldUntil: Instant | undefined;
  #cancelStep: (() => void) | undefined;
  #cancelEnd: (() => void) | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get isHeld(): boolean {
    return this.#heldUntil !== undefined && this.#now() < this.#heldUntil;
  }

  /** Who holds it, as far as is known here. */
  get holder(): string | undefined {
    return this.isHeld ? this.#options.holder : this.#seen?.record.holder || undefined;
  }

  /** One step now, and the next ones by themselves; resolves when this one is done. */
  async step(): Promise<void> {
    const { clock, duration, troubled } = this.#options;
    try {
      await (this.#heldUntil === undefined ? this.#seek() : this.#renew());
      this.#failures = 0;
      if (!this.#isClosed) troubled(undefined);
    } catch (error) {
      // What was seen may be of a server that is not asked any more.
      this.#seen = undefined;
      // One answer that is late says nothing yet.
      if (++this.#failures > 1 && !this.#isClosed) {
        troubled(error instanceof Error ? error.message : String(error));
      }
    }
    if (this.#isClosed) return;
    this.#cancelStep = clock.setTimer(stepOf(duration), () => void this.step());
  }

  /** It is over for the reason given: the store has refused what only the holder may do. */
  lose(reason: string): void {
    if (this.#heldUntil === undefined) return;
    this.#forget();
    this.#options.lost(reason);
  }

  /** Gives it back, so that another machine need not wait. */
  async close(): Promise<void> {
    const { store, holder } = this.#options;
    this.#isClosed = true;
    this.#cancelStep?.();
    const { isHeld } = this;
    this.#forget();
    if (isHeld) await store.release(holder);
  }

  async #seek(): Promise<void> {
    const { store, duration, holder } = this.#options;
    const record = await store.look();
    const now = this.#now();
    if (this.#seen?.record.state !== record.state) this.#seen = { record, at: now };
    // An earlier attempt whose answer was lost has succeeded all the same.
    if (record.holder === holder) return this.#renew();
    const isFree = record.holder === "" || now - this.#seen.at >= duration;
    if (isFree && (await store.take(record, holder))) this.#hold(now);
  }

  async #renew(): Promise<void> {
    const { store, holder } = this.#options;
    const asked = this.#now();
    if (await store.renew(holder)) this.#hold(asked);
    else this.lose("another home agent has taken the lease");
  }

  /** Held since `asked`: it may have been granted at any time after that. */
  #hold(asked: Instant): void {
    if (this.#isClosed) return;
    const { clock, duration, taken, renewed, lost } = this.#options;
    const until = after(asked, heldFor(duration));
    const left = until - this.#now();
    if (left <= 0) return;
    const isNew = this.#heldUntil === undefined;
    this.#heldUntil = until;
    this.#cancelEnd?.();
    this.#cancelEnd = clock.setTimer(left, () => {
      this.#forget();
      lost("the store did not answer in time");
    });
    if (isNew) taken();
    else renewed();
  }

  #forget(): void {
    this.#cancelEnd?.();
    this.#heldUntil = undefined;
    this.#seen = undefined;
  }

  #now(): Instant {
    return this.#options.clock.now().monotonic;
  }
}
