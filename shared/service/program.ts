/** What the service layer must be told to make a program out of a core. */

import type * as z from "zod";
import type { Ipv4, Prefix } from "../base/address.ts";
import type { Random } from "../base/random.ts";
import type { JsonObject } from "../base/result.ts";
import type { LinkFilter } from "../linux/packet-io.ts";
import type { Core } from "../protocol/core.ts";

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
  /** Also receive ICMP errors (types 3, 11, 12) that come to this host. */
  readonly icmpErrors: boolean;
  /** The tunnel end points of this host: raw tunnel packets to other addresses are ignored. */
  readonly tunnelAddresses: readonly Ipv4[];
}

/** Keys that every program's configuration has, in the file's own form. */
export interface CommonConfig {
  readonly log: { readonly level: string; readonly format: "text" | "json" };
  readonly control: { readonly socket: string };
  readonly dataplane: {
    readonly driver: string;
    readonly mtu: number;
    readonly df: string;
    readonly route_table: number;
    readonly rule_priority: number;
  };
  readonly state: { readonly path: string };
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
  /** Positional arguments, as cac writes them: `<home-address>`. */
  readonly arguments: readonly string[];
}

export interface Program<FileConfig extends CommonConfig = CommonConfig, CoreConfig = unknown> {
  readonly name: "mip4-fa" | "mip4-mn" | "mip4-ha";
  readonly role: "fa" | "mn" | "ha";
  readonly summary: string;
  readonly schema: z.ZodType<FileConfig>;
  /** Rules that need more than one key; the faults the schema cannot see. */
  readonly crossCheck: (config: FileConfig) => readonly ConfigFault[];
  /** File form to core form; key files have been read into `key` before. */
  readonly resolve: (
    config: FileConfig,
    host: HostFacts,
  ) =>
    | { readonly core: CoreConfig; readonly wiring: Wiring }
    | { readonly faults: readonly ConfigFault[] };
  readonly createCore: (config: CoreConfig, random: Random) => Core<CoreConfig>;
  readonly tables: readonly TableCommand[];
  readonly actions: readonly ActionCommand[];
  /** One line for people, from `status`. */
  readonly describe: (status: JsonObject) => readonly (readonly [label: string, value: string])[];
  /** Problems that `health` reports, from `status`; none is OK. */
  readonly health: (status: JsonObject) => readonly {
    readonly severity: "warning" | "critical";
    readonly message: string;
  }[];
}
