/** Texts of a size in octets: any characters, and octets that are part of none. */

import type { Choices } from "./arbitrary-values.ts";

/** First and last character of each size in octets. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];
const SIZES = [1, 1, 2, 3, 3, 4];
/** What the octet 0x80 becomes; see shared/wire/utf8.ts. */
const ESCAPE = 0xdc00;
const FIRST_LEAD = 0xc0;

/** A text of `size` octets. */
export function makeText(choices: Choices, size: number, least: number): string {
  let text = "";
  let left = Math.max(size, least);
  let afterEscape = false;
  while (left > 0) {
    const kind = choices.below(8);
    const range = RANGES[kind];
    if (range !== undefined && (SIZES[kind] ?? 1) <= left) {
      text += String.fromCodePoint(range[0] + choices.below(range[1] - range[0] + 1));
      left -= SIZES[kind] ?? 1;
      afterEscape = false;
    } else {
      // One that could continue a character must not stand where one may have begun.
      const first = afterEscape ? FIRST_LEAD : 0x80;
      text += String.fromCharCode(ESCAPE + first + choices.below(0x100 - first));
      left--;
      afterEscape = true;
    }
  }
  return text;
}
