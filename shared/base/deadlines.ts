/** Deadlines of many keyed things: set, move and drop in logarithmic time, whatever their number. */

import type { Instant } from "./time.ts";

interface Entry<K> {
  readonly key: K;
  at: Instant;
  /** What the heap orders it by: never later than `at`. */
  place: Instant;
}

/**
 * A binary heap. A deadline that moves away, as one does with every renewal, leaves its entry where
 * it is until that surfaces. Outdated entries are dropped when they surface, or when they outnumber.
 */
export class Deadlines<K> {
  readonly #current = new Map<K, Entry<K>>();
  #heap: Entry<K>[] = [];

  get size(): number {
    return this.#current.size;
  }

  get(key: K): Instant | undefined {
    return this.#current.get(key)?.at;
  }

  set(key: K, at: Instant): void {
    const known = this.#current.get(key);
    if (known !== undefined && known.place <= at) {
      known.at = at;
      return;
    }
    const entry = { key, at, place: at };
    this.#current.set(key, entry);
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    // Keeps the heap within twice the number of keys, at constant cost a call over time.
    if (this.#heap.length > 2 * this.#current.size + 16) this.#rebuild();
  }

  delete(key: K): void {
    this.#current.delete(key);
  }

  /** The earliest deadline. */
  next(): Instant | undefined {
    this.#settle();
    return this.#heap[0]?.at;
  }

  /** Takes out the keys that are due, earliest first. */
  takeDue(now: Instant): K[] {
    const due: K[] = [];
    for (this.#settle(); (this.#heap[0]?.at ?? Infinity) <= now; this.#settle()) {
      const entry = this.#pop();
      this.#current.delete(entry.key);
      due.push(entry.key);
    }
    return due;
  }

  /** The entry on top is one that counts, in its true place. */
  #settle(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#current.get(top.key) !== top) this.#pop();
      else if (top.place === top.at) return;
      else {
        top.place = top.at;
        this.#down();
      }
    }
  }

  #rebuild(): void {
    this.#heap = [...this.#current.values()];
    for (const entry of this.#heap) entry.place = entry.at;
    this.#heap.sort((a, b) => a.at - b.at);
  }

  #pop(): Entry<K> {
    const heap = this.#heap;
    const top = heap[0] as Entry<K>;
    const last = heap.pop() as Entry<K>;
    if (heap.length > 0) {
      heap[0] = last;
      this.#down();
    }
    return top;
  }

  #up(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry<K>;
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Entry<K>;
      if (above.place <= entry.place) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  #down(): void {
    const heap = this.#heap;
    const entry = heap[0] as Entry<K>;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && right.place < (heap[child] as Entry<K>).place) child++;
      const below = heap[child] as Entry<K>;
      if (below.place >= entry.place) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = entry;
  }
}
