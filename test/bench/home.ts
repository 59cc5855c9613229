/**
 * The home agent under load: registrations a second through the real daemon on one core, beside a C
 * program that does nothing but receive, compute the same authenticators and send; and what a
 * binding costs as there are more of them, a restart included.
 */

import { join } from "node:path";
import type { Host } from "../lab/host.ts";
import { Lab } from "../lab/lab.ts";
import type { LabProcess } from "../lab/process.ts";
import type { TomlTable } from "../lab/toml.ts";
import { monotonicMs } from "../lab/wait.ts";
import { compile } from "./compile.ts";
import { pins } from "./cpu.ts";
import { type Load, memoryOf, runLoad, type Sample, settled, startBundle } from "./daemon.ts";
import { median } from "./stopwatch.ts";
import type { Row } from "./table.ts";
import { connect } from "./tunnel-net.ts";

const HOME_AGENT = "198.51.100.1";
const CARE_OF = "198.51.100.2";
/** Whose packets they are: what comes from the tunnel's own end is not put into it (RFC 2003 §3.2). */
const CORRESPONDENT = "198.51.100.3";
const KEY = "a1a2a3a4a5a6a7a8a9aaabacadaeafb0";
/** Registrations under way at a time. */
const WINDOW = 64;
/** Bindings while the daemon and the C program are compared. */
const COMPARED = 1000;
const FULL_SIZES: readonly number[] = [1, 1000, 100_000];
const QUICK_SIZES: readonly number[] = [1, 1000, 5000];

export interface BindingCost {
  readonly bindings: number;
  /** CPU microseconds of the first registration of each, and of a renewal. */
  readonly firstUs: number;
  readonly renewalUs: number;
  readonly perSecond: number;
  /** Packets to all of them in turn, each into its node's tunnel. */
  readonly packets: Sample;
  /** Octets of memory for each binding after the first; `undefined` with one. */
  readonly octets: number | undefined;
  /** Milliseconds by which a start takes longer that finds them in its journal. */
  readonly restoreMs: number;
}

export interface HomeResult {
  readonly c: Sample;
  readonly daemon: Sample;
  readonly costs: readonly BindingCost[];
}

interface Net {
  readonly lab: Lab;
  readonly load: Host;
  readonly ha: Host;
}

function buildNet(): Net {
  const lab = new Lab();
  const load = lab.host("load");
  const ha = lab.host("ha", { router: true });
  connect(load, "eth0", `${CARE_OF}/24`, ha, "up0", `${HOME_AGENT}/24`);
  load.ip("addr", "add", `${CORRESPONDENT}/32`, "dev", "eth0");
  load.ip("route", "add", "10.0.0.0/8", "via", HOME_AGENT, "src", CORRESPONDENT);
  return { lab, load, ha };
}

/** The journal is in memory; the home network is virtual, as a large one is. */
function configOf(folder: string, nodes: number): TomlTable {
  return {
    address: HOME_AGENT,
    home_network: [{ prefix: "10.0.0.0/8" }],
    mobile_node: Array.from({ length: nodes }, (_, i) => ({
      home_address: `10.${(i + 256) >> 16}.${((i + 256) >> 8) & 255}.${i & 255}`,
      spi: 256,
      key: KEY,
    })),
    limits: { bindings: nodes + 1 },
    store: { path: join(folder, "ha.journal") },
    control: { socket: join(folder, "ha.sock") },
  };
}

class HomeBench {
  readonly #net = buildNet();
  readonly #load = [compile("bind"), "eth0", CARE_OF, HOME_AGENT, KEY];
  readonly #seconds: number;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  #carry(agent: LabProcess, nodes: number): Promise<Sample> {
    const load: Load = { nodes, window: WINDOW, limit: `${this.#seconds}s` };
    return runLoad(this.#net.load, [compile("spread")], agent, load);
  }

  #run(agent: LabProcess, load: Load): Promise<Sample> {
    return runLoad(this.#net.load, this.#load, agent, load);
  }

