/**
 * Packets through two tunnel ends on the real kernel, beside the same packets forwarded by the
 * kernel alone and by a plain C loop. All ways are measured in turn, several times, so that the
 * machine's other work hits all alike; the median counts.
 */

import { CommandError, type LabProcess } from "../lab/process.ts";
import { compile } from "./compile.ts";
import { cpuSeconds, pins } from "./cpu.ts";
import { median } from "./stopwatch.ts";
import { buildTunnelNet, closeWay, openWay, type TunnelNet, type Way } from "./tunnel-net.ts";

/** Packets under way at most: fits the receive buffer that a user without privilege gets. */
const WINDOW = 128;
export const SIZES = [64, 1400] as const;
export const WAYS: readonly (readonly [Way, string])[] = [
  ["kernel", "plain kernel forwarding"],
  ["c-loop", "C loop over TUN, both ends"],
  ["c-policy", "the same with the driver's rules"],
  ["helper", "tun driver, helper provider"],
  ["packages", "tun driver, packages provider"],
];

export interface Sample {
  readonly packetsPerSecond: number;
  /** CPU time of the tunnel's ends, microseconds a packet that arrived; 0 without a tunnel. */
  readonly encapsulateUs: number;
  readonly decapsulateUs: number;
  /** CPU time of generator and sink, and of the kernel's work done in their name. */
  readonly loadUs: number;
  readonly lost: number;
}

export interface WayResult {
  readonly way: Way;
  readonly octets: number;
  /** Medians over the rounds. */
  readonly packetsPerSecond: number;
  readonly encapsulateUs: number;
  readonly decapsulateUs: number;
  readonly loadUs: number;
  readonly samples: readonly Sample[];
}

export interface Latency {
  readonly way: Way;
  /** From one end of the network to the other with nothing else under way. */
  readonly microseconds: number;
  /** CPU time of both ends, their wake-ups included. */
  readonly endsUs: number;
}

export interface DataplaneResult {
  readonly results: readonly WayResult[];
  readonly latencies: readonly Latency[];
}

export interface DataplaneOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

interface Programs {
  readonly pump: string;
  readonly cLoop: string;
}

async function pump(
  net: TunnelNet,
  program: string,
  [octets, window, seconds]: readonly [number, number, number],
  ends: readonly LabProcess[],
): Promise<Sample> {
  const argv = [...pins()[0], program, net.sinkNetns, net.home];
  const before = ends.map(cpuSeconds);
  const done = await net.gen.exec([...argv, String(octets), String(window), String(seconds)]);
  const spent = ends.map((end, i) => cpuSeconds(end) - (before[i] ?? 0));
  if (done.status !== 0) throw new CommandError(argv, done);
  const [received = 0, lost = 0, took = 0, cpu = 0] = done.stdout.trim().split(" ").map(Number);
  if (received === 0) throw new Error(`no packet arrived; ${ends.map((e) => e.output())}`);
  const each = (cpuTime = 0) => (cpuTime * 1e6) / received;
  return {
    packetsPerSecond: received / took,
    encapsulateUs: each(spent[0]),
    decapsulateUs: each(spent[1]),
    loadUs: each(cpu),
    lost,
  };
}

/** One way once: warmed up, each size, and one packet at a time. */
async function measureWay(
  net: TunnelNet,
  programs: Programs,
  way: Way,
  seconds: number,
): Promise<{ readonly samples: readonly Sample[]; readonly alone: Sample }> {
  const ends = await openWay(net, way, { pin: pins()[1], cLoop: programs.cLoop });
  try {
    await pump(net, programs.pump, [SIZES[0], WINDOW, seconds], ends);
    const samples: Sample[] = [];
    for (const octets of SIZES) {
      samples.push(await pump(net, programs.pump, [octets, WINDOW, seconds], ends));
    }
    const alone = await pump(net, programs.pump, [SIZES[0], 1, seconds / 2], ends);
    return { samples, alone };
  } finally {
    await closeWay(net, way, ends);
  }
}

export async function measureDataplane(options: DataplaneOptions): Promise<DataplaneResult> {
  const programs = { pump: compile("pump"), cLoop: compile("tunloop") };
  const net = buildTunnelNet();
  const rounds: { way: Way; samples: readonly Sample[]; alone: Sample }[] = [];
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const [way, name] of WAYS) {
        options.progress(`packets, round ${round} of ${options.rounds}: ${name}`);
        rounds.push({ way, ...(await measureWay(net, programs, way, options.seconds)) });
      }
    }
  } finally {
    await net.lab.close();
  }
  const results = WAYS.flatMap(([way]) =>
    SIZES.map((octets, i) => {
      const own = rounds.filter((round) => round.way === way);
      return summarize(
        way,
        octets,
        own.flatMap(({ samples }) => samples[i] ?? []),
      );
    }),
  );
  const latencies = WAYS.map(([way]) => {
    const alone = rounds.filter((round) => round.way === way).map((round) => round.alone);
    const microseconds = median(alone.map(({ packetsPerSecond }) => 1e6 / packetsPerSecond));
    const endsUs = median(alone.map((one) => one.encapsulateUs + one.decapsulateUs));
    return { way, microseconds, endsUs };
  });
  return { results, latencies };
}

function summarize(way: Way, octets: number, samples: readonly Sample[]): WayResult {
  const of = (field: keyof Sample) => median(samples.map((sample) => sample[field]));
  return {
    way,
    octets,
    packetsPerSecond: of("packetsPerSecond"),
    encapsulateUs: of("encapsulateUs"),
    decapsulateUs: of("decapsulateUs"),
    loadUs: of("loadUs"),
    samples,
  };
}
