/** What `health` says about a foreign agent, from its `status`. */

import type { Json, JsonObject } from "../shared/base/result.ts";
import { isObject, numberOf } from "../shared/service/json.ts";
import type { HealthProblem } from "../shared/service/program.ts";

/** Requests in a row without a reply from which on a home agent is said not to answer. */
const SILENT_FROM = 3;
/** One 133 a node is how clocks are brought together (RFC 5944 §5.7.1); so many are a wrong clock. */
const MISMATCHES_FROM = 5;

const rowsOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
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

/** A link without advertisements has no visitors for long (RFC 5944 §2.3). */
function advertisingProblems(status: JsonObject): HealthProblem[] {
  if (!Array.isArray(status.advertising)) return [unknown("advertising")];
  const links = rowsOf(status.advertising);
  const problems = links.flatMap((link) => {
    const why = whyNoAdvertisement(link, interfaceOf(status, link.interface));
    return why === undefined ? [] : [`${String(link.interface)}: ${why}`];
  });
  // One link of several may have been unplugged; an agent on none serves nobody.
  const severity = problems.length === links.length ? "critical" : "warning";
  return problems.map((message) => ({ severity, message }));
}

function interfaceOf(status: JsonObject, name: Json | undefined): JsonObject | undefined {
  return rowsOf(status.interfaces).find((row) => row.name === name);
}

function whyNoAdvertisement(link: JsonObject, host: JsonObject | undefined): string | undefined {
  if (host !== undefined && host.state !== "up") {
    return `no advertisements, the link is ${String(host.state)}`;
  }
  if (link.age === null) return "no advertisements, the link has no address";
  const age = numberOf(link.age);
  // An interval is never longer; the second half of it and a second are for a busy machine.
  const late = age > 1.5 * numberOf(link.max_interval) + 1;
  if (late) return `no advertisement for ${Math.round(age)} s`;
  return typeof host?.send_error === "string" ? `sending fails (${host.send_error})` : undefined;
}

function homeAgentProblems(status: JsonObject): HealthProblem[] {
  if (!Array.isArray(status.home_agents)) return [unknown("home agents")];
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

/** The program that answers is older than this command, or has not got so far. */
function unknown(what: string): HealthProblem {
  return { severity: "unknown", message: `${what}: not known` };
}
