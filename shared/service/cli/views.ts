/** Parts of the human output that more than one program has. */

import type { JsonObject } from "../../base/result.ts";
import { isObject } from "../json.ts";
import type { TableCommand } from "../program.ts";
import { column, showCell } from "./output.ts";

export const tunnelsTable: TableCommand = {
  name: "tunnels",
  summary: "tunnels and their traffic",
  columns: [
    column("LOCAL", "local"),
    column("REMOTE", "remote"),
    column("ENCAPSULATION", "encapsulation"),
    column("DRIVER", "driver"),
    column("BECAUSE", "driver_reason"),
    column("INTERFACE", "interface"),
    column("HOME ADDRESSES", "home_addresses"),
    column("PACKETS IN", "packets_in"),
    column("PACKETS OUT", "packets_out"),
    column("BYTES IN", "bytes_in"),
    column("BYTES OUT", "bytes_out"),
  ],
};

/** What carries the tunnels, and by driver that `auto` would rather have had, why that cannot be. */
export function showDriver({ driver, forwarding }: JsonObject): string {
  const unavailable = isObject(forwarding) ? forwarding.unavailable : undefined;
  const reasons = isObject(unavailable) ? Object.entries(unavailable) : [];
  return [showCell(driver), ...reasons.map(([name, why]) => `${name}: ${showCell(why)}`)].join(
    "; ",
  );
}

/** A line for each interface of a status. */
export function showInterfaces(status: JsonObject): readonly (readonly [string, string])[] {
  const list = Array.isArray(status.interfaces) ? status.interfaces.filter(isObject) : [];
  return list.map((row) => [
    "interface",
    [row.name, row.address, row.state].map((value) => showCell(value)).join("  "),
  ]);
}
