/** What will happen when, in whole virtual milliseconds; equal times in the order they were planned. */

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export class EventQueue {
  #time = 0;
  #order = 0;
  readonly #heap: Planned[] = [];

  /** The present, as an outside observer's clock shows it. */
  get time(): number {
    return this.#time;
  }

  /** Never early: a fraction of a millisecond counts as a whole one. */
  after(delay: number, action: () => void): void {
    this.#push({ at: this.#time + Math.max(0, Math.ceil(delay)), order: this.#order++, action });
  }

  /** Does everything that is planned up to a time, and what that plans in turn. */
  runUntil(end: number): void {
    for (let top = this.#heap[0]; top !== undefined && top.at <= end; top = this.#heap[0]) {
      this.#pop();
      this.#time = top.at;
      top.action();
    }
    this.#time = end;
  }

  #push(item: Planned): void {
    const heap = this.#heap;
    let i = heap.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(item, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (below === undefined) break;
      if (right !== undefined && before(right, below)) {
        child++;
        below = right;
      }
      if (!before(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
