/**
 * Makes a stack trace of a bundle readable: standard input to standard output, every position in
 * the bundle as the file and line of the source that it came from. The map must be that of the same build.
 *
 *   node build/scripts/trace.js fa|mn|ha <TRACE
 */

import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";

const role = process.argv[2] ?? "";
const map = new SourceMap(JSON.parse(readFileSync(join("dist", `mip4-${role}.map`), "utf8")));
const position = new RegExp(`[^\\s(]*mip4-${role}:(\\d+):(\\d+)`, "g");

const readable = readFileSync(0, "utf8").replaceAll(position, (whole, line, column) => {
  // The map counts from 0, a trace from 1.
  const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
  if (!("originalSource" in entry)) return whole;
  return `${entry.originalSource.replace(/^(\.\.\/)+/, "")}:${entry.originalLine + 1}`;
});
process.stdout.write(readable);
