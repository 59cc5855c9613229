/** The data path table as text and as a picture. */

import type { PathResult, PathSample } from "./path-measure.ts";
import { median } from "./stopwatch.ts";

type Figure = keyof PathSample;

function figureOf({ samples }: PathResult, figure: Figure): number {
  return median(samples.map((sample) => sample[figure]));
}

/** The median of the rounds' ratios: what slows a whole round down leaves its ratio alone. */
function ratioTo(result: PathResult, other: PathResult | undefined, figure: Figure): number {
  const pairs = result.samples.map((sample, i) => {
    return sample[figure] / (other?.samples[i]?.[figure] ?? Number.NaN);
  });
  return median(pairs);
}

/** Half the distance between the best and the worst round, in percent of the median. */
function spread(result: PathResult, figure: Figure): string {
  const values = result.samples.map((sample) => sample[figure]);
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  return `${Math.round((100 * half) / figureOf(result, figure))}`;
}

const COLUMNS = [
  "way",
  "encapsulation",
  "TCP Gbit/s",
  "± %",
  "x plain",
  "x C",
  "64 oct. pps",
  "x plain",
  "1400 pps",
  "± %",
  "x plain",
  "CPU us/packet",
  "TCP us/1400 oct.",
  "p50 us",
  "p99 us",
  "lost %",
] as const;

/**
 * The C loop that does the same with the same offloads: in UDP where the way is in UDP. With one packet
 * a call it is the loop that does so.
 */
function yardstickOf(results: readonly PathResult[], result: PathResult): PathResult | undefined {
  const isPlain = result.carrier === "tun-per-packet" || result.carrier === "tun-packages";
  const carrier = isPlain ? "c" : "c-offload";
  const encapsulation = !isPlain && result.encapsulation.startsWith("udp") ? "udp" : "ipip";
  return results.find((one) => one.carrier === carrier && one.encapsulation === encapsulation);
}

function rowOf(results: readonly PathResult[], result: PathResult): readonly string[] {
  const { carrier, encapsulation, lack, samples } = result;
  if (samples.length === 0) return [carrier, encapsulation, lack ?? "not measured"];
  const plain = results.find((one) => one.carrier === "kernel");
  const of = (figure: Figure, digits: number): string => figureOf(result, figure).toFixed(digits);
  const toPlain = (figure: Figure): string => ratioTo(result, plain, figure).toFixed(2);
  const toC = ratioTo(result, yardstickOf(results, result), "tcp").toFixed(2);
  return [
    carrier,
    encapsulation,
    of("tcp", 2),
    spread(result, "tcp"),
    toPlain("tcp"),
    carrier === "kernel" ? "" : toC,
    of("small", 0),
    toPlain("small"),
    of("large", 0),
    spread(result, "large"),
    toPlain("large"),
    carrier === "kernel" ? "" : of("cpuUs", 1),
    carrier === "kernel" ? "" : of("tcpCpuUs", 2),
    of("p50", 0),
    of("p99", 0),
    (figureOf(result, "lost") * 100).toFixed(1),
  ];
}

export function printPaths(results: readonly PathResult[]): void {
  const rows = [COLUMNS, ...results.map((result) => rowOf(results, result))];
  const full = rows.filter((row) => row.length === COLUMNS.length);
  const widths = COLUMNS.map((_, i) => Math.max(...full.map((row) => (row[i] ?? "").length)));
  for (const row of rows) {
    const cells = row.map((cell, i) => {
      const width = row.length === COLUMNS.length || i < 2 ? (widths[i] ?? 0) : 0;
      return i < 2 ? cell.padEnd(width) : cell.padStart(width);
    });
    console.log(`  ${cells.join("  ").trimEnd()}`);
  }
}

const WIDTH = 760;
const LEFT = 190;
const BAR = 16;
const GAP = 6;
const TOP = 60;
const SCALE = WIDTH - LEFT - 90;

/** TCP throughput of each way, a bar each; a line from the slowest to the fastest round. */
export function pathPlot(results: readonly PathResult[]): string {
  const drawn = results.filter(({ samples }) => samples.length > 0);
  const most = Math.max(...drawn.flatMap(({ samples }) => samples.map(({ tcp }) => tcp)));
  const x = (tcp: number): string => (LEFT + (tcp / most) * SCALE).toFixed(1);
  const bars = drawn.map((result, i) => {
    const y = TOP + i * (BAR + GAP);
    const values = result.samples.map(({ tcp }) => tcp);
    const middle = y + BAR / 2;
    const tcp = figureOf(result, "tcp");
    const name = `${result.carrier} ${result.encapsulation}`;
    return [
      `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${name}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${((tcp / most) * SCALE).toFixed(1)}" height="${BAR}" fill="#1b9e77"/>`,
      `<line x1="${x(Math.min(...values))}" x2="${x(Math.max(...values))}" y1="${middle}" y2="${middle}" stroke="black"/>`,
      `<text x="${WIDTH - 80}" y="${y + 12}">${tcp.toFixed(2)}</text>`,
    ].join("\n");
  });
  const height = TOP + drawn.length * (BAR + GAP) + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="white"/>
<text x="12" y="24" font-size="14">One TCP connection through both ends of a tunnel on one core, Gbit/s</text>
<text x="12" y="42">median of the rounds; the line is from the slowest to the fastest</text>
${bars.join("\n")}
</svg>
`;
}
