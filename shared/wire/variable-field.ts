/** Fields whose octets depend on their container or on the fields before them. */

import { assert } from "../base/result.ts";
import { copyOf, type DerivedField, type Field, toHex } from "./field.ts";
import { readUtf8, utf8Length, writeUtf8 } from "./utf8.ts";

const rest = (_bytes: Uint8Array, at: number, end: number): number => end - at;

/** The rest as octets, `least` to `most` of them. JSON: hex. The value is a copy. */
export function octets(least = 0, most = Number.POSITIVE_INFINITY): Field<Uint8Array> {
  return {
    shows: { kind: "octets" },
    size: undefined,
    least,
    most,
    measure: rest,
    read: copyOf,
    write: (bytes, at, value) => bytes.set(value, at),
    length: (value) => value.length,
    json: toHex,
  };
}

/** The rest as text in UTF-8; octets that are none survive (see utf8.ts). */
export function text(least = 0, most = Number.POSITIVE_INFINITY): Field<string> {
  return {
    shows: { kind: "text" },
    size: undefined,
    least,
    most,
    measure: rest,
    read: readUtf8,
    write: writeUtf8,
    length: utf8Length,
    json: (value) => value,
  };
}

function list<T>(item: Field<T>): Omit<Field<readonly T[]>, "measure" | "least" | "most"> {
  const unit = item.size;
  assert(unit !== undefined, "items of a list have a fixed size");
  return {
    shows: { kind: "list", item: item as Field<unknown> },
    size: undefined,
    read: (bytes, at, end) => {
      const values: T[] = [];
      for (let i = at; i + unit <= end; i += unit) values.push(item.read(bytes, i, i + unit));
      return values;
    },
    write: (bytes, at, values) => {
      for (let i = 0; i < values.length; i++) item.write(bytes, at + i * unit, values[i] as T);
    },
    length: (values) => values.length * unit,
    json: (values) => values.map((value) => item.json(value)),
  };
}

/** The rest as a list of fixed-size items. */
export function listOf<T>(item: Field<T>, least = 0): Field<readonly T[]> {
  const unit = item.size ?? 1;
  const measure = (_bytes: Uint8Array, at: number, end: number): number =>
    (end - at) % unit === 0 ? end - at : -1;
  const complaint = (left: number): string => `${left} octets are no multiple of ${unit}`;
  return { ...list(item), least: least * unit, most: Number.POSITIVE_INFINITY, measure, complaint };
}

/** The number of items in the list field `of`; it follows from the list. */
export function countOf(of: string, field: Field<number>): DerivedField {
  const derive = (values: { readonly [name: string]: unknown }): number =>
    (values[of] as readonly unknown[]).length;
  return { ...field, derived: true, derive };
}

/** As many items as the earlier field `count` says. */
export function counted<T>(count: string, item: Field<T>): Field<readonly T[]> {
  const unit = item.size ?? 1;
  return {
    ...list(item),
    least: 0,
    most: Number.POSITIVE_INFINITY,
    needs: [count],
    measure: (_bytes, at, end, items = 0) => (at + items * unit <= end ? items * unit : -1),
    requires: (items = 0) => items * unit,
  };
}

/** A field that is there when any bit of `mask` is set in the earlier field `flags`. */
export function when<T>(flags: string, mask: number, field: Field<T>): Field<T | undefined> {
  const { size } = field;
  assert(size !== undefined, "an optional field has a fixed size");
  return {
    shows: { kind: "optional", of: field as Field<unknown>, when: flags },
    size: undefined,
    least: 0,
    most: size,
    needs: [flags],
    measure: (_bytes, at, end, bits = 0) => {
      if ((bits & mask) === 0) return 0;
      return at + size <= end ? size : -1;
    },
    requires: () => size,
    read: (bytes, at, end) => (end > at ? field.read(bytes, at, end) : undefined),
    write: (bytes, at, value, bits = 0) => {
      const isMarked = (bits & mask) !== 0;
      if (isMarked !== (value !== undefined))
        assert(false, `a field and its bit in ${flags} differ`);
      if (value !== undefined) field.write(bytes, at, value);
    },
    length: (value) => (value === undefined ? 0 : size),
    json: (value) => (value === undefined ? null : field.json(value)),
  };
}
