/** A daemon on a bench: a toy core, packet sockets in memory, a clock that only a test moves. */

import { EventEmitter } from "node:events";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import { type JsonObject, ok, type Result } from "../../shared/base/result.ts";
import type { Driver } from "../../shared/forwarding/driver.ts";
import type { ForwardingState } from "../../shared/forwarding/state.ts";
import {
  type Frame,
  IoError,
  type LinkSocket,
  type PacketIo,
  type UdpDatagram,
  type UdpOptions,
  type UdpSocket,
} from "../../shared/linux/packet-io.ts";
import type { ControlOptions } from "../../shared/service/control/server.ts";
import type { Listen } from "../../shared/service/metrics/listen.ts";
import type { MetricsFacts } from "../../shared/service/metrics/text.ts";
import type { CommonConfig, HostFacts, Runnable } from "../../shared/service/program.ts";
import type { HookRun } from "../../shared/service/runtime/hook-process.ts";
import { Journal } from "../../shared/service/runtime/journal.ts";
import { type JournalFiles, realFiles } from "../../shared/service/runtime/journal-files.ts";
import type { HostLink, Loaded, Parts } from "../../shared/service/runtime/parts.ts";
import { runWith } from "../../shared/service/runtime/runtime.ts";
import type { WriteState } from "../../shared/service/runtime/state-file.ts";
import { NO_IO } from "../no-io.ts";
import { settle, ToyClock } from "./toy-clock.ts";
import { type ToyConfig, ToyCore } from "./toy-core.ts";

export const OWN_MAC = "02:00:00:00:00:02" as Mac;
export const PEER_MAC = "02:00:00:00:00:01" as Mac;
export const UPLINK = ipv4("192.0.2.1");

export interface ToyLink extends LinkSocket {
  receive: (frame: Frame) => void;
  /** What `takeLost` says next. */
  lost: number;
}
export interface ToyUdp extends UdpSocket {
  readonly options: UdpOptions;
  receive: (datagram: UdpDatagram) => void;
}

export class Bench {
  readonly core = new ToyCore();
  readonly clock = new ToyClock();
  readonly signals = new EventEmitter();
  readonly log: string[] = [];
  readonly published: JsonObject[] = [];
  /** Everything that left or was made durable, in order. */
  readonly trace: string[] = [];
  readonly host = new Map<string, HostLink>();
  readonly links = new Map<string, ToyLink>();
  readonly udp = new Map<string, ToyUdp>();
  readonly openFaults = new Map<string, string>();
  config: Result<ToyConfig, readonly string[]> = ok({ links: ["lan0"] });
  /** Until then the file is being read. */
  reading = Promise.resolve();
  stamp = "1";
  facts: HostFacts = { addresses: new Map(), defaultInterface: undefined };
  control: ControlOptions | undefined;
  /** What the exporter was opened with last. */
  metrics: { listen: Listen; source: () => MetricsFacts } | undefined;
  metricsFault: Error | undefined;
  /** `metrics.listen` of the file. */
  listen: string | undefined;
  hooks: CommonConfig["hook"] = [];
  /** The hooks that were started; each ends at once. */
  readonly hookRuns: HookRun[] = [];
  applied: ForwardingState[] = [];
  applyFault: string | undefined;
  /** How long the driver works on a state. */
  applying: () => Promise<void> = async () => {};
  startFault: Error | undefined;
  /** Does an interface beside `host` have the configured address? */
  hasUplink = true;
  hostChanged: () => void = () => {};
  sync: () => Promise<void> = async () => {};
  lookup: (name: string) => Promise<readonly Ipv4[]> = async () => [];
  /** Its timer is in the way of tests that look at timers. */
  tellsState = false;
  /** What the state file holds, and where it is. */
  state: { readonly path: string; readonly text: string | undefined } | undefined;
  exit: Promise<number> | undefined;
  readonly #role: "fa" | "mn" | "ha";
  readonly journalPath: string;

  constructor(role: "fa" | "mn" | "ha", journalPath: string) {
    this.#role = role;
    this.journalPath = journalPath;
    this.setHost("lan0", 2);
  }

  setHost(name: string, index: number, more: Partial<HostLink> = {}): void {
    const addresses = [{ address: ipv4("10.0.0.1"), length: 24 }];
    this.host.set(name, {
      index,
      up: true,
      mac: OWN_MAC,
      mtu: 1500,
      carrierLosses: 0,
      addresses,
      ...more,
    });
  }

  async start(): Promise<void> {
    const { program, parts } = this.#parts();
    this.exit = runWith(program, parts);
    await settle();
  }

