/** What `health` says about a foreign agent, from its `status`. */

import type { JsonObject } from "../shared/base/result.ts";
import { advertisingProblems, notKnown } from "../shared/service/advertising-health.ts";
import { numberOf, rowsOf } from "../shared/service/json.ts";
import type { HealthProblem } from "../shared/service/program.ts";

/** Requests in a row without a reply from which on a home agent is said not to answer. */
const SILENT_FROM = 3;
/** One 133 a node is how clocks are brought together (RFC 5944 §5.7.1); so many are a wrong clock. */
const MISMATCHES_FROM = 5;

const isSilent = (row: JsonObject): boolean => numberOf(row.unanswered) >= SILENT_FROM;

/** What the runtime lists as problems is reported already. */
export function healthFa(status: JsonObject): readonly HealthProblem[] {
  return [...advertisingProblems(status), ...homeAgentProblems(status)];
}

export function performanceFa(status: JsonObject): readonly (readonly [string, number])[] {
  const homeAgents = rowsOf(status.home_agents);
  return [
    ["visitors", numberOf(status.visitors)],
    ["pending", numberOf(status.pending)],
    ["uptime", numberOf(status.uptime)],
    ["home_agents", homeAgents.length],
    ["home_agents_silent", homeAgents.filter(isSilent).length],
  ];
}

function homeAgentProblems(status: JsonObject): HealthProblem[] {
  if (!Array.isArray(status.home_agents)) return [notKnown("home agents")];
  const rows = rowsOf(status.home_agents);
  const silent = rows.filter(isSilent);
  const severity = silent.length > 0 && silent.length === rows.length ? "critical" : "warning";
  return [
    ...silent.map(({ address, unanswered }): HealthProblem => {
      const message = `home agent ${String(address)}: ${String(unanswered)} requests in a row without a reply`;
      return { severity, message };
    }),
    ...rows
      .filter((row) => numberOf(row.identification_mismatches) >= MISMATCHES_FROM)
      .map(({ address, identification_mismatches: count }): HealthProblem => {
        const message = `home agent ${String(address)}: refused ${String(count)} timestamps in a row (133), its clock or that of the nodes is wrong`;
        return { severity: "warning", message };
      }),
  ];
}
