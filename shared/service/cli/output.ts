/** Where a command writes, and how people see it: aligned columns, colour only on a terminal. */

import type { Json, JsonObject } from "../../base/result.ts";
import { isObject } from "../json.ts";
import type { TableCommand } from "../program.ts";

/** Standard output and error, or a test's pair of strings. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  readonly hasColour: boolean;
}

/** The process's own; a reader that closes its end early is no error. */
export function processOutput(): Output {
  process.stdout.on("error", (error) => {
    if ("code" in error && error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    hasColour: process.stdout.isTTY === true && !process.env.NO_COLOR,
  };
}

const BOLD = "\x1b[1m";
const RESET = "\x1b[0m";

/** `-` for what is not known or does not apply. */
export function showCell(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(showCell).join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Whole seconds as `1h02m`, `29m55s`, `12s`. */
export function showSeconds(value: Json | undefined): string {
  if (typeof value !== "number") return "-";
  const pad = (part: number): string => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(value / 3600), Math.floor(value / 60) % 60];
  if (hours > 0) return `${hours}h${pad(minutes)}m`;
  return minutes > 0 ? `${minutes}m${pad(Math.floor(value % 60))}s` : `${Math.floor(value)}s`;
}

/** 65535 is no time but for ever (RFC 5944 §3.3). */
export function showLifetime(value: Json | undefined): string {
  return value === 65535 ? "infinite" : showSeconds(value);
}

/** An infinite lifetime has no time left to count. */
export function showRemaining(row: JsonObject): string {
  return showLifetime(row.lifetime === 65535 ? row.lifetime : row.lifetime_remaining);
}

/** A column that shows one key. */
export function column(heading: string, key: string): TableCommand["columns"][number] {
  return { heading, cell: (row) => showCell(row[key]) };
}

/** Rows with every column as wide as its widest cell. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

export function printTable(output: Output, columns: TableCommand["columns"], rows: Json): void {
  const list = (Array.isArray(rows) ? rows : [rows]).filter(isObject);
  const cells = list.map((row) => columns.map((each) => each.cell(row)));
  const [headings = "", ...lines] = alignRows([columns.map((each) => each.heading), ...cells]);
  output.out(output.hasColour ? `${BOLD}${headings}${RESET}` : headings);
  for (const line of lines) output.out(line);
}

export function printPairs(output: Output, pairs: readonly (readonly [string, string])[]): void {
  const width = Math.max(0, ...pairs.map(([label]) => label.length));
  for (const [label, value] of pairs) {
    const head = label.padEnd(width);
    output.out(`${output.hasColour ? `${BOLD}${head}${RESET}` : head}  ${value}`);
  }
}
