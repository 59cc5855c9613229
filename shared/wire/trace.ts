/**
 * A message as a tree for people: each field with its place, its value and what that means, also of
 * a message that is malformed, with the error where the reading stopped. The text of a value is safe
 * to print: whatever a peer sent, no control character is left in it.
 */

import type { Json, JsonObject } from "../base/result.ts";
import type { WireError } from "./error.ts";
import { type CompiledExtension, type ExtensionSpace, extensionTable } from "./extension.ts";
import { type Field, toHex } from "./field.ts";
import { type Span, spansOf } from "./layout.ts";
import {
  type AnyMessage,
  type CompiledMessage,
  type Decoded,
  inspectMessage,
  type MessageSpace,
} from "./message.ts";
import { showText } from "./show-text.ts";

export interface TraceNode {
  /** `rest`: octets that nothing could be made of. */
  readonly kind: "message" | "extension" | "field" | "error" | "rest";
  /** Octets from the start of the message. */
  readonly offset: number;
  readonly length: number;
  /** snake_case of a field, also of an error's; kebab-case of a message and an extension. */
  readonly name: string;
  readonly value: string;
  /** What the number stands for; the sub-type of an extension; the code of an error. */
  readonly meaning: string | undefined;
  readonly children: readonly TraceNode[];
}

/** The tree of a message and, where the caller found one, its error. Never throws; linear. */
export function traceMessage(
  space: MessageSpace,
  bytes: Uint8Array,
  error: WireError | undefined,
): TraceNode {
  const found = messageTableAt(space, bytes);
  const { decoded } = inspectMessage(space, bytes);
  const fixed = found === undefined ? [] : spansOf(found.layout, bytes, 0, bytes.length).spans;
  const children = fixed.filter(({ slot }) => slot.name !== "type").flatMap(fieldNodes);
  const extensions = found?.table.extensions;
  if (decoded !== undefined && extensions !== undefined) {
    const { message, offsets } = decoded;
    for (const [i, extension] of message.extensions.entries()) {
      const compiled = extensionTable(extensions, extension);
      children.push(extensionNode(compiled, bytes, offsets[i] ?? 0, offsets[i + 1] ?? 0));
    }
    const stop = offsets.at(-1) ?? bytes.length;
    const isBehind = error !== undefined && error.offset >= stop;
    if (!isBehind) insertError(children, error);
    children.push(...brokenNodes(extensions, bytes, stop, isBehind ? error : undefined));
  } else {
    insertError(children, error);
    const end = fixed.reduce((most, { offset, length }) => Math.max(most, offset + length), 0);
    children.push(...restNodes(bytes, end));
  }
  const name = decoded === undefined ? found?.table.name : nameOf(found, decoded);
  return {
    kind: "message",
    offset: 0,
    length: bytes.length,
    name: name ?? "unknown message",
    value: `type ${bytes[0] ?? "missing"}`,
    meaning: undefined,
    children,
  };
}

/** The JSON form of a message whose fixed part is not whole: what is there of it. */
export function partialMessageJson(space: MessageSpace, bytes: Uint8Array): JsonObject {
  const found = messageTableAt(space, bytes);
  if (found === undefined) return { type: bytes[0] ?? null };
  const json: Record<string, Json> = { type: bytes[0] ?? null, name: found.table.name };
  for (const { slot, value } of spansOf(found.layout, bytes, 0, bytes.length).spans) {
    const { derived, derive } = slot.field;
    if (!derived || derive !== undefined) json[slot.jsonName] = slot.field.json(value);
  }
  return json;
}

function messageTableAt(space: MessageSpace, bytes: Uint8Array): CompiledMessage | undefined {
  return space.byType[bytes[0] ?? -1]?.find(({ layout }) => layout.claims(bytes, 0));
}

function nameOf(found: CompiledMessage | undefined, { message }: Decoded<AnyMessage>): string {
  return found?.table.jsonName?.(message) ?? message.name;
}

/** What the heading of an extension tells, and the octets that it is looked for in. */
const HEADER: ReadonlySet<string> = new Set(["type", "subtype", "length"]);
const HEADER_OCTETS = 4;

