/** Configuration and key files of the four daemons in the mobile network. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { ADDRESS } from "./mobile-net.ts";
import { mergeToml, type TomlTable, toToml } from "./toml.ts";

/** The daemons by the host they run in. */
export type DaemonName = "ha" | "fa1" | "fa2" | "mn";
export const DAEMONS: readonly DaemonName[] = ["ha", "fa1", "fa2", "mn"];

/** `dataplane.driver` of every program; what runs anyway when it is not set. */
export const DRIVER = process.env.MIP4_DRIVER;

export const KEYS = {
  mobileNode: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  fa1: "00112233445566778899aabbccddeeff",
  fa2: "ffeeddccbbaa99887766554433221100",
} as const;

export interface FileOptions {
  /** Seconds: MaxAdvertisementInterval of every agent. */
  readonly maxInterval?: number;
  /** Seconds: lifetime of the advertisements. */
  readonly lifetime?: number;
  /** Seconds: lifetime of registrations the mobile node asks for. */
  readonly registrationLifetime?: number;
  /** Also associations between the foreign agents and the home agent (extension 34). */
  readonly foreignAgentKeys?: boolean;
  /** Laid over a daemon's configuration, in the file's own form. */
  readonly overrides?: Partial<Record<DaemonName, TomlTable>>;
}

export interface ProgramFiles {
  readonly config: string;
  readonly socket: string;
  readonly journal: string;
  readonly log: string;
}

export function roleOf(name: DaemonName): "fa" | "mn" | "ha" {
  return name === "fa1" || name === "fa2" ? "fa" : name;
}

interface Context {
  readonly options: FileOptions;
  readonly keyFile: (key: keyof typeof KEYS) => string;
  readonly journal: string;
}

function agentAssociation(
  context: Context,
  peer: "home-agent" | "foreign-agent",
  fa: "fa1" | "fa2",
) {
  const address = peer === "home-agent" ? ADDRESS.homeAgent : ADDRESS[fa];
  return { with: peer, address, spi: 1000, key_file: context.keyFile(fa) };
}

function foreignAgent(name: "fa1" | "fa2", context: Context): TomlTable {
  const { options } = context;
  return {
    interface: [{ name: "lan0", care_of_address: ADDRESS[name] }],
    advertisement: { max_interval: options.maxInterval ?? 1, lifetime: options.lifetime ?? 3 },
    state: { path: context.journal },
    ...(options.foreignAgentKeys === true
      ? { security_association: [agentAssociation(context, "home-agent", name)] }
      : {}),
  };
}

function homeAgent(context: Context): TomlTable {
  const { options, keyFile } = context;
  const agents = (["fa1", "fa2"] as const).map((fa) =>
    agentAssociation(context, "foreign-agent", fa),
  );
  return {
    address: ADDRESS.homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [{ home_address: ADDRESS.home, spi: 256, key_file: keyFile("mobileNode") }],
    advertisement: { max_interval: options.maxInterval ?? 1, lifetime: options.lifetime ?? 3 },
    store: { kind: "journal", path: context.journal },
    ...(options.foreignAgentKeys === true ? { security_association: agents } : {}),
  };
}

function mobileNode({ options, keyFile, journal }: Context): TomlTable {
  const home = { with: "home-agent", spi: 256, key_file: keyFile("mobileNode") };
  return {
    home_address: ADDRESS.home,
    home_prefix_length: 24,
    home_agent: ADDRESS.homeAgent,
    registration: { lifetime: options.registrationLifetime ?? 120 },
    interface: [{ name: "wlan0", mode: "auto" }],
    security_association: [home],
    state: { path: journal },
  };
}

function configuration(name: DaemonName, context: Context): TomlTable {
  if (name === "ha") return homeAgent(context);
  return name === "mn" ? mobileNode(context) : foreignAgent(name, context);
}

/** Writes every file; the control sockets have short paths, for they have 108 octets at most. */
export function writeProgramFiles(
  net: { readonly lab: Pick<Lab, "directory"> },
  options: FileOptions = {},
): Readonly<Record<DaemonName, ProgramFiles>> {
  const folder = (name: string): string => {
    const path = join(net.lab.directory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const keys = folder("keys");
  const keyFile = (key: keyof typeof KEYS): string => {
    const path = join(keys, `${key}.key`);
    writeFileSync(path, `${KEYS[key]}\n`, { mode: 0o600 });
    return path;
  };
  const files = DAEMONS.map((name): [DaemonName, ProgramFiles] => {
    const config = join(folder("etc"), `${name}.toml`);
    const socket = `/run/mip4/${name}.sock`;
    const journal = join(folder(`state-${name}`), `${roleOf(name)}.journal`);
    const log = join(folder("log"), `${name}.log`);
    const base = {
      ...configuration(name, { options, keyFile, journal }),
      control: { socket },
      ...(DRIVER === undefined ? {} : { dataplane: { driver: DRIVER } }),
    };
    writeFileSync(config, toToml(mergeToml(base, options.overrides?.[name] ?? {})));
    return [name, { config, socket, journal, log }];
  });
  return Object.fromEntries(files) as Record<DaemonName, ProgramFiles>;
}
