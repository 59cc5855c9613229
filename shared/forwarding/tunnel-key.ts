/** What makes a tunnel one: its ends, its form, and what is around it. */

import { sameForm } from "./state.ts";
import type { TunnelEntry } from "./tunnel-table.ts";

/** What was asked for last: an item has two entries, and few agents serve many nodes. */
let latest: { readonly entry: TunnelEntry; readonly key: string } | undefined;

export function tunnelKey(entry: TunnelEntry): string {
  if (latest !== undefined && isSameTunnel(latest.entry, entry)) return latest.key;
  const { local, remote, encapsulation, greKeyIn, greKeyOut, udpPort, router, beyond } = entry;
  const ends = [local, remote, encapsulation, greKeyIn, greKeyOut, udpPort, router, beyond];
  latest = { entry, key: ends.join(" ") };
  return latest.key;
}

function isSameTunnel(a: TunnelEntry, b: TunnelEntry): boolean {
  const { local, remote, router, beyond } = a;
  const isSameWay = local === b.local && remote === b.remote && sameForm(a, b);
  return isSameWay && router === b.router && beyond === b.beyond;
}
