/** Everything of a host's network that the programs may change, as text to be compared. */

import type { Host } from "./host.ts";

/** Kernel settings whose directories come and go with interfaces are read for those that stay. */
const SETTINGS =
  "grep -s '' /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/* /proc/sys/net/ipv4/neigh/*/*; true";

/** Without interface numbers, and a TUN device's word for up, which a second opening changes. */
function plain(line: string): string {
  return line
    .replace(/@if\d+/, "")
    .replace(/^(mip\d+ +)(UNKNOWN|UP)/, "$1up")
    .replace(/\s+/g, " ");
}

/** Entries that ARP made and forgets are no state of ours: only permanent and proxy ones are. */
export function machineState(host: Host): readonly string[] {
  const ip = (...argv: readonly string[]): string[] => host.lines(...argv);
  const parts: Readonly<Record<string, readonly string[]>> = {
    link: ip("-br", "link"),
    address: ip("-4", "-br", "address"),
    route: ip("-4", "route", "show", "table", "all"),
    rule: ip("rule"),
    neighbour: ip("neigh", "show", "nud", "permanent"),
    proxy: ip("neigh", "show", "proxy"),
    nft: host.runSync(["nft", "list", "ruleset"]).split("\n"),
    setting: host.runSync(["sh", "-c", SETTINGS]).split("\n"),
  };
  const lines = Object.entries(parts).flatMap(([part, all]) =>
    all.map((line) => `${host.name} ${part}: ${plain(line)}`),
  );
  return lines.sort();
}

/** What one state has and another has not, both ways. */
export function stateChanges(before: readonly string[], after: readonly string[]): string[] {
  const [had, has] = [new Set(before), new Set(after)];
  const gone = before.filter((line) => !has.has(line)).map((line) => `gone ${line}`);
  return [...gone, ...after.filter((line) => !had.has(line)).map((line) => `new ${line}`)];
}
