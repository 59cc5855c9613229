/**
 * `make sim`: many seeds, or one of them again; `--trace` prints every event. With `--handovers N`
 * runs of that form until so many fast handovers have been seen.
 */

import { parseArgs } from "node:util";
import { runSimulation } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    runs: { type: "string", default: "200" },
    verbose: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    handovers: { type: "string" },
  },
});

const single = values.seed !== undefined && values.seed !== "";
// Every night other seeds; each is printed, so each can be had again.
const first = single ? Number(values.seed) : Math.floor(Date.now() / 1000);
const wanted = Number(values.handovers ?? 0);
const form = values.handovers === undefined ? "everything" : "handovers";
const most = single ? 1 : wanted > 0 ? Number.POSITIVE_INFINITY : Number(values.runs);
let count = 0;
let failures = 0;
let accepted = 0;
let handovers = 0;
let slowest = 0;
const started = performance.now();

while (count < most && (single || wanted === 0 || handovers < wanted)) {
  const seed = first + count++;
  try {
    const result = runSimulation({ seed, form, trace: values.trace ? console.log : undefined });
    accepted += result.accepted;
    handovers += result.handovers;
    slowest = Math.max(slowest, result.restAfter);
    if (single || values.verbose) {
      console.log(`seed ${seed}: ${JSON.stringify(result.plan)}`);
      console.log(`  ${result.accepted} registrations, at rest ${result.restAfter} s after`);
    }
  } catch (error) {
    failures++;
    console.error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof Error && error.name !== "SimulationFailure") console.error(error.stack);
    if (!values["keep-going"]) break;
  }
}

const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${count} runs from seed ${first}: ${failures} failed, ${accepted} registrations, ${handovers} fast handovers, ` +
    `rest after at most ${slowest} s, ${seconds} s`,
);
process.exitCode = failures === 0 ? 0 : 1;
