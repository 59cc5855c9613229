/**
 * What agents, and the ways by addresses of the node's own, have answered so far: which to leave
 * alone for a while, and what they offered.
 */

import { after, earliest, type Instant } from "../../../shared/base/time.ts";
import type { Terms } from "../config.ts";
import { Challenges } from "../registration/challenges.ts";

/** Milliseconds until an agent that refused is asked again; doubles with each refusal. */
const FIRST_BACK_OFF = 2000;
const MAX_BACK_OFF = 64_000;

/** Milliseconds after which a way that was lost once counts as sound again. */
const SOUND_AFTER = 300_000;

interface Entry {
  /** Which of its care-of addresses to register (RFC 5944 §2.4: the first one first). */
  readonly careOfIndex: number;
  readonly refusals: number;
  readonly until: Instant | undefined;
  /** From code 69: the longest lifetime it takes (RFC 5944 §3.6.2.3). */
  readonly offeredLifetime: number | undefined;
  /** What it has refused and would not refuse again (RFC 3024 §4.1.2). */
  readonly terms: Partial<Terms>;
  /** How often nothing came back by it any more, and when last. */
  readonly losses: number;
  readonly lostAt: Instant | undefined;
  /** Until when other ways are better because of that. */
  readonly lostUntil: Instant | undefined;
}

const NOTHING: Entry = {
  careOfIndex: 0,
  refusals: 0,
  until: undefined,
  offeredLifetime: undefined,
  terms: {},
  losses: 0,
  lostAt: undefined,
  lostUntil: undefined,
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
    const { until = now, lostUntil = now } = this.of(key);
    return now < until || now < lostUntil;
  }

  /** When the next one may be asked again. */
  nextDeadline(now: Instant): Instant | undefined {
    const times = [...this.#entries.values()].flatMap(({ until, lostUntil }) => [until, lostUntil]);
    return earliest(...times.filter((time) => time !== undefined && time > now));
  }

  accepted(key: string): void {
    this.#entries.set(key, { ...this.of(key), refusals: 0, until: undefined });
  }

  /** Nothing comes back by it. Each loss that follows another one soon weighs more. */
  lost(key: string, now: Instant): void {
    const entry = this.of(key);
    const isRecent = entry.lostAt !== undefined && now - entry.lostAt < SOUND_AFTER;
    const losses = isRecent ? Math.min(entry.losses + 1, 10) : 1;
    const wait = Math.min(MAX_BACK_OFF, FIRST_BACK_OFF * 2 ** (losses - 1));
    this.#entries.set(key, { ...entry, losses, lostAt: now, lostUntil: after(now, wait) });
  }

  /** Something comes back again. */
  found(key: string): void {
    this.#entries.set(key, { ...this.of(key), lostUntil: undefined });
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
