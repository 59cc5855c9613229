/** One host of a lab: a network namespace, and what is done in it. */

import type { Lab } from "./lab.ts";
import type { Port, Segment } from "./link.ts";
import type { SpawnOptions } from "./process.ts";
import { CommandError, LabProcess, type RunResult, runAsync, runSync } from "./process.ts";

/**
 * Set in every host before it has an interface: a new namespace otherwise takes these from the
 * machine it runs on, and a test would depend on it.
 */
const BASELINE: Readonly<Record<string, number>> = {
  "net.ipv4.ip_forward": 0,
  "net.ipv4.conf.all.rp_filter": 0,
  "net.ipv4.conf.default.rp_filter": 0,
  "net.ipv4.conf.all.send_redirects": 0,
  "net.ipv4.conf.default.send_redirects": 0,
  "net.ipv4.conf.all.arp_ignore": 0,
  "net.ipv4.conf.all.arp_announce": 0,
  "net.ipv4.icmp_echo_ignore_broadcasts": 1,
  "net.ipv6.conf.all.disable_ipv6": 1,
  "net.ipv6.conf.default.disable_ipv6": 1,
};

export interface ConnectOptions {
  readonly mac?: string;
  /** With prefix length, e.g. `10.1.0.1/24`. */
  readonly address?: string;
  /** False leaves the interface down. */
  readonly up?: boolean;
}

export class Host {
  readonly name: string;
  readonly lab: Lab;
  readonly processes: LabProcess[] = [];
  readonly ports = new Map<string, Port>();

  constructor(lab: Lab, name: string) {
    this.lab = lab;
    this.name = name;
    this.sysctl(BASELINE);
    this.ip("link", "set", "lo", "up");
  }

  /** The command prefix that enters this host. */
  get enter(): readonly string[] {
    return ["nsenter", `--net=/run/netns/${this.name}`, "--"];
  }

  /** Runs `ip` here and returns its output; an error throws with `ip`'s own words. */
  ip(...argv: readonly string[]): string {
    return this.lab.ip(this.name, argv);
  }

  /** Runs a command here to its end; blocks; throws unless it ends with 0. */
  runSync(argv: readonly string[], input = ""): string {
    const done = runSync([...this.enter, ...argv], input);
    if (done.status !== 0) throw new CommandError([this.name, ...argv], done);
    return done.stdout;
  }

  /** Runs a command here to its end, without blocking; any exit status is an answer. */
  exec(argv: readonly string[], timeoutMs = 30_000): Promise<RunResult> {
    return runAsync([...this.enter, ...argv], timeoutMs);
  }

  /** Starts a command here that runs beside the test; the lab ends it at the latest. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): LabProcess {
    const name = options.name ?? `${this.name}: ${argv[0]}`;
    const child = new LabProcess([...this.enter, ...argv], { ...options, name });
    this.processes.push(child);
    return child;
  }

  /** Sets kernel parameters of this namespace, by their names with dots. */
  sysctl(values: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries(values).map(([key, value]) => {
      const path = `/proc/sys/${key.replaceAll(".", "/")}`;
      return `[ ! -e ${path} ] || echo ${value} >${path}`; // no IPv6 in the kernel is fine
    });
    this.runSync(["sh", "-e"], lines.join("\n"));
  }

  readSysctl(key: string): string {
    return this.runSync(["cat", `/proc/sys/${key.replaceAll(".", "/")}`]).trim();
  }

  /** Gives this host an interface whose far end is a port of the segment. */
  connect(ifname: string, segment: Segment, options: ConnectOptions = {}): Port {
    return this.lab.connect(this, ifname, segment, options);
  }

  /** Sends `count` pings; true when every one was answered. */
  async ping(address: string, options: { readonly count?: number; readonly source?: string } = {}) {
    const count = options.count ?? 1;
    const source = options.source === undefined ? [] : ["-I", options.source];
    const argv = ["ping", "-n", "-q", "-c", `${count}`, "-i", "0.05", "-W", "1", ...source];
    return (await this.exec([...argv, address])).status === 0;
  }

  /** The lines of `ip route` of the main or another table. */
  routes(table = "main"): string[] {
    return this.lines("route", "show", "table", table);
  }

  rules(): string[] {
    return this.lines("rule", "show");
  }

  neighbours(): string[] {
    return this.lines("neigh", "show");
  }

  lines(...argv: readonly string[]): string[] {
    const text = this.ip(...argv);
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  }
}
