/** Reading and writing a layout (an object of fields in wire order). */

import type { Json } from "../base/result.ts";
import { type WireError, wireError } from "./error.ts";
import type { Field, Layout } from "./field.ts";

/** The value of any layout, by field name. */
export type Values = { readonly [name: string]: unknown };

interface CompiledField {
  readonly name: string;
  readonly jsonName: string;
  readonly field: Field<unknown>;
}

/** A layout made ready: fields in order, and the octets of its fixed part. */
export interface CompiledLayout {
  readonly fields: readonly CompiledField[];
  /** Least octets that a value takes. */
  readonly least: number;
  /** True when no field takes "all that is left". */
  readonly fixedSize: boolean;
}

/** `careOfAddress` -> `care_of_address` */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function compile(layout: Layout): CompiledLayout {
  const fields = Object.entries(layout).map(([name, field]) => ({
    name,
    jsonName: snakeCase(name),
    field: field as Field<unknown>,
  }));
  return {
    fields,
    least: fields.reduce((sum, { field }) => sum + field.least, 0),
    fixedSize: fields.every(({ field }) => field.size !== undefined),
  };
}

/**
 * Reads the fields between `at` and `end` into `into`. A layout of fixed size may leave octets
 * over (the extensions follow a message's fixed part); the caller decides what that means.
 */
export function readLayout(
  layout: CompiledLayout,
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Record<string, unknown>,
): WireError | undefined {
  let offset = at;
  for (const { name, jsonName, field } of layout.fields) {
    const available = end - offset;
    if (available < field.least) {
      return wireError(
        "truncated",
        jsonName,
        offset,
        `needs ${field.least} octets, ${Math.max(0, available)} are left`,
      );
    }
    const size = field.size ?? available;
    if (size % field.unit !== 0) {
      return wireError(
        "wrong-length",
        jsonName,
        offset,
        `${size} octets are no multiple of ${field.unit}`,
      );
    }
    into[name] = field.read(bytes, offset, offset + size);
    offset += size;
  }
  return undefined;
}

export function layoutLength(layout: CompiledLayout, values: Values): number {
  let length = 0;
  for (const { name, field } of layout.fields) length += field.length(values[name]);
  return length;
}

/** Writes the fields from `at` on and returns the offset behind them. */
export function writeLayout(
  layout: CompiledLayout,
  values: Values,
  bytes: Uint8Array,
  at: number,
): number {
  let offset = at;
  for (const { name, field } of layout.fields) {
    field.write(bytes, offset, values[name]);
    offset += field.length(values[name]);
  }
  return offset;
}

export function layoutJson(layout: CompiledLayout, values: Values): Record<string, Json> {
  const json: Record<string, Json> = {};
  for (const { name, jsonName, field } of layout.fields) json[jsonName] = field.json(values[name]);
  return json;
}
