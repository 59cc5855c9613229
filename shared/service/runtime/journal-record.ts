/** One record of the journal: a line `CRC32 JSON`, eight hex digits over the text of `[key, value]`. */

import { crc32 } from "node:zlib";
import type { Json } from "../../base/result.ts";

/** The first line of the file. */
export const HEADER = "mip4-journal 1\n";

export function encodeRecord(key: string, value: Json): string {
  const text = JSON.stringify([key, value]);
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

/** `undefined` for a line that is not exactly what `encodeRecord` writes. */
export function decodeRecord(line: string): readonly [string, Json] | undefined {
  const text = line.slice(9);
  const isIntact =
    line[8] === " " && line.slice(0, 8) === crc32(text).toString(16).padStart(8, "0");
  if (!isIntact) return undefined;
  try {
    const record: unknown = JSON.parse(text);
    if (!Array.isArray(record) || record.length !== 2 || typeof record[0] !== "string") {
      return undefined;
    }
    return [record[0], record[1] as Json];
  } catch {
    return undefined;
  }
}
