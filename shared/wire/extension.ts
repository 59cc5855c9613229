/**
 * Extensions: type-length-value records behind the fixed part (RFC 5944 §1.8 to §1.11).
 * The two number spaces (control messages, ICMP router discovery) each have a table of their own.
 */

import { assert, type Json, type JsonObject } from "../base/result.ts";
import { type WireError, wireError } from "./error.ts";
import { type Layout, octets, readU16, type ValueOf, writeU16 } from "./field.ts";
import {
  type CompiledLayout,
  compile,
  layoutJson,
  layoutLength,
  readLayout,
  type Values,
  writeLayout,
} from "./layout.ts";

/**
 * How the header of an extension is laid out.
 * `padding`: one octet, no length (RFC 5944 §2.1.3). `simple`: type, 8-bit length (§1.9).
 * `long`: type, sub-type, 16-bit length (§1.10). `short`: type, 8-bit length that includes the
 * sub-type behind it (§1.11).
 */
export type ExtensionForm = "padding" | "simple" | "long" | "short";

/** One extension: a row of the registry and the figure of its data. */
export interface ExtensionTable<N extends string = string, L extends Layout = Layout> {
  readonly type: number;
  readonly name: N;
  readonly form: ExtensionForm;
  readonly rfc: string;
  readonly fields: L;
}

interface CompiledExtension {
  readonly table: ExtensionTable;
  readonly layout: CompiledLayout;
}

/** A decoded extension: its name tells the type of the rest. */
export type ExtensionValue<T> =
  T extends ExtensionTable<infer N, infer L> ? { readonly name: N } & ValueOf<L> : never;

/** One whose number is not in the table and may be stepped over (RFC 5944 §1.8). */
export interface UnknownExtension {
  readonly name: "unknown";
  readonly type: number;
  readonly data: Uint8Array;
}

/** A number space of extensions. */
export interface ExtensionSpace {
  readonly byType: ReadonlyMap<number, CompiledExtension>;
  readonly byName: ReadonlyMap<string, CompiledExtension>;
}

export interface AnyExtension {
  readonly name: string;
}

export interface DecodedExtensions<E extends AnyExtension> {
  readonly extensions: readonly E[];
  /** Where each extension begins, from the start of the message; one more for the end. */
  readonly offsets: readonly number[];
  readonly error: WireError | undefined;
}

export function defineExtension<const N extends string, L extends Layout>(
  table: ExtensionTable<N, L>,
): ExtensionTable<N, L> {
  return table;
}

export function extensionSpace(tables: readonly ExtensionTable[]): ExtensionSpace {
  const compiled = tables.map((table) => ({ table, layout: compile(table.fields) }));
  return {
    byType: new Map(compiled.map((entry) => [entry.table.type, entry])),
    byName: new Map(compiled.map((entry) => [entry.table.name, entry])),
  };
}

const UNKNOWN = compile({ data: octets() });

const HEADER: Record<ExtensionForm, number> = { padding: 1, simple: 2, short: 2, long: 4 };

/** Octets of type, (sub-type,) and length. */
function headerLength(form: ExtensionForm): number {
  return HEADER[form];
}

/**
 * Reads extensions from `start` to the end of the message, as the UDP or IP length gives it.
 * Linear in the octets. An unknown type below 128 spoils the message, one above is stepped over by
 * its 8-bit length (RFC 5944 §1.8). What came before an error is returned beside it.
 */
export function readExtensions<E extends AnyExtension>(
  space: ExtensionSpace,
  bytes: Uint8Array,
  start: number,
): DecodedExtensions<E> {
  const extensions: E[] = [];
  const offsets: number[] = [start];
  let at = start;
  while (at < bytes.length) {
    const step = readExtension(space, bytes, at);
    if ("error" in step) return { extensions, offsets, error: step.error };
    extensions.push(step.value as AnyExtension as E);
    at = step.end;
    offsets.push(at);
  }
  return { extensions, offsets, error: undefined };
}

