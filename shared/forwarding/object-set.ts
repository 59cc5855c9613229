/**
 * The kernel objects that all items together want. Several items may want the same object (two
 * bindings of one home address share its route), so holders are counted; only keys that may have
 * changed are handed to the planner.
 */

import { assert } from "../base/result.ts";
import { isSameObject, type KernelObject, objectKey } from "./kernel-objects.ts";

/** One of the objects that are wanted under one key, chained: there is hardly ever a second. */
interface Holding {
  readonly object: KernelObject;
  count: number;
  next: Holding | undefined;
}

function precedenceOf(object: KernelObject): number {
  return "precedence" in object ? (object.precedence ?? 0) : 0;
}

export class ObjectSet {
  readonly #holdings = new Map<string, Holding>();
  #changed = new Set<string>();

  hold(objects: Iterable<KernelObject>): void {
    for (const object of objects) {
      const key = objectKey(object);
      const next = this.#holdings.get(key);
      const same = holdingOf(next, object);
      if (same !== undefined) same.count++;
      else this.#holdings.set(key, { object, count: 1, next });
      this.#changed.add(key);
    }
  }

  release(objects: Iterable<KernelObject>): void {
    for (const object of objects) {
      const key = objectKey(object);
      const first = this.#holdings.get(key);
      const holding = holdingOf(first, object);
      assert(holding !== undefined, `released what nobody holds: ${key}`);
      if (--holding.count === 0) this.#drop(key, first, holding);
      this.#changed.add(key);
    }
  }

  /** The object that holds for a key: the highest precedence, among equals the latest. */
  get(key: string): KernelObject | undefined {
    let best: KernelObject | undefined;
    for (let each = this.#holdings.get(key); each !== undefined; each = each.next) {
      if (best === undefined || precedenceOf(each.object) > precedenceOf(best)) best = each.object;
    }
    return best;
  }

  keys(): IterableIterator<string> {
    return this.#holdings.keys();
  }

  /** Has anything been held or released since `takeChanged`? */
  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Keys held or released since the last call. */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  #drop(key: string, first: Holding | undefined, gone: Holding): void {
    if (first !== gone) {
      let before = first;
      while (before !== undefined && before.next !== gone) before = before.next;
      if (before !== undefined) before.next = gone.next;
    } else if (gone.next !== undefined) {
      this.#holdings.set(key, gone.next);
    } else {
      this.#holdings.delete(key);
    }
  }
}

function holdingOf(first: Holding | undefined, object: KernelObject): Holding | undefined {
  for (let each = first; each !== undefined; each = each.next) {
    const isSame = isSameObject(each.object, object);
    if (isSame && precedenceOf(each.object) === precedenceOf(object)) return each;
  }
  return undefined;
}
