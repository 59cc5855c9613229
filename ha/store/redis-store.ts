/**
 * Bindings and replay state in Redis, for several home agents that share an address: one holds the
 * lease (lease.ts) and acts, the others stand by. Each write says who makes it and Redis refuses
 * it from anyone but the holder, so nothing is acknowledged that the next one would not find.
 */

import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Clock } from "../../shared/service/runtime/parts.ts";
import type { Kept, Records, Store, Tenant } from "../../shared/service/runtime/store.ts";
import { Lease, type LeaseStore } from "./lease.ts";

/** The records beside the lease. */
export interface SharedRecords extends LeaseStore {
  /** All of them, and how many could not be read. */
  readAll(): Promise<Pick<Kept, "entries" | "damaged">>;
  /** Writes them if the lease is `holder`'s; false: it is not. */
  write(records: Records, holder: string): Promise<boolean>;
  close(): void;
}

/** Records of one write: it stops everybody else's for about a millisecond. */
const BATCH = 500;
/** Before a write that failed is tried again. */
const RETRY_MS = 50;

export interface RedisStoreOptions {
  readonly records: SharedRecords;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly lease: number;
  /** Unlike any other; begins with the machine's name. */
  readonly holder: string;
}

export class RedisStore implements Store {
  readonly name = "redis";
  readonly #records: SharedRecords;
  readonly #clock: Clock;
  readonly #holder: string;
  readonly #lease: Lease;
  #tenant: Tenant | undefined;
  /** Counts tenures, so that what was begun in one does not end up in another. */
  #tenure = 0;
  #isActing = false;
  #error: string | undefined;
  /** The newest values that Redis has not acknowledged. */
  readonly #unwritten = new Map<string, Json>();

  constructor({ records, clock, lease, holder }: RedisStoreOptions) {
    this.#records = records;
    this.#clock = clock;
    this.#holder = holder;
    this.#lease = new Lease({
      store: records,
      clock,
      duration: lease,
      holder,
      taken: () => void this.#begin(++this.#tenure),
      renewed: () => this.#isActing && this.#tenant?.renewed(),
      lost: (reason) => this.#end(reason),
      troubled: (error) => this.#troubled(error),
    });
  }

  get error(): string | undefined {
    return this.#error;
  }

  status(): JsonObject {
    const [active = null] = this.#lease.holder?.split(" ") ?? [];
    return { kind: "redis", active };
  }

  async open(tenant: Tenant): Promise<void> {
    this.#tenant = tenant;
    await this.#lease.step();
  }

  append(records: Records): void {
    for (const [key, value] of records) this.#unwritten.set(key, value);
  }

  async sync(): Promise<void> {
    while (this.#isActing && this.#unwritten.size > 0) {
      const batch = [...this.#unwritten].slice(0, BATCH);
      try {
        const isHolder = await this.#records.write(batch, this.#holder);
        if (!isHolder) return this.#lease.lose("another home agent has taken the lease");
        for (const [key, value] of batch) {
          if (this.#unwritten.get(key) === value) this.#unwritten.delete(key);
        }
      } catch {
        // The lease's own steps tell of it; it is tried for as long as that lasts.
        await this.#pause();
      }
    }
  }

  retry(): void {
    // What failed is being tried again all the time.
  }

  tidy(): void {
    // Redis keeps the last value of a key and no other.
  }

  async close(): Promise<void> {
    this.#tenure++;
    this.#isActing = false;
    await this.#lease.close().catch(() => undefined);
    this.#records.close();
  }

  /** The lease is ours: what the one before has left is the state of affairs. */
  async #begin(tenure: number): Promise<void> {
    let kept: Awaited<ReturnType<SharedRecords["readAll"]>> | undefined;
    while (kept === undefined && tenure === this.#tenure) {
      kept = await this.#records.readAll().catch(() => undefined);
      if (kept === undefined) await this.#pause();
    }
    if (kept === undefined || tenure !== this.#tenure) return;
    this.#unwritten.clear();
    this.#isActing = true;
    await this.#tenant?.begin({ ...kept, isTakeover: true });
  }

  #end(reason: string): void {
    this.#tenure++;
    if (!this.#isActing) return;
    this.#isActing = false;
    this.#tenant?.end(reason);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimer(RETRY_MS, resolve);
    });
  }

  #troubled(error: string | undefined): void {
    if (this.#error === error) return;
    this.#error = error;
    this.#tenant?.troubled();
  }
}