  readonly #writeState: WriteState = (path, text) => {
    this.state = { path, text };
  };

  status(): JsonObject {
    return this.control?.handler.query("status") as JsonObject;
  }

  #parts(): { program: Runnable<CommonConfig, ToyConfig>; parts: Parts<CommonConfig, ToyConfig> } {
    const program: Runnable<CommonConfig, ToyConfig> = {
      name: `mip4-${this.#role}`,
      role: this.#role,
      createCore: () => this.core,
      health: () => [],
      performance: () => [],
      metrics: { gauges: [], counters: {}, mib: [] },
    };
    const journalFiles: JournalFiles = {
      ...realFiles,
      write: (handle, bytes, position) => {
        this.trace.push("write");
        realFiles.write(handle, bytes, position);
      },
      sync: async () => {
        await this.sync();
        this.trace.push("sync");
      },
    };
    return {
      program,
      parts: {
        load: () => this.reading.then(() => this.#load()),
        fileStamp: () => this.stamp,
        hostFacts: () => this.facts,
        openPacketIo: () => ({ io: this.#io(), reason: "on the bench" }),
        openMonitor: async () => ({
          link: (name) => this.host.get(name),
          isLocal: (address) =>
            (address === UPLINK && this.hasUplink) ||
            [...this.host.values()].some(({ addresses }) =>
              addresses.some((own) => own.address === address),
            ),
          onChange: (handler) => {
            this.hostChanged = handler;
          },
          close: () => this.trace.push("monitor closed"),
        }),
        createDriver: () => this.#driver(),
        openControl: async (_path, options) => {
          this.control = options;
          return {
            isWatched: true,
            publish: (event, fields) => this.published.push({ event, ...fields }),
            close: async () => void this.trace.push("control closed"),
          };
        },
        openMetrics: async (listen, { source }) => {
          if (this.metricsFault !== undefined) throw this.metricsFault;
          this.metrics = { listen, source };
          return { close: () => this.trace.push(`metrics closed: ${listen.port}`) };
        },
        log: {
          takes: () => true,
          write: (level, message) => this.log.push(`${level}: ${message}`),
          setConfig: () => {},
        },
        clock: this.clock,
        lookup: (name) => this.lookup(name),
        hookPrograms: {
          list: async (exec) => [exec],
          start: (run) => {
            this.hookRuns.push(run);
            return { ended: Promise.resolve(undefined), signal: () => undefined };
          },
        },
        createStore: async ({ journalPath }) => new Journal(journalPath, journalFiles),
        process: this.signals,
        ...(this.tellsState ? { writeState: this.#writeState } : {}),
      },
    };
  }

  #load(): Result<Loaded<CommonConfig, ToyConfig>, readonly string[]> {
    if (!this.config.ok) return this.config;
    const core = this.config.value;
    return ok({
      core,
      wiring: {
        links: core.links.map((name) => ({
          interface: name,
          filter: { udpPort: 434, icmpTypes: [9] },
          groups: [ipv4("224.0.0.11")],
        })),
        udpAddresses: [UPLINK],
        icmpErrors: false,
        tunnelAddresses: [UPLINK],
      },
      journalPath: this.journalPath,
      config: {
        log: { level: "info", format: "text" },
        control: { socket: "/none" },
        privileges: { drop: true },
        metrics: { listen: this.listen },
        hook: this.hooks,
        dataplane: {
          driver: "auto",
          ebpf_mode: "stack",
          mtu: 0,
          df: "copy",
          mss_clamp: true,
          offload: true,
          ...{ route_table: 1, rule_priority: 1 },
        },
      },
    });
  }

  #driver(): Driver {
    let work: Promise<void> = Promise.resolve();
    const apply = async (state: ForwardingState): Promise<void> => {
      if (this.applyFault !== undefined) throw new Error(this.applyFault);
      await this.applying();
      this.applied.push(state);
      this.trace.push("apply");
    };
    return {
      start: async () => {
        if (this.startFault !== undefined) throw this.startFault;
        this.trace.push("driver started");
      },
      apply: (state) => {
        work = apply(state);
        return work;
      },
      inForce: () => work.catch(() => undefined),
      renew: () => this.trace.push("renewed"),
      fence: () => this.trace.push("fenced"),
      stop: async () => {
        this.trace.push("driver stopped");
      },
      setTunnelAddresses: () => {},
      status: () => ({ driver: "toy" }),
      tunnels: () => [{ local: "192.0.2.1" }],
      counters: () => ({ "tunnel-packets": 7 }),
    };
  }

  #io(): PacketIo {
    return {
      ...NO_IO,
      capabilities: new Set(["link", "udp", "udp-metadata"]),
      openUdp: (options) => this.#openUdp(options),
      openLink: (name) => this.#openLink(name),
    };
  }

  #openUdp(options: UdpOptions): UdpSocket {
    const key = [options.address || [], options.device ?? []].flat().join(" ");
    this.#check(`udp ${key}`);
    const socket: ToyUdp = {
      options,
      receive: () => {},
      onDatagram: (handler) => {
        socket.receive = handler;
      },
      send: (_payload: Uint8Array, destination: Ipv4, port: number) => {
        this.trace.push(`udp to ${destination} ${port}`);
        return undefined;
      },
      close: () => this.udp.delete(key),
    };
    this.udp.set(key, socket);
    return socket;
  }

  #openLink(name: string): LinkSocket {
    this.#check(`link ${name}`);
    const socket: ToyLink = {
      ...{ interface: name, isStale: false },
      receive: () => {},
      onFrame: (handler) => {
        socket.receive = handler;
      },
      send: (destination, etherType) => {
        this.trace.push(`frame ${etherType.toString(16)} on ${name} to ${destination}`);
        return this.openFaults.get(`send ${name}`);
      },
      lost: 0,
      takeLost: () => {
        const { lost } = socket;
        socket.lost = 0;
        return lost;
      },
      joinGroups: (groups) => this.trace.push(`joined ${groups.length} on ${name}`),
      leaveGroups: (groups) => this.trace.push(`left ${groups.length} on ${name}`),
      close: () => {
        this.trace.push(`link ${name} closed`);
        this.links.delete(name);
      },
    };
    this.links.set(name, socket);
    return socket;
  }

  #check(what: string): void {
    const code = this.openFaults.get(what);
    if (code !== undefined) throw new IoError(code, what);
  }
}
