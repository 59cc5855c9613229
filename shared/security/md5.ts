/**
 * MD5 and HMAC-MD5, the algorithm that every registration bears by default (RFC 5944 §5.1): RFC
 * 1321 §3, RFC 2104 §2. `node:crypto` gives the same, and makes an object of OpenSSL's for each
 * message, which costs three times as much as the hashing (docs/internals/performance.md). No step
 * depends on what is hashed, so that the time it takes tells nothing.
 */

/** Octets of a block, and of a digest. */
const BLOCK = 64;
const DIGEST = 16;
/** Where the message's length stands in its last block (RFC 1321 §3.2). */
const LENGTH_AT = 56;

/** RFC 1321 §3.4: 4294967296 times abs(sin(i)). */
const T = Int32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
);
/** The block being hashed as words, low octet first. */
const X = new Int32Array(16);

/** RFC 1321 §3.4: `plus + (sum <<< by)`. */
function turn(sum: number, by: number, plus: number): number {
  return (((sum << by) | (sum >>> (32 - by))) + plus) | 0;
}

/** A word of a table; the index is always inside. */
function word(table: Int32Array, at: number): number {
  return table[at] as number;
}

class Md5 {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #length = 0;
  readonly #block = new Uint8Array(BLOCK);

  /** RFC 1321 §3.3. */
  start(): this {
    this.#a = 0x67452301;
    this.#b = 0xefcdab89 | 0;
    this.#c = 0x98badcfe | 0;
    this.#d = 0x10325476;
    this.#length = 0;
    return this;
  }

  update(octets: Uint8Array): this {
    const { length } = octets;
    let filled = this.#length % BLOCK;
    let at = 0;
    while (filled + length - at >= BLOCK) {
      if (filled === 0) {
        this.#compress(octets, at);
        at += BLOCK;
      } else {
        while (filled < BLOCK) this.#block[filled++] = octets[at++] as number;
        this.#compress(this.#block, 0);
        filled = 0;
      }
    }
    while (at < length) this.#block[filled++] = octets[at++] as number;
    this.#length += length;
    return this;
  }

  digest(): Uint8Array {
    const block = this.#block;
    let filled = this.#length % BLOCK;
    block[filled++] = 0x80;
    if (filled > LENGTH_AT) {
      block.fill(0, filled);
      this.#compress(block, 0);
      filled = 0;
    }
    block.fill(0, filled);
    // In bits; no message here comes near 2^29 octets.
    putWord(block, LENGTH_AT, this.#length * 8);
    this.#compress(block, 0);
    const out = new Uint8Array(DIGEST);
    putWord(out, 0, this.#a);
    putWord(out, 4, this.#b);
    putWord(out, 8, this.#c);
    putWord(out, 12, this.#d);
    return out;
  }

  /** RFC 1321 §3.4: four rounds of sixteen steps. */
  #compress(octets: Uint8Array, start: number): void {
    for (let i = 0; i < 16; i++) X[i] = wordAt(octets, start + 4 * i);
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let i = 0; i < 16; i += 4) {
      a = turn((a + ((b & c) | (~b & d)) + word(X, i) + word(T, i)) | 0, 7, b);
      d = turn((d + ((a & b) | (~a & c)) + word(X, i + 1) + word(T, i + 1)) | 0, 12, a);
      c = turn((c + ((d & a) | (~d & b)) + word(X, i + 2) + word(T, i + 2)) | 0, 17, d);
      b = turn((b + ((c & d) | (~c & a)) + word(X, i + 3) + word(T, i + 3)) | 0, 22, c);
    }
    for (let i = 16; i < 32; i += 4) {
      a = turn((a + ((b & d) | (c & ~d)) + word(X, (5 * i + 1) & 15) + word(T, i)) | 0, 5, b);
      d = turn((d + ((a & c) | (b & ~c)) + word(X, (5 * i + 6) & 15) + word(T, i + 1)) | 0, 9, a);
      c = turn((c + ((d & b) | (a & ~b)) + word(X, (5 * i + 11) & 15) + word(T, i + 2)) | 0, 14, d);
      b = turn((b + ((c & a) | (d & ~a)) + word(X, (5 * i) & 15) + word(T, i + 3)) | 0, 20, c);
    }
    for (let i = 32; i < 48; i += 4) {
      a = turn((a + (b ^ c ^ d) + word(X, (3 * i + 5) & 15) + word(T, i)) | 0, 4, b);
      d = turn((d + (a ^ b ^ c) + word(X, (3 * i + 8) & 15) + word(T, i + 1)) | 0, 11, a);
      c = turn((c + (d ^ a ^ b) + word(X, (3 * i + 11) & 15) + word(T, i + 2)) | 0, 16, d);
      b = turn((b + (c ^ d ^ a) + word(X, (3 * i + 14) & 15) + word(T, i + 3)) | 0, 23, c);
    }
    for (let i = 48; i < 64; i += 4) {
      a = turn((a + (c ^ (b | ~d)) + word(X, (7 * i) & 15) + word(T, i)) | 0, 6, b);
      d = turn((d + (b ^ (a | ~c)) + word(X, (7 * i + 7) & 15) + word(T, i + 1)) | 0, 10, a);
      c = turn((c + (a ^ (d | ~b)) + word(X, (7 * i + 14) & 15) + word(T, i + 2)) | 0, 15, d);
      b = turn((b + (d ^ (c | ~a)) + word(X, (7 * i + 21) & 15) + word(T, i + 3)) | 0, 21, c);
    }
    this.#a = (this.#a + a) | 0;
    this.#b = (this.#b + b) | 0;
    this.#c = (this.#c + c) | 0;
    this.#d = (this.#d + d) | 0;
  }
}

/** Low octet first. */
function wordAt(octets: Uint8Array, at: number): number {
  const low = (octets[at] as number) | ((octets[at + 1] as number) << 8);
  return low | ((octets[at + 2] as number) << 16) | ((octets[at + 3] as number) << 24);
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
}

/** One is enough: nothing here waits, so no two messages are being hashed at a time. */
const hash = new Md5();
const pad = new Uint8Array(BLOCK);

/** MD5 of the parts one behind the other. */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  hash.start();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 2104 §2; a key longer than a block is hashed first. */
export function hmacMd5(key: Uint8Array, octets: Uint8Array): Uint8Array {
  const short = key.length > BLOCK ? md5(key) : key;
  const inner = hash.start().update(padded(short, 0x36)).update(octets).digest();
  return hash.start().update(padded(short, 0x5c)).update(inner).digest();
}

function padded(key: Uint8Array, octet: number): Uint8Array {
  pad.fill(octet);
  for (let i = 0; i < key.length; i++) pad[i] = (key[i] as number) ^ octet;
  return pad;
}
