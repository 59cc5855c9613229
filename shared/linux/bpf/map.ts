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

export class BpfMap {
  readonly #calls: BpfCalls;
  readonly fd: number;
  readonly #shape: BpfMapShape;
  /** Octets of a value as the system calls have it. */
  readonly valueRoom: number;
  #removed: Uint8Array[] = [];
  #set: (readonly [key: Uint8Array, value: Uint8Array])[] = [];

  constructor(calls: BpfCalls, fd: number, shape: BpfMapShape) {
    this.#calls = calls;
    this.fd = fd;
    this.#shape = shape;
    const isPerCpu = shape.type === PERCPU_HASH;
    const rounded = Math.ceil(shape.valueSize / WORD) * WORD;
    this.valueRoom = isPerCpu ? rounded * possibleCpus() : shape.valueSize;
  }

  /**
   * At the next flush the key has this value, or is not there. Until then a key is staged once: what
   * is removed goes first, since that makes room.
   */
  stage(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#removed.push(key);
    else this.#set.push([key, value]);
  }

  /** Returns for how many entries there was no room. */
  flush(): number {
    const [removed, set] = [this.#removed, this.#set];
    if (removed.length === 0 && set.length === 0) return 0;
    this.#removed = [];
    this.#set = [];
    for (let at = 0; at < removed.length; at += BATCH) this.#delete(removed.slice(at, at + BATCH));
    let missing = 0;
    for (let at = 0; at < set.length; at += BATCH)
      missing += this.#update(set.slice(at, at + BATCH));
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
  #delete(removed: readonly Uint8Array[]): void {
    const { keySize } = this.#shape;
    const keys = new Uint8Array(removed.length * keySize);
    for (const [i, key] of removed.entries()) keys.set(key, i * keySize);
    for (let at = 0; at < removed.length; at++) {
      const rest = { keys: keys.subarray(at * keySize), count: removed.length - at };
      const [done, result] = this.#calls.deleteBatch(this.fd, rest);
      if (result === 0) return;
      at += done;
    }
  }

  #update(set: readonly (readonly [Uint8Array, Uint8Array])[]): number {
    const { keySize } = this.#shape;
    const keys = new Uint8Array(set.length * keySize);
    const values = new Uint8Array(set.length * this.valueRoom);
    for (const [i, [key, value]] of set.entries()) {
      keys.set(key, i * keySize);
      values.set(value, i * this.valueRoom);
    }
    let missing = 0;
    let tries = 0;
    for (let at = 0; at < set.length; at++) {
      const rest = {
        keys: keys.subarray(at * keySize),
        values: values.subarray(at * this.valueRoom),
        count: set.length - at,
      };
      const [done, result] = this.#calls.updateBatch(this.fd, rest);
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