function extensionNode(
  { table, layout, rule }: CompiledExtension,
  bytes: Uint8Array,
  at: number,
  end: number,
): TraceNode {
  const { spans } = spansOf(layout, bytes, at, end);
  // A vendor's use may have a subtype of its own, further behind (RFC 4332 §3).
  const isHeader = ({ slot, offset }: Span): boolean =>
    HEADER.has(slot.name) && offset < at + HEADER_OCTETS;
  const header = spans.filter(isHeader).map(({ slot, value }) => `${slot.jsonName} ${value}`);
  const hasLength = spans.some(({ slot }) => slot.name === "length");
  // Padding and ignored octets have no length field; an option's counts in units.
  const inOctets = hasLength && rule.unit > 1 ? [`${end - at} octets`] : [];
  return {
    kind: "extension",
    offset: at,
    length: end - at,
    name: table.extension ?? table.name,
    value: [...header, ...inOctets].join(", "),
    meaning: table.extension === undefined ? undefined : table.name,
    children: spans.filter((span) => !isHeader(span)).flatMap(fieldNodes),
  };
}

/** The extension at which the reading stopped, as far as it goes, the error, and what is left. */
function brokenNodes(
  space: ExtensionSpace,
  bytes: Uint8Array,
  at: number,
  error: WireError | undefined,
): TraceNode[] {
  const failed = error === undefined ? [] : [errorNode(error)];
  const type = bytes[at];
  if (type === undefined) return failed;
  const tables = space.byType[type] ?? (space.skips(type) ? [space.unknown] : []);
  const compiled = tables.find((each) => each.claims(bytes, at));
  if (compiled === undefined) return [...failed, ...restNodes(bytes, at)];
  const end = Math.max(at, Math.min(compiled.endAt(bytes, at), bytes.length));
  const node = extensionNode(compiled, bytes, at, end);
  const { spans } = spansOf(compiled.layout, bytes, at, end);
  const behind = spans.reduce((most, { offset, length }) => Math.max(most, offset + length), at);
  return [
    {
      ...node,
      children: [
        ...node.children.filter(({ length }) => length > 0),
        ...failed,
        ...restNodes(bytes, behind, end),
      ],
    },
    ...restNodes(bytes, Math.max(end, behind)),
  ];
}

function restNodes(bytes: Uint8Array, at: number, end = bytes.length): TraceNode[] {
  if (at >= end) return [];
  const node = { kind: "rest", offset: at, length: end - at, name: "not_decoded" } as const;
  return [{ ...node, value: toHex(bytes.subarray(at, end)), meaning: undefined, children: [] }];
}

function errorNode({ code, field, offset, message }: WireError): TraceNode {
  const place = { kind: "error", offset, length: 0, name: field } as const;
  return { ...place, value: message, meaning: code, children: [] };
}

/** Behind the field that the error is about. */
function insertError(children: TraceNode[], error: WireError | undefined): void {
  if (error === undefined) return;
  const before = children.findLastIndex(({ offset }) => offset <= error.offset);
  children.splice(before + 1, 0, errorNode(error));
}

/** One node, or none for an optional field that is not there. */
function fieldNodes({ slot, offset, length, value }: Span): TraceNode[] {
  const { shows } = slot.field;
  if (value === undefined) return [];
  const field = shows.kind === "optional" ? shows.of : slot.field;
  const { text, meaning } = showValue(field, slot.jsonName, value);
  const place = { kind: "field", offset, length, name: slot.jsonName } as const;
  return [{ ...place, value: text, meaning, children: [] }];
}

function showValue(
  field: Field<unknown>,
  name: string,
  value: unknown,
): { readonly text: string; readonly meaning: string | undefined } {
  const { shows, names } = field;
  const plain = (text: string) => ({ text, meaning: undefined });
  switch (shows.kind) {
    case "flags":
      return plain(showFlags(shows.letters, Number(value)));
    case "text":
      return plain(showText(String(value)));
    case "list": {
      const items = (value as readonly unknown[]).map((item) => {
        const { text, meaning } = showValue(shows.item, name, item);
        return meaning === undefined ? text : `${text} (${meaning})`;
      });
      return plain(items.length === 0 ? "none" : items.join(", "));
    }
    default: {
      const text = name.endsWith("checksum") ? hexNumber(value) : showJson(field.json(value));
      return { text, meaning: typeof value === "number" ? names?.[value] : undefined };
    }
  }
}

function hexNumber(value: unknown): string {
  return `0x${Number(value).toString(16).padStart(4, "0")}`;
}

/** The letters of the bits that are set, and all bits as a number: some have no letter. */
function showFlags(letters: readonly (string | null)[], value: number): string {
  const count = letters.length;
  const isSet = (i: number): boolean => (value & (2 ** (count - 1 - i))) !== 0;
  const set = letters.filter((letter, i) => letter !== null && isSet(i));
  const hex = value.toString(16).padStart(Math.ceil(count / 4), "0");
  return `${set.length === 0 ? "none" : set.join(" ")} (0x${hex})`;
}

function showJson(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(showJson).join(", ");
  const entries = Object.entries(value);
  return entries.map(([key, each]) => `${key} ${showJson(each)}`).join(" ");
}
