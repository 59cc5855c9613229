/** A laboratory: hosts and segments inside the namespaces that `enterLab` made. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Capture } from "./capture.ts";
import { labPid } from "./enter.ts";
import { type ConnectOptions, Host } from "./host.ts";
import { IpBatch } from "./ip-batch.ts";
import { Port, Segment } from "./link.ts";
import { CommandError, type LabProcess, runSync } from "./process.ts";
import { DelayLine, type LineSettings, wireBinary } from "./wire.ts";

/** A process that is still there. */
export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

export class Lab {
  /** A fresh folder on the private tmpfs; it vanishes with the lab. */
  readonly directory: string;
  /** Namespace that holds every bridge. */
  readonly switchName: string;
  readonly #hosts = new Map<string, Host>();
  readonly #segments = new Map<string, Segment>();
  readonly #processes: LabProcess[] = [];
  #switch: IpBatch | undefined;
  #ends = 0;

  constructor() {
    if (labPid() === undefined) throw new Error("call enterLab() before making a Lab");
    mkdirSync("/run/lab", { recursive: true });
    this.directory = mkdtempSync("/run/lab/");
    this.switchName = `switch-${this.directory.slice(-6)}`;
    this.#command(["ip", "netns", "add", this.switchName]);
    const silent = ["all", "default"].map((key) => `net.ipv6.conf.${key}.disable_ipv6`);
    const lines = silent.map((key) => `/proc/sys/${key.replaceAll(".", "/")}`);
    const script = lines.map((path) => `[ ! -e ${path} ] || echo 1 >${path}`).join("\n");
    this.#command(["nsenter", `--net=/run/netns/${this.switchName}`, "sh", "-ec", script]);
  }

  #command(argv: readonly string[]): string {
    const done = runSync(argv);
    if (done.status !== 0) throw new CommandError(argv, done);
    return done.stdout;
  }

  /** Runs `ip` in one namespace of the lab. */
  ip(namespace: string, argv: readonly string[]): string {
    return this.#command(["ip", "-n", namespace, ...argv]);
  }

  /**
   * Runs commands of `ip` in the switch by a process that stays, so that a link is cut and joined at
   * the moment that is meant and not when a program has started.
   */
  async atSwitch(...commands: readonly string[]): Promise<void> {
    this.#switch ??= new IpBatch(this.#enterSwitch);
    await this.#switch.run(commands);
  }

  get #enterSwitch(): readonly string[] {
    return ["nsenter", `--net=/run/netns/${this.switchName}`, "--"];
  }

  /** Makes a host. Names are unique among the labs of one process. */
  host(name: string, options: { readonly router?: boolean } = {}): Host {
    this.#command(["ip", "netns", "add", name]);
    const host = new Host(this, name);
    this.#hosts.set(name, host);
    if (options.router === true) host.sysctl({ "net.ipv4.ip_forward": 1 });
    return host;
  }

  /** Makes a segment: a bridge that forwards from the first frame on and snoops nothing. */
  segment(name: string): Segment {
    const bridge = ["link", "add", name, "type", "bridge", "stp_state", "0"];
    this.ip(this.switchName, [...bridge, "forward_delay", "0", "mcast_snooping", "0"]);
    this.ip(this.switchName, ["link", "set", name, "up"]);
    const segment = new Segment(this, name);
    this.#segments.set(name, segment);
    return segment;
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  connect(host: Host, ifname: string, segment: Segment, options: ConnectOptions): Port {
    const far = `p${++this.#ends}`;
    const mac = options.mac === undefined ? [] : ["address", options.mac];
    const near = ["link", "add", ifname, ...mac, "type", "veth"];
    host.ip(...near, "peer", "name", far, "netns", this.switchName);
    host.runSync([wireBinary(this.directory), "plain", ifname]);
    this.ip(this.switchName, ["link", "set", far, "master", segment.name, "up"]);
    if (options.address !== undefined) {
      host.ip("addr", "add", options.address, "brd", "+", "dev", ifname);
    }
    if (options.up !== false) host.ip("link", "set", ifname, "up");
    const port = new Port(this, ifname, far, segment);
    host.ports.set(ifname, port);
    return port;
  }

  /** Joins two segments by a line with delay and loss. */
  async delayLine(a: Segment, b: Segment, settings: LineSettings): Promise<DelayLine> {
    const ends: string[] = [];
    for (const segment of [a, b]) {
      const [inner, outer] = [`w${++this.#ends}`, `w${++this.#ends}`];
      this.ip(this.switchName, ["link", "add", inner, "type", "veth", "peer", "name", outer]);
      this.ip(this.switchName, ["link", "set", outer, "master", segment.name, "up"]);
      this.ip(this.switchName, ["link", "set", inner, "up"]);
      ends.push(inner);
    }
    const [from = "", to = ""] = ends;
    const line = new DelayLine(this.#enterSwitch, wireBinary(this.directory), from, to, () => {
      for (const end of ends) this.ip(this.switchName, ["link", "delete", end]);
    });
    this.#processes.push(line.process);
    await line.set(settings);
    return line;
  }

  /** Captures on a host's interface (its first one by default), or all that a segment carries. */
  async capture(where: Host | Segment, ifname?: string): Promise<Capture> {
    const onSegment = where instanceof Segment;
    const enter = onSegment ? this.#enterSwitch : where.enter;
    const device = onSegment ? where.name : (ifname ?? [...where.ports.keys()][0] ?? "lo");
    const path = join(this.directory, `${where.name}-${device}-${++this.#ends}.pcap`);
    const capture = new Capture(enter, wireBinary(this.directory), device, path);
    this.#processes.push(capture.process);
    await capture.ready();
    return capture;
  }

  /** Every process of this PID namespace but ourselves; a zombie is not a process any more. */
  survivors(): Survivor[] {
    const found: Survivor[] = [];
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      try {
        const state = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "")[0];
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        if (state !== "Z" && state !== "X") found.push({ pid, command });
      } catch {
        // It ended while we looked.
      }
    }
    return found;
  }

  /** Ends every process this lab started and removes its namespaces and files. */
  async close(): Promise<void> {
    const atSwitch = this.#switch === undefined ? [] : [this.#switch.process];
    const all = [...this.#processes, ...atSwitch, ...this.hosts.flatMap((host) => host.processes)];
    for (const child of all) child.killGroup();
    await Promise.all(all.map((child) => child.ended));
    for (const name of [...this.#hosts.keys(), this.switchName]) {
      this.#command(["ip", "netns", "delete", name]);
    }
    this.#hosts.clear();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
