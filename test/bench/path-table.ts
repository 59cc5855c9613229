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

type Cell = (result: PathResult, results: readonly PathResult[]) => string;

const plainOf = (results: readonly PathResult[]) =>
  results.find(({ carrier }) => carrier === "kernel");

function figure(name: Figure, digits: number): Cell {
  return (result) => figureOf(result, name).toFixed(digits);
}

/** A figure that a way without processes of its own has not: all of it happens in the sender's. */
function cpu(name: Figure): Cell {
  return (result) => (result.carrier === "kernel" ? "" : figureOf(result, name).toFixed(2));
}

/** What is said of a rate: itself, its spread, and what it is to others in the same rounds. */
function rate(name: Figure, digits: number): readonly (readonly [string, Cell])[] {
  return [
    [name === "tcp" ? "Gbit/s" : "a second", figure(name, digits)],
    ["± %", (result) => spread(result, name)],
    ["x plain", (result, results) => ratioTo(result, plainOf(results), name).toFixed(2)],
    [
      "x C",
      (result, results) =>
        result.carrier === "kernel"
          ? ""
          : ratioTo(result, yardstickOf(results, result), name).toFixed(2),
    ],
  ];
}

/** Columns, by what stands above them. */
const GROUPS: readonly (readonly [string, readonly (readonly [string, Cell])[]])[] = [
  [
    "",
    [
      ["way", ({ carrier }) => carrier],
      ["encapsulation", ({ encapsulation }) => encapsulation],
    ],
  ],
  ["one TCP connection", [...rate("tcp", 2), ["CPU us", cpu("tcpCpuUs")]]],
  ["packets of 64 octets", [...rate("small", 0), ["CPU us", cpu("smallCpuUs")]]],
  ["packets of 1,400 octets", [...rate("large", 0), ["CPU us", cpu("largeCpuUs")]]],
  [
    "under half load, us",
    [
      ["p50", figure("p50", 0)],
      ["p99", figure("p99", 0)],
      ["lost %", (result) => (figureOf(result, "lost") * 100).toFixed(1)],
    ],
  ],
];

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

/** What has no figures says why. */
export function printPaths(results: readonly PathResult[]): void {
  const names = GROUPS.map(([, columns]) => columns.map(([name]) => name));
  const rows = results
    .filter(({ samples }) => samples.length > 0)
    .map((result) => GROUPS.map(([, columns]) => columns.map(([, cell]) => cell(result, results))));
  const widths = names.map((group, g) =>
    group.map((name, c) =>
      Math.max(...[name, ...rows.map((row) => row[g]?.[c] ?? "")].map((t) => t.length)),
    ),
  );
  const line = (row: readonly (readonly string[])[]): string =>
    row
      .map((group, g) =>
        group
          .map((text, c) => {
            const width = widths[g]?.[c] ?? 0;
            return g === 0 ? text.padEnd(width) : text.padStart(width);
          })
          .join("  "),
      )
      .join(" | ");
  const above = GROUPS.map(([name], g) => {
    const width = (widths[g] ?? []).reduce((sum, one) => sum + one + 2, -2);
    return name.padEnd(width);
  });
  for (const text of [above.join(" | "), line(names), ...rows.map(line)]) {
    console.log(`  ${text.trimEnd()}`);
  }
  for (const { carrier, encapsulation, lack, samples } of results) {
    if (lack === undefined) continue;
    const some = samples.length > 0 ? `, after ${samples.length} rounds` : "";
    console.log(`  ${carrier} ${encapsulation}: ${lack}${some}`);
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
