/** Fragmenting a packet that no kernel will fragment for us. RFC 791 §3.2. */

import {
  headerLength,
  IPV4_HEADER,
  readU16,
  totalLength,
  writeHeaderChecksum,
  writeU16,
} from "./packet.ts";

const MORE_FRAGMENTS = 0x2000;
const FLAGS = 0xe000;
const OFFSET = 0x1fff;
const COPIED = 0x80;
const NO_OPERATION = 1;

/** In later fragments only options that say so are kept; the others give way to No-Operation. */
function clearUncopiedOptions(bytes: Uint8Array, header: number): void {
  let at = IPV4_HEADER;
  while (at < header) {
    const kind = bytes[at] ?? 0;
    const length = kind <= NO_OPERATION ? 1 : Math.max(2, bytes[at + 1] ?? 2);
    if (kind === 0) return;
    if ((kind & COPIED) === 0) bytes.fill(NO_OPERATION, at, Math.min(at + length, header));
    at += length;
  }
}

/**
 * The fragments of the packet, each a whole packet of at most `mtu` octets behind `room` free ones.
 * It may be a fragment itself. The MTU leaves room for a header and 8 octets.
 */
export function fragment(
  bytes: Uint8Array,
  packet: number,
  mtu: number,
  room: number,
): Uint8Array[] {
  const header = headerLength(bytes, packet);
  const payload = totalLength(bytes, packet) - header;
  const size = Math.max(8, (mtu - header) & ~7);
  const field = readU16(bytes, packet + 6);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < payload; at += size) {
    const length = Math.min(size, payload - at);
    const result = new Uint8Array(room + header + length);
    const whole = result.subarray(room);
    whole.set(bytes.subarray(packet, packet + header));
    whole.set(bytes.subarray(packet + header + at, packet + header + at + length), header);
    if (at > 0) clearUncopiedOptions(whole, header);
    const more = at + length < payload ? MORE_FRAGMENTS : 0;
    writeU16(whole, 2, header + length);
    writeU16(whole, 6, (field & FLAGS) | more | ((field & OFFSET) + at / 8));
    writeHeaderChecksum(whole, 0);
    fragments.push(result);
  }
  return fragments;
}
