/**
 * HMAC (RFC 2104) as two of Node's hashes. A `Hmac` object of `node:crypto` takes three times as
 * long, most of it for objects that the garbage collector must take away again: so the hashes are
 * asked for as texts of one octet a character, which are the cheapest that Node gives out.
 */

import { hash } from "node:crypto";
import { pooledOctets } from "../base/pool.ts";

export type HashName = "md5" | "sha1" | "sha256";

/** Octets of a block, of all three (RFC 2104 §2). */
const BLOCK = 64;
const INNER = 0x36;
const OUTER = 0x5c;
/** Of the longest hash. */
const MAX_DIGEST = 32;
/** A longer message gets memory of its own. */
const ROOM = 2048;

const innerRoom = new Uint8Array(BLOCK + ROOM);
const outerRoom = new Uint8Array(BLOCK + MAX_DIGEST);
/** The beginnings of both, by length: a view costs as much as a tenth of the hash. */
const innerViews: Uint8Array[] = [];
const outerViews: Uint8Array[] = [];

/** The HMAC of `message` under a key of any length, octets from the pool. */
export function hmac(name: HashName, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = key.length > BLOCK ? octetsOf(hash(name, key, "binary")) : key;
  const length = BLOCK + message.length;
  const inner = beginning(innerRoom, innerViews, length);
  pad(inner, block, INNER);
  inner.set(message, BLOCK);
  const digest = hash(name, inner, "binary");
  const outer = beginning(outerRoom, outerViews, BLOCK + digest.length);
  pad(outer, block, OUTER);
  write(outer, BLOCK, digest);
  return octetsOf(hash(name, outer, "binary"));
}

function beginning(room: Uint8Array, views: Uint8Array[], length: number): Uint8Array {
  if (length > room.length) return new Uint8Array(length);
  views[length] ??= room.subarray(0, length);
  return views[length];
}

function pad(room: Uint8Array, key: Uint8Array, octet: number): void {
  for (let i = 0; i < BLOCK; i++) room[i] = (key[i] ?? 0) ^ octet;
}

function write(room: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) room[at + i] = text.charCodeAt(i);
}

function octetsOf(text: string): Uint8Array {
  const octets = pooledOctets(text.length);
  write(octets, 0, text);
  return octets;
}
