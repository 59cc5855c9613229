/** What holds for every octet sequence, well-formed or not; the fuzzer and the properties ask it. */

import { isDeepStrictEqual } from "node:util";
import { coveredOctets } from "../../shared/wire/coverage.ts";
import { type ExtensionSpace, extensionTable } from "../../shared/wire/extension.ts";
import { type CompiledLayout, spansOf, type Values } from "../../shared/wire/layout.ts";
import {
  type AnyMessage,
  type Decoded,
  type Inspected,
  type MessageSpace,
  messageTable,
} from "../../shared/wire/message.ts";
import { partialMessageJson, type TraceNode, traceMessage } from "../../shared/wire/trace.ts";
import type { Protocol } from "./protocols.ts";

/** What the decoder made of octets, and what is wrong with that, if anything. */
export interface Examined {
  readonly inspected: Inspected<AnyMessage> | undefined;
  readonly violation: string | undefined;
}

/** The invariants that cost little. */
export function examine(protocol: Protocol, bytes: Uint8Array): Examined {
  let inspected: Inspected<AnyMessage> | undefined;
  try {
    inspected = protocol.inspect(bytes);
    return { inspected, violation: cheapViolation(protocol, bytes, inspected) };
  } catch (error) {
    return { inspected, violation: `threw ${error instanceof Error ? error.stack : error}` };
  }
}

function cheapViolation(
  protocol: Protocol,
  bytes: Uint8Array,
  { decoded, error }: Inspected<AnyMessage>,
): string | undefined {
  if (error !== undefined) {
    if (!(error.offset >= 0 && error.offset <= bytes.length && Number.isInteger(error.offset))) {
      return `an error at ${error.offset} of ${bytes.length} octets`;
    }
    if (!fieldNames(protocol.space).has(error.field)) return `an error in ${error.field}`;
  }
  if (decoded === undefined) return error === undefined ? "neither message nor error" : undefined;
  const { message, offsets } = decoded;
  if (offsets.length !== message.extensions.length + 1) return "offsets and extensions differ";
  for (let i = 1; i < offsets.length; i++) {
    if ((offsets[i] ?? 0) <= (offsets[i - 1] ?? 0)) return "an extension of no octets";
  }
  const end = offsets[offsets.length - 1] ?? 0;
  if (end !== bytes.length) {
    if (error === undefined) return `read ${end} of ${bytes.length} octets`;
    if (error.offset < end) return `an error at ${error.offset}, in what was read up to ${end}`;
  }
  return unlike(protocol, bytes.subarray(0, end), message, error === undefined);
}

/** Does what was read encode to the octets that were read? */
function unlike(
  protocol: Protocol,
  bytes: Uint8Array,
  message: AnyMessage,
  isWhole: boolean,
): string | undefined {
  const encoded = protocol.encode(message);
  if (encoded.length !== bytes.length) return `encodes to ${encoded.length} octets`;
  for (let i = 0; i < bytes.length; i++) {
    // A checksum is right in a whole message only.
    if (encoded[i] === bytes[i] || (!isWhole && isFilledIn(protocol.space, message, i))) continue;
    return `encodes to ${encoded[i]} at ${i}, not ${bytes[i]}`;
  }
  return undefined;
}

function isFilledIn(space: MessageSpace, message: AnyMessage, at: number): boolean {
  return messageTable(space, message).layout.slots.some(
    ({ field, offset }) =>
      field.derived === true &&
      field.derive === undefined &&
      offset !== undefined &&
      at >= offset &&
      at < offset + (field.size ?? 0),
  );
}

const known = new WeakMap<MessageSpace, ReadonlySet<string>>();

/** Names that an error may give to the field at fault. */
function fieldNames(space: MessageSpace): ReadonlySet<string> {
  const found = known.get(space);
  if (found !== undefined) return found;
  const messages = [...space.byName.values()];
  const extensions = messages.flatMap(({ table }) => [
    ...(table.extensions?.byName.values() ?? []),
  ]);
  const layouts = [...messages, ...extensions].map(({ layout }) => layout);
  const names = new Set(layouts.flatMap(({ slots }) => slots.map(({ jsonName }) => jsonName)));
  names.add("extensions");
  known.set(space, names);
  return names;
}

