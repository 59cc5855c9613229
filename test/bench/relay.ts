/**
 * Registrations a second through the real daemon on one core, beside a C program that does nothing
 * but receive, compute the same authenticators and send; and what a visitor costs as there are
 * more of them.
 */

import type { LabProcess } from "../lab/process.ts";
import { compile } from "./compile.ts";
import { pins } from "./cpu.ts";
import { memoryOf, runLoad, type Sample, settled } from "./daemon.ts";
import { buildRelayNet, loadProgram, type RelayNet, startDaemon, startRelay } from "./relay-net.ts";
import { median } from "./stopwatch.ts";

/** Registrations under way at a time. */
const WINDOW = 64;
/** Visitors while the daemon and the C program are compared. */
export const COMPARED = 1000;
const FULL_SIZES: readonly number[] = [1, 1000, 10_000, 50_000];
const QUICK_SIZES: readonly number[] = [1, 1000, 5000];

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
  readonly c: Sample;
  readonly daemon: Sample;
  readonly rounds: readonly { readonly c: Sample; readonly daemon: Sample }[];
  readonly costs: readonly VisitorCost[];
}

export interface RelayOptions {
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}

const window = (visitors: number): number => Math.min(WINDOW, visitors);

/** Every node registered once, so that what follows are renewals. */
async function registerAll(
  net: RelayNet,
  program: string,
  agent: LabProcess,
  nodes: number,
): Promise<Sample> {
  return runLoad(net.load, loadProgram(program), agent, {
    nodes,
    window: window(nodes),
    limit: nodes,
  });
}

async function compare(
  net: RelayNet,
  programs: { readonly load: string; readonly relay: string },
  seconds: number,
): Promise<{ readonly c: Sample; readonly daemon: Sample }> {
  const renewals = { nodes: COMPARED, window: WINDOW, limit: `${seconds}s` } as const;
  const measure = async (agent: LabProcess): Promise<Sample> => {
    await registerAll(net, programs.load, agent, COMPARED);
    await runLoad(net.load, loadProgram(programs.load), agent, renewals); // warms up
    const sample = await runLoad(net.load, loadProgram(programs.load), agent, renewals);
    await agent.stop("SIGTERM");
    return sample;
  };
  const c = await measure(await startRelay(net, programs.relay, pins()[1]));
  const daemon = await measure(await startDaemon(net, COMPARED));
  return { c, daemon };
}

async function costOf(
  net: RelayNet,
  program: string,
  visitors: number,
  seconds: number,
): Promise<VisitorCost> {
  const daemon = await startDaemon(net, visitors);
  // The first one thousand times, so that the code is compiled before anything is measured.
  await runLoad(net.load, loadProgram(program), daemon, { nodes: 1, window: 1, limit: 1000 });
  await settled(daemon);
  const before = await memoryOf(daemon);
  const first = await registerAll(net, program, daemon, visitors);
  await settled(daemon);
  const limit = `${seconds}s` as const;
  const load = { nodes: visitors, window: window(visitors), limit };
  const renewal = await runLoad(net.load, loadProgram(program), daemon, load);
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
  const rounds: { c: Sample; daemon: Sample }[] = [];
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
  const middle = (way: "c" | "daemon", key: keyof Sample): number =>
    median(rounds.map((round) => round[way][key]));
  const summary = (way: "c" | "daemon"): Sample => ({
    perSecond: middle(way, "perSecond"),
    cpuUs: middle(way, "cpuUs"),
  });
  return { c: summary("c"), daemon: summary("daemon"), rounds, costs };
}
