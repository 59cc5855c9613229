/**
 * The kinds of field that the RFC figures are made of. A layout is an object of fields in wire
 * order; reading, writing, the JSON form and the TypeScript type all follow from it.
 */

import { formatIpv4, type Ipv4, toIpv4 } from "../base/address.ts";
import { assert, type Json } from "../base/result.ts";

/** One field: fixed when `size` is a number, otherwise it takes the rest of its container. */
export interface Field<T> {
  /** Octets, or `undefined` for "all that is left". */
  readonly size: number | undefined;
  /** For "all that is left": the unit in octets, and the least number of octets. */
  readonly unit: number;
  readonly least: number;
  read(bytes: Uint8Array, at: number, end: number): T;
  write(bytes: Uint8Array, at: number, value: T): void;
  /** Octets that a value takes. */
  length(value: T): number;
  json(value: T): Json;
}

export type Layout = { readonly [name: string]: Field<never> | Field<unknown> };
export type ValueOf<L> = { readonly [K in keyof L]: L[K] extends Field<infer T> ? T : never };

function fixed<T>(
  size: number,
  read: (bytes: Uint8Array, at: number) => T,
  write: (bytes: Uint8Array, at: number, value: T) => void,
  json: (value: T) => Json,
): Field<T> {
  return { size, unit: 1, least: size, read, write, json, length: () => size };
}

function checkRange(value: number, bits: number): void {
  assert(
    Number.isInteger(value) && value >= 0 && value < 2 ** bits,
    `${value} does not fit into ${bits} bits`,
  );
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((readU16(bytes, at) << 16) | readU16(bytes, at + 2)) >>> 0;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, value >>> 16);
  writeU16(bytes, at + 2, value & 0xffff);
}

const asNumber = (value: number): Json => value;

export const u8: Field<number> = fixed(
  1,
  (bytes, at) => bytes[at] ?? 0,
  (bytes, at, value) => {
    checkRange(value, 8);
    bytes[at] = value;
  },
  asNumber,
);

export const u16: Field<number> = fixed(
  2,
  readU16,
  (bytes, at, value) => {
    checkRange(value, 16);
    writeU16(bytes, at, value);
  },
  asNumber,
);

export const u32: Field<number> = fixed(
  4,
  readU32,
  (bytes, at, value) => {
    checkRange(value, 32);
    writeU32(bytes, at, value);
  },
  asNumber,
);

/** 64 bits as a bigint; JSON: 16 hex digits. */
export const u64: Field<bigint> = fixed(
  8,
  (bytes, at) => (BigInt(readU32(bytes, at)) << 32n) | BigInt(readU32(bytes, at + 4)),
  (bytes, at, value) => {
    assert(value >= 0n && value < 1n << 64n, `${value} does not fit into 64 bits`);
    writeU32(bytes, at, Number(value >> 32n));
    writeU32(bytes, at + 4, Number(value & 0xffffffffn));
  },
  (value) => value.toString(16).padStart(16, "0"),
);

export const ipv4Field: Field<Ipv4> = fixed(
  4,
  (bytes, at) => toIpv4(readU32(bytes, at)),
  writeU32,
  formatIpv4,
);

/** A flags field keeps its number, so that bits nobody has named survive a round trip. */
export interface FlagsField extends Field<number> {
  /** RFC letters from the most significant bit on; `null` for bits that are not named. */
  readonly letters: readonly (string | null)[];
}

/** Flags named by their RFC letters, most significant bit first. JSON: an object of booleans. */
export function flags(letters: readonly (string | null)[]): FlagsField {
  const bits = letters.length;
  const number = bits === 8 ? u8 : u16;
  assert(bits === number.least * 8, "flags fill one or two octets");
  return {
    ...number,
    letters,
    json: (value) =>
      Object.fromEntries(
        letters.flatMap((letter, i) =>
          letter === null ? [] : [[letter, (value & (1 << (bits - 1 - i))) !== 0]],
        ),
      ),
  };
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes) text += octet.toString(16).padStart(2, "0");
  return text;
}

/** The rest as octets, at least `least` of them. JSON: hex. The value is a copy. */
export function octets(least = 0): Field<Uint8Array> {
  return {
    size: undefined,
    unit: 1,
    least,
    read: (bytes, at, end) => bytes.slice(at, end),
    write: (bytes, at, value) => bytes.set(value, at),
    length: (value) => value.length,
    json: toHex,
  };
}

/** The rest as a list of fixed-size items. */
export function listOf<T>(item: Field<T>): Field<readonly T[]> {
  const unit = item.size;
  assert(unit !== undefined, "items of a list have a fixed size");
  return {
    size: undefined,
    unit,
    least: 0,
    read: (bytes, at, end) => {
      const values: T[] = [];
      for (let i = at; i + unit <= end; i += unit) values.push(item.read(bytes, i, end));
      return values;
    },
    write: (bytes, at, values) => {
      values.forEach((value, i) => {
        item.write(bytes, at + i * unit, value);
      });
    },
    length: (values) => values.length * unit,
    json: (values) => values.map((value) => item.json(value)),
  };
}
