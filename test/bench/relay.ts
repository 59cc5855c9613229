/**
 * Registrations a second through the real daemon on one core, beside a C program that does nothing
 * but receive, compute the same authenticators and send; and what a visitor costs as there are
 * more of them.
 */

import { CommandError, type LabProcess } from "../lab/process.ts";
import { waitFor } from "../lab/wait.ts";
import { compile } from "./compile.ts";
import { cpuSeconds, pins } from "./cpu.ts";
import {
  buildRelayNet,
  type Load,
  loadArguments,
  type RelayNet,
  startDaemon,
  startRelay,
} from "./relay-net.ts";
import { median } from "./stopwatch.ts";

/** Registrations under way at a time. */
const WINDOW = 64;
/** Two percent of a core in so long is nothing. */
const QUIET_MS = 500;
/** Visitors while the daemon and the C program are compared. */
export const COMPARED = 1000;
const FULL_SIZES: readonly number[] = [1, 1000, 10_000, 50_000];
const QUICK_SIZES: readonly number[] = [1, 1000, 5000];

export interface RelaySample {
  readonly perSecond: number;
  /** CPU time of the foreign agent, all its threads, microseconds a registration. */
  readonly cpuUs: number;
}

export interface VisitorCost {
  readonly visitors: number;
  /** CPU microseconds of the first registration of each, and of a renewal. */
  readonly firstUs: number;
  readonly renewalUs: number;
  /** Octets of memory for each visitor after the first; `undefined` with one. */
  readonly octets: number | undefined;
}

export interface RelayResult {
  /** Medians over the rounds, of renewals. */
  readonly c: RelaySample;
  readonly daemon: RelaySample;
  readonly rounds: readonly { readonly c: RelaySample; readonly daemon: RelaySample }[];
  readonly costs: readonly VisitorCost[];
}

export interface RelayOptions {
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}

/** Runs the load against a foreign agent. */
async function run(
  net: RelayNet,
  program: string,
  agent: LabProcess,
  load: Load,
): Promise<RelaySample> {
  const argv = [...pins()[0], program, ...loadArguments(load)];
  const before = cpuSeconds(agent);
  const result = await net.load.exec(argv, 120_000);
  const spent = cpuSeconds(agent) - before;
  if (result.status !== 0) throw new CommandError(argv, result);
  const [done = 0, denied = 0, lost = 0, took = 0] = result.stdout.trim().split(" ").map(Number);
  if (done === 0 || denied > 0 || lost > done / 100) {
    throw new Error(`${done} done, ${denied} denied, ${lost} lost; ${agent.output()}`);
  }
  return { perSecond: done / took, cpuUs: (spent * 1e6) / done };
}

/** Octets in use after a collection of garbage. */
async function memoryOf(daemon: LabProcess): Promise<number> {
  const answers = (): string[] =>
    daemon.stdout.map(({ text }) => text).filter((text) => text.startsWith("memory "));
  const { length } = answers();
  daemon.signal("SIGUSR2");
  const text = await waitFor("memory", () => answers()[length], { timeoutMs: 30_000 });
  return Number(text.split(" ")[1]);
}

/** Waits until nothing is being done any more: routes are made after the replies have gone. */
async function settled(daemon: LabProcess): Promise<void> {
  let before = -1;
  const isQuiet = async (): Promise<boolean> => {
    const now = cpuSeconds(daemon);
    const spent = now - before;
    before = now;
    return spent < QUIET_MS / 50_000;
  };
  await waitFor("quiet", isQuiet, { timeoutMs: 120_000, everyMs: QUIET_MS });
}

const window = (visitors: number): number => Math.min(WINDOW, visitors);

/** Every node registered once, so that what follows are renewals. */
async function registerAll(
  net: RelayNet,
  program: string,
  agent: LabProcess,
  nodes: number,
): Promise<RelaySample> {
  return run(net, program, agent, { nodes, window: window(nodes), limit: nodes });
}

async function compare(
  net: RelayNet,
  programs: { readonly load: string; readonly relay: string },
  seconds: number,
): Promise<{ readonly c: RelaySample; readonly daemon: RelaySample }> {
  const renewals = { nodes: COMPARED, window: WINDOW, limit: `${seconds}s` } as const;
  const measure = async (agent: LabProcess): Promise<RelaySample> => {
    await registerAll(net, programs.load, agent, COMPARED);
    await run(net, programs.load, agent, renewals); // warms up
    const sample = await run(net, programs.load, agent, renewals);
    await agent.stop("SIGTERM");
    return sample;
  };
  const c = await measure(await startRelay(net, programs.relay, pins()[1]));
  const daemon = await measure(await startDaemon(net, COMPARED, pins()[1]));
  return { c, daemon };
}

async function costOf(
  net: RelayNet,
  program: string,
  visitors: number,
  seconds: number,
): Promise<VisitorCost> {
  const daemon = await startDaemon(net, visitors, pins()[1]);
  // The first one thousand times, so that the code is compiled before anything is measured.
  await run(net, program, daemon, { nodes: 1, window: 1, limit: 1000 });
  await settled(daemon);
  const before = await memoryOf(daemon);
  const first = await registerAll(net, program, daemon, visitors);
  await settled(daemon);
  const limit = `${seconds}s` as const;
  const load = { nodes: visitors, window: window(visitors), limit };
  const renewal = await run(net, program, daemon, load);
  await settled(daemon);
  const grown = (await memoryOf(daemon)) - before;
  await daemon.stop("SIGTERM");
  const octets = visitors > 1 ? grown / (visitors - 1) : undefined;
  return { visitors, firstUs: first.cpuUs, renewalUs: renewal.cpuUs, octets };
}

export async function measureRelay({ quick, progress }: RelayOptions): Promise<RelayResult> {
  const programs = { load: compile("register"), relay: compile("relay") };
  const seconds = quick ? 0.5 : 2;
  const net = buildRelayNet();
  const rounds: { c: RelaySample; daemon: RelaySample }[] = [];
  const costs: VisitorCost[] = [];
  try {
    const count = quick ? 1 : 3;
    for (let round = 1; round <= count; round++) {
      progress(`relay, round ${round} of ${count}: C program, mip4-fa`);
      rounds.push(await compare(net, programs, seconds));
    }
    for (const visitors of quick ? QUICK_SIZES : FULL_SIZES) {
      progress(`relay: mip4-fa with ${visitors} visitors`);
      costs.push(await costOf(net, programs.load, visitors, seconds));
    }
  } finally {
    await net.lab.close();
  }
  const middle = (way: "c" | "daemon", key: keyof RelaySample): number =>
    median(rounds.map((round) => round[way][key]));
  const summary = (way: "c" | "daemon"): RelaySample => ({
    perSecond: middle(way, "perSecond"),
    cpuUs: middle(way, "cpuUs"),
  });
  return { c: summary("c"), daemon: summary("daemon"), rounds, costs };
}
