/** Named event counters: every silent discard adds to one (RFC 5944 §1.7). */
export class Counters {
  /** Each in an object of its own, which is found once for each event. */
  readonly #values = new Map<string, { value: number }>();

  /** `name` comes from a fixed set in our own code, never from a peer, so the map is bounded. */
  add(name: string, amount = 1): void {
    const counter = this.#values.get(name);
    if (counter === undefined) this.#values.set(name, { value: amount });
    else counter.value += amount;
  }

  get(name: string): number {
    return this.#values.get(name)?.value ?? 0;
  }

  toJson(): Record<string, number> {
    const entries = [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, { value }]) => [name, value]));
  }
}
