/** Reading and writing the extensions behind the fixed part of a message (RFC 5944 §1.8). */

import { assert, type Json, type JsonObject } from "../base/result.ts";
import { type WireError, wireError } from "./error.ts";
import type { ExtensionForm, ExtensionTable, ExtensionValue } from "./extension-table.ts";
import { filledIn, readU16, u8, writeU16 } from "./field.ts";
import { CompiledLayout, layoutJson, spansOf, type Values } from "./layout.ts";
import { octets } from "./variable-field.ts";

/** One whose number is in no table and may be stepped over (RFC 5944 §1.8). */
export interface UnknownExtension {
  readonly name: "unknown";
  readonly type: number;
  readonly data: Uint8Array;
}

/** Octets that are no extension where such are ignored (RFC 1256 §4.2). */
export const IGNORED_OCTETS = "ignored-octets";

export const ignoredOctets = {
  type: -1,
  name: IGNORED_OCTETS,
  form: "remainder",
  rfc: "RFC 1256 §4.2",
  fields: { data: octets() },
} as const;

export interface AnyExtension {
  readonly name: string;
}

export interface DecodedExtensions<E extends AnyExtension> {
  readonly extensions: readonly E[];
  /** Where each extension begins, from the start of the message; one more for the end. */
  readonly offsets: readonly number[];
  readonly error: WireError | undefined;
}

/** Where a form keeps its length, and what that counts. */
interface LengthRule {
  readonly offset: number;
  readonly octets: 0 | 1 | 2;
  readonly unit: number;
  /** Octets of the header that the length leaves out. */
  readonly uncounted: number;
}

const LENGTH_RULES: Record<ExtensionForm, LengthRule> = {
  padding: { offset: 1, octets: 0, unit: 1, uncounted: 1 },
  simple: { offset: 1, octets: 1, unit: 1, uncounted: 2 },
  short: { offset: 1, octets: 1, unit: 1, uncounted: 2 },
  long: { offset: 2, octets: 2, unit: 1, uncounted: 4 },
  option: { offset: 1, octets: 1, unit: 8, uncounted: 0 },
  remainder: { offset: 0, octets: 0, unit: 1, uncounted: 0 },
};

/** A table made ready for use. */
export class CompiledExtension {
  readonly table: ExtensionTable;
  readonly layout: CompiledLayout;
  readonly rule: LengthRule;
  // Copies: tables have many shapes, and looking into them takes several times as long.
  readonly #onlyLength: number | undefined;
  readonly #toEnd: boolean;

  constructor(table: ExtensionTable) {
    this.table = table;
    this.layout = new CompiledLayout(table.name, table.fields);
    const rule = LENGTH_RULES[table.form];
    this.rule = { ...rule, uncounted: rule.uncounted + (table.beyondLength ?? 0) };
    this.#onlyLength = table.onlyLength;
    this.#toEnd = table.form === "remainder";
  }

  /** The value of the length field. */
  lengthAt(bytes: Uint8Array, at: number): number {
    const { offset, octets: size } = this.rule;
    if (size === 1) return bytes[at + offset] ?? 0;
    return size === 0 ? 0 : readU16(bytes, at + offset);
  }

