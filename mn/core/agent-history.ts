/** What agents have answered so far: which to leave alone for a while, and what they offered. */

import { after, type Instant } from "../../shared/base/time.ts";
import { Challenges } from "./challenges.ts";
import type { Terms } from "./config.ts";

/** Milliseconds until an agent that refused is asked again; doubles with each refusal. */
const FIRST_BACK_OFF = 2000;
const MAX_BACK_OFF = 64_000;

interface Entry {
  /** Which of its care-of addresses to register (RFC 5944 §2.4: the first one first). */
  readonly careOfIndex: number;
  readonly refusals: number;
  readonly until: Instant | undefined;
  /** From code 69: the longest lifetime it takes (RFC 5944 §3.6.2.3). */
  readonly offeredLifetime: number | undefined;
  /** What it has refused and would not refuse again (RFC 3024 §4.1.2). */
  readonly terms: Partial<Terms>;
}

const NOTHING: Entry = {
  careOfIndex: 0,
  refusals: 0,
  until: undefined,
  offeredLifetime: undefined,
  terms: {},
};

/** Keyed like the agent table, whose bound it shares: an agent forgotten there is forgotten here. */
export class AgentHistory {
  readonly challenges = new Challenges();
  readonly #entries = new Map<string, Entry>();

  of(key: string): Entry {
    return this.#entries.get(key) ?? NOTHING;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** A `register` command asks everybody again. */
  clear(): void {
    this.#entries.clear();
  }

  /** Is it still to be left alone? */
  refuses(key: string, now: Instant): boolean {
    const { until } = this.of(key);
    return until !== undefined && now < until;
  }

  accepted(key: string): void {
    this.#entries.set(key, { ...this.of(key), refusals: 0, until: undefined });
  }

  offered(key: string, lifetime: number): void {
    this.#entries.set(key, { ...this.of(key), offeredLifetime: lifetime });
  }

  conceded(key: string, terms: Partial<Terms>): void {
    const entry = this.of(key);
    this.#entries.set(key, { ...entry, terms: { ...entry.terms, ...terms } });
  }

  refused(key: string, now: Instant): void {
    const entry = this.of(key);
    const wait = Math.min(MAX_BACK_OFF, FIRST_BACK_OFF * 2 ** entry.refusals);
    const refusals = Math.min(entry.refusals + 1, 10);
    this.#entries.set(key, { ...entry, careOfIndex: 0, refusals, until: after(now, wait) });
  }

  /** RFC 5944 §2.4: after a rejection by the foreign agent its next address; false: none is left. */
  nextCareOf(key: string, count: number): boolean {
    const entry = this.of(key);
    if (entry.careOfIndex + 1 >= count) return false;
    this.#entries.set(key, { ...entry, careOfIndex: entry.careOfIndex + 1 });
    return true;
  }
}
