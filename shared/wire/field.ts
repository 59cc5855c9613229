/**
 * The kinds of field that the RFC figures are made of. A layout is an object of fields in wire
 * order; reading, writing, the JSON form, the limits, the documentation, the Wireshark dissector
 * and the TypeScript type all follow from it.
 */

import { formatIpv4, type Ipv4, toIpv4 } from "../base/address.ts";
import { assert, type Json } from "../base/result.ts";

/** What a field holds, for documentation and other code that is made from the tables. */
export type FieldKind =
  | { readonly kind: "number" }
  | { readonly kind: "address" }
  | { readonly kind: "flags"; readonly letters: readonly (string | null)[] }
  | { readonly kind: "octets" }
  | { readonly kind: "text" }
  | { readonly kind: "list"; readonly item: Field<unknown> }
  | { readonly kind: "router-addresses" }
  | { readonly kind: "route-records" }
  | { readonly kind: "optional"; readonly of: Field<unknown>; readonly when: string };

/** Values of the fields that come before, as `Field.needs` names them. */
export type Needed = readonly number[];

/** One field: fixed when `size` is a number, otherwise it measures its octets as it meets them. */
export interface Field<T> {
  readonly shows: FieldKind;
  /** Octets; `undefined` when that depends on the octets or on what came before. */
  readonly size: number | undefined;
  /** Bits of a field that shares its octets with its neighbours; then `size` is `undefined`. */
  readonly bits?: number;
  readonly least: number;
  /** Most octets; `Infinity` when only the container sets a bound. */
  readonly most: number;
  /** Names of earlier numeric fields that this one depends on. */
  readonly needs?: readonly string[];
  /** Meanings of numbers, for people. */
  readonly names?: NumberNames;
  /** Not part of the value: it follows from the rest of the message. */
  readonly derived?: true;
  /** The only number that may stand here; it selects the table. */
  readonly constant?: number;
  /** Octets that the field takes between `at` and `end`, or -1 when it cannot stand there. */
  measure?(bytes: Uint8Array, at: number, end: number, ...needed: Needed): number;
  /** Octets that it needs; when fewer are left, that is the complaint. */
  requires?(...needed: Needed): number;
  /** Why it cannot stand in the octets that are left. */
  complaint?(left: number, ...needed: Needed): string;
  read(bytes: Uint8Array, at: number, end: number, ...needed: Needed): T;
  write(bytes: Uint8Array, at: number, value: T, ...needed: Needed): void;
  /** Octets that a value takes. */
  length(value: T): number;
  /** The value of a derived field, from the other values. */
  derive?(values: { readonly [name: string]: unknown }): T;
  json(value: T): Json;
}

/** Number to meaning, as the RFC words it. */
export type NumberNames = { readonly [number: number]: string };

/** A field whose value is not kept, since it follows from the rest. */
export interface DerivedField extends Field<number> {
  readonly derived: true;
}

export type Layout = { readonly [name: string]: Field<never> | Field<unknown> };
/** The value of a layout: every field but the derived ones. */
export type ValueOf<L> = {
  readonly [K in keyof L as L[K] extends DerivedField ? never : K]: L[K] extends Field<infer T>
    ? T
    : never;
};

function fixed<T>(
  shows: FieldKind,
  size: number,
  read: (bytes: Uint8Array, at: number) => T,
  write: (bytes: Uint8Array, at: number, value: T) => void,
  json: (value: T) => Json,
): Field<T> {
  return { shows, size, least: size, most: size, read, write, json, length: () => size };
}