  /** The offset behind the extension at `at`, as its length field has it. */
  endAt(bytes: Uint8Array, at: number): number {
    if (this.#toEnd) return bytes.length;
    return at + this.rule.uncounted + this.lengthAt(bytes, at) * this.rule.unit;
  }

  /** Does the extension at `at` have the numbers that this table is for? */
  claims(bytes: Uint8Array, at: number): boolean {
    const only = this.#onlyLength;
    if (only !== undefined && this.lengthAt(bytes, at) !== only) return false;
    return this.layout.claims(bytes, at);
  }

  /** Can the extension at `at` be read? */
  fits(bytes: Uint8Array, at: number): boolean {
    const end = this.endAt(bytes, at);
    return end <= bytes.length && this.layout.end(bytes, at, end) === end;
  }

  /** Why the extension at `at` cannot be read. */
  fault(bytes: Uint8Array, at: number): WireError {
    const { offset, octets: size } = this.rule;
    const lengthOffset = at + offset;
    if (lengthOffset + size > bytes.length) {
      return wireError("truncated", "length", at + 1, "the message ends in the header");
    }
    const end = this.endAt(bytes, at);
    if (end > bytes.length) {
      const left = bytes.length - (lengthOffset + size);
      const message = `${this.lengthAt(bytes, at)} octets are announced, ${left} are left in the message`;
      return wireError("truncated", "length", lengthOffset, message);
    }
    if (end < lengthOffset + size) {
      const message = `a length of ${this.lengthAt(bytes, at)}, less than the header takes`;
      return wireError("wrong-length", "length", lengthOffset, message);
    }
    const { spans, error } = spansOf(this.layout, bytes, at, end);
    if (error !== undefined) return error;
    const behind = spans.at(-1);
    const read = behind === undefined ? 0 : behind.offset + behind.length - at;
    const message = `${this.table.name} has ${read} octets in all, not ${end - at}`;
    return wireError("wrong-length", "length", lengthOffset, message);
  }
}

/** A number space of extensions; `E` is what they decode to. */
export interface ExtensionSpace<E extends AnyExtension = AnyExtension> {
  /** Never there: it carries the type. */
  readonly decodesTo?: E;
  readonly byType: readonly (readonly CompiledExtension[] | undefined)[];
  readonly byName: ReadonlyMap<string, CompiledExtension>;
  /** How one is read whose number is in no table. */
  readonly unknown: CompiledExtension;
  /** May an unknown number be stepped over? */
  readonly skips: (type: number) => boolean;
}

/** What the extensions of a space decode to. */
export type ExtensionOf<S> = S extends ExtensionSpace<infer E> ? E : never;

function unknownTable(form: "simple" | "option"): ExtensionTable {
  const fields = { type: u8, length: filledIn(u8), data: octets() };
  return { type: -1, name: "unknown", form, rfc: "RFC 5944 §1.8", fields };
}

/** Tables of one type stand from the particular to the general: the first that fits has it. */
export function extensionSpace<const T extends readonly ExtensionTable[]>(
  tables: T,
  form: "simple" | "option" = "simple",
  skips: (type: number) => boolean = (type) => type >= 128,
): ExtensionSpace<ExtensionValue<T[number]> | UnknownExtension> {
  const byType: CompiledExtension[][] = [];
  const unknown = new CompiledExtension(unknownTable(form));
  const byName = new Map<string, CompiledExtension>([["unknown", unknown]]);
  for (const table of tables) {
    assert(!byName.has(table.name), `two extensions named ${table.name}`);
    const compiled = new CompiledExtension(table);
    byName.set(table.name, compiled);
    const others = byType[table.type];
    if (table.type < 0) continue;
    if (others === undefined) byType[table.type] = [compiled];
    else others.push(compiled);
  }
  return { byType, byName, unknown, skips };
}

/**
 * Reads extensions from `start` to the end of the message, as the UDP or IP length gives it.
 * Linear in the octets. An unknown type below 128 spoils the message, one above is stepped over by
 * its 8-bit length (RFC 5944 §1.8). What came before an error is returned beside it.
 */
export function readExtensions<E extends AnyExtension>(
  space: ExtensionSpace<E>,
  bytes: Uint8Array,
  start: number,
): DecodedExtensions<E> {
  const extensions: E[] = [];
  const offsets: number[] = [start];
  let at = start;
  while (at < bytes.length) {
    const found = tableFor(space, bytes, at);
    if (!(found instanceof CompiledExtension)) return { extensions, offsets, error: found };
    const end = found.endAt(bytes, at);
    extensions.push(found.layout.read(bytes, at, end) as unknown as E);
    offsets.push(end);
    at = end;
  }
  return { extensions, offsets, error: undefined };
}

/** The table that the extension at `at` can be read by, or what is wrong with it. */
function tableFor(
  space: ExtensionSpace,
  bytes: Uint8Array,
  at: number,
): CompiledExtension | WireError {
  const type = bytes[at] ?? 0;
  const tables = space.byType[type];
  if (tables === undefined) {
    const { unknown } = space;
    if (space.skips(type)) return unknown.fits(bytes, at) ? unknown : unknown.fault(bytes, at);
    const message = `type ${type} is not known and may not be skipped (RFC 5944 §1.8)`;
    return wireError("unknown-mandatory-extension", "type", at, message);
  }
  for (const each of tables) {
    if (!each.claims(bytes, at)) continue;
    if (each.fits(bytes, at)) return each;
    if (each.table.mayFail !== true) return each.fault(bytes, at);
  }
  return wireError("wrong-length", "length", at + 1, `no form of type ${type} fits`);
}

/** The table that an extension's name stands for. */
export function extensionTable(space: ExtensionSpace, { name }: AnyExtension): CompiledExtension {
  const compiled = space.byName.get(name);
  if (compiled === undefined) assert(false, `no extension ${name}`);
  return compiled;
}

/** Octets an extension takes on the wire, header included. */
export function extensionLength(space: ExtensionSpace, extension: AnyExtension): number {
  return extensionTable(space, extension).layout.length(extension as unknown as Values);
}

/** Writes one extension at `at` into zeroed octets and returns the offset behind it. */
export function writeExtension(
  space: ExtensionSpace,
  extension: AnyExtension,
  bytes: Uint8Array,
  at: number,
): number {
  const { layout, rule } = extensionTable(space, extension);
  const end = layout.write(bytes, at, extension as unknown as Values);
  const length = (end - at - rule.uncounted) / rule.unit;
  // RFC 5944 §1.11 with erratum 4134: an error, never a truncation.
  const fits = rule.octets === 0 || (length >>> 0 === length && length >>> (8 * rule.octets) === 0);
  if (!fits) assert(false, `${extension.name}: ${length} does not fit its length field`);
  if (rule.octets === 1) bytes[at + rule.offset] = length;
  else if (rule.octets === 2) writeU16(bytes, at + rule.offset, length);
  return end;
}

/** The contract's JSON form: `type`, `name`, `length`, then the extension's own fields. */
export function extensionJson(space: ExtensionSpace, extension: AnyExtension): JsonObject {
  const { table, layout, rule } = extensionTable(space, extension);
  const values = extension as unknown as Values;
  const { type = null, ...fields } = layoutJson(layout, values);
  const counted = (layout.length(values) - rule.uncounted) / rule.unit;
  const head: Record<string, Json> = {
    type,
    name: table.extension ?? table.name,
    length: table.form === "padding" ? null : counted,
  };
  // A sub-type and a vendor's use have a name of their own.
  if (table.extension !== undefined) head.subtype_name = table.name;
  return { ...head, ...fields };
}
