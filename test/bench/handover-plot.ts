/** A download through a handover, as a picture: what arrives over time, a strip for each way. */

import type { HandoverResult } from "./handover.ts";
import { GAP_MS } from "./roamers.ts";

const WIDTH = 860;
const LEFT = 190;
const RIGHT = 150;
const TOP = 64;
const STRIP = 54;
/** Between two strips. */
const SPACE = 12;
const BOTTOM = 44;
const FROM_MS = -200;
const TO_MS = 1000;
const BIN_MS = 20;
/** Of what arrives in a bin as a rule; what was kept comes at once, and would make all else small. */
const MOST = 2.5;
const COLOUR = "#1b9e77";

type Point = readonly [number, number];

/** Octets that came in each bin. */
function bins(points: readonly Point[]): number[] {
  const counts = Array.from({ length: (TO_MS - FROM_MS) / BIN_MS }, () => 0);
  let before = points[0]?.[1] ?? 0;
  for (const [at, total] of points) {
    const bin = Math.floor((at - FROM_MS) / BIN_MS);
    if (counts[bin] !== undefined) counts[bin] += total - before;
    before = total;
  }
  return counts;
}

/** Milliseconds without anything, the longest from just before the cut on. */
function stall(points: readonly Point[]): number {
  const after = points.filter(([at]) => at > -BIN_MS);
  return Math.max(0, ...after.map(([at], i) => at - (after[i - 1]?.[0] ?? at)));
}

export function handoverPlot(results: readonly HandoverResult[]): string {
  const shown = results.filter(({ download }) => download.length > 0);
  const height = TOP + shown.length * (STRIP + SPACE) + BOTTOM;
  const x = (at: number) => LEFT + ((at - FROM_MS) / (TO_MS - FROM_MS)) * (WIDTH - LEFT - RIGHT);
  const end = height - BOTTOM;
  const strips = shown.map(({ mode, download }, row) => {
    const counts = bins(download);
    const usual = [...counts].sort((a, b) => a - b)[counts.length >> 1] || 1;
    const base = TOP + row * (STRIP + SPACE) + STRIP;
    const bars = counts.map((count, i) => {
      const tall = (Math.min(count / usual, MOST) / MOST) * STRIP;
      const left = x(FROM_MS + i * BIN_MS);
      const wide = x(FROM_MS + (i + 1) * BIN_MS) - left;
      return `<rect x="${left.toFixed(1)}" y="${(base - tall).toFixed(1)}" width="${wide.toFixed(1)}" height="${tall.toFixed(1)}"/>`;
    });
    const middle = base - STRIP / 2 + 5;
    return `<g fill="${COLOUR}">${bars.join("")}</g>
<line x1="${LEFT}" y1="${base}" x2="${WIDTH - RIGHT}" y2="${base}" stroke="#888888"/>
<text x="${LEFT - 12}" y="${middle}" text-anchor="end">${mode}</text>
<text x="${WIDTH - RIGHT + 12}" y="${middle}">nothing for ${stall(download).toFixed(0)} ms</text>`;
  });
  const ticks = [-200, 0, 200, 400, 600, 800, 1000].map((at) => {
    const line = `<line x1="${x(at)}" y1="${TOP}" x2="${x(at)}" y2="${end}" stroke="#e4e4e4"/>`;
    return `${line}<text x="${x(at)}" y="${end + 18}" text-anchor="middle">${at} ms</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
<rect width="${WIDTH}" height="${height}" fill="white"/>
<text x="${LEFT}" y="24" font-size="16">A TCP download of 1 MB/s through a handover: what arrives</text>
<rect x="${x(0)}" y="${TOP - 8}" width="${x(GAP_MS) - x(0)}" height="${end - TOP + 8}" fill="#f6d5c8"/>
<text x="${x(0)}" y="${TOP - 14}" fill="#b0451d">no link for ${GAP_MS} ms</text>
${ticks.join("\n")}
${strips.join("\n")}
<text x="${LEFT}" y="${height - 8}" fill="#666666" font-size="11">octets in ${BIN_MS} ms; bars are cut off at ${MOST} times the usual</text>
</svg>
`;
}
