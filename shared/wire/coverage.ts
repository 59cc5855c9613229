/**
 * What an authenticator covers: the message from its first octet, every extension before its own,
 * and its own extension up to the authenticator (type, sub-type, length, SPI or nonce indexes).
 * Never the authenticator, nor the UDP or IP header.
 * RFC 5944 §3.5.1; the same rule in RFC 4721 §5, §6 (36) and RFC 6521 §5.3 (49).
 */

import { type CompiledExtension, extensionTable } from "./extension.ts";
import { type AnyMessage, type Decoded, type MessageSpace, messageTable } from "./message.ts";

/** Octets of an extension in front of its authenticator; `undefined` when it carries none. */
export function authenticatorOffset({ layout }: CompiledExtension): number | undefined {
  return layout.slots.find(({ name }) => name === "authenticator")?.offset;
}

/** The octets that the authenticator in the extension at `index` covers, if it carries one. */
export function coveredOctets(
  space: MessageSpace,
  { message, bytes, offsets }: Decoded<AnyMessage>,
  index: number,
): Uint8Array | undefined {
  const extension = message.extensions[index];
  const start = offsets[index];
  const extensions = messageTable(space, message).table.extensions;
  if (extension === undefined || start === undefined || extensions === undefined) return undefined;
  const header = authenticatorOffset(extensionTable(extensions, extension));
  return header === undefined ? undefined : bytes.subarray(0, start + header);
}
