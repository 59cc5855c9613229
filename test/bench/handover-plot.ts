/** A download through a handover, as a picture: octets so far over time, one line for each way. */

import type { HandoverResult } from "./handover.ts";

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 60;
const BOTTOM = 40;
const TOP = 40;
const RIGHT = 170;
const FROM_MS = -300;
const TO_MS = 1200;
const COLOURS = ["#777777", "#d95f02", "#7570b3", "#1b9e77"] as const;

type Point = readonly [number, number];

/** Only what is in the picture, from 0 octets at its left edge. */
function inside(points: readonly Point[]): Point[] {
  const before = points.filter(([at]) => at < FROM_MS).at(-1)?.[1] ?? 0;
  return points
    .filter(([at]) => at >= FROM_MS && at <= TO_MS)
    .map(([at, total]) => [at, total - before]);
}

export function handoverPlot(results: readonly HandoverResult[]): string {
  const lines = results.map(({ mode, download }) => ({ mode, points: inside(download) }));
  const most = Math.max(1, ...lines.flatMap(({ points }) => points.map(([, total]) => total)));
  const x = (at: number) => LEFT + ((at - FROM_MS) / (TO_MS - FROM_MS)) * (WIDTH - LEFT - RIGHT);
  const y = (total: number) => HEIGHT - BOTTOM - (total / most) * (HEIGHT - BOTTOM - TOP);
  const curves = lines.map(({ mode, points }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([at, total]) => `${x(at).toFixed(1)},${y(total).toFixed(1)}`);
    const text = `<text x="${WIDTH - RIGHT + 12}" y="${TOP + 20 * i + 12}" fill="${colour}">${mode}</text>`;
    const curve = `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${path.join(" ")}"/>`;
    return `${curve}\n${text}`;
  });
  const ticks = [0, 300, 600, 900, 1200].map((at) => {
    const text = `<text x="${x(at)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${at} ms</text>`;
    return `<line x1="${x(at)}" y1="${TOP}" x2="${x(at)}" y2="${HEIGHT - BOTTOM}" stroke="#dddddd"/>${text}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
<text x="${LEFT}" y="22" font-size="14">A TCP download through a handover: octets received, from the cut of the link on</text>
${ticks.join("\n")}
<line x1="${LEFT}" y1="${HEIGHT - BOTTOM}" x2="${WIDTH - RIGHT}" y2="${HEIGHT - BOTTOM}" stroke="black"/>
<text x="${LEFT - 8}" y="${TOP + 12}" text-anchor="end">${(most / 1e6).toFixed(1)} MB</text>
${curves.join("\n")}
</svg>
`;
}
