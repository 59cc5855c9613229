/**
 * What a program costs a small machine: octets on flash, time to start, memory, CPU time while idle;
 * beside an empty Node process, which is what nobody can do anything about.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Host } from "../lab/host.ts";
import { Lab } from "../lab/lab.ts";
import type { LabProcess } from "../lab/process.ts";
import { PROJECT_ROOT } from "../lab/root.ts";
import { waitFor } from "../lab/wait.ts";
import { cpuSeconds } from "./cpu.ts";
import { median } from "./stopwatch.ts";
import type { Row } from "./table.ts";

const ROLES = ["fa", "mn", "ha"] as const;
type Role = (typeof ROLES)[number];

/** What the services of the packages set. */
const FLAGS = "--max-semi-space-size=1 --v8-pool-size=1";
/** Until what was compiled and allocated at the start has settled, and what only it needed is gone. */
const SETTLE_MS = 8000;

const CONFIG: Readonly<Record<Role, string>> = {
  fa: '[[interface]]\nname = "lan0"\ncare_of_address = "192.0.2.1"\n',
  mn: 'home_address = "10.1.0.7"\nhome_agent = "198.51.100.1"\n[[interface]]\nname = "lan0"\n[[security_association]]\nwith = "home-agent"\nspi = 256\nkey = "00112233445566778899aabbccddeeff"\n',
  ha: 'address = "192.0.2.1"\n[[home_network]]\nprefix = "10.1.0.0/24"\n',
};

export interface Footprint {
  readonly role: Role;
  readonly octets: number;
  readonly gzipped: number;
  /** Milliseconds from the start of the process to the end of `--version`, beyond an empty one. */
  readonly startMs: number;
  /** MB resident while it runs, and what of it is its own (not Node's file), beyond an empty one. */
  readonly resident: number;
  readonly own: number;
  /** The same with the flags that the services set. */
  readonly residentWithFlags: number;
  /** Percent of one CPU while nobody registers. */
  readonly idle: number;
}

export interface FootprintResult {
  /** Of an empty Node process. */
  readonly empty: { readonly startMs: number; readonly resident: number; readonly own: number };
  readonly programs: readonly Footprint[];
}

const bundle = (role: Role): string => join(PROJECT_ROOT, "dist", `mip4-${role}`);

/** Medians; the rounds are interleaved, so that noise hits all alike. */
function startTimes(rounds: number): Map<string, number> {
  const commands = new Map<string, readonly string[]>([
    ["empty", ["-e", "0"]],
    ...ROLES.map((role) => [role, [bundle(role), "--version"]] as const),
  ]);
  const samples = new Map([...commands.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, words] of commands) {
      const before = process.hrtime.bigint();
      spawnSync(process.execPath, words);
      samples.get(name)?.push(Number(process.hrtime.bigint() - before) / 1e6);
    }
  }
  return new Map([...samples].map(([name, values]) => [name, median(values)]));
}

/** MB of a process: resident, and anonymous. */
function memoryOf({ pid }: LabProcess): { readonly resident: number; readonly own: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { resident: megabytes("Rss"), own: megabytes("Anonymous") };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

function writeConfig(lab: Lab, role: Role): { readonly file: string; readonly state: string } {
  const path = (ending: string): string => join(lab.directory, `${role}.${ending}`);
  const key = role === "ha" ? "store" : "state";
  const rest = `[control]\nsocket = "${path("sock")}"\n[${key}]\npath = "${path("journal")}"\n`;
  writeFileSync(path("toml"), `${CONFIG[role]}${rest}`);
  return { file: path("toml"), state: path("state") };
}

async function run(
  host: Host,
  role: Role,
  flags: string,
  idleSeconds: number,
): Promise<{ readonly resident: number; readonly own: number; readonly idle: number }> {
  const { file, state } = writeConfig(host.lab, role);
  const daemon = host.spawn([process.execPath, bundle(role), "run", "--config", file], {
    name: role,
    env: { NODE_OPTIONS: flags },
  });
  await waitFor(`${role} to be ready`, () => readState(state) !== undefined);
  await pause(SETTLE_MS);
  const memory = memoryOf(daemon);
  const before = cpuSeconds(daemon);
  await pause(idleSeconds * 1000);
  const idle = ((cpuSeconds(daemon) - before) / idleSeconds) * 100;
  await daemon.stop();
  return { ...memory, idle };
}

function readState(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function emptyProcess(host: Host): Promise<{ resident: number; own: number }> {
  const empty = host.spawn([process.execPath, "-e", "setInterval(() => {}, 60000)"]);
  await pause(1000);
  const memory = memoryOf(empty);
  await empty.stop();
  return memory;
}

export async function measureFootprint(options: {
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}): Promise<FootprintResult> {
  options.progress("footprint");
  const starts = startTimes(options.quick ? 3 : 21);
  const startMs = starts.get("empty") ?? Number.NaN;
  const lab = new Lab();
  try {
    const host = lab.host("router");
    host.connect("lan0", lab.segment("lan"), { address: "192.0.2.1/24" });
    const empty = await emptyProcess(host);
    const programs: Footprint[] = [];
    for (const role of ROLES) {
      const code = readFileSync(bundle(role));
      const plain = await run(host, role, "", options.quick ? 1 : 30);
      const flagged = await run(host, role, FLAGS, 0.1);
      programs.push({
        role,
        octets: code.length,
        gzipped: gzipSync(code, { level: 9 }).length,
        startMs: (starts.get(role) ?? Number.NaN) - startMs,
        resident: plain.resident - empty.resident,
        own: plain.own - empty.own,
        residentWithFlags: flagged.resident - empty.resident,
        idle: plain.idle,
      });
    }
    return { empty: { startMs, ...empty }, programs };
  } finally {
    await lab.close();
  }
}

export function footprintRows({ empty, programs }: FootprintResult): Row[] {
  const kilo = (octets: number): string => `${Math.round(octets / 1000)} kB`;
  const mega = (value: number): string => `+${value.toFixed(1)} MB`;
  return [
    [
      "empty Node process",
      `${empty.startMs.toFixed(0)} ms`,
      `${empty.resident.toFixed(1)} MB resident, ${empty.own.toFixed(1)} MB of it its own`,
    ],
    ...programs.map((each): Row => {
      const size = `${kilo(each.octets)}, ${kilo(each.gzipped)} gzipped`;
      const memory = `${mega(each.resident)} resident (${mega(each.residentWithFlags)} with ${FLAGS}), ${mega(each.own)} its own`;
      return [
        `mip4-${each.role}`,
        `+${each.startMs.toFixed(0)} ms`,
        `${size}; ${memory}; idle ${each.idle.toFixed(2)} % CPU`,
      ];
    }),
  ];
}
