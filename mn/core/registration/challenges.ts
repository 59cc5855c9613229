/** The challenges that foreign agents give out, and which one a request answers. RFC 4721 §3. */

import { after, type Instant } from "../../../shared/base/time.ts";
import { toHex } from "../../../shared/wire/field.ts";

/** More agents than are heard at a time are not remembered. */
const MAX_AGENTS = 32;
/** What an agent repeats of its last challenges is not new (§3.2.1). */
const REMEMBERED = 8;
/**
 * Milliseconds that an agent is asked for an unused challenge (§3.3) before a used one is sent
 * again: there are agents that never give out another, and take the same twice.
 */
const WAIT = 3000;

interface Entry {
  /** In hex, oldest first. */
  readonly seen: readonly string[];
  /** In hex: those that requests have answered. */
  readonly answered: readonly string[];
  readonly newest: Uint8Array;
  readonly used: boolean;
  /** The agent has answered a request with this challenge with a denial (§3.5). */
  readonly spent: boolean;
  readonly waitUntil: Instant | undefined;
}

/** By key of the agent table. */
export class Challenges {
  readonly #entries = new Map<string, Entry>();

  /**
   * A challenge was advertised: it is the one to answer, and those before it are not used any more
   * (§3.2.1, §4).
   */
  advertised(key: string, challenge: Uint8Array | undefined): void {
    if (challenge === undefined) return;
    const isOld = this.#entries.get(key)?.seen.includes(toHex(challenge)) === true;
    if (!isOld) this.#offer(key, challenge);
  }

  /**
   * One came in a reply: it is good for the next request (§3.2). An agent may give what it has given
   * before and nobody has used (§3.2.1).
   */
  given(key: string, challenge: Uint8Array | undefined): void {
    if (challenge === undefined) return;
    const isOld = this.#entries.get(key)?.answered.includes(toHex(challenge)) === true;
    if (!isOld) this.#offer(key, challenge);
  }

  #offer(key: string, challenge: Uint8Array): void {
    const text = toHex(challenge);
    const { seen = [], answered = [] } = this.#entries.get(key) ?? {};
    this.#entries.delete(key);
    this.#entries.set(key, {
      seen: [...seen.filter((each) => each !== text), text].slice(-REMEMBERED),
      answered,
      newest: challenge,
      used: false,
      spent: false,
      waitUntil: undefined,
    });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_AGENTS && oldest !== undefined) this.#entries.delete(oldest);
  }

  /** What a request to this agent answers; `undefined`: it gives out none. */
  of(key: string): Uint8Array | undefined {
    return this.#entries.get(key)?.newest;
  }

  isFresh(key: string): boolean {
    return this.#entries.get(key)?.used === false;
  }

  use(key: string, challenge: Uint8Array): void {
    const entry = this.#entries.get(key);
    const text = toHex(challenge);
    if (entry === undefined || toHex(entry.newest) !== text) return;
    const answered = [...entry.answered, text].slice(-REMEMBERED);
    // The next request waits anew.
    this.#entries.set(key, { ...entry, answered, used: true, waitUntil: undefined });
  }

  /** After a denial the next request has a new one, whatever the reason (§3.5). */
  denied(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.used === true) this.#entries.set(key, { ...entry, spent: true });
  }

  /**
   * Until when a new request waits for a challenge, which is to be solicited meanwhile;
   * `undefined`: it need not.
   */
  wait(key: string, now: Instant): Instant | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !entry.used) return undefined;
    if (entry.spent) return after(now, WAIT);
    const waitUntil = entry.waitUntil ?? after(now, WAIT);
    if (entry.waitUntil === undefined) this.#entries.set(key, { ...entry, waitUntil });
    return now < waitUntil ? waitUntil : undefined;
  }
}
