/** The demo's presentation: timeline, picture, summary. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, stable } from "../../scripts/demo/leftovers.ts";
import { palette, wantsColour } from "../../scripts/demo/palette.ts";
import { frame, paintStrip, pointers, strip } from "../../scripts/demo/picture.ts";
import {
  type DemoFigures,
  detectionOf,
  handoverFigures,
  isSuccess,
  summaryLines,
} from "../../scripts/demo/summary.ts";
import { entryOf, formatEntry, Timeline } from "../../scripts/demo/timeline.ts";
import { readEvent } from "../lab/programs.ts";

const PLAIN = palette(false);

/** Packets each 10 ms from 0 to 3000; sent ones in the hole are lost. */
function streamWithHole(from: number, to: number) {
  const departures = Array.from({ length: 300 }, (_, sequence) => ({
    ...{ sequence, at: sequence * 10, refused: false },
  }));
  const arrivals = departures
    .filter(({ at }) => at < from || at >= to)
    .map(({ sequence, at }) => ({ sequence, sentAt: at, at: at + 1 }));
  return { departures, arrivals };
}

test("demo: colours only on a terminal and never with NO_COLOR", () => {
  assert.equal(wantsColour(true, {}), true);
  assert.equal(wantsColour(true, { NO_COLOR: "" }), true);
  assert.equal(wantsColour(true, { NO_COLOR: "1" }), false);
  assert.equal(wantsColour(false, {}), false);
  assert.equal(PLAIN.good("x"), "x");
  assert.equal(palette(true).good("x"), "\u001b[32mx\u001b[0m");
});

test("demo: the timeline tells known events in order of time and no others", () => {
  const lines: string[] = [];
  const timeline = new Timeline(
    1000,
    () => 3000,
    PLAIN,
    (line) => lines.push(line),
  );
  timeline.add({ at: 2178.4, who: "mn", what: "second" });
  timeline.add({ at: 2100, who: "lab", what: "first" });
  timeline.add({ at: 2900, who: "lab", what: "held" });
  timeline.flush();
  assert.deepEqual(lines, ["   1.100  lab   first", "   1.178  mn    second"]);
  timeline.flush(true);
  assert.equal(lines.length, 3);
});

test("demo: an event of watch --json becomes a line; an unknown one and bad JSON none", () => {
  const heard = { agent: "192.0.2.1", home: false };
  const line = JSON.stringify({ time: "2026-01-01T00:00:00.000Z", event: "agent-heard", ...heard });
  const event = readEvent("mn", line);
  assert.ok(event);
  const entry = entryOf(event);
  assert.ok(entry);
  assert.equal(
    formatEntry({ ...entry, at: 0 }, 0, PLAIN),
    "   0.000  mn    agent heard: 192.0.2.1",
  );
  assert.equal(entryOf({ ...event, event: "tunnel-up" }), undefined);
  assert.equal(readEvent("mn", "not json"), undefined);
  assert.equal(readEvent("mn", '{"event":1}'), undefined);
});

test("demo: the picture shows full, partial and empty cells of the right length", () => {
  const { arrivals } = streamWithHole(1000, 1220);
  const options = { rate: 100, window: { from: 800, to: 1400 }, cellMs: 50 };
  assert.equal(strip(arrivals, options), "████····▒███");
  assert.equal(strip([], options), "············");
  assert.equal(pointers([{ at: 1000, label: "moved" }], options), "    ^moved");
  const two = [
    { at: 1000, label: "a" },
    { at: 1001, label: "b" },
  ];
  assert.equal(pointers(two, options), "    ^a ^b");
  assert.equal(paintStrip("█·█", PLAIN), "█·█");
});

test("demo: a long interruption gets coarser cells, so that it fits a terminal", () => {
  assert.equal(frame({ from: 0, to: 100 }, 100).cellMs, 50);
  assert.equal(frame({ from: 0, to: 2600 }, 100).cellMs, 100);
  const long = frame({ from: 0, to: 14_000 }, 100);
  assert.ok((long.window.to - long.window.from) / long.cellMs <= 80);
});

test("demo: a handover's figures are the longest gap and the loss around its move", () => {
  const move = { from: "FA1", to: "FA2", leftAt: 1000, joinedAt: 1050, until: 2000 };
  const down = streamWithHole(1000, 1220);
  const up = streamWithHole(1000, 1100);
  const figures = handoverFigures({ ...move, reason: "link-down" }, down, up);
  assert.deepEqual(figures, {
    from: "FA1",
    to: "FA2",
    detection: "link event, then solicitation",
    link_gap_ms: 50,
    down: { interruption_ms: 230, lost: 22, sent: 110 },
    up: { interruption_ms: 110, lost: 10, sent: 110 },
  });
  assert.equal(detectionOf("agent-lost"), "advertisement lifetime over (lazy)");
  assert.equal(detectionOf("something-new"), "something-new");
  assert.equal(detectionOf(undefined), "not seen");
});

const COUNTS = { sent: 100, received: 98, lost: 2, refused: 0, duplicates: 0, reordered: 0 };
const FIGURES: DemoFigures = {
  settings: { max_interval: 1, lifetime: 3, udp_packets_per_second: 100, home_delay_ms: 20 },
  handovers: [],
  udp: { down: COUNTS, up: COUNTS },
  tcp: {
    ...{ bytes_sent: 5e6, bytes_received: 5e6, sha256_sent: "ab".repeat(32) },
    ...{ sha256_received: "ab".repeat(32), intact: true, longest_stall_ms: 250 },
  },
  left_behind: [],
  duration_ms: 20_000,
};

test("demo: success is an intact TCP stream and nothing left behind", () => {
  assert.equal(isSuccess(FIGURES), true);
  assert.equal(isSuccess({ ...FIGURES, left_behind: ["+ ha link: 5: mip436:"] }), false);
  assert.equal(isSuccess({ ...FIGURES, tcp: { ...FIGURES.tcp, intact: false } }), false);
  assert.equal(isSuccess({ ...FIGURES, tcp: { ...FIGURES.tcp, bytes_received: 0 } }), false);
});

test("demo: the summary names the setting, the loss, the checksum and what is left", () => {
  const text = summaryLines(FIGURES, PLAIN).join("\n");
  assert.match(text, /max_interval = 1, lifetime = 3/);
  assert.match(text, /2 of 100 lost/);
  assert.match(text, /5\.0 MB received .* SHA-256 equal/);
  assert.match(text, /nothing left behind/);
  const bad = { ...FIGURES, left_behind: ["x"], tcp: { ...FIGURES.tcp, intact: false } };
  assert.match(summaryLines(bad, PLAIN).join("\n"), /NOT INTACT[\s\S]*Left {2}x/);
});

test("demo: leftovers are lines that are new or gone, without what changes by itself", () => {
  const link = "7: mip434: <POINTOPOINT,UP> mtu 1480 state UP";
  assert.equal(stable("link", link), "7: mip434: ");
  assert.equal(
    stable("route", "default via 10.1.0.1 dev wlan0 linkdown"),
    "default via 10.1.0.1 dev wlan0",
  );
  assert.deepEqual(difference(new Set(["a", "b"]), new Set(["b", "c"])), ["+ c", "- a"]);
  assert.deepEqual(difference(new Set(["a"]), new Set(["a"])), []);
});
