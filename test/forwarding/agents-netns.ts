/** Both agents' drivers in the network of netns-world.ts, and a node that is one visitor. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem, TunnelForm } from "../../shared/forwarding/state.ts";
import { readCapture } from "../../shared/wire/capture/capture.ts";
import { ipPacketIn } from "../../shared/wire/capture/link.ts";
import { Capture } from "../lab/capture.ts";
import { waitFor } from "../lab/wait.ts";
import { wireBinary } from "../lab/wire.ts";
import { configOf, type DriverName } from "./inside.ts";
import { type Answer, buildWorld, DriverProcess, type Host, macOf, sh } from "./netns-world.ts";
import { mirrored } from "./packets.ts";

export type Agent = "ha" | "fa";

export const HOME = ipv4("10.1.0.7");
export const ENDS = { homeAgent: ipv4("198.51.100.1"), careOfAddress: ipv4("203.0.113.2") };
export const AGENTS = ["ha", "fa"] as const;
export const ANCHOR = { ha: "mip436", fa: "mip434" } as const;
const MARKS = {
  fa: { role: "fa", routeTable: 434, rulePriority: 4340 },
  ha: { role: "ha", routeTable: 436, rulePriority: 4360 },
} as const;

/** The agents agree on 434 where a tunnel is in UDP: there is no NAT. */
function withoutNat(form: TunnelForm): TunnelForm {
  return { ...form, udpPort: form.udpPort === undefined ? undefined : 434 };
}

export function bindingOf(form: TunnelForm, careOfAddress = ENDS.careOfAddress): ForwardingItem {
  const ends = { ...ENDS, careOfAddress };
  const node = { homeAddress: HOME, homeInterface: "home0", reverse: true };
  return { kind: "binding", ...node, ...ends, ...withoutNat(form) };
}

export function visitorOf(form: TunnelForm): ForwardingItem {
  const node = { homeAddress: HOME, interface: "lan0", mac: macOf("mn", "wlan0") as Mac };
  const how = { reverse: true, delivery: "direct", plane: 0 } as const;
  return { kind: "visitor", ...node, ...ENDS, ...how, ...mirrored(withoutNat(form)) };
}

export class Agents {
  readonly #drivers = new Map<Agent, DriverProcess>();
  #driver: DriverName = "tun";

  /** Builds the network, too. */
  async open(driver: DriverName): Promise<void> {
    buildWorld();
    sh("mn", "ip addr add 10.1.0.7/32 dev wlan0; ip route add 192.168.7.1 dev wlan0");
    sh("mn", "ip route add default via 192.168.7.1 src 10.1.0.7");
    this.#driver = driver;
    for (const host of AGENTS) await this.start(host, driver);
  }

  /** Both with other settings. */
  async restart(more: Partial<DriverConfig> = {}): Promise<void> {
    for (const host of AGENTS) {
      await this.of(host).kill();
      await this.start(host, this.#driver, more);
    }
  }

  async close(): Promise<void> {
    for (const process of this.#drivers.values()) await process.kill();
  }

  of(host: Agent): DriverProcess {
    const process = this.#drivers.get(host);
    assert.ok(process !== undefined);
    return process;
  }

  async start(host: Agent, driver: DriverName, more: Partial<DriverConfig> = {}): Promise<Answer> {
    const dataplane = { ...configOf(driver), mtu: 0, df: "copy", mssClamp: true } as const;
    const config = { ...MARKS[host], ...dataplane, ...more };
    this.#drivers.set(host, new DriverProcess(host, config, "helper"));
    const answer = await this.of(host).send({ name: "start" });
    assert.deepEqual(answer.failures ?? [], []);
    const target = host === "ha" ? "198.51.100.1" : "203.0.113.2";
    await this.of(host).send({ name: "open-udp", target });
    return answer;
  }

  async apply(host: Agent, ...items: readonly ForwardingItem[]): Promise<void> {
    const keyed = items.map((item, i) => [`${item.kind}/${i}`, item] as const);
    const { failures } = await this.of(host).send({ name: "apply", items: keyed });
    assert.deepEqual(failures ?? [], []);
  }

  /** Both ends have a tunnel in this form. */
  async agree(form: TunnelForm): Promise<void> {
    await this.apply("ha", bindingOf(form));
    await this.apply("fa", visitorOf(form));
  }

  show(host: Agent): Promise<Answer> {
    return this.of(host).send({ name: "show" });
  }

  /** By agent, packets that its daemon read from the anchor and wrote to it, while `during` ran. */
  carriedByDaemons(during: () => void): Readonly<Record<Agent, readonly number[]>> {
    const before = AGENTS.map(throughAnchor);
    during();
    const [ha = [], fa = []] = AGENTS.map((host, i) =>
      throughAnchor(host).map((count, j) => count - (before[i]?.[j] ?? 0)),
    );
    return { ha, fa };
  }
}

function throughAnchor(host: Agent): readonly number[] {
  const [device] = JSON.parse(sh(host, `ip -j -s link show ${ANCHOR[host]}`)) as readonly {
    readonly stats64: Readonly<Record<"rx" | "tx", { readonly packets: number }>>;
  }[];
  assert.ok(device !== undefined);
  return [device.stats64.tx.packets, device.stats64.rx.packets];
}

/**
 * From the correspondent to the node. For the last reply `ping` waits as long as between two, or twice
 * as long as for the slowest one, whatever -W says.
 */
export function ping(options = "", count = 3): string {
  return sh("cn", `ping -n -q -c ${count} -i 0.2 -W 2 ${options} 10.1.0.7`);
}

/** Of a `ping` that was ended: how many were not answered though a later one was. */
export function lostOf(output: string): number {
  const answered = new Set([...output.matchAll(/bytes from .*icmp_seq=(\d+)/g)].map(([, n]) => n));
  assert.ok(answered.size > 0, output);
  return Math.max(...[...answered].map(Number)) - answered.size;
}

function inNamespace(host: Host, command: string): ChildProcess {
  return spawn("nsenter", [`--net=/run/netns/${host}`, "sh", "-c", `exec ${command}`]);
}

/** Runs until the returned function is called; that returns what it printed. */
export function inBackground(host: Host, command: string): () => Promise<string> {
  const child = inNamespace(host, command);
  let output = "";
  child.stdout?.on("data", (data) => {
    output += String(data);
  });
  return async () => {
    child.kill("SIGINT");
    await once(child, "close");
    return output;
  };
}

/** The IPv4 packets that an interface sees while `during` runs; waits for so many. */
export async function captured(
  host: Host,
  device: string,
  count: number,
  during: () => Promise<void> | void,
): Promise<readonly Uint8Array[]> {
  const enter = ["nsenter", `--net=/run/netns/${host}`, "--"];
  const capture = new Capture(enter, wireBinary("/run"), device, `/run/${host}-${device}.pcap`);
  await capture.ready();
  const packets = (): readonly Uint8Array[] =>
    readCapture(readFileSync(capture.path)).packets.flatMap((one) => ipPacketIn(one) ?? []);
  try {
    await during();
    await waitFor(`${count} packets`, () => packets().length >= count);
  } finally {
    await capture.stop();
  }
  return packets();
}
