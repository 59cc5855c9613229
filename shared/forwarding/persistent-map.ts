/**
 * An immutable map whose versions share what they have in common. Setting one of 100,000 bindings
 * copies some thirty pointers, and two versions are compared by looking only where they differ.
 */

import type { ForwardingItem, ForwardingState } from "./state.ts";

/** Entries whose hashes are equal: a key and its value in turn, with no array for each pair. */
type Bucket<V> = readonly (string | V)[];
/** A tree of fixed depth over the hash of the key; absent children hold nothing. */
type Node<V> = readonly (Node<V> | Bucket<V> | undefined)[];

const BITS = 5;
const FANOUT = 1 << BITS;
/** Levels of nodes above the buckets: 32,768 buckets, three entries each at 100,000. */
const LEVELS = 3;

/** FNV-1a: quick, and spreads keys that differ in one digit. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function slotAt(hash: number, level: number): number {
  return (hash >>> (level * BITS)) & (FANOUT - 1);
}

export class PersistentMap<V> implements ReadonlyMap<string, V> {
  readonly size: number;
  readonly #root: Node<V>;

  private constructor(root: Node<V>, size: number) {
    this.#root = root;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>([], 0);
  }

  get(key: string): V | undefined {
    const bucket = bucketOf(this.#root, hashOf(key));
    const at = placeIn(bucket, key);
    return at < 0 ? undefined : (bucket[at + 1] as V);
  }

  has(key: string): boolean {
    return placeIn(bucketOf(this.#root, hashOf(key)), key) >= 0;
  }

  /** A version in which `key` has this value. */
  with(key: string, value: V): PersistentMap<V> {
    const hash = hashOf(key);
    const bucket = bucketOf(this.#root, hash);
    const at = placeIn(bucket, key);
    const changed = at < 0 ? [...bucket, key, value] : bucket.with(at + 1, value);
    const root = replaceBucket(this.#root, hash, 0, changed);
    return new PersistentMap(root, at < 0 ? this.size + 1 : this.size);
  }

  /** A version without `key`; the same one when it is not there. */
  without(key: string): PersistentMap<V> {
    const hash = hashOf(key);
    const bucket = bucketOf(this.#root, hash);
    const at = placeIn(bucket, key);
    if (at < 0) return this;
    const others = bucket.toSpliced(at, 2);
    return new PersistentMap(replaceBucket(this.#root, hash, 0, others), this.size - 1);
  }

  /** Keys whose value is not the same object here and in `other`, at the cost of the difference. */
  changedSince(other: PersistentMap<V>): string[] {
    const keys: string[] = [];
    collectChanges(other.#root, this.#root, 0, keys);
    return keys;
  }

  *entries(): MapIterator<[string, V]> {
    yield* walk(this.#root, 0);
  }

  *keys(): MapIterator<string> {
    for (const [key] of walk(this.#root, 0)) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of walk(this.#root, 0)) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }
}

function bucketOf<V>(root: Node<V>, hash: number): Bucket<V> {
  let node: Node<V> | undefined = root;
  for (let level = 0; level < LEVELS; level++) {
    node = node?.[slotAt(hash, level)] as Node<V> | undefined;
  }
  return (node as Bucket<V> | undefined) ?? [];
}

/** Where the key stands in a bucket; -1 when it does not. */
function placeIn<V>(bucket: Bucket<V>, key: string): number {
  for (let at = 0; at < bucket.length; at += 2) if (bucket[at] === key) return at;
  return -1;
}

function* entriesOf<V>(bucket: Bucket<V>): MapIterator<[string, V]> {
  for (let at = 0; at < bucket.length; at += 2) {
    yield [bucket[at] as string, bucket[at + 1] as V];
  }
}

function replaceBucket<V>(
  node: Node<V> | undefined,
  hash: number,
  level: number,
  bucket: Bucket<V>,
): Node<V> {
  if (level === LEVELS) return bucket as unknown as Node<V>;
  const copy = node === undefined ? [] : node.slice();
  const slot = slotAt(hash, level);
  copy[slot] = replaceBucket(copy[slot] as Node<V> | undefined, hash, level + 1, bucket);
  return copy;
}

function* walk<V>(node: Node<V>, level: number): MapIterator<[string, V]> {
  for (const child of node) {
    if (child === undefined) continue;
    if (level < LEVELS - 1) yield* walk(child as Node<V>, level + 1);
    else yield* entriesOf(child as Bucket<V>);
  }
}

function collectChanges<V>(
  before: Node<V> | undefined,
  now: Node<V> | undefined,
  level: number,
  keys: string[],
): void {
  if (before === now) return;
  if (level === LEVELS) {
    const old = entriesOf((before ?? []) as Bucket<V>);
    const current = entriesOf((now ?? []) as Bucket<V>);
    keys.push(...differingKeys(new Map(old), new Map(current)));
    return;
  }
  for (let slot = 0; slot < FANOUT; slot++) {
    const child = before?.[slot] as Node<V> | undefined;
    collectChanges(child, now?.[slot] as Node<V> | undefined, level + 1, keys);
  }
}

function differingKeys<V>(before: ReadonlyMap<string, V>, now: ReadonlyMap<string, V>): string[] {
  const keys: string[] = [];
  for (const key of before.keys()) if (!now.has(key)) keys.push(key);
  for (const [key, value] of now) if (before.get(key) !== value) keys.push(key);
  return keys;
}

/**
 * Keys to look at when going from one declared state to the next: those whose items are different
 * objects. For two versions of one persistent map that costs as much as they differ.
 */
export function changedKeys(before: ForwardingState, now: ForwardingState): readonly string[] {
  if (before === now) return [];
  if (before instanceof PersistentMap && now instanceof PersistentMap) {
    return (now as PersistentMap<ForwardingItem>).changedSince(before);
  }
  return differingKeys(before, now);
}
