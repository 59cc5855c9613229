/**
 * Octets out of a common block. A typed array of more than 64 octets with memory of its own costs
 * V8 five times as much as one that is part of a block. For octets that live briefly: a block stays
 * as long as anything of it is kept.
 */

const BLOCK = 8192;
/** Longer ones get memory of their own. */
const MOST = 2048;

let block = new ArrayBuffer(BLOCK);
let used = 0;

/** So many octets, all zero. */
export function pooledOctets(length: number): Uint8Array {
  if (length > MOST) return new Uint8Array(length);
  if (used + length > BLOCK) {
    block = new ArrayBuffer(BLOCK);
    used = 0;
  }
  const out = new Uint8Array(block, used, length);
  used += length;
  return out;
}

/** A copy of the octets from `start` up to `end`. */
export function pooledCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const out = pooledOctets(end - start);
  out.set(bytes.subarray(start, end));
  return out;
}
