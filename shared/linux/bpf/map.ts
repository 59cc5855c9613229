/**
 * One BPF map as a table that is written in batches: what is staged goes to the kernel at the next
 * `flush`, many entries a system call.
 */

import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { BpfCalls } from "./calls.ts";
import type { BpfMapShape } from "./object.ts";

/** Entries of one system call. */
const BATCH = 4096;
/** Entries that are staged without another allocation. */
const FEW = 8;
/** For an entry that finds no memory. */
const TRIES = 100;
const PERCPU_HASH = 5;
const CURSOR = 16;
const WORD = 8;

/** How many CPUs there may ever be: a map has a value for each. */
export function possibleCpus(text = readFileSync("/sys/devices/system/cpu/possible", "utf8")) {
  const last = /(\d+)\s*$/.exec(text)?.[1];
  return Number(last ?? 0) + 1;
}

/** Keys and values side by side, as a system call takes them. */
class Entries {
  readonly #keySize: number;
  readonly #valueSize: number;
  keys: Uint8Array;
  values: Uint8Array;
  count: number;

  constructor(keySize: number, valueSize: number, keys?: Uint8Array, values?: Uint8Array) {
    this.#keySize = keySize;
    this.#valueSize = valueSize;
    this.keys = keys ?? new Uint8Array(FEW * keySize);
    this.values = values ?? new Uint8Array(FEW * valueSize);
    this.count = keys === undefined ? 0 : keys.length / keySize;
  }

  add(key: Uint8Array, value?: Uint8Array): void {
    if ((this.count + 1) * this.#keySize > this.keys.length) {
      this.keys = doubled(this.keys);
      this.values = doubled(this.values);
    }
    this.keys.set(key, this.count * this.#keySize);
    if (value !== undefined) this.values.set(value, this.count * this.#valueSize);
    this.count++;
  }

  /** Up to so many from there on, in the same memory. */
  some(at: number, most = this.count): Entries {
    const [key, value] = [this.#keySize, this.#valueSize];
    const end = Math.min(at + most, this.count);
    const keys = this.keys.subarray(at * key, end * key);
    return new Entries(key, value, keys, this.values.subarray(at * value, end * value));
  }
}

function doubled(bytes: Uint8Array): Uint8Array {
  const more = new Uint8Array(bytes.length * 2);
  more.set(bytes);
  return more;
}

export class BpfMap {
  readonly #calls: BpfCalls;
  readonly fd: number;
  readonly #shape: BpfMapShape;
  /** Octets of a value as the system calls have it. */
  readonly valueRoom: number;
  #removed: Entries;
  #set: Entries;

  constructor(calls: BpfCalls, fd: number, shape: BpfMapShape) {
    this.#calls = calls;
    this.fd = fd;
    this.#shape = shape;
    const isPerCpu = shape.type === PERCPU_HASH;
    const rounded = Math.ceil(shape.valueSize / WORD) * WORD;
    this.valueRoom = isPerCpu ? rounded * possibleCpus() : shape.valueSize;
    this.#removed = new Entries(shape.keySize, 0);
    this.#set = new Entries(shape.keySize, this.valueRoom);
  }

  /**
   * At the next flush the key has this value, or is not there; both are copied. Until then a key is
   * either set or removed: what is removed goes first, since that makes room.
   */
  stage(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#removed.add(key);
    else this.#set.add(key, value);
  }

  /** Returns for how many entries there was no room. */
  flush(): number {
    const [removed, set] = [this.#removed, this.#set];
    if (removed.count === 0 && set.count === 0) return 0;
    this.#removed = new Entries(this.#shape.keySize, 0);
    this.#set = new Entries(this.#shape.keySize, this.valueRoom);
    let missing = 0;
    for (let at = 0; at < removed.count; at += BATCH) this.#delete(removed.some(at, BATCH));
    for (let at = 0; at < set.count; at += BATCH) missing += this.#update(set.some(at, BATCH));
    return missing;
  }

  /** The value of a key, read now; `undefined`: there is none. */
  get(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.valueRoom);
    return this.#calls.lookup(this.fd, key, value) < 0 ? undefined : value;
  }

  /** Every entry, read now. */
  *entries(): Generator<readonly [key: Uint8Array, value: Uint8Array]> {
    const { keySize } = this.#shape;
    const keys = new Uint8Array(BATCH * keySize);
    const values = new Uint8Array(BATCH * this.valueRoom);
    const cursor = new Uint8Array(CURSOR);
    for (let isFirst = true; ; isFirst = false) {
      const room = { keys, values, count: BATCH };
      const [count, result] = this.#calls.lookupBatch(this.fd, cursor, room, isFirst);
      const isEnd = result < 0;
      if (isEnd && result !== -constants.errno.ENOENT) return;
      for (let i = 0; i < count; i++) {
        const key = keys.slice(i * keySize, (i + 1) * keySize);
        yield [key, values.slice(i * this.valueRoom, (i + 1) * this.valueRoom)];
      }
      if (isEnd) return;
    }
  }

  close(): void {
    this.#calls.close(this.fd);
  }

  /** One that is not there is passed over. */
  #delete(removed: Entries): void {
    for (let at = 0; at < removed.count; at++) {
      const [done, result] = this.#calls.deleteBatch(this.fd, removed.some(at));
      if (result === 0) return;
      at += done;
    }
  }

  #update(set: Entries): number {
    let missing = 0;
    let tries = 0;
    for (let at = 0; at < set.count; at++) {
      const [done, result] = this.#calls.updateBatch(this.fd, set.some(at));
      if (result === 0) return missing;
      at += done;
      // The kernel fills its pool of free entries beside us: one that it had none for gets one soon.
      tries = done > 0 ? 1 : tries + 1;
      if (result === -constants.errno.ENOMEM && tries < TRIES) at--;
      else missing++;
    }
    return missing;
  }
}
