/** Named event counters: every silent discard adds to one (RFC 5944 §1.7). */
export class Counters {
  readonly #values = new Map<string, number>();

  /** `name` comes from a fixed set in our own code, never from a peer, so the map is bounded. */
  add(name: string, amount = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
  }

  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  toJson(): Record<string, number> {
    return Object.fromEntries([...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
