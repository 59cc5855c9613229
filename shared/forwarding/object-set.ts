/**
 * The kernel objects that all items together want. Several items may want the same object (two
 * bindings of one home address share its route), so holders are counted; only keys that may have
 * changed are handed to the planner.
 */

import { assert } from "../base/result.ts";
import { isSameObject, type KernelObject, objectKey } from "./kernel-objects.ts";

interface Holding {
  readonly object: KernelObject;
  count: number;
}

function precedenceOf(object: KernelObject): number {
  return "precedence" in object ? (object.precedence ?? 0) : 0;
}

export class ObjectSet {
  readonly #holdings = new Map<string, Holding[]>();
  #changed = new Set<string>();

  hold(objects: Iterable<KernelObject>): void {
    for (const object of objects) {
      const key = objectKey(object);
      const holdings = this.#holdings.get(key);
      const same = holdings?.find((holding) => isSameHolding(holding.object, object));
      if (same !== undefined) same.count++;
      else if (holdings !== undefined) holdings.push({ object, count: 1 });
      else this.#holdings.set(key, [{ object, count: 1 }]);
      this.#changed.add(key);
    }
  }

  release(objects: Iterable<KernelObject>): void {
    for (const object of objects) {
      const key = objectKey(object);
      const holdings = this.#holdings.get(key) ?? [];
      const holding = holdings.find((candidate) => isSameHolding(candidate.object, object));
      assert(holding !== undefined, `released what nobody holds: ${key}`);
      if (--holding.count === 0) holdings.splice(holdings.indexOf(holding), 1);
      if (holdings.length === 0) this.#holdings.delete(key);
      this.#changed.add(key);
    }
  }

  /** The object that holds for a key: the highest precedence, among equals the latest. */
  get(key: string): KernelObject | undefined {
    let best: KernelObject | undefined;
    for (const { object } of this.#holdings.get(key) ?? []) {
      if (best === undefined || precedenceOf(object) >= precedenceOf(best)) best = object;
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
}

function isSameHolding(a: KernelObject, b: KernelObject): boolean {
  return isSameObject(a, b) && precedenceOf(a) === precedenceOf(b);
}
