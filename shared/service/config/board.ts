/** One board configuration: what it says about a device, and what follows from that. */

import * as z from "zod";
import { err, ok, type Result } from "../../base/result.ts";
import { toFaults } from "./issues.ts";
import { formatFault, type Table, toPlain } from "./located.ts";
import { parseToml } from "./toml.ts";
import { choice, flag, integer, interfaceName, table, tables, text } from "./values.ts";

/**
 * Settings that take packets past the kernel's routing, where tunnels and handovers are decided.
 * A board lists those that it has; `boards --board NAME` says how to switch them off.
 */
export const AVOID = {
  flow_offloading:
    "firewall.@defaults[0].flow_offloading must be 0: a flow that was offloaded goes on to the neighbour it was learned with, past the policy routes (openwrt/openwrt issues 9717, 17915)",
  flow_offloading_hw:
    "firewall.@defaults[0].flow_offloading_hw must be 0: the packet engine forwards offloaded flows itself and knows neither the tunnel nor that a node has moved (openwrt/openwrt issue 17915)",
  wed: "no `options mt7915e wed_enable=Y` in /etc/modules.conf: what the radio hands to the packet engine never reaches the kernel",
} as const;

const AVOID_NAMES = Object.keys(AVOID) as (keyof typeof AVOID)[];

const about = table({
  title: text("the product's name"),
  names: z
    .array(text("a board name"))
    .default([])
    .describe("What OpenWrt calls it (/tmp/sysinfo/board_name), or its device tree."),
  target: text("OpenWrt's target").optional(),
  cpu: choice(["x86-64", "arm64", "armv7", "riscv64", "mips", "mipsel"]),
  libc: choice(["musl", "glibc"]).optional(),
  soc: text("the chip's name").optional(),
  memory: integer(1, 1_048_576, "MB of memory"),
  data_path: choice(["kernel", "ebpf", "tun"]).optional(),
  avoid: z.array(choice(AVOID_NAMES)).default([]),
  supported: flag().default(true),
  reason: text("why it is not supported", 2000).optional(),
  notes: text("what to know about it", 2000).optional(),
  source: text("where this was learned", 2000).optional(),
  unconfirmed: text("what nobody has tried", 2000).optional(),
}).refine((board) => board.supported !== (board.reason !== undefined), {
  path: ["reason"],
  error: "must be there when supported is false, and only then",
});

/** One file of board-configs/. `fa`, `mn` and `ha` are checked by the schemas of the programs. */
const boardSchema = table({
  board: about,
  port: tables(
    table({
      name: interfaceName(),
      role: choice(["uplink", "link", "station", "modem"]),
      medium: choice(["ethernet", "wifi", "bridge", "cellular"]),
      notes: text("what to know about it", 2000).optional(),
    }),
  ).default([]),
  fa: z.looseObject({}).optional(),
  mn: z.looseObject({}).optional(),
  ha: z.looseObject({}).optional(),
});

export interface Board {
  readonly name: string;
  readonly about: z.output<typeof boardSchema>;
  readonly values: Table;
}

/** Reads one board file; a fault is one line. */
export function parseBoard(name: string, source: string): Result<Board, readonly string[]> {
  const file = `board-configs/${name}.toml`;
  const parsed = parseToml(file, source);
  if (!parsed.ok) return err([formatFault(parsed.error)]);
  const checked = boardSchema.safeParse(toPlain(parsed.value), { reportInput: true });
  if (!checked.success) {
    return err(toFaults(checked.error, boardSchema, parsed.value).map(formatFault));
  }
  return ok({ name, about: checked.data, values: parsed.value });
}

/** Table bounds that fit a memory, from the class it is in; those of 1 GB are the schemas' own. */
const MEMORY_CLASSES = [
  { below: 256, fa: { visitors: 64, pending: 32 }, ha: { bindings: 500 } },
  { below: 512, fa: { visitors: 256, pending: 64 }, ha: { bindings: 5_000 } },
  { below: 1024, fa: { visitors: 1024, pending: 256 }, ha: { bindings: 25_000 } },
] as const;

/** `[limits]` for a machine with so many MB of memory; `undefined`: the defaults are right. */
export function limitsFor(
  memory: number,
  role: "fa" | "mn" | "ha",
): Readonly<Record<string, number>> | undefined {
  if (role === "mn") return undefined;
  return MEMORY_CLASSES.find(({ below }) => memory < below)?.[role];
}
