/**
 * `node build/test/forwarding/entries-bench.js [BINDINGS]`, as root: CPU time of putting bindings
 * (an entry for each direction) into the tunnel table, and from there into the maps of the kernel.
 */

import { toIpv4 } from "../../shared/base/address.ts";
import { Mirror, type TunnelMaps } from "../../shared/forwarding/ebpf/mirror.ts";
import type { TunnelEntry } from "../../shared/forwarding/tunnel-table.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { bpfObject } from "../../shared/linux/bpf/object-image.ts";
import { openMaps } from "../../shared/linux/bpf/open-maps.ts";
import { LITTLE_ENDIAN } from "../../shared/linux/kernel-call.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";
import { entry } from "./packets.ts";

const ARRAY = 2;
const bindings = Number(process.argv[2] ?? 100_000);
const object = bpfObject(LITTLE_ENDIAN ? "LE" : "BE");
if (object === undefined) throw new Error("clang was not there when it was built");
const sizeOf = ({ type }: { readonly type: number }): number => (type === ARRAY ? 1 : 2 * bindings);
const calls = choosePacketIo("helper").io.openBpf();
const maps = Object.fromEntries(openMaps(calls, object.maps, sizeOf, undefined)) as TunnelMaps;
const table = new TunnelTable();
const rules = {
  df: "copy",
  mssClamp: true,
  anchorMtu: () => 1480,
  takes: 0,
  isHeld: () => false,
  broadcastOf: () => undefined,
} as const;
const mirror = new Mirror({ maps, table, anchor: 7, ...rules });
const entries: TunnelEntry[] = [];
for (let i = 0; i < bindings; i++) {
  const of = { address: toIpv4(0x0a000000 + i), remote: toIpv4(0xcb007100 + (i % 250)) };
  entries.push(entry(of), entry({ ...of, direction: "in", match: "source" }));
}

function step(what: string, work: () => void): void {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  console.log(`${what}: ${(user / 1000) | 0} ms, ${(system / 1000) | 0} ms of the kernel`);
}

step(`${bindings} bindings into the table`, () => {
  for (const one of entries) table.add(one);
});
step("into the maps", () => {
  for (const one of entries) mirror.changed(one, 1);
  mirror.flush();
});
console.log(`without room: ${mirror.missing}`);