  #registerAll(agent: LabProcess, nodes: number): Promise<Sample> {
    return this.#run(agent, { nodes, window: Math.min(WINDOW, nodes), limit: nodes });
  }

  #renew(agent: LabProcess, nodes: number): Promise<Sample> {
    return this.#run(agent, { nodes, window: Math.min(WINDOW, nodes), limit: `${this.#seconds}s` });
  }

  #start(nodes: number, run: number): Promise<LabProcess> {
    const folder = join(this.#net.lab.directory, `home-${nodes}-${run}`);
    return startBundle(this.#net.ha, "ha", folder, configOf(folder, nodes));
  }

  async #measure(agent: LabProcess): Promise<Sample> {
    await this.#registerAll(agent, COMPARED);
    await this.#renew(agent, COMPARED); // warms up
    const sample = await this.#renew(agent, COMPARED);
    await agent.stop("SIGTERM");
    return sample;
  }

  async compare(round: number): Promise<{ readonly c: Sample; readonly daemon: Sample }> {
    const argv = [...pins()[1], compile("home"), "up0", HOME_AGENT, KEY];
    const program = this.#net.ha.spawn(argv);
    await program.waitForLine(/^ready$/);
    const c = await this.#measure(program);
    return { c, daemon: await this.#measure(await this.#start(COMPARED, round)) };
  }

  async costOf(bindings: number): Promise<BindingCost> {
    const began = monotonicMs();
    const daemon = await this.#start(bindings, 0);
    const empty = monotonicMs() - began;
    // The first one a thousand times, so that the code is compiled before anything is measured.
    await this.#run(daemon, { nodes: 1, window: 1, limit: 1000 });
    await settled(daemon);
    const before = await memoryOf(daemon);
    const first = await this.#registerAll(daemon, bindings);
    await settled(daemon);
    const renewal = await this.#renew(daemon, bindings);
    await settled(daemon);
    const grown = (await memoryOf(daemon)) - before;
    await this.#carry(daemon, bindings); // warms up
    const packets = await this.#carry(daemon, bindings);
    await daemon.stop("SIGKILL");
    const again = monotonicMs();
    const restored = await this.#start(bindings, 0);
    const restoreMs = monotonicMs() - again - empty;
    await restored.stop("SIGKILL");
    const octets = bindings > 1 ? grown / (bindings - 1) : undefined;
    const { cpuUs: renewalUs, perSecond } = renewal;
    return { bindings, firstUs: first.cpuUs, renewalUs, perSecond, packets, octets, restoreMs };
  }

  close(): Promise<void> {
    return this.#net.lab.close();
  }
}

export async function measureHome(options: {
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}): Promise<HomeResult> {
  const { quick, progress } = options;
  const bench = new HomeBench(quick ? 0.5 : 2);
  const rounds: { c: Sample; daemon: Sample }[] = [];
  const costs: BindingCost[] = [];
  try {
    const count = quick ? 1 : 3;
    for (let round = 1; round <= count; round++) {
      progress(`home agent, round ${round} of ${count}: C program, mip4-ha`);
      rounds.push(await bench.compare(round));
    }
    for (const bindings of quick ? QUICK_SIZES : FULL_SIZES) {
      progress(`home agent: mip4-ha with ${bindings} bindings`);
      costs.push(await bench.costOf(bindings));
    }
  } finally {
    await bench.close();
  }
  const middle = (way: "c" | "daemon"): Sample => ({
    perSecond: median(rounds.map((round) => round[way].perSecond)),
    cpuUs: median(rounds.map((round) => round[way].cpuUs)),
  });
  return { c: middle("c"), daemon: middle("daemon"), costs };
}

const micros = (value: number): string => `${value.toFixed(1)} us`;
const rate = (perSecond: number): string => `${Math.round(perSecond)}/s`;

export function homeRows({ c, daemon }: HomeResult): Row[] {
  const part = (daemon.perSecond / c.perSecond).toFixed(2);
  const cpu = (sample: Sample): string => `${micros(sample.cpuUs)} of CPU each`;
  return [
    ["C program: receive, authenticate, send", rate(c.perSecond), cpu(c)],
    ["mip4-ha", rate(daemon.perSecond), `${cpu(daemon)}, ${part} of the C program`],
  ];
}

export function bindingRows({ costs }: HomeResult): Row[] {
  return costs.map(({ bindings, firstUs, renewalUs, perSecond, packets, octets, restoreMs }) => {
    const memory = octets === undefined ? "" : `, ${Math.round(octets)} octets each`;
    const restore = `restored in ${(Math.max(0, restoreMs) / 1000).toFixed(2)} s`;
    const carried = `${rate(packets.perSecond)} packets, ${micros(packets.cpuUs)} each`;
    return [
      `${bindings} bindings`,
      `${micros(renewalUs)} a renewal, ${rate(perSecond)}`,
      `${micros(firstUs)} the first time${memory}, ${restore}; ${carried}`,
    ];
  });
}
