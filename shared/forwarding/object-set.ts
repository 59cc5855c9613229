/**
 * The kernel objects that all items together want. Several items may want the same object (two
 * bindings of one home address share its route), so holders are counted; only keys that may have
 * changed are handed to the planner.
 */

import { assert } from "../base/result.ts";
import { isSameObject, type KernelObject, objectKey } from "./kernel-objects.ts";

/** One of several objects that are wanted under one key, or one that several items want. */
interface Holding {
  readonly object: KernelObject;
  count: number;
}

function precedenceOf(object: KernelObject): number {
  return "precedence" in object ? (object.precedence ?? 0) : 0;
}

export class ObjectSet {
  /** Nearly always one item wants one object; that is kept as it is, or they would take much room. */
  readonly #wanted = new Map<string, KernelObject | Holding[]>();
  #changed = new Set<string>();

  hold(objects: Iterable<KernelObject>): void {
    for (const object of objects) {
      const key = objectKey(object);
      const held = this.#wanted.get(key);
      if (held === undefined) {
        this.#wanted.set(key, object);
      } else {
        const holdings = Array.isArray(held) ? held : [{ object: held, count: 1 }];
        const same = holdings.find((holding) => isSameHolding(holding.object, object));
        if (same !== undefined) same.count++;
        else holdings.push({ object, count: 1 });
        this.#wanted.set(key, holdings);
      }
      this.#changed.add(key);
    }
  }

  release(objects: Iterable<KernelObject>): void {
    for (const object of objects) {
      const key = objectKey(object);
      const held = this.#wanted.get(key);
      const left = held === undefined ? undefined : without(held, object);
      assert(left !== undefined, `released what nobody holds: ${key}`);
      if (left.length === 0) this.#wanted.delete(key);
      this.#changed.add(key);
    }
  }

  /** The object that holds for a key: the highest precedence, among equals the latest. */
  get(key: string): KernelObject | undefined {
    const held = this.#wanted.get(key);
    if (!Array.isArray(held)) return held;
    let best: KernelObject | undefined;
    for (const { object } of held) {
      if (best === undefined || precedenceOf(object) >= precedenceOf(best)) best = object;
    }
    return best;
  }

  keys(): IterableIterator<string> {
    return this.#wanted.keys();
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

/** What is left of it without one holding of the object; `undefined` when it is not held. */
function without(held: KernelObject | Holding[], object: KernelObject): Holding[] | undefined {
  if (!Array.isArray(held)) return isSameHolding(held, object) ? [] : undefined;
  const holding = held.find((candidate) => isSameHolding(candidate.object, object));
  if (holding === undefined) return undefined;
  if (--holding.count === 0) held.splice(held.indexOf(holding), 1);
  return held;
}

function isSameHolding(a: KernelObject, b: KernelObject): boolean {
  return isSameObject(a, b) && precedenceOf(a) === precedenceOf(b);
}
