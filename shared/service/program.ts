/** What the service layer must be told to make a program out of a core. */

import type * as z from "zod";
import type { Ipv4, Prefix } from "../base/address.ts";
import type { Random } from "../base/random.ts";
import type { Json, JsonObject, Result } from "../base/result.ts";
import type { DriverConfig } from "../forwarding/driver.ts";
import type { LinkFilter } from "../linux/packet-io.ts";
import type { Core } from "../protocol/core.ts";
import type { CommandSpec } from "./cli/commands.ts";
import type { ProgramMetrics } from "./metrics/metrics.ts";
import type { Clock } from "./runtime/parts.ts";
import type { Store } from "./runtime/store.ts";
import type { TriggerContext, Triggers } from "./triggers/triggers.ts";

/** What the machine looks like when a configuration is applied. */
export interface HostFacts {
  /** IPv4 addresses of each interface, primary first. */
  readonly addresses: ReadonlyMap<string, readonly Prefix[]>;
  /** The interface that holds the default route, if any. */
  readonly defaultInterface: string | undefined;
}

/** One thing wrong with a configuration: where, what, and what is allowed. */
export interface ConfigFault {
  /** As written in the file: `security_association[0].spi`. */
  readonly key: string;
  readonly message: string;
}

/** A key whose capability is not built yet: refused, but for the value that says so. */
export interface PlannedKey {
  /** What is missing, a clause. */
  readonly why: string;
  /** The value that is true to what the program does today, so it may stand in a file. */
  readonly off?: Json;
}

/** The sockets a core needs. */
export interface Wiring {
  /** Links on which frames are captured and sent. */
  readonly links: readonly {
    readonly interface: string;
    readonly filter: LinkFilter;
    readonly groups: readonly Ipv4[];
  }[];
  /** Addresses on whose UDP port 434 routed datagrams are received. */
  readonly udpAddresses: readonly Ipv4[];
  /** Those of them that come with the forwarding state: sockets need not wait for them. */
  readonly comingAddresses?: readonly Ipv4[];
  /** Also receive ICMP errors (types 3, 11, 12) that come to this host. */
  readonly icmpErrors: boolean;
  /** ICMP messages of these types too, from wherever they come; taken with `icmpErrors`. */
  readonly icmpTypes?: readonly number[];
  /** The tunnel end points of this host: raw tunnel packets to other addresses are ignored. */
  readonly tunnelAddresses: readonly Ipv4[];
}

/** A program that runs when something happens. */
export interface HookConfig {
  /** A program, or a directory of programs; absolute. */
  readonly exec: string;
  /** Names of events; `*` is every one. */
  readonly events: readonly string[];
  /** Seconds that it may take. */
  readonly timeout: number;
}

/** Keys that every program's configuration has, in the file's own form. */
export interface CommonConfig {
  readonly log: {
    readonly level: "debug" | "info" | "warning" | "error";
    readonly format: "text" | "json";
  };
  readonly control: { readonly socket: string };
  readonly privileges: { readonly user?: string | undefined; readonly drop: boolean };
  readonly metrics: { readonly listen?: string | undefined };
  readonly hook: readonly HookConfig[];
  readonly dataplane: {
    readonly driver: NonNullable<DriverConfig["driver"]>;
    readonly ebpf_mode: NonNullable<DriverConfig["ebpfMode"]>;
    readonly mtu: number;
    readonly df: "copy" | "clear" | "set";
    readonly mss_clamp: boolean;
    readonly offload: boolean;
    readonly route_table: number;
    readonly rule_priority: number;
  };
}

/** A command that shows a table (`visitors`) or one object (`status`). */
export interface TableCommand {
  readonly name: string;
  readonly summary: string;
  /** Columns of the text form: heading, and the cell of one row. */
  readonly columns: readonly {
    readonly heading: string;
    readonly cell: (row: JsonObject) => string;
  }[];
}

/** A command that acts and waits for the outcome (`register`). */
export interface ActionCommand {
  readonly name: string;
  readonly summary: string;
  /** Names of the positional arguments, all of them required; they are the `args` of the command. */
  readonly arguments: readonly string[];
  /** Options with a value; they are `args` too, `null` when not given. */
  readonly options?: readonly ActionOption[];
  /** What is wrong with the `args`, a usage error; most have nothing to say. */
  readonly fault?: (args: JsonObject) => string | undefined;
}

