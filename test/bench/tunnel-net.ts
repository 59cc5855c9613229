/**
 * The network of the data path benchmark, and the ways a packet can take through it:
 *
 *     gen 10.9.0.2 --- a 203.0.113.1 --- b 203.0.113.2 --- sink 10.1.0.7
 *
 * `a` is the home agent's machine, `b` the foreign agent's. Without a tunnel both are plain
 * routers; a tunnel adds routes that are found first, and takes them along when it ends.
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import type { Host } from "../lab/host.ts";
import { Lab } from "../lab/lab.ts";
import type { LabProcess } from "../lab/process.ts";
import { wireBinary } from "../lab/wire.ts";
import type { TunnelEndOptions } from "./tunnel-end.ts";

export const HOME = "10.1.0.7";
export const HOME_AGENT = "203.0.113.1";
export const CARE_OF = "203.0.113.2";
const SINK_MAC = "02:00:00:00:00:07";
const END_SCRIPT = join(dirname(fileURLToPath(import.meta.url)), "tunnel-end.js");

export interface TunnelNet {
  readonly lab: Lab;
  readonly gen: Host;
  readonly a: Host;
  readonly b: Host;
  readonly home: string;
  readonly sinkNetns: string;
}

/**
 * A veth pair that carries plain frames, as a wire does: no offloads. As `card` the receivers put
 * frames together (GRO), as the drivers of network cards do.
 */
export function connect(
  from: Host,
  ifname: string,
  address: string,
  to: Host,
  far: string,
  other: string,
  mode: "plain" | "card" = "plain",
) {
  from.ip("link", "add", ifname, "type", "veth", "peer", "name", far, "netns", to.name);
  for (const [host, name, prefix] of [
    [from, ifname, address],
    [to, far, other],
  ] as const) {
    host.runSync([wireBinary(host.lab.directory), mode, name]);
    host.ip("addr", "add", prefix, "dev", name);
    host.ip("link", "set", name, "up");
  }
}

export function buildTunnelNet(): TunnelNet {
  const lab = new Lab();
  const gen = lab.host("gen");
  const a = lab.host("a", { router: true });
  const b = lab.host("b", { router: true });
  const sink = lab.host("sink");
  connect(gen, "eth0", "10.9.0.2/24", a, "gen0", "10.9.0.1/24", "card");
  connect(a, "net0", `${HOME_AGENT}/24`, b, "net1", `${CARE_OF}/24`, "card");
  connect(b, "lan0", "192.168.7.1/24", sink, "wlan0", `${HOME}/32`, "card");
  sink.ip("link", "set", "wlan0", "address", SINK_MAC);
  sink.ip("route", "add", "192.168.7.1", "dev", "wlan0", "scope", "link");
  sink.ip("route", "add", "default", "via", "192.168.7.1");
  gen.ip("route", "add", "default", "via", "10.9.0.1");
  a.ip("route", "add", "default", "via", CARE_OF);
  b.ip("route", "add", "default", "via", HOME_AGENT);
  b.ip("route", "add", "10.1.0.0/24", "dev", "lan0", "scope", "link");
  return { lab, gen, a, b, home: HOME, sinkNetns: `/run/netns/${sink.name}` };
}

/** A C program at both ends, with what it is told beside its device and addresses. */
export function cLoops(
  { a, b }: TunnelNet,
  pin: readonly string[],
  [program = "", ...more]: readonly string[],
): LabProcess[] {
  return [
    a.spawn([...pin, program, "ctun", HOME_AGENT, CARE_OF, ...more]),
    b.spawn([...pin, program, "ctun", CARE_OF, HOME_AGENT, ...more]),
  ];
}

export interface DriverWay
  extends Pick<TunnelEndOptions, "provider" | "offload" | "driver" | "ebpfMode"> {
  readonly form?: TunnelForm;
}

/** The real driver at both ends, with one binding and one visitor. */
export function openDrivers(
  { a, b }: TunnelNet,
  pin: readonly string[],
  { form = { encapsulation: "ipip" }, ...way }: DriverWay,
): LabProcess[] {
  const { provider } = way;
  const tunnel = {
    homeAddress: ipv4(HOME),
    homeAgent: ipv4(HOME_AGENT),
    careOfAddress: ipv4(CARE_OF),
    ...form,
    reverse: true,
  } as const;
  const binding = { kind: "binding", ...tunnel, homeInterface: undefined } as const;
  const visitor = {
    kind: "visitor",
    delivery: "direct",
    plane: 0,
    ...tunnel,
    interface: "lan0",
    mac: SINK_MAC as Mac,
  } as const;
  const options: readonly (readonly [Host, TunnelEndOptions])[] = [
    [a, { role: "ha", ...way, ...udpEnd(form, HOME_AGENT), item: binding }],
    [b, { role: "fa", ...way, ...udpEnd(form, CARE_OF), item: visitor }],
  ];
  return options.map(([host, option]) => {
    const argv = [
      process.execPath,
      ...profileOptions(host, provider),
      END_SCRIPT,
      JSON.stringify(option),
    ];
    return host.spawn([...pin, ...argv]);
  });
}

function udpEnd({ udpPort }: TunnelForm, udp: string): { readonly udp?: string } {
  return udpPort === undefined ? {} : { udp };
}

/** `MIP4_BENCH_PROFILE=FOLDER` writes a CPU profile of each end. */
function profileOptions(host: Host, provider: string): string[] {
  const folder = process.env.MIP4_BENCH_PROFILE;
  if (folder === undefined) return [];
  const name = `${host.name}-${provider}.cpuprofile`;
  return ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`];
}