/** The invariants that cost more: where fields stand, the JSON form, octets around the message. */
export function thoroughViolation(
  protocol: Protocol,
  bytes: Uint8Array,
  inspected: Inspected<AnyMessage>,
): string | undefined {
  const { decoded } = inspected;
  const elsewhere = protocol.inspect(surrounded(bytes));
  if (!isDeepStrictEqual(comparable(elsewhere), comparable(inspected))) {
    return "reads otherwise with other octets around it";
  }
  const drawn = badTree(protocol, bytes, inspected);
  if (drawn !== undefined) return drawn;
  if (decoded === undefined) return undefined;
  const json = JSON.stringify(protocol.json(decoded.message));
  if (typeof json !== "string" || json.includes(":undefined")) return "has no JSON form";
  return misplaced(protocol, decoded);
}

/** The tree for people: within the message, safe to print, with the error in it. */
function badTree(
  { space }: Protocol,
  bytes: Uint8Array,
  { decoded, error }: Inspected<AnyMessage>,
): string | undefined {
  let errors = 0;
  const fault = (node: TraceNode): string | undefined => {
    if (node.kind === "error") errors++;
    if (node.offset < 0 || node.offset + node.length > bytes.length) {
      return `the tree has ${node.name} at ${node.offset}, ${node.length} octets`;
    }
    if (/\p{Cc}/u.test(node.value)) return `the tree has a control character in ${node.name}`;
    for (const child of node.children) {
      const found = fault(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = fault(traceMessage(space, bytes, error));
  if (found !== undefined) return found;
  if (errors !== (error === undefined ? 0 : 1)) return `the tree has ${errors} errors`;
  if (decoded === undefined) JSON.stringify(partialMessageJson(space, bytes));
  return undefined;
}

/** Without the buffer that it lies in. */
const comparable = ({ decoded, error }: Inspected<AnyMessage>): unknown => ({
  message: decoded?.message,
  offsets: decoded?.offsets,
  error,
});

function surrounded(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 80).fill(0xa5);
  larger.set(bytes, 7);
  return larger.subarray(7, 7 + bytes.length);
}

function misplaced({ space }: Protocol, decoded: Decoded<AnyMessage>): string | undefined {
  const { message, bytes, offsets } = decoded;
  const { layout, table } = messageTable(space, message);
  const fault = untiled(layout, bytes, 0, offsets[0] ?? 0, message as unknown as Values);
  if (fault !== undefined) return `${message.name}: ${fault}`;
  for (const [i, extension] of message.extensions.entries()) {
    const kind = extensionTable(table.extensions as ExtensionSpace, extension);
    const [start = 0, end = 0] = [offsets[i], offsets[i + 1]];
    const fault = untiled(kind.layout, bytes, start, end, extension as unknown as Values);
    if (fault !== undefined) return `${extension.name}: ${fault}`;
    const covered = coveredOctets(space, decoded, i)?.length ?? end;
    if (covered <= start || covered > end) return `${extension.name} covers ${covered} octets`;
  }
  return undefined;
}

/**
 * What is wrong with the spans of a layout, if anything: they lie side by side and hold the values;
 * bit fields share their octets.
 */
export function untiled(
  layout: CompiledLayout,
  bytes: Uint8Array,
  start: number,
  end: number,
  values: Values,
): string | undefined {
  const { spans, error } = spansOf(layout, bytes, start, end);
  if (error !== undefined) return `no spans: ${error.message}`;
  let behind = start;
  let bitsLeft = 0;
  for (const { slot, offset, length, value } of spans) {
    const { name, field, shared } = slot;
    if (bitsLeft === 0) {
      if (offset !== behind) return `${name} begins at ${offset}, not ${behind}`;
      behind = offset + length;
      bitsLeft = shared === undefined ? 0 : length * 8;
    } else if (offset + length !== behind) return `${name} does not share its octets`;
    if (shared !== undefined) {
      bitsLeft -= field.bits ?? 0;
      if (shared.shift !== bitsLeft) return `${name} has ${shared.shift} bits to its right`;
    }
    if (field.derived !== true && !isDeepStrictEqual(value, values[name])) {
      return `${name} is not what was read`;
    }
    if (field.derive !== undefined && field.derive(values) !== value) return `${name} is derived`;
  }
  return behind === end && bitsLeft === 0 ? undefined : `the fields end at ${behind}, not ${end}`;
}
