/** Control messages: the payload of UDP datagrams to and from port 434. One table a message. */

import { assert, err, type JsonObject, ok, type Result } from "../base/result.ts";
import { type ControlExtension, controlExtensions } from "./control-extensions.ts";
import { type WireError, wireError } from "./error.ts";
import { extensionJson, extensionLength, readExtensions, writeExtension } from "./extension.ts";
import { type Field, flags, ipv4Field, type Layout, u8, u16, u64, type ValueOf } from "./field.ts";
import {
  type CompiledLayout,
  compile,
  layoutJson,
  readLayout,
  type Values,
  writeLayout,
} from "./layout.ts";

/** UDP port of registration messages (RFC 5944 §3). */
export const MOBILE_IP_PORT = 434;

export interface MessageTable<N extends string = string, L extends Layout = Layout> {
  readonly type: number;
  readonly name: N;
  readonly rfc: string;
  /** The fixed part behind the type octet. */
  readonly fields: L;
}

function defineMessage<const N extends string, L extends Layout>(
  table: MessageTable<N, L>,
): MessageTable<N, L> {
  return table;
}

/**
 * Registration Request. RFC 5944 §3.3, T from RFC 3024 §3.2.
 * Lifetime: seconds; 0 deregisters, 0xffff is infinity. r and x: sent 0, ignored.
 */
export const registrationRequest = defineMessage({
  type: 1,
  name: "registration-request",
  rfc: "RFC 5944 §3.3",
  fields: {
    flags: flags(["S", "B", "D", "M", "G", "r", "T", "x"]) as Field<number>,
    lifetime: u16,
    homeAddress: ipv4Field,
    homeAgent: ipv4Field,
    careOfAddress: ipv4Field,
    identification: u64,
  },
});

/** Registration Reply. RFC 5944 §3.4. There is no care-of address in it. */
export const registrationReply = defineMessage({
  type: 3,
  name: "registration-reply",
  rfc: "RFC 5944 §3.4",
  fields: {
    code: u8,
    lifetime: u16,
    homeAddress: ipv4Field,
    homeAgent: ipv4Field,
    identification: u64,
  },
});

/** Bits of the Registration Request's flags octet. RFC 5944 §3.3, RFC 3024 §3.2. */
export const RequestFlag = { S: 0x80, B: 0x40, D: 0x20, M: 0x10, G: 0x08, T: 0x02 } as const;

/** Lifetime values with a meaning of their own (RFC 5944 §3.3). */
export const INFINITE_LIFETIME = 0xffff;

type MessageValue<T> =
  T extends MessageTable<infer N, infer L>
    ? { readonly name: N; readonly extensions: readonly ControlExtension[] } & ValueOf<L>
    : never;

export type RegistrationRequest = MessageValue<typeof registrationRequest>;
export type RegistrationReply = MessageValue<typeof registrationReply>;
export type ControlMessage = RegistrationRequest | RegistrationReply;

interface CompiledMessage {
  readonly table: MessageTable;
  readonly layout: CompiledLayout;
}

/** Every control message that is known. */
export const controlMessages: readonly MessageTable[] = [registrationRequest, registrationReply];

const messages: readonly CompiledMessage[] = controlMessages.map((table) => ({
  table,
  layout: compile(table.fields),
}));
const byType = new Map(messages.map((entry) => [entry.table.type, entry]));
const byName = new Map(messages.map((entry) => [entry.table.name, entry]));

/** A message with the octets it came from, which authenticators cover and agents relay. */
export interface DecodedControl<M extends ControlMessage = ControlMessage> {
  readonly message: M;
  readonly bytes: Uint8Array;
  /** Where each extension begins; one more entry for the end of the last one. */
  readonly offsets: readonly number[];
}

/** What could be read, and what stopped the reading. For `decode`; agents use `decodeControl`. */
export interface InspectedControl {
  readonly decoded: DecodedControl | undefined;
  readonly error: WireError | undefined;
}

/** Reads as much as there is. Never throws, never reads past the end, linear in the octets. */
export function inspectControl(bytes: Uint8Array): InspectedControl {
  const type = bytes[0];
  if (type === undefined) {
    return { decoded: undefined, error: wireError("truncated", "type", 0, "the message is empty") };
  }
  const entry = byType.get(type);
  if (entry === undefined) {
    const error = wireError("wrong-type", "type", 0, `message type ${type} is not known`);
    return { decoded: undefined, error };
  }
  const values: Record<string, unknown> = { name: entry.table.name };
  const error = readLayout(entry.layout, bytes, 1, bytes.length, values);
  if (error !== undefined) return { decoded: undefined, error };
  const rest = readExtensions<ControlExtension>(controlExtensions, bytes, 1 + entry.layout.least);
  values.extensions = rest.extensions;
  const message = values as unknown as ControlMessage;
  return { decoded: { message, bytes, offsets: rest.offsets }, error: rest.error };
}

/** A whole well-formed message, or why it is none (RFC 5944 §1.8, §3.3, §3.4). */
export function decodeControl(bytes: Uint8Array): Result<DecodedControl, WireError> {
  const { decoded, error } = inspectControl(bytes);
  return error === undefined && decoded !== undefined
    ? ok(decoded)
    : err(error ?? wireError("truncated", "type", 0, "nothing to decode"));
}

/** Octets of a message, extensions in the order given. Values out of range are our mistake. */
export function encodeControl(message: ControlMessage): Uint8Array {
  const entry = byName.get(message.name);
  assert(entry !== undefined, `no message ${message.name}`);
  let length = 1 + entry.layout.least;
  for (const extension of message.extensions) {
    length += extensionLength(controlExtensions, extension);
  }
  const bytes = new Uint8Array(length);
  bytes[0] = entry.table.type;
  let at = writeLayout(entry.layout, message as unknown as Values, bytes, 1);
  for (const extension of message.extensions) {
    at = writeExtension(controlExtensions, extension, bytes, at);
  }
  return bytes;
}

/** `bytes` with one more extension behind them. */
export function appendExtension(bytes: Uint8Array, extension: ControlExtension): Uint8Array {
  const out = new Uint8Array(bytes.length + extensionLength(controlExtensions, extension));
  out.set(bytes);
  writeExtension(controlExtensions, extension, out, bytes.length);
  return out;
}

/** The contract's JSON form of a message (`decode --json`). */
export function controlJson(message: ControlMessage): JsonObject {
  const entry = byName.get(message.name);
  assert(entry !== undefined, `no message ${message.name}`);
  return {
    type: entry.table.type,
    name: message.name,
    ...layoutJson(entry.layout, message as unknown as Values),
    extensions: message.extensions.map((each) => extensionJson(controlExtensions, each)),
  };
}
