/**
 * A network of namespaces for driver-netns.test.ts, inside one user namespace of the test's own:
 * `cn - ha - rt - fa - mn`, and a home link `ha - mn`. The namespaces have no names outside and end with the process.
 */

import {
  type ChildProcessWithoutNullStreams,
  execFileSync,
  spawn,
  spawnSync,
} from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "../../shared/base/result.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import { driverInside, isEbpf } from "./inside.ts";
import type { DriverCommand } from "./netns-driver.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
export const HOSTS = ["cn", "ha", "rt", "fa", "mn", "mn2"] as const;
export type Host = (typeof HOSTS)[number];

export function sh(host: Host, command: string): string {
  const argv = [`--net=/run/netns/${host}`, "sh", "-c", command];
  return execFileSync("nsenter", argv, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Like `sh`, but a failure is a value. */
export function attempt(host: Host, command: string): { code: number | null; output: string } {
  const argv = [`--net=/run/netns/${host}`, "sh", "-c", command];
  const { status, stdout, stderr } = spawnSync("nsenter", argv, { encoding: "utf8" });
  return { code: status, output: stdout + stderr };
}

function setting(host: Host, path: string): string {
  return sh(host, `cat /proc/sys/net/ipv4/${path}`).trim();
}

/** Builds the network. Two foreign links of the agent so that the node can also be "at home". */
export function buildWorld(): void {
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
  mkdirSync("/run/netns");
  if (isEbpf(driverInside())) execFileSync("mount", ["-t", "bpf", "bpf", "/sys/fs/bpf"]);
  for (const host of HOSTS) execFileSync("ip", ["netns", "add", host]);
  const links = [
    ["cn", "cn0", "ha", "cn1"],
    ["ha", "net0", "rt", "to-ha"],
    ["rt", "to-fa", "fa", "net1"],
    ["fa", "lan0", "mn", "wlan0"],
    ["ha", "home0", "mn", "eth0"],
  ];
  for (const [a = "", left = "", b = "", right = ""] of links) {
    const peer = ["peer", "name", right, "netns", b];
    execFileSync("ip", ["link", "add", left, "netns", a, "type", "veth", ...peer]);
  }
  for (const host of HOSTS) {
    // Nothing else: a kernel with modules of tunnels has devices in each namespace that take any packet when they are up.
    const own = links.flatMap(([a, left, b, right]) =>
      a === host ? left : b === host ? right : [],
    );
    sh(host, `for d in lo ${own.join(" ")}; do ip link set $d up; done; sleep 0.1`);
  }
  sh("cn", "ip addr add 10.9.0.2/24 dev cn0; ip route add default via 10.9.0.1");
  sh(
    "ha",
    "ip addr add 10.9.0.1/24 dev cn1; ip addr add 198.51.100.1/24 dev net0; ip addr add 10.1.0.1/24 dev home0; ip route add default via 198.51.100.254",
  );
  sh(
    "rt",
    "ip addr add 198.51.100.254/24 dev to-ha; ip addr add 203.0.113.254/24 dev to-fa; echo 1 > /proc/sys/net/ipv4/ip_forward",
  );
  sh(
    "fa",
    "ip addr add 203.0.113.2/24 dev net1; ip addr add 192.168.7.1/24 dev lan0; ip route add default via 203.0.113.254",
  );
}

/** Everything a driver may change, as text. */
export function snapshot(host: Host): string {
  const names = readdirSync("/proc/sys/net/ipv4/conf").filter((name) => !name.startsWith("mip"));
  const interfaces = sh(host, "ls /proc/sys/net/ipv4/conf")
    .split(/\s+/)
    .filter((name) => name !== "");
  assertSome(names);
  const settings = interfaces.flatMap((name) =>
    ["rp_filter", "arp_ignore", "arp_announce", "forwarding"].map(
      (key) => `${name} ${key} ${setting(host, `conf/${name}/${key}`)}`,
    ),
  );
  return [
    sh(host, "ip -o link show | sed 's/^[0-9]*: //' | cut -d' ' -f1,3-5"),
    sh(
      host,
      "ip route show table all | grep -v '^fe80\\|^ff00\\|^local fe80\\|^multicast\\|^anycast' | sort",
    ),
    sh(host, "ip rule show"),
    sh(host, "ip neigh show nud permanent | grep -v '^fe80'; ip neigh show proxy").trim(),
    sh(host, "nft list ruleset"),
    `ip_forward ${setting(host, "ip_forward")}`,
    ...settings,
  ].join("\n");
}

function assertSome(list: readonly unknown[]): void {
  if (list.length === 0) throw new Error("/proc/sys cannot be read");
}

export function macOf(host: Host, device: string): string {
  return sh(host, `ip -o link show ${device}`).match(/link\/ether (\S+)/)?.[1] ?? "";
}

export interface Answer extends JsonObject {
  readonly tunnels: readonly JsonObject[];
  readonly counters: Readonly<Record<string, number>>;
  readonly links: readonly JsonObject[];
  readonly arp: readonly string[];
  readonly arpFrames: readonly JsonObject[];
  readonly failures?: readonly string[];
  readonly events: readonly JsonObject[];
  readonly status: JsonObject;
}

/** `per-packet` is the native helper without superpackets. */
export type Engine = "helper" | "per-packet" | "packages";

/** A driver in a process of its own, inside one host. */
export class DriverProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(host: Host, config: DriverConfig, provider: Engine) {
    const argv = [
      `--net=/run/netns/${host}`,
      process.execPath,
      join(HERE, "netns-driver.js"),
      JSON.stringify(config),
      `/run/${host}.sysctl`,
      provider,
    ];
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    this.#child = spawn("nsenter", argv, { env });
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#lines.on("line", (line) => this.#waiting.shift()?.(line));
    this.#child.on("exit", () => {
      for (const resolve of this.#waiting.splice(0)) resolve('{"failures":["exited"]}');
    });
  }

  async send(command: DriverCommand): Promise<Answer> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      throw new Error("the driver's process has ended");
    }
    const line = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return JSON.parse(await line) as Answer;
  }

  /** SIGKILL: no chance to clean up. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }
}
