/**
 * `make test-radio`: a mobile node changes between two access points by real associations: Debian's
 * kernel with mac80211_hwsim, hostapd, wpa_supplicant, the built programs. The machine counts its
 * instructions: one takes a nanosecond of its own time, so what it measures is that of a computer
 * with one core of 1 GIPS, however busy this one is; it only takes longer here.
 */

import assert from "node:assert/strict";
import { compiledHelper } from "../lab/compile.ts";
import { missingPrograms } from "../lab/requirements.ts";
import { enterMachine, inMachine } from "./machine.ts";
import { RadioNet } from "./radio-net.ts";
import { MODES, measure, type Roaming, rowOf } from "./radio-roam.ts";

const MODULES = [
  "mac80211_hwsim radios=3",
  ...["tun", "veth", "sch_netem", "nf_tables", "nft_ct", "nft_fib_ipv4"],
];
const ROUNDS = 5;
const PROGRAMS = ["hostapd", "wpa_supplicant", "wpa_cli", "iw", "tc", "cc"];

if (!inMachine()) {
  const faults = missingPrograms(PROGRAMS);
  for (const fault of faults) process.stderr.write(`test-radio: ${fault}\n`);
  if (faults.length > 0) process.exit(1);
  // The machine finds it where it is, and need not run a compiler.
  compiledHelper("stream", "/tmp", ["-pthread"]);
}
await enterMachine({
  modules: MODULES,
  memory: 1536,
  timeoutMs: 3_600_000,
  clock: "instructions",
  // The one clock beside the other: how much slower the machine is than it thinks.
  onOutput: (text) => {
    const here = process.uptime().toFixed(0).padStart(5);
    process.stdout.write(text.replace(/^(?= *[0-9.]+ s {2})/gm, `${here} s here, `));
  },
});

const say = (text: string): void => {
  process.stdout.write(`${process.uptime().toFixed(1).padStart(6)} s  ${text}\n`);
};
const net = await RadioNet.start(say);
// What runs for the first time is compiled meanwhile, by a slow machine: told apart, and not asserted.
const first = await measure(net, "predictive", 2, say);
const results: Roaming[] = [];
for (const mode of MODES) {
  const result = await measure(net, mode, ROUNDS, say);
  results.push(result);
  say(rowOf(result));
}
await net.stop();
process.stdout.write(`\n${ROUNDS} handovers each; packets for the node / from it\n`);
for (const result of results) process.stdout.write(`${rowOf(result)}\n`);
process.stdout.write(`the first two of all: ${rowOf(first)}\n`);

for (const { mode, down, linkGaps } of results) {
  assert.equal(linkGaps.length, ROUNDS, `${mode}: associations seen`);
  const isLossless = mode === "predictive" || mode === "early-buffered reactive";
  const { lost, reordered, duplicates } = down;
  if (isLossless)
    assert.deepEqual(
      { mode, lost, reordered, duplicates },
      { mode, lost: 0, reordered: 0, duplicates: 0 },
    );
  else assert.ok(lost > 0, `${mode}: nothing was lost, so that nothing is shown by the others`);
}
process.exit(0);
