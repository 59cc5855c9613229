/** What the programs changed on their hosts: a snapshot before and after, and the difference. */

import type { Host } from "../../test/lab/host.ts";

/** What a program could leave behind, as sorted lines of text. */
export type Snapshot = ReadonlySet<string>;

/** Neighbour entries and counters come and go by themselves; those made by hand stay. */
const LISTS: readonly (readonly [name: string, argv: readonly string[]])[] = [
  ["link", ["-o", "link", "show"]],
  ["address", ["-o", "-4", "addr", "show"]],
  ["route", ["-4", "route", "show", "table", "all"]],
  ["rule", ["-4", "rule", "show"]],
  ["proxy", ["-4", "neigh", "show", "proxy"]],
  ["neighbour", ["-4", "neigh", "show", "nud", "permanent"]],
  ["multicast", ["-4", "maddr", "show"]],
];

const SETTINGS = ["rp_filter", "proxy_arp", "send_redirects", "accept_redirects", "arp_ignore"];

/** Only what stays the same while nothing is changed: no states, counts or times. */
export function stable(list: string, line: string): string {
  const text = line.trim().replace(/\s+/g, " ");
  if (list === "link") return text.split("<")[0]?.replace(/@.*/, "") ?? "";
  if (list === "route") return text.replace(/ (linkdown|dead)/g, "");
  if (list === "address") return text.replace(/\\.*/, "");
  return text;
}

export function snapshot(host: Host): Snapshot {
  const lines = LISTS.flatMap(([name, argv]) =>
    host.lines(...argv).map((line) => `${host.name} ${name}: ${stable(name, line)}`),
  );
  const nft = host.runSync(["sh", "-c", "! command -v nft >/dev/null || nft list tables"]);
  for (const table of nft.split("\n").filter((line) => line !== "")) {
    lines.push(`${host.name} nft: ${table}`);
  }
  for (const ifname of ["all", ...host.ports.keys()]) {
    for (const setting of SETTINGS) {
      const value = host.readSysctl(`net.ipv4.conf.${ifname}.${setting}`);
      lines.push(`${host.name} setting: ${ifname}.${setting} = ${value}`);
    }
  }
  return new Set(lines);
}

/** Lines that are new or gone. */
export function difference(before: Snapshot, after: Snapshot): string[] {
  const added = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  const gone = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`);
  return [...added, ...gone];
}
