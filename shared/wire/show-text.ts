/** Text from the network made fit for a terminal. */

/** Code points that move the cursor, change the direction of writing, or cannot be seen. */
const HIDDEN: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff0, 0xfffb],
  [0xe0000, 0xe0fff],
];

const hex = (point: number): string => point.toString(16);

/** The same as a pattern; quotes and backslashes too, for text in quotes. */
const ranges = HIDDEN.map(([first, last]) => `\\u{${hex(first)}}-\\u{${hex(last)}}`).join("");
const HIDDEN_IN_JSON = new RegExp(`[${ranges}]`, "gu");
const HIDDEN_IN_TEXT = new RegExp(`[${ranges}"\\\\]`, "gu");

/** In quotes; `\xNN` for an octet that is no UTF-8 (utf8.ts), `\u{N}` for a hidden character. */
export function showText(text: string): string {
  const shown = text.replace(HIDDEN_IN_TEXT, (character) => {
    const point = character.codePointAt(0) ?? 0;
    if (point === 0x22 || point === 0x5c) return `\\${character}`;
    return point >= 0xdc80 && point <= 0xdcff ? `\\x${hex(point & 0xff)}` : `\\u{${hex(point)}}`;
  });
  return `"${shown}"`;
}

/** JSON whose strings hold no hidden character either; it means the same. */
export function safeJson(json: string): string {
  return json.replace(HIDDEN_IN_JSON, (character) => {
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
    return units.map((unit) => `\\u${hex(unit).padStart(4, "0")}`).join("");
  });
}