function checkRange(value: number, bits: number): void {
  const fits = value >>> 0 === value && (bits === 32 || value >>> bits === 0);
  // The text is made only when it is wanted: it costs more than the writing.
  if (!fits) assert(false, `${value} does not fit into ${bits} bits`);
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

const NUMBER: FieldKind = { kind: "number" };
const asNumber = (value: number): Json => value;

export const u8: Field<number> = fixed(
  NUMBER,
  1,
  (bytes, at) => bytes[at] ?? 0,
  (bytes, at, value) => {
    checkRange(value, 8);
    bytes[at] = value;
  },
  asNumber,
);

export const u16: Field<number> = fixed(
  NUMBER,
  2,
  readU16,
  (bytes, at, value) => {
    checkRange(value, 16);
    writeU16(bytes, at, value);
  },
  asNumber,
);

export const u32: Field<number> = fixed(
  NUMBER,
  4,
  readU32,
  (bytes, at, value) => {
    checkRange(value, 32);
    writeU32(bytes, at, value);
  },
  asNumber,
);

const joiner = new DataView(new ArrayBuffer(8));

/** 64 bits as a bigint; JSON: 16 hex digits. */
export const u64: Field<bigint> = fixed(
  NUMBER,
  8,
  (bytes, at) => {
    joiner.setUint32(0, readU32(bytes, at));
    joiner.setUint32(4, readU32(bytes, at + 4));
    return joiner.getBigUint64(0);
  },
  (bytes, at, value) => {
    if (BigInt.asUintN(64, value) !== value) assert(false, `${value} does not fit into 64 bits`);
    joiner.setBigUint64(0, value);
    writeU32(bytes, at, joiner.getUint32(0));
    writeU32(bytes, at + 4, joiner.getUint32(4));
  },
  (value) => value.toString(16).padStart(16, "0"),
);

export const ipv4Field: Field<Ipv4> = fixed(
  { kind: "address" },
  4,
  (bytes, at) => toIpv4(readU32(bytes, at)),
  writeU32,
  formatIpv4,
);

/** A copy of some octets: those of a Node Buffer too, whose own `slice` makes none. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}

/** Exactly so many octets. JSON: hex. The value is a copy. */
export function octetsOf(size: number): Field<Uint8Array> {
  const write = (bytes: Uint8Array, at: number, value: Uint8Array): void => {
    if (value.length !== size) assert(false, `${value.length} octets, not ${size}`);
    bytes.set(value, at);
  };
  return fixed({ kind: "octets" }, size, (bytes, at) => copyOf(bytes, at, at + size), write, toHex);
}

/** A number whose values have meanings. */
export function named(field: Field<number>, names: NumberNames): Field<number> {
  return { ...field, names };
}

/** A number that tells which table applies (sub-type, vendor); it is not part of the value. */
export function constant(field: Field<number>, value: number): DerivedField {
  return { ...field, constant: value, derived: true, derive: () => value };
}

/** What the engine fills in when all the rest is written: lengths and checksums. */
export function filledIn(field: Field<number>): DerivedField {
  return { ...field, derived: true, write: () => undefined };
}

/** So many bits of octets shared with the bit fields beside it; together they fill octets. */
export function bits(count: number): Field<number> {
  return bitField(count, NUMBER, asNumber);
}

/**
 * Flags named by their RFC letters, most significant bit first; `null` for bits without a name.
 * The value is the number, so that unnamed bits survive a round trip. JSON: an object of booleans.
 */
export function flags(letters: readonly (string | null)[]): Field<number> {
  const count = letters.length;
  const json = (value: number): Json =>
    Object.fromEntries(
      letters.flatMap((letter, i) =>
        letter === null ? [] : [[letter, (value & (2 ** (count - 1 - i))) !== 0]],
      ),
    );
  return bitField(count, { kind: "flags", letters }, json);
}

function bitField(count: number, shows: FieldKind, json: (value: number) => Json): Field<number> {
  // `placeBits` gives it its octets when the layout is compiled.
  const unplaced = (): never => assert(false, "a bit field outside a layout") as never;
  const field = { shows, size: undefined, bits: count, least: 0, most: 0, json };
  return { ...field, read: unplaced, write: unplaced, length: () => 0 };
}

/** A bit field in its place: `shift` bits from the right of `octets` octets (at most 4). */
export function placeBits(field: Field<number>, octets: number, shift: number): Field<number> {
  const count = field.bits ?? 0;
  const mask = 2 ** count - 1;
  // The commonest are fields of their own, and read as such.
  const whole = count === octets * 8 ? { 1: u8, 2: u16, 4: u32 }[octets] : undefined;
  if (whole !== undefined) return { ...field, read: whole.read, write: whole.write };
  return {
    ...field,
    read: (bytes, at) => {
      let word = 0;
      for (let i = 0; i < octets; i++) word = (word << 8) | (bytes[at + i] ?? 0);
      return ((word >>> shift) & mask) >>> 0;
    },
    write: (bytes, at, value) => {
      checkRange(value, count);
      const word = value << shift;
      for (let i = 0; i < octets; i++) {
        bytes[at + i] = (bytes[at + i] ?? 0) | (word >>> (8 * (octets - 1 - i)));
      }
    },
  };
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes) text += octet.toString(16).padStart(2, "0");
  return text;
}
