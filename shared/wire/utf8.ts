/**
 * UTF-8 that loses nothing: an octet that is part of no character becomes a lone surrogate,
 * U+DC00 + octet, and is written back as that octet. Text from the network thus keeps its octets,
 * right or wrong, and a Node built without ICU reads it all the same.
 */

import { assert } from "../base/result.ts";

const ESCAPE = 0xdc00;

/** Any octets to text. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; ) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      at++;
      continue;
    }
    const size = characterSize(bytes, at, end);
    if (size === 0) {
      text += String.fromCharCode(ESCAPE + first);
      at++;
      continue;
    }
    let point = first & (0x7f >> size);
    for (let i = 1; i < size; i++) point = (point << 6) | ((bytes[at + i] ?? 0) & 0x3f);
    text += String.fromCodePoint(point);
    at += size;
  }
  return text;
}

/** Octets of the well-formed character (Unicode table 3-7) of two octets or more; 0 if none. */
function characterSize(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  const second = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + size > end) return 0;
  // Neither overlong forms, nor surrogates, nor beyond U+10FFFF.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

/** Octets that a text takes. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80 || isEscape(point)) length += 1;
    else length += point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

const isEscape = (point: number): boolean => point >= ESCAPE + 0x80 && point <= ESCAPE + 0xff;

/** Writes a text; a surrogate that stands for no octet is our mistake. */
export function writeUtf8(bytes: Uint8Array, start: number, text: string): void {
  let at = start;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80 || isEscape(point)) {
      bytes[at++] = point & 0xff;
      continue;
    }
    assert(point < 0xd800 || point > 0xdfff, "a lone surrogate has no octets");
    const size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    bytes[at] = ((0xf00 >> size) & 0xff) | (point >> (6 * (size - 1)));
    for (let i = 1; i < size; i++) {
      bytes[at + i] = 0x80 | ((point >> (6 * (size - 1 - i))) & 0x3f);
    }
    at += size;
  }
}
