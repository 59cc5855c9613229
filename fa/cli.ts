/** How the foreign agent shows itself to people. */

import { parseIpv4, parseMac } from "../shared/base/address.ts";
import type { Json, JsonObject } from "../shared/base/result.ts";
import { column, showCell, showRemaining, showSeconds } from "../shared/service/cli/output.ts";
import { showDriver, showInterfaces, tunnelsTable } from "../shared/service/cli/views.ts";
import type { ActionCommand, TableCommand } from "../shared/service/program.ts";

export const faTables: readonly TableCommand[] = [
  {
    name: "visitors",
    summary: "the visitor list",
    columns: [
      column("HOME ADDRESS", "home_address"),
      column("NAI", "nai"),
      column("HOME AGENT", "home_agent"),
      column("CARE-OF ADDRESS", "care_of_address"),
      column("MAC", "mac"),
      column("INTERFACE", "interface"),
      {
        heading: "STATE",
        cell: (row) => (row.renewing === true ? "renewing" : showCell(row.state)),
      },
      { heading: "REMAINING", cell: showRemaining },
      column("ENCAPSULATION", "encapsulation"),
      column("REVERSE", "reverse_tunnel"),
    ],
  },
  tunnelsTable,
];

export const faActions: readonly ActionCommand[] = [
  {
    name: "node-left",
    summary: "a node was seen leaving a link: keep its packets (RFC 4988)",
    arguments: ["mac"],
    fault: macFault,
  },
  {
    name: "node-arrived",
    summary: "a node was seen on a link: let its packets go (RFC 4988)",
    arguments: ["mac"],
    options: [{ name: "interface", value: "name", summary: "the link that it came to" }],
    fault: macFault,
  },
  {
    name: "handover",
    summary: "tell a visitor to hand over to an access point of the neighbourhood (RFC 4988)",
    arguments: ["home_address", "access_point"],
    fault: ({ home_address: home, access_point: accessPoint }) =>
      addressFault(home) ?? macFault({ mac: accessPoint ?? null }),
  },
];

function addressFault(text: Json | undefined): string | undefined {
  if (typeof text === "string" && parseIpv4(text) !== undefined) return undefined;
  return `${String(text)}: must be an IPv4 address`;
}

function macFault({ mac }: JsonObject): string | undefined {
  if (typeof mac === "string" && parseMac(mac) !== undefined) return undefined;
  return `${String(mac)}: must be a link-layer address like 02:00:00:00:00:01`;
}

export function describeFa(status: JsonObject): readonly (readonly [string, string])[] {
  return [
    ["state", showCell(status.state)],
    ["uptime", showSeconds(status.uptime)],
    ["visitors", showCell(status.visitors)],
    ["pending", showCell(status.pending)],
    ["driver", showDriver(status)],
    ...showInterfaces(status),
  ];
}
