/**
 * The network of the registration benchmark: mobile nodes and their home agent are one program on
 * `load`, the foreign agent is between them, and nothing else:
 *
 *     load eth0 (nodes) --- lan0 192.0.2.1 [fa] 198.51.100.2 up0 --- up0 198.51.100.1 load
 */

import { join } from "node:path";
import type { Host } from "../lab/host.ts";
import { Lab } from "../lab/lab.ts";
import type { LabProcess } from "../lab/process.ts";
import { startBundle } from "./daemon.ts";
import { connect } from "./tunnel-net.ts";

const AGENT_MAC = "02:00:00:00:01:01";
const CARE_OF = "192.0.2.1";
const HOME_AGENT = "198.51.100.1";
const VISITOR_KEY = "a1a2a3a4a5a6a7a8a9aaabacadaeafb0";
const HOME_AGENT_KEY = "00112233445566778899aabbccddeeff";
const KEYS = [VISITOR_KEY, HOME_AGENT_KEY] as const;

export interface RelayNet {
  readonly lab: Lab;
  readonly load: Host;
  readonly fa: Host;
}

export function buildRelayNet(): RelayNet {
  const lab = new Lab();
  const load = lab.host("load");
  const fa = lab.host("fa", { router: true });
  // No address of the link, or what the home agent sends would leave by it.
  connect(load, "eth0", "192.168.255.2/32", fa, "lan0", `${CARE_OF}/26`);
  connect(load, "up0", `${HOME_AGENT}/24`, fa, "up0", "198.51.100.2/24");
  fa.ip("link", "set", "lan0", "address", AGENT_MAC);
  load.ip("route", "add", CARE_OF, "via", "198.51.100.2");
  return { lab, load, fa };
}

/** The C program in the foreign agent's place. */
export async function startRelay(
  { fa }: RelayNet,
  program: string,
  pin: readonly string[],
): Promise<LabProcess> {
  const relay = fa.spawn([...pin, program, "lan0", "up0", CARE_OF, HOME_AGENT, ...KEYS]);
  await relay.waitForLine(/^ready$/);
  return relay;
}

/** The real daemon, with an association for each of its nodes; its journal is in memory. */
export function startDaemon({ fa, lab }: RelayNet, nodes: number): Promise<LabProcess> {
  const folder = join(lab.directory, `daemon-${nodes}`);
  return startBundle(fa, "fa", folder, configOf(folder, nodes));
}

function configOf(folder: string, nodes: number) {
  const visitors = Array.from({ length: nodes }, (_, i) => ({
    with: "mobile-node",
    home_address: `10.${(i + 256) >> 16}.${((i + 256) >> 8) & 255}.${i & 255}`,
    spi: 2000,
    key: VISITOR_KEY,
  }));
  const homeAgent = { with: "home-agent", address: HOME_AGENT, spi: 1000, key: HOME_AGENT_KEY };
  return {
    interface: [{ name: "lan0", care_of_address: CARE_OF }],
    advertisement: { max_interval: 600, lifetime: 1800 },
    limits: { visitors: nodes + 1, pending: 1024 },
    state: { path: join(folder, "fa.journal") },
    control: { socket: join(folder, "fa.sock") },
    security_association: [homeAgent, ...visitors],
  };
}

/** The load program, but for how much of it. */
export function loadProgram(program: string): string[] {
  return [program, "eth0", "up0", AGENT_MAC, CARE_OF, HOME_AGENT, ...KEYS];
}