export interface ActionOption {
  readonly name: string;
  /** Names what follows it. */
  readonly value: string;
  readonly summary: string;
}

/** What a configuration file may say, and what it comes to; `loadConfig` (config/load.ts) goes by it. */
export interface ConfigRules<FileConfig extends CommonConfig = CommonConfig, CoreConfig = unknown> {
  readonly role: Role;
  /** The only authority on the configuration: its input is the file, its output has every default. */
  readonly schema: z.ZodType<FileConfig>;
  /**
   * Keys and tables of the contract whose capability is not built yet, without array indexes
   * (`advertisement.challenge`).
   */
  readonly planned: Readonly<Record<string, PlannedKey>>;
  /** Defaults that depend on the machine (a care-of address); the rest comes from the schema. */
  readonly complete: (
    config: FileConfig,
    host: HostFacts,
  ) => Result<FileConfig, readonly ConfigFault[]>;
  /** Rules that need more than one key; the faults the schema cannot see. */
  readonly crossCheck: (config: FileConfig) => readonly ConfigFault[];
  /** Completed and checked file form to core form; key files have been read into `key` before. */
  readonly resolve: (config: FileConfig) => Resolved<CoreConfig>;
}

/** What a program does while it runs. */
export interface Engine<FileConfig extends CommonConfig = CommonConfig, CoreConfig = unknown> {
  readonly createCore: (config: CoreConfig, random: Random) => Core<CoreConfig>;
  /** Who watches the link layer and gives the core commands. */
  readonly createTriggers?: (context: TriggerContext) => Triggers<FileConfig>;
  /** Where the configuration wants things kept, if not in a journal. */
  readonly createStore?: (config: FileConfig, clock: Clock) => Promise<Store> | undefined;
  /** Why a running program cannot go on with another configuration. */
  readonly refuseReload?: (before: FileConfig, after: FileConfig) => string | undefined;
  /** What the Prometheus exporter shows of it. */
  readonly metrics: ProgramMetrics;
}

type Role = "fa" | "mn" | "ha";

/**
 * One program, as its command line sees it. What only some commands need is loaded when they do: a
 * `status` by cron is to cost a router no more than it must, and a program that runs needs no schema.
 */
export interface Program<FileConfig extends CommonConfig = CommonConfig, CoreConfig = unknown> {
  readonly name: "mip4-fa" | "mip4-mn" | "mip4-ha";
  readonly role: Role;
  readonly summary: string;
  readonly rules: () => Promise<ConfigRules<FileConfig, CoreConfig>>;
  readonly engine: () => Promise<Engine<FileConfig, CoreConfig>>;
  readonly tables: readonly TableCommand[];
  readonly actions: readonly ActionCommand[];
  /** Commands that need no running program. */
  readonly commands?: (self: Program<FileConfig, CoreConfig>) => readonly CommandSpec[];
  /** The lines of `status` for people, from its JSON. */
  readonly describe: (status: JsonObject) => readonly (readonly [label: string, value: string])[];
  /** Problems that `health` reports, from `status`; none is OK. */
  readonly health: (status: JsonObject) => readonly HealthProblem[];
  /** Performance data of `health` (Nagios form: `label=value`), from `status`. */
  readonly performance: (
    status: JsonObject,
  ) => readonly (readonly [label: string, value: number])[];
}

/** A program with all that it needs to run. */
export type Runnable<FileConfig extends CommonConfig, CoreConfig> = Engine<FileConfig, CoreConfig> &
  Pick<Program, "name" | "role" | "health" | "performance">;

/** What a program is made of once its configuration is understood. */
export interface Resolved<CoreConfig> {
  readonly core: CoreConfig;
  readonly wiring: Wiring;
  /** Where what must outlive a crash is kept. */
  readonly journalPath: string;
}

export interface HealthProblem {
  /** `unknown`: it cannot be told. */
  readonly severity: "warning" | "critical" | "unknown";
  readonly message: string;
}

/** How to run a program; `loadConfig` (config/load.ts) reads what this names, again at SIGHUP. */
export interface RunOptions {
  readonly configFile: string;
  readonly board?: string | undefined;
}

/** The run loop (runtime.ts), given to the command line by main.ts; resolves to the exit code. */
export type Run = <FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  options: RunOptions,
) => Promise<number>;
