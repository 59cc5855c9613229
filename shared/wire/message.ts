/** Messages: a fixed part and extensions, each message one table. */

import { assert, err, type JsonObject, ok, type Result } from "../base/result.ts";
import { type WireError, wireError } from "./error.ts";
import {
  type AnyExtension,
  type DecodedExtensions,
  type ExtensionSpace,
  extensionJson,
  extensionLength,
  IGNORED_OCTETS,
  readExtensions,
  writeExtension,
} from "./extension.ts";
import { copyOf, type Layout, type ValueOf } from "./field.ts";
import { CompiledLayout, layoutJson, spansOf, type Values } from "./layout.ts";

/** One message: a row of the registry and the figure of what precedes its extensions. */
export interface MessageTable<
  N extends string = string,
  L extends Layout = Layout,
  E extends AnyExtension = AnyExtension,
> {
  readonly type: number;
  /** Unique among all tables of the space; the value's `name`. */
  readonly name: N;
  readonly rfc: string;
  /** The fixed part, from the type on. */
  readonly fields: L;
  /** The number space of what may follow; `undefined` when nothing may. */
  readonly extensions: ExtensionSpace<E> | undefined;
  /** Octets behind that are no extensions are kept and ignored, and spoil nothing. */
  readonly ignoresRest?: true;
  /** What is wrong with a message whose fields fit, if anything. */
  readonly check?: (message: AnyMessage, bytes: Uint8Array) => WireError | undefined;
  /** The JSON form's name where that is not `name`. */
  readonly jsonName?: (message: AnyMessage) => string;
}

/** A decoded message: its name tells the type of the rest. */
export type MessageValue<T> =
  T extends MessageTable<infer N, infer L, infer E>
    ? { readonly name: N; readonly extensions: readonly Carried<T, E>[] } & ValueOf<L>
    : never;

/** Where there may be no extensions the list is empty. */
type Carried<T, E> = T extends { readonly extensions: undefined } ? never : E;

export interface AnyMessage {
  readonly name: string;
  readonly extensions: readonly AnyExtension[];
}

/** A message with the octets it came from, which authenticators cover and agents relay. */
export interface Decoded<M extends AnyMessage> {
  readonly message: M;
  readonly bytes: Uint8Array;
  /** Where each extension begins; one more entry for the end of the last one. */
  readonly offsets: readonly number[];
}

/** What could be read, and what stopped the reading. */
export interface Inspected<M extends AnyMessage> {
  readonly decoded: Decoded<M> | undefined;
  readonly error: WireError | undefined;
}

export interface CompiledMessage {
  readonly table: MessageTable;
  readonly layout: CompiledLayout;
}

/** The messages of one protocol, told apart by their first octets; `M` is what they decode to. */
export interface MessageSpace<M extends AnyMessage = AnyMessage> {
  readonly decodesTo?: M;
  readonly byType: readonly (readonly CompiledMessage[] | undefined)[];
  readonly byName: ReadonlyMap<string, CompiledMessage>;
}

export function messageSpace<const T extends readonly MessageTable[]>(
  tables: T,
): MessageSpace<MessageValue<T[number]>> {
  const byType: CompiledMessage[][] = [];
  const byName = new Map<string, CompiledMessage>();
  for (const table of tables) {
    const compiled = { table, layout: new CompiledLayout(table.name, table.fields, true) };
    assert(!byName.has(table.name), `two messages named ${table.name}`);
    byName.set(table.name, compiled);
    const others = byType[table.type];
    if (others === undefined) byType[table.type] = [compiled];
    else others.push(compiled);
  }
  return { byType, byName };
}

