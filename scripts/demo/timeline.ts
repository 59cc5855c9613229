/** The live timeline: what happened, told in one line each; pure but for the writer given to it. */

import type { ProgramEvent } from "../../test/lab/programs.ts";
import type { Palette } from "./palette.ts";

export interface Entry {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly weight?: "bold" | "good" | "bad" | "mark";
}

type Fields = ProgramEvent["fields"];

function text(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}

function telling(what: string, weight?: Entry["weight"]): Pick<Entry, "what" | "weight"> {
  return weight === undefined ? { what } : { what, weight };
}

/** How each event is told; what is not here is not shown (`mip4-mn watch` shows everything). */
const TOLD: Readonly<Record<string, (fields: Fields) => Pick<Entry, "what" | "weight">>> = {
  "link-down": (f) => telling(`link down on ${text(f, "interface")}`),
  "link-up": (f) => telling(`link up on ${text(f, "interface")}`),
  "agent-heard": (f) =>
    telling(`agent heard: ${text(f, "agent")}${f.home === true ? ", at home" : ""}`),
  "agent-lost": (f) => telling(`agent lost: ${text(f, "agent")} (${text(f, "reason")})`),
  registering: (f) => telling(`asks for registration through ${text(f, "agent")}`),
  registered: (f) => telling(`registered, care-of address ${text(f, "care_of_address")}`, "good"),
  deregistering: () => telling("asks for deregistration"),
  deregistered: () => telling("deregistered", "good"),
  denied: (f) => telling(`denied with code ${text(f, "code")}`, "bad"),
  home: () => telling("at home", "good"),
  "handover-finished": (f) =>
    telling(`handover finished, ${text(f, "gap_ms")} ms without an agent`),
  "visitor-added": (f) => telling(`visitor ${text(f, "home_address")} on its link`),
  "visitor-removed": (f) => telling(`visitor ${text(f, "home_address")} removed`),
  "binding-added": (f) =>
    telling(`binding ${text(f, "home_address")} -> ${text(f, "care_of_address")}`),
};

/** An event as an entry, or `undefined` when it is not told. */
export function entryOf(event: ProgramEvent): Entry | undefined {
  const told = TOLD[event.event]?.(event.fields);
  return told === undefined ? undefined : { at: event.at, who: event.from, ...told };
}

/** `   2.178  mn    link down on wlan0` */
export function formatEntry(entry: Entry, start: number, colours: Palette): string {
  const seconds = ((entry.at - start) / 1000).toFixed(3).padStart(8);
  const paint = entry.weight === undefined ? (same: string) => same : colours[entry.weight];
  return `${colours.dim(seconds)}  ${entry.who.padEnd(5)} ${paint(entry.what)}`;
}

/** Events come from several processes, each a little late: hold them, so that order is by time. */
const HOLD_MS = 250;

export class Timeline {
  readonly #start: number;
  readonly #now: () => number;
  readonly #write: (line: string) => void;
  readonly #colours: Palette;
  #held: Entry[] = [];

  constructor(start: number, now: () => number, colours: Palette, write: (line: string) => void) {
    this.#start = start;
    this.#now = now;
    this.#colours = colours;
    this.#write = write;
  }

  add(entry: Entry): void {
    this.#held.push(entry);
  }

  /** Writes what has been held long enough; `all` writes everything. */
  flush(all = false): void {
    const limit = all ? Number.POSITIVE_INFINITY : this.#now() - HOLD_MS;
    const due = this.#held.filter((entry) => entry.at <= limit).sort((a, b) => a.at - b.at);
    this.#held = this.#held.filter((entry) => entry.at > limit);
    for (const entry of due) this.#write(formatEntry(entry, this.#start, this.#colours));
  }
}
