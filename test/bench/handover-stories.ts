/** What happened in the slowest handovers: the packets' gap, and what the programs told meanwhile. */

import { type Arrival, type Gap, longestGap } from "../lab/gaps.ts";
import type { Move } from "../lab/link.ts";
import type { ProgramEvent } from "../lab/programs.ts";
import type { HandoverResult } from "./handover.ts";

/** One handover; all times are milliseconds since the new link worked. */
export interface Story {
  /** Its place among those that were counted. */
  readonly number: number;
  /** When the old link was cut. */
  readonly leftAt: number;
  readonly down: Gap;
  readonly up: Gap;
  readonly events: readonly { readonly at: number; readonly text: string }[];
}

const MOST = 10;
const BEFORE_MS = 150;
const AFTER_MS = 500;

interface Told {
  readonly moves: readonly Move[];
  readonly down: { readonly arrivals: readonly Arrival[] };
  readonly up: { readonly arrivals: readonly Arrival[] };
  readonly events: readonly ProgramEvent[];
}

/** The slowest first, by the longer of both gaps. */
export function slowest({ moves, down, up, events }: Told): Story[] {
  const stories = moves.map(({ leftAt, joinedAt }, number): Story => {
    const window = { from: leftAt, to: joinedAt + AFTER_MS };
    const gapOf = (arrivals: readonly Arrival[]): Gap => {
      const { from, to, ms } = longestGap(arrivals, window);
      return { from: from - joinedAt, to: to - joinedAt, ms };
    };
    const meanwhile = events
      .filter(({ at }) => at >= leftAt - BEFORE_MS && at <= joinedAt + AFTER_MS)
      .map((event) => ({ at: event.at - joinedAt, text: textOf(event) }));
    meanwhile.sort((a, b) => a.at - b.at);
    const gaps = { down: gapOf(down.arrivals), up: gapOf(up.arrivals) };
    return { number, leftAt: leftAt - joinedAt, ...gaps, events: meanwhile };
  });
  return stories.sort((a, b) => longer(b) - longer(a)).slice(0, MOST);
}

function longer({ down, up }: Story): number {
  return Math.max(down.ms, up.ms);
}

function textOf({ from, event, fields }: ProgramEvent): string {
  const telling = ["reason", "outcome", "mode", "code"].flatMap((name) => {
    const value = fields[name];
    return value === undefined || value === null ? [] : [`${name}=${String(value)}`];
  });
  return [from, event, ...telling].join(" ");
}

export function storyLines(results: readonly HandoverResult[], most: number): string[] {
  return results.flatMap(({ mode, stories }) =>
    stories
      .slice(0, most)
      .flatMap((story) => [
        "",
        `${mode}, handover ${story.number}: cut at ${story.leftAt.toFixed(1)} ms, new link at 0`,
        gapLine("down", story.down),
        gapLine("up", story.up),
        ...story.events.map(({ at, text }) => `${at.toFixed(0).padStart(8)}  ${text}`),
      ]),
  );
}

function gapLine(name: string, { from, to, ms }: Gap): string {
  const ends = `from ${from.toFixed(1)} to ${to.toFixed(1)}`;
  return `  nothing ${name} for ${ms.toFixed(1)} ms, ${ends}`;
}
