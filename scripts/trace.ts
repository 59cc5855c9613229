/**
 * Makes a stack trace of a bundle readable: standard input to standard output, every position in
 * the bundle as the file and line of the source that it came from. The maps must be those of the same build.
 *
 *   node build/scripts/trace.js fa|mn|ha [MAPS] <TRACE
 *
 * MAPS is the file beside the program, dist/mip4-ROLE.map by default.
 */

import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";

const [role = "", file = join("dist", `mip4-${role}.map`)] = process.argv.slice(2);
const payloads: Record<string, SourceMapPayload> = JSON.parse(readFileSync(file, "utf8"));
const maps = new Map(Object.entries(payloads).map(([name, map]) => [name, new SourceMap(map)]));
// `mip4-fa/run-XXXXXXXX.js:1:2` is in a part of the program.
const position = new RegExp(`(mip4-${role}/[\\w-]+\\.js):(\\d+):(\\d+)`, "g");

const readable = readFileSync(0, "utf8").replaceAll(position, (whole, name, line, column) => {
  // The map counts from 0, a trace from 1.
  const entry = maps.get(name)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (entry === undefined || !("originalSource" in entry)) return whole;
  return `${entry.originalSource.replace(/^(\.\.\/)+/, "")}:${entry.originalLine + 1}`;
});
process.stdout.write(readable);
