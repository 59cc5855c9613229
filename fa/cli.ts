/** How the foreign agent shows itself to people. */

import type { JsonObject } from "../shared/base/result.ts";
import { column, showCell, showRemaining, showSeconds } from "../shared/service/cli/output.ts";
import { showInterfaces, tunnelsTable } from "../shared/service/cli/views.ts";
import type { TableCommand } from "../shared/service/program.ts";

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

export function describeFa(status: JsonObject): readonly (readonly [string, string])[] {
  return [
    ["state", showCell(status.state)],
    ["uptime", showSeconds(status.uptime)],
    ["visitors", showCell(status.visitors)],
    ["pending", showCell(status.pending)],
    ["driver", showCell(status.driver)],
    ...showInterfaces(status),
  ];
}
