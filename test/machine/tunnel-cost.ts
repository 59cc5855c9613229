/**
 * What a packet through both ends of a tunnel costs on a kernel that has its own tunnel devices: by one that
 * was made by hand with iproute2, by the drivers, and without a tunnel. `make test-kernel` ends with it. The
 * machine counts its instructions, one a nanosecond: so these are instructions of the whole way, sender and
 * receiver among them, and the same each time.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import { compile } from "../bench/compile.ts";
import {
  buildTunnelNet,
  CARE_OF,
  HOME,
  HOME_AGENT,
  openDrivers,
  type TunnelNet,
} from "../bench/tunnel-net.ts";
import { enterLab } from "../lab/enter.ts";
import type { LabProcess } from "../lab/process.ts";
import { PROJECT_ROOT } from "../lab/root.ts";
import { wireBinary } from "../lab/wire.ts";
import { enterMachine, inMachine } from "./machine.ts";

const MODULES = ["tun", "veth", "ipip", "ip_gre", "nf_tables", "sch_ingress", "cls_bpf"];
/** Of the machine's own time. */
const SECONDS = 0.2;
const SAMPLES = 2;
const WINDOW = 128;
const SIZES = [64, 1400] as const;
/** Of the rate by hand, by the driver `kernel`: less would be news. */
const FLOOR = 0.6;

if (!inMachine()) {
  // The machine finds them where they are, and need not run a compiler.
  compile("pump");
  wireBinary("/tmp");
}
await enterMachine({
  modules: MODULES,
  memory: 1024,
  timeoutMs: 900_000,
  clock: "instructions",
});
await enterLab({ tun: true, bpf: true });

const FORMS = {
  ipip: { encapsulation: "ipip" },
  gre: { encapsulation: "gre" },
} as const satisfies Readonly<Record<string, TunnelForm>>;
type Form = keyof typeof FORMS;

interface Way {
  readonly name: string;
  readonly open: (net: TunnelNet) => Promise<readonly LabProcess[]>;
  readonly close: (ends: readonly LabProcess[]) => Promise<void>;
}

const plain: Way = {
  name: "no tunnel",
  open: async () => [],
  close: async () => {},
};

/** A policy rule at both ends, which no packet meets: what it costs that there is one. */
function besideRules(way: Way): Way {
  return {
    name: `${way.name}, rules`,
    open: (net) => {
      for (const host of [net.a, net.b])
        host.ip("rule", "add", "priority", "4360", "fwmark", "99", "lookup", "99");
      return way.open(net);
    },
    close: way.close,
  };
}

/** As one would do it: two devices, a route to the node, and one for what comes from it. */
function byHand(form: Form): Way {
  return {
    name: `${form}, by hand`,
    open: async ({ a, b }) => {
      for (const [host, local, remote] of [
        [a, HOME_AGENT, CARE_OF],
        [b, CARE_OF, HOME_AGENT],
      ] as const) {
        const ends = ["local", local, "remote", remote, "ttl", "64", "tos", "inherit"];
        host.ip("link", "add", "hand", "type", form, ...ends);
        host.ip("link", "set", "hand", "up");
      }
      a.ip("route", "add", HOME, "dev", "hand");
      b.ip("route", "add", "default", "dev", "hand", "table", "434");
      b.ip("rule", "add", "priority", "4340", "iif", "lan0", "lookup", "434");
      return [];
    },
    close: async () => {},
  };
}

function byDriver(form: Form, driver: "kernel" | "ebpf" | "tun", ebpfMode?: "fast"): Way {
  const options = { provider: "helper", driver, form: FORMS[form] } as const;
  return {
    name: `${form}, driver ${driver}${ebpfMode === undefined ? "" : ` ${ebpfMode}`}`,
    open: async (net) => {
      const ends = openDrivers(net, [], { ...options, ...(ebpfMode && { ebpfMode }) });
      for (const end of ends) {
        await end.waitForLine(/^ready$/, 120_000);
        assert.match(end.output(), new RegExp(`"driver":"${driver}"`));
      }
      return ends;
    },
    close: async (ends) => {
      for (const end of ends) await end.stop("SIGTERM", 60_000);
    },
  };
}

const WAYS: readonly Way[] = [
  plain,
  besideRules(plain),
  ...(["ipip", "gre"] as const).flatMap((form) => [
    byHand(form),
    besideRules(byHand(form)),
    byDriver(form, "kernel"),
  ]),
  byDriver("ipip", "ebpf"),
  byDriver("ipip", "ebpf", "fast"),
  byDriver("ipip", "tun"),
];

/** Microseconds a packet, which is a thousand instructions each. */
async function cost(net: TunnelNet, octets: number): Promise<number> {
  const pump = join(PROJECT_ROOT, ".cache/bench/pump");
  const words = [octets, WINDOW, SECONDS].map(String);
  const { status, stdout, stderr } = await net.gen.exec([pump, net.sinkNetns, net.home, ...words]);
  assert.equal(status, 0, stderr);
  const [received = 0, lost = 0, took = 0] = stdout.trim().split(" ").map(Number);
  assert.ok(received > 0 && lost === 0, `${received} received, ${lost} lost`);
  return (took * 1e6) / received;
}

const costs = new Map<string, readonly number[]>();
for (const way of WAYS) {
  // Its own network: a kernel that has had a policy rule never takes its short way again.
  const net = buildTunnelNet();
  const ends = await way.open(net);
  // What runs for the first time has neighbours to find, and code to compile.
  await cost(net, SIZES[0]);
  const all: number[] = [];
  for (const octets of SIZES) {
    // The less, since time in which nothing is done goes by without instructions.
    const samples: number[] = [];
    for (let i = 0; i < SAMPLES; i++) samples.push(await cost(net, octets));
    all.push(Math.min(...samples));
  }
  costs.set(way.name, all);
  await way.close(ends);
  await net.lab.close();
}

const of = (name: string, size: number): number => costs.get(name)?.[size] ?? Number.NaN;
console.log("\nA packet through both ends, thousands of instructions; the rate to that by hand");
for (const { name } of WAYS) {
  const form = name.split(",")[0];
  const cells = SIZES.map((octets, i) => {
    const own = of(name, i);
    const ratio = name.startsWith(plain.name)
      ? ""
      : `, ${(of(`${form}, by hand`, i) / own).toFixed(2)} x`;
    return `${octets} octets: ${own.toFixed(1)}${ratio}`;
  });
  console.log(`  ${name.padEnd(22)}  ${cells.join("; ")}`);
}
for (const form of ["ipip", "gre"] as const) {
  for (const i of SIZES.keys()) {
    const ratio = of(`${form}, by hand`, i) / of(`${form}, driver kernel`, i);
    assert.ok(ratio >= FLOOR, `${form}: ${ratio.toFixed(3)} of the rate by hand`);
  }
}
process.exit(0);
