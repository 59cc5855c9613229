/**
 * Where what must outlive a crash is kept, as a seam: a journal of this machine's own (journal.ts),
 * or something that several machines share, of which only one may act at a time.
 */

import type { Json, JsonObject } from "../../base/result.ts";

export type Records = readonly (readonly [key: string, value: Json])[];

/** What a store had kept when a tenure began. */
export interface Kept {
  /** The last value of each key that has one. */
  readonly entries: Records;
  /** Records that did not check: torn by a crash, or damaged. */
  readonly damaged: number;
  /** Another machine may have acted on them until now. */
  readonly isTakeover: boolean;
}

/** Who acts on what is stored; told when that is allowed. */
export interface Tenant {
  /** From now on, with this as the state of affairs; resolves when all of it has been taken in. */
  begin(kept: Kept): Promise<void>;
  /** It may go on, and what the kernel holds for a limited time is good for another one. */
  renewed(): void;
  /** The store's `error` has changed. */
  troubled(): void;
  /** No longer: nothing may be sent, answered or forwarded once this returns. */
  end(reason: string): void;
}

export interface Store {
  /** What its problems are listed under. */
  readonly name: string;
  /** Why the newest values are not kept; `undefined` while all is well. */
  readonly error: string | undefined;
  /** What `status` says of it; a store that is shared says who is `active`. */
  status(): JsonObject;
  /** Calls back once for each tenure; a store that nobody shares has one, which begins at once. */
  open(tenant: Tenant): Promise<void>;
  /** Takes some values; the last one of a key wins and `null` forgets it. */
  append(records: Records): void;
  /** Resolves when everything appended so far is as durable as this store makes it, or cannot be. */
  sync(): Promise<void>;
  /** Tries again what failed. */
  retry(): void;
  /** A good moment for work that need not be done at once, which must not stall the loop. */
  tidy(): void;
  /** Ends the tenure: another machine may begin its own. */
  close(): Promise<void>;
}
