/** What the runtime is put together from; the real parts and the fakes of tests fit alike. */

import type { Ipv4, Mac, Prefix } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { JsonObject, Result } from "../../base/result.ts";
import type { Now } from "../../base/time.ts";
import type { Driver, DriverEvents } from "../../forwarding/driver.ts";
import type { Closable, PacketIo } from "../../linux/packet-io.ts";
import type { Report } from "../../protocol/core.ts";
import type { ControlOptions, ControlServer } from "../control/server.ts";
import type { Listen } from "../metrics/listen.ts";
import type { MetricsFacts } from "../metrics/text.ts";
import type { CommonConfig, HostFacts, Resolved } from "../program.ts";
import type { HookPrograms } from "./hook-process.ts";
import type { WriteState } from "./state-file.ts";
import type { Store } from "./store.ts";

/** One interface of the machine. */
export interface HostLink {
  readonly index: number;
  readonly up: boolean;
  readonly mac: Mac;
  readonly mtu: number;
  /** How often the carrier has gone. */
  readonly carrierLosses: number;
  readonly addresses: readonly Prefix[];
  /** The best default route by this interface. */
  readonly defaultRoute?: { readonly gateway: Ipv4 | undefined } | undefined;
}

/** The machine's interfaces, watched. */
export interface HostMonitor extends Closable {
  link(name: string): HostLink | undefined;
  /** Is this an address of the machine, on whatever interface? */
  isLocal(address: Ipv4): boolean;
  /** Calls after every change of a link, an address or the default route. */
  onChange(handler: () => void): void;
}

/** The open control socket. */
export type Control = Pick<ControlServer, "publish" | "isWatched" | "close">;

export interface Log {
  /** Is anything written at this level? */
  takes(level: Report["level"]): boolean;
  write(level: Report["level"], message: string, fields?: JsonObject): void;
  setConfig(config: CommonConfig["log"]): void;
}

export interface Clock {
  /** The monotonic one counts the time that the machine sleeps, too. */
  now(): Now;
  /** Calls back once; returns how to cancel that. */
  setTimer(milliseconds: number, handler: () => void): () => void;
}

/** The process as the runtime sees it; `node:process` fits. */
export interface ProcessEvents {
  on(event: string, handler: (argument?: unknown) => void): unknown;
  off(event: string, handler: (argument?: unknown) => void): unknown;
}

/** What is taken from a loaded configuration; `LoadedConfig` (config/load.ts) fits. */
export interface Loaded<Config extends CommonConfig, CoreConfig> extends Resolved<CoreConfig> {
  readonly config: Config;
}

/** What was opened for a configuration before the program starts. */
export interface Opened {
  readonly io: PacketIo;
  readonly monitor: HostMonitor;
  readonly driver: Driver;
  readonly store: Store;
}

export interface Parts<Config extends CommonConfig, CoreConfig> {
  /** Reads the configuration file for this machine; the faults are lines as `check` prints them. */
  readonly load: (
    host: HostFacts,
  ) => Promise<Result<Loaded<Config, CoreConfig>, readonly string[]>>;
  /** Something that differs when the file has been written since; read without its contents. */
  readonly fileStamp: () => string;
  readonly hostFacts: () => HostFacts;
  /** Also why this one, for the log. */
  readonly openPacketIo: (loaded: Loaded<Config, CoreConfig>) => {
    readonly io: PacketIo;
    readonly reason: string;
  };
  /** Gives up what is not needed; the user, if it is another one, for the log. */
  readonly confine?: (loaded: Loaded<Config, CoreConfig>) => string | undefined;
  readonly openMonitor: (io: PacketIo) => Promise<HostMonitor>;
  readonly createDriver: (
    io: PacketIo,
    loaded: Loaded<Config, CoreConfig>,
    events: DriverEvents,
  ) => Driver;
  readonly createStore: (loaded: Loaded<Config, CoreConfig>) => Promise<Store>;
  /** The state file; without it there is none. */
  readonly writeState?: WriteState;
  readonly openControl: (path: string, options: ControlOptions) => Promise<Control>;
  /** `source` is asked at each `GET /metrics`. */
  readonly openMetrics: (
    listen: Listen,
    options: {
      readonly counters: Counters;
      readonly source: () => MetricsFacts;
    },
  ) => Promise<Closable>;
  /** The IPv4 addresses of a DNS name; rejects when there is none. */
  readonly lookup: (name: string) => Promise<readonly Ipv4[]>;
  readonly log: Log;
  readonly clock: Clock;
  readonly hookPrograms: HookPrograms;
  readonly process: ProcessEvents;
  /** The program has been running for a moment: what only its start needed may go. */
  readonly settled?: () => void;
}

/** A timer never gets more than 31 bits: Node fires a longer one at once. */
export const TIMER_MAX_MS = 0x7fff_ffff;
