/** A map to short lists, which are there while they have members. */

const NONE: readonly never[] = [];

export class Lists<K, V> {
  readonly #lists = new Map<K, V[]>();

  get(key: K): readonly V[] {
    return this.#lists.get(key) ?? NONE;
  }

  add(key: K, value: V): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [value]);
    else list.push(value);
  }

  /** False when it was not there. */
  remove(key: K, value: V): boolean {
    const list = this.#lists.get(key);
    const at = list?.indexOf(value) ?? -1;
    if (list === undefined || at < 0) return false;
    list.splice(at, 1);
    if (list.length === 0) this.#lists.delete(key);
    return true;
  }

  values(): IterableIterator<readonly V[]> {
    return this.#lists.values();
  }
}
