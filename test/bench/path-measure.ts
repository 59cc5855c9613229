/**
 * The data path table: every way measured in turn, in rounds, so that the machine's other work hits all
 * alike. The links carry plain frames, and receivers put them together, as network cards do.
 */

import { CommandError, type LabProcess } from "../lab/process.ts";
import { compile } from "./compile.ts";
import { cpuSeconds, pins } from "./cpu.ts";
import { closePath, lackOf, openPath, type Path } from "./paths.ts";
import { buildTunnelNet, type TunnelNet } from "./tunnel-net.ts";

const WINDOW = 128;

/** One round of one way. */
export interface PathSample {
  /** Payload of one TCP connection, Gbit/s. */
  readonly tcp: number;
  /** CPU time of both ends, microseconds for 1,400 octets of that. */
  readonly tcpCpuUs: number;
  /** Packets a second without loss, of 64 and of 1,400 octets. */
  readonly small: number;
  readonly large: number;
  /** CPU time of both ends, microseconds a packet of these. */
  readonly smallCpuUs: number;
  readonly largeCpuUs: number;
  /** Under half of the rate of small packets, microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Share of them that was lost. */
  readonly lost: number;
}

export interface PathResult extends Path {
  readonly samples: readonly PathSample[];
  /** Why there are none. */
  readonly lack?: string | undefined;
}

export interface PathOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

async function load(
  net: TunnelNet,
  argv: readonly string[],
  ends: readonly LabProcess[],
): Promise<{ readonly figures: readonly number[]; readonly cpu: number }> {
  const spent = (): number => ends.reduce((sum, end) => sum + cpuSeconds(end), 0);
  const before = spent();
  const full = [...pins()[0], ...argv];
  const done = await net.gen.exec(full);
  const cpu = spent() - before;
  if (done.status !== 0) throw new CommandError(full, done);
  return { figures: done.stdout.trim().split(" ").map(Number), cpu };
}

/** What is compiled while it runs is compiled; on a busy machine the first packets may take long. */
async function warmUp(run: () => Promise<unknown>, seconds: number): Promise<void> {
  const until = performance.now() + Math.max(1, 2 * seconds) * 1000;
  const patience = performance.now() + 10_000;
  for (;;) {
    try {
      await run();
      if (performance.now() > until) return;
    } catch (error) {
      if (performance.now() > patience) throw error;
    }
  }
}

async function measureOnce(net: TunnelNet, path: Path, seconds: number): Promise<PathSample> {
  const programs = { pump: compile("pump"), tcp: compile("tcp"), pace: compile("pace") };
  const to = [net.sinkNetns, net.home];
  const ends = await openPath(net, path);
  try {
    const pump = async (octets: number) => {
      const argv = [programs.pump, ...to, `${octets}`, `${WINDOW}`, `${seconds}`];
      const { figures, cpu } = await load(net, argv, ends);
      const [received = 0, , took = 1] = figures;
      if (received === 0) throw new Error(`no packet arrived; ${ends.map((end) => end.output())}`);
      return { rate: received / took, cpuUs: (cpu * 1e6) / received };
    };
    const tcp = (factor: number) => load(net, [programs.tcp, ...to, `${seconds * factor}`], ends);
    await warmUp(() => pump(1400), seconds);
    await tcp(3);
    const small = await pump(64);
    const large = await pump(1400);
    const stream = await tcp(1.5);
    const [octets = 0, took = 1] = stream.figures;
    const rate = `${Math.round(small.rate / 2)}`;
    const { figures } = await load(net, [programs.pace, ...to, "64", rate, `${seconds}`], ends);
    const [sent = 1, arrived = 0, p50 = 0, p99 = 0] = figures;
    return {
      tcp: (octets * 8) / took / 1e9,
      tcpCpuUs: (stream.cpu * 1e6) / (octets / 1400),
      small: small.rate,
      large: large.rate,
      smallCpuUs: small.cpuUs,
      largeCpuUs: large.cpuUs,
      p50,
      p99,
      lost: 1 - arrived / sent,
    };
  } finally {
    await closePath(net, path, ends);
  }
}

function minutesLeft(started: number, done: number, wanted: number): string {
  const each = (performance.now() - started) / done;
  return `${Math.ceil(((wanted - done) * each) / 60_000)} min left`;
}

export async function measurePaths(
  paths: readonly Path[],
  { rounds, seconds, progress }: PathOptions,
): Promise<PathResult[]> {
  const results = paths.map((path) => ({
    ...path,
    samples: [] as PathSample[],
    lack: lackOf(path),
  }));
  const net = buildTunnelNet();
  const started = performance.now();
  const wanted = results.filter(({ lack }) => lack === undefined).length * rounds;
  let done = 0;
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const result of results) {
        if (result.lack !== undefined) continue;
        const { carrier, encapsulation } = result;
        const left = done === 0 ? "" : `, ${minutesLeft(started, done, wanted)}`;
        progress(`data path, round ${round} of ${rounds}${left}: ${carrier} ${encapsulation}`);
        done++;
        try {
          result.samples.push(await measureOnce(net, result, seconds));
        } catch (error) {
          result.lack = `failed: ${error instanceof Error ? error.message.split("\n")[0] : error}`;
          progress(String(error));
        }
      }
    }
  } finally {
    await net.lab.close();
  }
  return results;
}
