/** What `health` says about an agent's advertisements, from its `status`. */

import type { Json, JsonObject } from "../base/result.ts";
import { numberOf, rowsOf } from "./json.ts";
import type { HealthProblem } from "./program.ts";

/** A link without advertisements has no visitors for long (RFC 5944 §2.3). */
export function advertisingProblems(status: JsonObject): HealthProblem[] {
  if (!Array.isArray(status.advertising)) return [notKnown("advertising")];
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

/** The program that answers is older than this command, or has not got so far. */
export function notKnown(what: string): HealthProblem {
  return { severity: "unknown", message: `${what}: not known` };
}