/** Reads as much as there is. Never throws, never reads past the end, linear in the octets. */
export function inspectMessage<M extends AnyMessage>(
  space: MessageSpace<M>,
  bytes: Uint8Array,
): Inspected<M> {
  const found = tableFor(space, bytes);
  if (found === undefined) return { decoded: undefined, error: unknownMessage(bytes) };
  const { table, layout } = found;
  const end = layout.end(bytes, 0, bytes.length);
  if (end < 0) return { decoded: undefined, error: spansOf(layout, bytes, 0, bytes.length).error };
  const { extensions, offsets, error } = readTail(table, bytes, end);
  const message = layout.read(bytes, 0, end, extensions) as unknown as M;
  const decoded = { message, bytes, offsets };
  return { decoded, error: error ?? table.check?.(message, bytes) };
}

/** The first table that the message's numbers fit. */
function tableFor(space: MessageSpace, bytes: Uint8Array): CompiledMessage | undefined {
  for (const each of space.byType[bytes[0] ?? -1] ?? NONE) {
    if (each.layout.claims(bytes, 0)) return each;
  }
  return undefined;
}

const NONE: readonly CompiledMessage[] = [];

function unknownMessage(bytes: Uint8Array): WireError {
  const type = bytes[0];
  return type === undefined
    ? wireError("truncated", "type", 0, "the message is empty")
    : wireError("wrong-type", "type", 0, `message type ${type} is not known`);
}

/** What stands behind the fixed part. */
function readTail(
  { name, extensions: space, ignoresRest }: MessageTable,
  bytes: Uint8Array,
  start: number,
): DecodedExtensions<AnyExtension> {
  if (space === undefined) {
    const left = bytes.length - start;
    const error = wireError("wrong-length", "extensions", start, `${left} octets behind a ${name}`);
    return { extensions: [], offsets: [start], error: left === 0 ? undefined : error };
  }
  const tail = readExtensions(space, bytes, start);
  if (tail.error === undefined || ignoresRest !== true) return tail;
  const data = copyOf(bytes, tail.offsets.at(-1) ?? start, bytes.length);
  return {
    extensions: [...tail.extensions, { name: IGNORED_OCTETS, data } as AnyExtension],
    offsets: [...tail.offsets, bytes.length],
    error: undefined,
  };
}

/** A whole well-formed message, or why it is none. */
export function decodeMessage<M extends AnyMessage>(
  space: MessageSpace<M>,
  bytes: Uint8Array,
): Result<Decoded<M>, WireError> {
  const { decoded, error } = inspectMessage(space, bytes);
  return error === undefined && decoded !== undefined
    ? ok(decoded)
    : err(error ?? unknownMessage(bytes));
}

/** The table that a message's name stands for. */
export function messageTable(space: MessageSpace, { name }: AnyMessage): CompiledMessage {
  const compiled = space.byName.get(name);
  if (compiled === undefined) assert(false, `no message ${name}`);
  return compiled;
}

/** Octets of a message, extensions in the order given. Values out of range are our mistake. */
export function encodeMessage(space: MessageSpace, message: AnyMessage): Uint8Array {
  const { table, layout } = messageTable(space, message);
  const values = message as unknown as Values;
  const { extensions } = message;
  let length = layout.length(values);
  for (const extension of extensions) length += extensionLength(spaceOf(table), extension);
  const bytes = new Uint8Array(length);
  let at = layout.write(bytes, 0, values);
  for (const extension of extensions) {
    at = writeExtension(spaceOf(table), extension, bytes, at);
  }
  return bytes;
}

function spaceOf({ name, extensions }: MessageTable): ExtensionSpace {
  if (extensions === undefined) assert(false, `no extensions behind a ${name}`);
  return extensions;
}

/** The contract's JSON form of a message (`decode --json`). */
export function messageJson(space: MessageSpace, message: AnyMessage): JsonObject {
  const { table, layout } = messageTable(space, message);
  const { type = null, ...fields } = layoutJson(layout, message as unknown as Values);
  const extensions = message.extensions.map((each) => extensionJson(spaceOf(table), each));
  return { type, name: table.jsonName?.(message) ?? message.name, ...fields, extensions };
}
