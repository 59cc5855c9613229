/**
 * Netlink messages and attributes: bytes to values and back. What the kernel sends is decoded
 * without trust in its lengths, and decoding never throws.
 */

/** Netlink is in the byte order of the machine. */
export const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

const HEADER_LENGTH = 16;
const ATTRIBUTE_HEADER_LENGTH = 4;
/** The two upper bits of an attribute type are flags (nested, network byte order). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

function align(length: number): number {
  return (length + 3) & ~3;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function encodeMessage(message: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + message.body.length);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, LITTLE_ENDIAN);
  view.setUint16(4, message.type, LITTLE_ENDIAN);
  view.setUint16(6, message.flags, LITTLE_ENDIAN);
  view.setUint32(8, message.sequence, LITTLE_ENDIAN);
  bytes.set(message.body, HEADER_LENGTH);
  return bytes;
}

/** All whole messages of a datagram; a broken length ends it. */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  const view = viewOf(bytes);
  for (let at = 0; at + HEADER_LENGTH <= bytes.length; ) {
    const length = view.getUint32(at, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || at + length > bytes.length) break;
    messages.push({
      type: view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: view.getUint16(at + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(at + 8, LITTLE_ENDIAN),
      body: bytes.subarray(at + HEADER_LENGTH, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** The errno of an error message as a positive number: 0 is an acknowledgement. */
export function errorNumber(message: NetlinkMessage): number | undefined {
  if (message.type !== NLMSG_ERROR || message.body.length < 4) return undefined;
  return -viewOf(message.body).getInt32(0, LITTLE_ENDIAN);
}

/** A fixed part (already padded to four octets) and attributes after it. */
export function encodeBody(
  fixed: Uint8Array,
  attributes: readonly (readonly [type: number, value: Uint8Array])[],
): Uint8Array {
  let length = align(fixed.length);
  for (const [, value] of attributes) length += align(ATTRIBUTE_HEADER_LENGTH + value.length);
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  bytes.set(fixed);
  let at = align(fixed.length);
  for (const [type, value] of attributes) {
    view.setUint16(at, ATTRIBUTE_HEADER_LENGTH + value.length, LITTLE_ENDIAN);
    view.setUint16(at + 2, type, LITTLE_ENDIAN);
    bytes.set(value, at + ATTRIBUTE_HEADER_LENGTH);
    at += align(ATTRIBUTE_HEADER_LENGTH + value.length);
  }
  return bytes;
}

/** The attributes from `start` on; the last of a type counts, a broken length ends them. */
export function decodeAttributes(bytes: Uint8Array, start: number): Attributes {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  for (let at = start; at + ATTRIBUTE_HEADER_LENGTH <= bytes.length; ) {
    const length = view.getUint16(at, LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER_LENGTH || at + length > bytes.length) break;
    const type = view.getUint16(at + 2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER_LENGTH, at + length));
    at += align(length);
  }
  return attributes;
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, LITTLE_ENDIAN);
  return bytes;
}

/** A zero-terminated string of ASCII. */
export function text(value: string): Uint8Array {
  const bytes = new Uint8Array(value.length + 1);
  for (let i = 0; i < value.length; i++) bytes[i] = value.charCodeAt(i);
  return bytes;
}

export function readU8(value: Uint8Array | undefined): number | undefined {
  return value?.[0];
}

export function readU32(value: Uint8Array | undefined): number | undefined {
  return value === undefined || value.length < 4
    ? undefined
    : viewOf(value).getUint32(0, LITTLE_ENDIAN);
}

export function readText(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return String.fromCharCode(...value.subarray(0, end < 0 ? value.length : end));
}

/** The fixed part of a message, written field by field. */
export function fixedPart(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(viewOf(bytes));
  return bytes;
}

/** The fixed part of a body, or `undefined` when the body is too short for it. */
export function fixedView(body: Uint8Array, length: number): DataView | undefined {
  return body.length < length ? undefined : viewOf(body);
}
