/** How the home agent shows itself to people. */

import { parseIpv4 } from "../shared/base/address.ts";
import type { JsonObject } from "../shared/base/result.ts";
import {
  column,
  showCell,
  showLifetime,
  showRemaining,
  showSeconds,
} from "../shared/service/cli/output.ts";
import { showDriver, showInterfaces, tunnelsTable } from "../shared/service/cli/views.ts";
import { isObject } from "../shared/service/json.ts";
import type { ActionCommand, TableCommand } from "../shared/service/program.ts";

export const haTables: readonly TableCommand[] = [
  {
    name: "bindings",
    summary: "the mobility bindings",
    columns: [
      column("HOME ADDRESS", "home_address"),
      column("NAI", "nai"),
      column("CARE-OF ADDRESS", "care_of_address"),
      { heading: "LIFETIME", cell: (row) => showLifetime(row.lifetime) },
      { heading: "REMAINING", cell: showRemaining },
      column("ENCAPSULATION", "encapsulation"),
      column("REVERSE", "reverse_tunnel"),
      column("UDP", "udp_tunnel"),
    ],
  },
  {
    name: "nodes",
    summary: "the mobile nodes that are configured, and how they have been served",
    columns: [
      column("HOME ADDRESS", "home_address"),
      column("NAI", "nai"),
      column("BINDINGS", "bindings"),
      column("ACCEPTED", "accepted"),
      { heading: "AGO", cell: (row) => showSeconds(row.accepted_ago) },
      column("DENIED", "denied"),
      { heading: "AGO", cell: (row) => showSeconds(row.denied_ago) },
      column("CODE", "denied_code"),
    ],
  },
  tunnelsTable,
];

export const haActions: readonly ActionCommand[] = [
  {
    name: "revoke",
    summary:
      "end the bindings of a node, by its home address or NAI, and tell their foreign agents (RFC 3543)",
    arguments: ["home_address"],
    options: [{ name: "message", value: "text", summary: "for the node's user (RFC 4917)" }],
    fault: revokeFault,
  },
];

/** Almost anything is a NAI, but not what was to be an address. */
function revokeFault({ home_address: node, message }: JsonObject): string | undefined {
  if (typeof node === "string" && /^[\d.]+$/.test(node) && parseIpv4(node) === undefined) {
    return `${node}: must be an IPv4 address or a NAI`;
  }
  const isLong = typeof message === "string" && Buffer.byteLength(message) > 253;
  return isLong ? "--message: must be at most 253 octets" : undefined;
}

export function describeHa(status: JsonObject): readonly (readonly [string, string])[] {
  return [
    ["state", showCell(status.state)],
    ...(isObject(status.store) && "active" in status.store
      ? [["active", showCell(status.store.active)] as const]
      : []),
    ["uptime", showSeconds(status.uptime)],
    ["bindings", showCell(status.bindings)],
    ["pending", showCell(status.pending)],
    ["driver", showDriver(status)],
    ...showInterfaces(status),
  ];
}
