/** A real daemon under load: started on one core, its CPU time and its memory looked at. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../lab/host.ts";
import { CommandError, type LabProcess } from "../lab/process.ts";
import { bundleOf } from "../lab/session.ts";
import { type TomlTable, toToml } from "../lab/toml.ts";
import { waitFor } from "../lab/wait.ts";
import { cpuSeconds, pins } from "./cpu.ts";

/** Collects garbage and says what is left, at SIGUSR2: what the figures about memory stand on. */
const MEMORY_PROBE = `process.on("SIGUSR2", () => {
  for (let i = 0; i < 3; i++) gc();
  const { heapUsed, external } = process.memoryUsage();
  console.log("memory " + (heapUsed + external));
});
`;
/** By then it has given back what its start has needed, compiled code included (runtime.ts). */
export const SETTLED_MS = 5500;
/** Two percent of a core in so long is nothing. */
const QUIET_MS = 500;

/** What a load has found. */
export interface Sample {
  readonly perSecond: number;
  /** CPU time of the program under load, all its threads, microseconds a registration. */
  readonly cpuUs: number;
}

/** How many nodes, how many of them at a time, and until when. */
export interface Load {
  readonly nodes: number;
  readonly window: number;
  /** A number of registrations, or seconds (`2s`). */
  readonly limit: number | `${number}s`;
}

/** Starts a bundle with this configuration on the core for what is measured; it is ready. */
export async function startBundle(
  host: Host,
  role: "fa" | "ha",
  folder: string,
  config: TomlTable,
): Promise<LabProcess> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${role}.toml`);
  const probe = join(folder, "memory.cjs");
  writeFileSync(probe, MEMORY_PROBE);
  writeFileSync(file, toToml(config), { mode: 0o600 });
  const node = [process.execPath, ...profileOptions(role), "--expose-gc", "--require", probe];
  const argv = [...pins()[1], ...node, bundleOf(role), "run", "--config", file];
  const daemon = host.spawn(argv, { name: `mip4-${role}` });
  await daemon.waitForLine(/ started /, 120_000);
  await sleep(SETTLED_MS);
  return daemon;
}

/** `MIP4_BENCH_PROFILE=FOLDER` writes a CPU profile of each daemon. */
function profileOptions(role: string): string[] {
  const folder = process.env.MIP4_BENCH_PROFILE;
  if (folder === undefined) return [];
  const name = `${role}-${performance.now()}.cpuprofile`;
  return ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`];
}

/** Runs a load program (native/window.h) against an agent. */
export async function runLoad(
  from: Host,
  program: readonly string[],
  agent: LabProcess,
  { nodes, window, limit }: Load,
): Promise<Sample> {
  const argv = [...pins()[0], ...program, ...[nodes, window, limit].map(String)];
  const before = cpuSeconds(agent);
  const result = await from.exec(argv, 120_000);
  const spent = cpuSeconds(agent) - before;
  if (result.status !== 0) throw new CommandError(argv, result);
  const [done = 0, denied = 0, lost = 0, took = 0] = result.stdout.trim().split(" ").map(Number);
  if (done === 0 || denied > 0 || lost > done / 100) {
    throw new Error(`${done} done, ${denied} denied, ${lost} lost; ${agent.output()}`);
  }
  return { perSecond: done / took, cpuUs: (spent * 1e6) / done };
}

/** Octets in use after a collection of garbage. */
export async function memoryOf(daemon: LabProcess): Promise<number> {
  const answers = (): string[] =>
    daemon.stdout.map(({ text }) => text).filter((text) => text.startsWith("memory "));
  const { length } = answers();
  daemon.signal("SIGUSR2");
  const text = await waitFor("memory", () => answers()[length], { timeoutMs: 30_000 });
  return Number(text.split(" ")[1]);
}

/** Waits until nothing is being done any more: routes are made after the replies have gone. */
export async function settled(daemon: LabProcess): Promise<void> {
  let before = -1;
  const isQuiet = async (): Promise<boolean> => {
    const now = cpuSeconds(daemon);
    const spent = now - before;
    before = now;
    return spent < QUIET_MS / 50_000;
  };
  await waitFor("quiet", isQuiet, { timeoutMs: 120_000, everyMs: QUIET_MS });
}
