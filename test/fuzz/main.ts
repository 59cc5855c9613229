/** `make fuzz`: reads octets that nobody should have sent, and looks whether all holds. */

import { parseArgs } from "node:util";
import { toHex } from "../../shared/wire/field.ts";
import { distil, fromHex, readCorpus, writeCorpus } from "./corpus.ts";
import { type Failure, type FuzzResult, fuzz, type Progress } from "./fuzzer.ts";
import { TARGETS } from "./targets.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    inputs: { type: "string", default: "1000000" },
    target: { type: "string" },
    /** `control:01ff…`: one input again. */
    input: { type: "string" },
    /** Replaces the corpus by what was found. */
    write: { type: "boolean", default: false },
  },
});

const REPORT_MS = 3000;

function tell({ target, bytes, violation }: Failure): void {
  const input = `${target.name}:${toHex(bytes)}`;
  console.error(`\n${input}\n  ${violation}`);
  console.error(`  again: node build/test/fuzz/main.js --input ${input}`);
  process.exitCode = 1;
}

function replay(input: string): void {
  const [name, hex = ""] = input.split(":");
  const target = TARGETS.find((each) => each.name === name);
  if (target === undefined) {
    console.error(`--input: one of ${TARGETS.map((each) => `${each.name}:HEX`).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const bytes = fromHex(hex);
  const violation = target.run(bytes, true, () => undefined);
  if (violation === undefined) console.log("all holds");
  else tell({ target, bytes, violation });
}

function run(): FuzzResult {
  const seed = values.seed ? Number(values.seed) : Math.floor(Date.now() / 1000);
  const started = performance.now();
  let reported = started;
  const line = ({ inputs, pool, features }: Progress, now: number): string => {
    const rate = Math.round(inputs / ((now - started) / 1000));
    return `${inputs} inputs, ${rate}/s, pool of ${pool}, ${features} signatures`;
  };
  const result = fuzz({
    seed,
    inputs: Number(values.inputs),
    targets: TARGETS.filter(({ name }) => values.target === undefined || values.target === name),
    corpus: readCorpus,
    report: (progress) => {
      const now = performance.now();
      if (now - reported < REPORT_MS) return;
      reported = now;
      console.log(line(progress, now));
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const verdict = result.failure === undefined ? "all holds" : "FAILED";
  console.log(
    `seed ${seed}: ${line(result, performance.now())}, ${seconds.toFixed(1)} s: ${verdict}`,
  );
  return result;
}

if (values.input !== undefined) replay(values.input);
else {
  const { failure, found } = run();
  if (failure !== undefined) tell(failure);
  else if (values.write) {
    for (const [target, inputs] of found) writeCorpus(target, distil(target, inputs));
  }
}
