/** A small picture of an interruption: one character for each stretch of time; pure. */

import type { Window } from "../../test/lab/gaps.ts";
import type { Palette } from "./palette.ts";

export interface PictureOptions {
  /** Packets a second of the stream. */
  readonly rate: number;
  readonly window: Window;
  readonly cellMs: number;
}

const FULL = "█";
const PARTIAL = "▒";
const EMPTY = "·";

/** Share of a cell's packets from which it counts as full: a timer may be late by one packet. */
const FULL_SHARE = 0.75;

/** One character for each cell: full, some packets, none. */
export function strip(
  arrivals: readonly { readonly at: number }[],
  { rate, window, cellMs }: PictureOptions,
): string {
  const cells = new Array<number>(Math.max(1, Math.ceil((window.to - window.from) / cellMs))).fill(
    0,
  );
  for (const { at } of arrivals) {
    const index = Math.floor((at - window.from) / cellMs);
    const count = cells[index];
    if (count !== undefined) cells[index] = count + 1;
  }
  const full = (rate * cellMs) / 1000;
  return cells
    .map((count) => (count === 0 ? EMPTY : count >= full * FULL_SHARE ? FULL : PARTIAL))
    .join("");
}

/** A line below a strip that points at moments. */
export function pointers(
  moments: readonly { readonly at: number; readonly label: string }[],
  { window, cellMs }: PictureOptions,
): string {
  let line = "";
  for (const { at, label } of moments) {
    const column = Math.max(0, Math.floor((at - window.from) / cellMs));
    // A moment too near to the one before it follows it.
    line = line.padEnd(column) + (line.length > column ? " " : "");
    line += `^${label}`;
  }
  return line;
}

/** Widest strip that fits a terminal beside its label. */
const WIDTH_MAX = 64;
const CELLS_MS = [50, 100, 200, 500] as const;

/** Half a second before and after what is shown, in the finest cells that fit. */
export function frame(shown: Window, rate: number): PictureOptions {
  const window = { from: shown.from - 500, to: shown.to + 500 };
  const width = window.to - window.from;
  const cellMs = CELLS_MS.find((cell) => width / cell <= WIDTH_MAX) ?? 500;
  return { rate, window, cellMs };
}

/** Empty cells are what the eye should find. */
export function paintStrip(text: string, colours: Palette): string {
  return text.replace(/·+/g, (gap) => colours.bad(gap)).replace(/█+/g, (run) => colours.good(run));
}
