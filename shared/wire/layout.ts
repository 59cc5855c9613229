/**
 * A layout made ready for use. Reading and writing run as code made from the table, once a table
 * and on first use: a loop over fields costs several times what the octets themselves cost
 * (docs/internals/performance.md). The slow path here says what is wrong, and where each field is.
 */

import { assert, type Json } from "../base/result.ts";
import { type WireError, wireError } from "./error.ts";
import { type Field, type Layout, type Needed, placeBits } from "./field.ts";
import { type GeneratedCode, generateCode, isFixed } from "./generate.ts";

/** The value of any layout, by field name. */
export type Values = { readonly [name: string]: unknown };

/** A field in its place. */
export interface Slot {
  readonly name: string;
  /** snake_case, as the JSON form names it. */
  readonly jsonName: string;
  readonly field: Field<unknown>;
  /** Octets from the start of the layout; `undefined` behind a field of variable size. */
  readonly offset: number | undefined;
  /** For a field smaller than its octets: how many octets it shares, and bits to its right. */
  readonly shared: { readonly octets: number; readonly shift: number } | undefined;
}

/** Where a field was found. */
export interface Span {
  readonly slot: Slot;
  /** Octets from the start of the message. */
  readonly offset: number;
  readonly length: number;
  readonly value: unknown;
}

/** `careOfAddress` -> `care_of_address` */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export class CompiledLayout {
  readonly slots: readonly Slot[];
  /** Octets in front of the first field of variable size. */
  readonly prefix: number;
  readonly least: number;
  readonly most: number;
  readonly #name: string;
  readonly #withExtensions: boolean;
  #code: GeneratedCode | undefined;

  /** `name` becomes the value's name; with extensions, the value has a list of them. */
  constructor(name: string, layout: Layout, withExtensions = false) {
    const { slots, prefix } = place(layout);
    this.slots = slots;
    this.prefix = prefix;
    const behind = slots.filter((slot) => !isFixed(slot));
    this.least = behind.reduce((sum, { field }) => sum + field.least, prefix);
    this.most = behind.reduce((sum, { field }) => sum + field.most, prefix);
    this.#name = name;
    this.#withExtensions = withExtensions;
  }

  #generate(): GeneratedCode {
    this.#code = generateCode(this, this.#name, this.#withExtensions);
    return this.#code;
  }

  /** Do the octets at `at` have the numbers that this layout is for: type, sub-type, vendor? */
  claims(bytes: Uint8Array, at: number): boolean {
    return (this.#code ?? this.#generate()).claims(bytes, at);
  }

  /** The offset behind the fields that begin at `at`, or -1: they do not fit below `limit`. */
  end(bytes: Uint8Array, at: number, limit: number): number {
    return (this.#code ?? this.#generate()).end(bytes, at, limit);
  }

  /** The value between `at` and what `end` has found. */
  read(bytes: Uint8Array, at: number, end: number, extensions?: unknown): Values {
    return (this.#code ?? this.#generate()).read(bytes, at, end, extensions);
  }

  /** Writes the fields from `at` on into zeroed octets and returns the offset behind them. */
  write(bytes: Uint8Array, at: number, values: Values): number {
    return (this.#code ?? this.#generate()).write(bytes, at, values);
  }

  /** Octets that a value takes. */
  length(values: Values): number {
    return (this.#code ?? this.#generate()).length(values);
  }
}

/** Gives every field its place; bit fields share octets until they fill them. */
function place(layout: Layout): { readonly slots: readonly Slot[]; readonly prefix: number } {
  const slots: Slot[] = [];
  const entries = Object.entries(layout) as [string, Field<unknown>][];
  let offset: number | undefined = 0;
  let prefix = 0;
  for (let i = 0; i < entries.length; ) {
    const [name, field] = entries[i] as [string, Field<unknown>];
    if (field.bits === undefined) {
      slots.push({ name, jsonName: snakeCase(name), field, offset, shared: undefined });
      offset = offset === undefined || field.size === undefined ? undefined : offset + field.size;
      i++;
    } else {
      assert(offset !== undefined, `${name}: bits behind a field of variable size`);
      const group = bitGroup(entries.slice(i));
      const count = group.reduce((sum, [, { bits = 0 }]) => sum + bits, 0);
      let shift = count;
      for (const [bitName, bitField] of group) {
        shift -= bitField.bits ?? 0;
        const placed = placeBits(bitField as Field<unknown> as Field<number>, count / 8, shift);
        const shared = { octets: count / 8, shift };
        const field = placed as Field<unknown>;
        slots.push({ name: bitName, jsonName: snakeCase(bitName), field, offset, shared });
      }
      offset += count / 8;
      i += group.length;
    }
    prefix = offset ?? prefix;
  }
  return { slots, prefix };
}

/** The bit fields at the start, up to where they fill octets. */
function bitGroup(entries: readonly [string, Field<unknown>][]): [string, Field<unknown>][] {
  let count = 0;
  for (const [i, [, { bits }]] of entries.entries()) {
    if (bits === undefined) break;
    count += bits;
    if (count % 8 === 0) return entries.slice(0, i + 1);
  }
  throw new Error(`internal error: bit fields fill ${count} bits, no octets`);
}

/** Each field between `at` and `end` and its octets, as far as they go. */
export function spansOf(
  layout: CompiledLayout,
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly spans: readonly Span[]; readonly error: WireError | undefined } {
  const spans: Span[] = [];
  const numbers = new Map<string, number>();
  let behind = at;
  for (const slot of layout.slots) {
    const { field, jsonName, shared } = slot;
    const offset = slot.offset === undefined ? behind : at + slot.offset;
    const needed: Needed = (field.needs ?? []).map((name) => numbers.get(name) ?? 0);
    const left = Math.max(0, end - offset);
    const stop = (code: "truncated" | "wrong-length", message: string) => ({
      spans,
      error: wireError(code, jsonName, offset, message),
    });
    const least = shared?.octets ?? field.least;
    if (left < least) return stop("truncated", `needs ${least} octets, ${left} are left`);
    const size = shared?.octets ?? field.size ?? field.measure?.(bytes, offset, end, ...needed);
    if (size === undefined || size < 0 || size > left) {
      const least = field.requires?.(...needed);
      if (least !== undefined && least > left) {
        return stop("truncated", `needs ${least} octets, ${left} are left`);
      }
      return stop("wrong-length", field.complaint?.(left, ...needed) ?? `not with ${left} octets`);
    }
    const value = field.read(bytes, offset, offset + size, ...needed);
    if (typeof value === "number") numbers.set(slot.name, value);
    spans.push({ slot, offset, length: size, value });
    behind = offset + size;
  }
  return { spans, error: undefined };
}

/** The JSON of a value: its fields, and the derived ones that say something. */
export function layoutJson(layout: CompiledLayout, values: Values): Record<string, Json> {
  const json: Record<string, Json> = {};
  for (const { name, jsonName, field } of layout.slots) {
    if (!field.derived) json[jsonName] = field.json(values[name]);
    else if (field.derive !== undefined) json[jsonName] = field.json(field.derive(values));
  }
  return json;
}
