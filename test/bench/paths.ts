/** The ways of the data path table, and how each is opened in the network of the benchmark. */

import { join } from "node:path";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import type { LabProcess } from "../lab/process.ts";
import { PROJECT_ROOT } from "../lab/root.ts";
import { compile } from "./compile.ts";
import { pins } from "./cpu.ts";
import { closeRival, missingRivals, openRival, type Rival } from "./rivals.ts";
import { cLoops, HOME, openDrivers, type TunnelNet } from "./tunnel-net.ts";

/** What carries the packets. */
export const CARRIERS = [
  "kernel",
  "c",
  "c-offload",
  "tun",
  "tun-per-packet",
  "tun-packages",
  "ebpf",
  "ebpf-fast",
  "wireguard-go",
  "openvpn",
] as const;
export type Carrier = (typeof CARRIERS)[number];

export interface Path {
  readonly carrier: Carrier;
  readonly encapsulation: string;
}

/** Forms of tunnels by the names of the table. */
const FORMS: Readonly<Record<string, TunnelForm>> = {
  ipip: { encapsulation: "ipip" },
  minimal: { encapsulation: "minimal" },
  gre: { encapsulation: "gre" },
  "gre-key": { encapsulation: "gre", greKeyIn: 7, greKeyOut: 7 },
  udp: { encapsulation: "ipip", udpPort: 434 },
  "udp-gre": { encapsulation: "gre", udpPort: 434 },
};

const ENCAPSULATIONS: Readonly<Record<Carrier, readonly string[]>> = {
  kernel: ["none"],
  c: ["ipip"],
  "c-offload": ["ipip", "udp"],
  tun: Object.keys(FORMS),
  "tun-per-packet": ["ipip", "udp"],
  "tun-packages": ["ipip", "udp"],
  ebpf: ["ipip", "gre-key", "udp"],
  "ebpf-fast": ["ipip", "gre-key", "udp"],
  "wireguard-go": ["wireguard"],
  openvpn: ["openvpn"],
};

/** Plain forwarding and the C loops are always there: what is measured is compared with them. */
const YARDSTICKS: ReadonlySet<Carrier> = new Set(["kernel", "c", "c-offload"]);

export function pathsFor(driver: string | undefined, encapsulation: string | undefined): Path[] {
  return CARRIERS.flatMap((carrier) =>
    ENCAPSULATIONS[carrier]
      .filter((name) => {
        if (YARDSTICKS.has(carrier)) return true;
        const isDriver = driver?.split(",").includes(carrier) ?? true;
        return isDriver && (encapsulation === undefined || encapsulation === name);
      })
      .map((name) => ({ carrier, encapsulation: name })),
  );
}

/** Names that `--encapsulation` takes. */
export const ENCAPSULATION_NAMES: readonly string[] = [
  ...new Set(Object.values(ENCAPSULATIONS).flat()),
];

/** What a path lacks here, with what installs it; `undefined`: nothing. */
export function lackOf({ carrier }: Path): string | undefined {
  return carrier === "wireguard-go" || carrier === "openvpn" ? missingRivals(carrier) : undefined;
}

function isRival(carrier: Carrier): carrier is Rival {
  return carrier === "wireguard-go" || carrier === "openvpn";
}

interface Programs {
  readonly plain: string;
  readonly offload: string;
}
let programs: Programs | undefined;

function yardsticks(): Programs {
  const folder = join(PROJECT_ROOT, "shared/native");
  programs ??= {
    plain: compile("tunloop"),
    offload: compile("tunloop-offload", [`-I${folder}`, join(folder, "segments.c")]),
  };
  return programs;
}

/** Opens both ends. What it opened is not what it was asked for: throws, saying so. */
export async function openPath(net: TunnelNet, path: Path): Promise<LabProcess[]> {
  const { carrier, encapsulation } = path;
  if (carrier === "kernel") return [];
  const [, pin] = pins();
  if (isRival(carrier)) return openRival(net, carrier, pin);
  if (carrier === "c" || carrier === "c-offload") return openLoops(net, path, pin);
  const form = FORMS[encapsulation];
  if (form === undefined) throw new Error(`no form of tunnel is called ${encapsulation}`);
  const ends = openDrivers(net, pin, {
    provider: carrier === "tun-packages" ? "packages" : "helper",
    offload: carrier !== "tun-per-packet",
    driver: carrier.startsWith("ebpf") ? "ebpf" : "tun",
    ebpfMode: carrier === "ebpf-fast" ? "fast" : "stack",
    form,
  });
  for (const end of ends) await end.waitForLine(/^ready$/, 20_000);
  return ends;
}

async function openLoops(
  net: TunnelNet,
  { carrier, encapsulation }: Path,
  pin: readonly string[],
): Promise<LabProcess[]> {
  const { plain, offload } = yardsticks();
  const argv = carrier === "c" ? [plain] : [offload, encapsulation];
  const ends = cLoops(net, pin, argv);
  for (const end of ends) await end.waitForLine(/^ready$/, 20_000);
  const mtu = encapsulation === "udp" ? "1468" : "1480";
  for (const host of [net.a, net.b]) {
    host.ip("link", "set", "ctun", "mtu", mtu, "up");
    host.ip("addr", "add", "192.0.0.8/32", "dev", "ctun", "scope", "host");
  }
  // There and back, as the drivers have it.
  net.a.ip("route", "add", HOME, "dev", "ctun");
  net.b.ip("route", "add", "default", "dev", "ctun", "table", "434");
  net.b.ip("rule", "add", "priority", "4340", "iif", "lan0", "lookup", "434");
  return ends;
}

/** Ends it, and leaves the network as it was. */
export async function closePath(
  net: TunnelNet,
  { carrier }: Path,
  ends: readonly LabProcess[],
): Promise<void> {
  for (const end of ends) await end.stop();
  if (isRival(carrier)) closeRival(net);
  if (carrier !== "c" && carrier !== "c-offload") return;
  net.b.ip("rule", "delete", "priority", "4340");
}
