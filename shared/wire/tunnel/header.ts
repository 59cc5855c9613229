/** Headers of tunnels as tables: octets in front of a payload that is not theirs. */

import type { JsonObject } from "../../base/result.ts";
import { finishChecksum, internetChecksum, sumWords } from "../checksum.ts";
import { type WireError, wireError } from "../error.ts";
import type { Layout, ValueOf } from "../field.ts";
import { CompiledLayout, layoutJson, spansOf, type Values } from "../layout.ts";

/** One header. */
export interface HeaderTable<N extends string = string, L extends Layout = Layout> {
  /** The value's `name`. */
  readonly name: N;
  readonly rfc: string;
  readonly fields: L;
  /** What is wrong with a header whose fields fit, if anything; it begins at `at`. */
  readonly check?: (value: Values, at: number) => WireError | undefined;
}

/** A table made ready for use. */
export interface CompiledHeader<N extends string = string, L extends Layout = Layout>
  extends HeaderTable<N, L> {
  readonly layout: CompiledLayout;
}

/** The value of a header: all its fields, checksums too. */
export type HeaderValue<T> =
  T extends HeaderTable<infer N, infer L> ? { readonly name: N } & ValueOf<L> : never;

export interface ReadHeader<V> {
  readonly value: V;
  /** Where the payload begins, from the start of the octets. */
  readonly end: number;
}

export function compiledHeader<const N extends string, L extends Layout>(
  table: HeaderTable<N, L>,
): CompiledHeader<N, L> {
  return { ...table, layout: new CompiledLayout(table.name, table.fields) };
}

/**
 * Reads the header at `at`, with nothing of it from `limit` on, or tells what is wrong with it.
 * Checksums are not looked at: they may cover more than the header.
 */
export function readHeader<T extends CompiledHeader>(
  { layout, check }: T,
  bytes: Uint8Array,
  at = 0,
  limit = bytes.length,
): ReadHeader<HeaderValue<T>> | WireError {
  const bound = Math.min(limit, bytes.length);
  const end = layout.end(bytes, at, bound);
  if (end < 0) {
    const { error } = spansOf(layout, bytes, at, bound);
    return error ?? wireError("truncated", "header", at, "the header does not fit");
  }
  const value = layout.read(bytes, at, end);
  return check?.(value, at) ?? { value: value as HeaderValue<T>, end };
}

/** Octets of a header, exactly as the value says. Values out of range are our mistake. */
export function writeHeader<T extends CompiledHeader>(
  { layout }: T,
  value: HeaderValue<T>,
): Uint8Array {
  const values = value as Values;
  const bytes = new Uint8Array(layout.length(values));
  layout.write(bytes, 0, values);
  return bytes;
}

/** The JSON form: `name`, then the header's own fields; an absent optional field is null. */
export function headerJson<T extends CompiledHeader>(
  { name, layout }: T,
  value: HeaderValue<T>,
): JsonObject {
  return { name, ...layoutJson(layout, value as Values) };
}

/** The value for the checksum field `field` octets behind `start`; what stands there counts as 0. */
export function checksumOf(bytes: Uint8Array, start: number, end: number, field: number): number {
  const before = sumWords(bytes, start, start + field);
  return finishChecksum(sumWords(bytes, start + field + 2, end, before));
}

/** Does the checksum within the octets hold? Both one's complement zeros do. */
export function checksumFault(
  bytes: Uint8Array,
  start: number,
  end: number,
  field: number,
  jsonName: string,
): WireError | undefined {
  if (internetChecksum(bytes, start, end) === 0) return undefined;
  return wireError("wrong-checksum", jsonName, start + field, "the checksum does not hold");
}