type Step = { readonly value: AnyExtension; readonly end: number } | { readonly error: WireError };

function readExtension(space: ExtensionSpace, bytes: Uint8Array, at: number): Step {
  const type = bytes[at] ?? 0;
  const known = space.byType.get(type);
  if (known === undefined && type < 128) {
    const message = `type ${type} is not known and may not be skipped (RFC 5944 §1.8)`;
    return { error: wireError("unknown-mandatory-extension", "type", at, message) };
  }
  const form = known?.table.form ?? "simple";
  const dataAt = at + headerLength(form);
  if (form !== "padding" && dataAt > bytes.length) {
    return { error: wireError("truncated", "length", at + 1, "the message ends in the header") };
  }
  const length =
    form === "padding" ? 0 : form === "long" ? readU16(bytes, at + 2) : (bytes[at + 1] ?? 0);
  const end = dataAt + length;
  if (end > bytes.length) {
    const left = bytes.length - dataAt;
    const message = `${length} octets are announced, ${left} are left in the message`;
    return { error: wireError("truncated", "length", at + 1, message) };
  }
  const value: Record<string, unknown> =
    known === undefined ? { name: "unknown", type } : { name: known.table.name };
  // The long form's sub-type stands in the header, before the length; the others' in the data.
  if (form === "long") value.subtype = bytes[at + 1];
  const layout = known?.layout ?? UNKNOWN;
  const error = readLayout(layout, bytes, dataAt, end, value);
  if (error !== undefined) return { error };
  if (layout.fixedSize && layout.least !== length) {
    const message = `${known?.table.name} has length ${layout.least}, not ${length}`;
    return { error: wireError("wrong-length", "length", at + 1, message) };
  }
  return { value: value as unknown as AnyExtension, end };
}

/** Octets an extension takes on the wire, header included. */
export function extensionLength(space: ExtensionSpace, extension: AnyExtension): number {
  const known = space.byName.get(extension.name);
  const data = layoutLength(known?.layout ?? UNKNOWN, extension as unknown as Values);
  return headerLength(known?.table.form ?? "simple") + data;
}

/** Writes one extension at `at` and returns the offset behind it. */
export function writeExtension(
  space: ExtensionSpace,
  extension: AnyExtension,
  bytes: Uint8Array,
  at: number,
): number {
  const known = space.byName.get(extension.name);
  const values = extension as unknown as Values;
  assert(known !== undefined || extension.name === "unknown", `no extension ${extension.name}`);
  const layout = known?.layout ?? UNKNOWN;
  const form = known?.table.form ?? "simple";
  const length = layoutLength(layout, values);
  bytes[at] = known?.table.type ?? (values.type as number);
  if (form === "long") {
    assert(length <= 0xffff, `${extension.name} is longer than its length field can say`);
    bytes[at + 1] = values.subtype as number;
    writeU16(bytes, at + 2, length);
  } else if (form !== "padding") {
    // RFC 5944 §1.11 with erratum 4134: an error, never a truncation.
    assert(length <= 0xff, `${extension.name} is longer than its length field can say`);
    bytes[at + 1] = length;
  }
  return writeLayout(layout, values, bytes, at + headerLength(form));
}

/** The contract's JSON form: `type`, `name`, `length`, then the extension's own fields. */
export function extensionJson(space: ExtensionSpace, extension: AnyExtension): JsonObject {
  const known = space.byName.get(extension.name);
  const values = extension as unknown as Values;
  const layout = known?.layout ?? UNKNOWN;
  const head: Record<string, Json> = {
    type: known?.table.type ?? (values.type as number),
    name: extension.name,
    length: known?.table.form === "padding" ? null : layoutLength(layout, values),
  };
  if (known?.table.form === "long") head.subtype = values.subtype as number;
  return { ...head, ...layoutJson(layout, values) };
}
