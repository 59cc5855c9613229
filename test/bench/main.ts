/**
 * `make bench`: codec, registrations, relay, home agent, data paths, footprint and handovers, with the
 * yardsticks beside each.
 * Usage: main.js [--quick] [--json FILE] [--plot FILE.svg] [--dataplane-plot FILE.svg]
 *   [--only codec|registrations|relay|home|dataplane|footprint|handover]
 *   [--driver NAME,NAME] [--encapsulation NAME]    only these ways of the data path table
 *   [--handover NAME]...                      only these ways to hand over
 *   [--stories N]                             what happened in the N slowest handovers of each way
 */

import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { enterLab, labFaults, labPid } from "../lab/enter.ts";
import { codecTables } from "./codec.ts";
import { compilerVersion } from "./compile.ts";
import { type FootprintResult, footprintRows, measureFootprint } from "./footprint.ts";
import { type HandoverResult, handoverRows, measureHandovers } from "./handover.ts";
import { handoverPlot } from "./handover-plot.ts";
import { storyLines } from "./handover-stories.ts";
import { headerRows } from "./headers.ts";
import { bindingRows, type HomeResult, homeRows, measureHome } from "./home.ts";
import { measurePaths, type PathResult } from "./path-measure.ts";
import { pathPlot, printPaths } from "./path-table.ts";
import { CARRIERS, ENCAPSULATION_NAMES, pathsFor } from "./paths.ts";
import { registrationRows } from "./registrations.ts";
import { measureRelay, type RelayResult } from "./relay.ts";
import { relayRows, visitorRows } from "./relay-table.ts";
import { printTable, type Row } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string" },
    plot: { type: "string" },
    "dataplane-plot": { type: "string" },
    driver: { type: "string" },
    encapsulation: { type: "string" },
    handover: { type: "string", multiple: true },
    stories: { type: "string", default: "0" },
  },
});

const PARTS = [
  "codec",
  "registrations",
  "relay",
  "home",
  "dataplane",
  "footprint",
  "handover",
] as const;
if (options.only !== undefined && !PARTS.some((part) => part === options.only)) {
  process.stderr.write(`bench: --only takes one of ${PARTS.join(", ")}\n`);
  process.exit(2);
}

const CHOICES = [
  ["driver", CARRIERS],
  ["encapsulation", ENCAPSULATION_NAMES],
] as const;
for (const [name, known] of CHOICES) {
  const asked = options[name];
  const isKnown = (word: string): boolean => known.some((one) => one === word);
  if (asked === undefined || asked.split(",").every(isKnown)) continue;
  process.stderr.write(`bench: --${name} takes one of ${known.join(", ")}\n`);
  process.exit(2);
}

function isWanted(part: (typeof PARTS)[number]): boolean {
  return options.only === undefined || options.only === part;
}

function progress(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

/** What the figures depend on. */
function machine() {
  return {
    cpu: `${cpus()[0]?.model.trim() ?? process.arch} (${process.arch})`,
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1e6),
    kernel: release(),
    node: process.version,
    compiler: faults.length === 0 ? compilerVersion() : "no compiler used",
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
    date: new Date().toISOString(),
  };
}

function printHeading(of: ReturnType<typeof machine>): void {
  console.log(`${of.cpu}, ${of.cores} cores, ${of.memoryMb} MB, Linux ${of.kernel}`);
  console.log(`Node ${of.node}, ${of.compiler}; load average before: ${of.loadBefore.join(", ")}`);
  console.log("Compare within one run: the ratios carry over, the figures are this machine's.");
  if (options.quick) console.log("--quick: one short round; good to see that it runs, no more.");
}

const needs = { tun: true, bpf: true, programs: ["taskset", "nft"] };
const faults = labPid() === undefined ? labFaults(needs) : [];
if (faults.length === 0) await enterLab(needs);

const heading = machine();
let codec: ReturnType<typeof codecTables> | undefined;
let headers: Row[] | undefined;
let registrations: Row[] | undefined;
let relay: RelayResult | undefined;
let home: HomeResult | undefined;
let paths: PathResult[] | undefined;
let footprint: FootprintResult | undefined;
let handovers: HandoverResult[] | undefined;
if (isWanted("codec")) {
  progress("codec");
  codec = codecTables(options.quick);
  headers = headerRows();
}
if (isWanted("registrations")) {
  progress("registrations");
  registrations = registrationRows(options.quick ? [1000, 10_000] : undefined);
}
if (isWanted("relay") && faults.length === 0) {
  relay = await measureRelay({ quick: options.quick, progress });
}
if (isWanted("home") && faults.length === 0) {
  home = await measureHome({ quick: options.quick, progress });
}
if (isWanted("dataplane") && faults.length === 0) {
  const length = options.quick ? { rounds: 1, seconds: 0.3 } : { rounds: 5, seconds: 0.7 };
  const wanted = pathsFor(options.driver, options.encapsulation);
  paths = await measurePaths(wanted, { ...length, progress });
}
if (isWanted("footprint") && faults.length === 0) {
  footprint = await measureFootprint({ quick: options.quick, progress });
}
if (isWanted("handover") && faults.length === 0) {
  handovers = await measureHandovers({
    rounds: options.quick ? 4 : 50,
    only: options.handover,
    progress,
  });
}

printHeading(heading);
if (codec !== undefined) {
  printTable("Codec, a message; octets of memory, in brackets by hand", codec.messages);
  printTable("Codec, large messages", codec.large);
}
if (headers !== undefined) printTable("Tunnel headers, a packet, without system calls", headers);
if (registrations !== undefined) {
  printTable("Registrations, authenticators included", registrations);
}
if (relay !== undefined) {
  printTable(
    "Registrations through the foreign agent, both ways, on one core; renewals, 64 at a time",
    relayRows(relay),
  );
  printTable(
    "The same with more visitors: CPU time, and memory without garbage",
    visitorRows(relay),
  );
}
if (home !== undefined) {
  printTable(
    "Registrations at the home agent, on one core; renewals, 64 at a time",
    homeRows(home),
  );
  printTable(
    "The same with more bindings: CPU time, memory without garbage, a start with its journal",
    bindingRows(home),
  );
}
if (paths !== undefined) {
  console.log("\nData paths: through HA and FA, there and back, both ends on one core; see");
  console.log("docs/internals/performance.md. Each figure is the median of the rounds.");
  printPaths(paths);
  const file = options["dataplane-plot"];
  if (file !== undefined) writeFileSync(file, pathPlot(paths));
}
if (footprint !== undefined) {
  printTable("Footprint: start, size and memory beyond an empty process", footprintRows(footprint));
}
if (handovers !== undefined) {
  printTable(
    "Handovers: the longest time without a packet; 1,000 a second, 40 ms to the home agent and back, no link for 50 ms",
    handoverRows(handovers),
  );
  for (const line of storyLines(handovers, Number(options.stories))) console.log(line);
  if (options.plot !== undefined) writeFileSync(options.plot, handoverPlot(handovers));
}
if (faults.length > 0)
  console.log(
    `\nRelay, home agent, data paths, footprint and handovers: not measured here. ${faults.join("; ")}`,
  );
if (options.json !== undefined) {
  const all = {
    machine: heading,
    quick: options.quick,
    codec,
    headers,
    registrations,
    relay,
    home,
    dataplane: paths,
    footprint,
    handovers,
  };
  writeFileSync(options.json, `${JSON.stringify({ ...all, faults }, undefined, 2)}\n`);
}
