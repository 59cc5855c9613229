/** docs/operating/boards/*.md: a page for each class of boards, from board-configs/. */

import { AVOID, type Board, limitsFor } from "../../shared/service/config/board.ts";
import { boards } from "../../shared/service/config/boards.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";

const FOLDER = "docs/operating/boards";

interface Class {
  readonly file: string;
  readonly title: string;
  readonly has: (board: Board["about"]["board"]) => boolean;
  /** What is the same for all of them. */
  readonly about: readonly string[];
}

const SETUP = `\`\`\`
mip4-fa boards --board auto                   # which one this is, its ports, what to switch off
mip4-fa check --config /etc/config/mip4-fa --board auto
\`\`\`

Install as [on OpenWrt](../openwrt.md) is said; \`option board 'auto'\` in \`config service\` makes the service name it.`;

const CLASSES: readonly Class[] = [
  {
    file: "arm64",
    title: "Boards with arm64",
    has: ({ cpu, supported }) => cpu === "arm64" && supported,
    about: [
      "MediaTek Filogic and MT7622, Qualcomm IPQ807x, Rockchip, Raspberry Pi: they run Node and have the memory for all three programs. The vendors' packet engines forward flows past the kernel, so they are switched off (below).",
      SETUP,
      "`make test-foreign` runs the programs on arm64 under qemu-user; nobody has told us of one of these boards yet.",
    ],
  },
  {
    file: "armv7",
    title: "Boards with 32-bit ARM",
    has: ({ cpu, supported }) => cpu === "armv7" && supported,
    about: [
      "Marvell Armada and Qualcomm IPQ40xx have the floating-point unit (VFPv3 or later) that Node needs. With 256 MB run one program, or two; start them one after the other. Node's own builds end with version 20 for these, OpenWrt's go on.",
      SETUP,
      "`make test-foreign` runs the programs on armv7 under qemu-user; nobody has told us of one of these boards yet.",
    ],
  },
  {
    file: "x86-64",
    title: "PCs, servers and laptops",
    has: ({ cpu }) => cpu === "x86-64",
    about: [
      "Everything is developed and tested here: with Debian's packages ([on Debian](../debian.md)), or OpenWrt's on a PC, an APU or a virtual machine ([on OpenWrt](../openwrt.md)). Interface names differ from machine to machine: name your own in `[[interface]]`. The driver `auto` finds the fastest data path that works.",
      "```\nmip4-mn boards --board generic-laptop\nip -br link                                   # the names of the interfaces\nmip4-mn check --config /etc/mip4/mn.toml\n```",
    ],
  },
  {
    file: "cannot",
    title: "Boards that cannot run the programs",
    has: ({ supported }) => !supported,
    about: [
      "They are kept so that `--board` can say why: `mip4-fa check --board tplink-archer-c7-v2` refuses with the reason. A board of these can still be what the programs work with: an access point (bridged, in front of a foreign agent), or the router behind a moving one.",
      "64 MB of memory are not enough whatever the CPU is. For riscv64 the native helper is built, and nobody has run it; Node is in the community feed ([on OpenWrt](../openwrt.md#node)).",
    ],
  },
];

/** `4096` is 4 GB. */
function showMemory(megabytes: number): string {
  return megabytes >= 1024 ? `${megabytes / 1024} GB` : `${megabytes} MB`;
}

function showLimits(memory: number): string {
  const [fa, ha] = [limitsFor(memory, "fa"), limitsFor(memory, "ha")];
  if (fa === undefined || ha === undefined) return "the defaults";
  return `${fa.visitors} visitors, ${ha.bindings} bindings`;
}

function portsOf({ port }: Board["about"]): string {
  return port.map(({ name, role }) => `${code(name)} (${role})`).join(", ");
}

function boardBlocks({ name, about }: Board): string[] {
  const { board } = about;
  const rows: [string, string | undefined][] = [
    ["called", board.names.map(code).join(", ") || undefined],
    ["OpenWrt target", board.target],
    ["chip, memory", [board.soc, showMemory(board.memory)].filter(Boolean).join(", ")],
    ["tables", board.supported ? showLimits(board.memory) : undefined],
    ["ports", portsOf(about) || undefined],
    ["sure data path", board.data_path && code(board.data_path)],
    ["switch off", board.avoid.map(code).join(", ") || undefined],
    ["cannot, because", board.reason],
    ["to know", board.notes],
    ["source", board.source],
    ["not tried", board.unconfirmed],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  return [`## ${board.title}`, markdownTable(["", `\`--board ${name}\``], known)];
}

function classPage({ title, about, has }: Class, all: readonly Board[]): string {
  const members = all.filter((board) => has(board.about.board));
  const avoided = new Set(members.flatMap((board) => board.about.board.avoid));
  const rows = [...avoided].map((name) => [code(name), AVOID[name]]);
  const avoid = ["What to switch off, and why:", markdownTable(["Name", "Setting"], rows)];
  return page(
    `# ${title}`,
    GENERATED,
    ...about,
    ...(rows.length > 0 ? avoid : []),
    ...members.flatMap(boardBlocks),
  );
}

/** Path from the project's top, and text; every board is on one page. */
export function boardPages(): [path: string, text: string][] {
  const all = boards();
  return CLASSES.map((one) => [`${FOLDER}/${one.file}.md`, classPage(one, all)]);
}
