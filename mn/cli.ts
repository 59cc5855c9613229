/** How the mobile node shows itself to people. */

import { parseIpv4, parseMac } from "../shared/base/address.ts";
import type { JsonObject } from "../shared/base/result.ts";
import {
  column,
  showCell,
  showLifetime,
  showRemaining,
  showSeconds,
} from "../shared/service/cli/output.ts";
import { isObject, numberOf } from "../shared/service/json.ts";
import type { ActionCommand, HealthProblem, TableCommand } from "../shared/service/program.ts";

export const mnTables: readonly TableCommand[] = [
  {
    name: "agents",
    summary: "the agents heard",
    columns: [
      column("ADDRESS", "address"),
      column("MAC", "mac"),
      column("INTERFACE", "interface"),
      column("CARE-OF ADDRESSES", "care_of_addresses"),
      { heading: "FLAGS", cell: showFlags },
      column("SEQUENCE", "sequence_number"),
      { heading: "LIFETIME", cell: (row) => showLifetime(row.registration_lifetime) },
      { heading: "REMAINING", cell: (row) => showSeconds(row.lifetime_remaining) },
      column("HOME", "home"),
    ],
  },
];

export const mnActions: readonly ActionCommand[] = [
  { name: "register", summary: "register now, and from now on", arguments: [] },
  { name: "deregister", summary: "deregister, and stay so until register", arguments: [] },
  {
    name: "handover",
    summary: "move to another agent or interface, the best one, or the agent named",
    arguments: [],
    options: [
      { name: "agent", value: "address", summary: "the agent, as agents lists it" },
      { name: "to", value: "ap", summary: "make ready for this access point (RFC 4988)" },
    ],
    fault: handoverFault,
  },
];

function handoverFault({ agent, to }: JsonObject): string | undefined {
  if (typeof agent === "string" && typeof to === "string") {
    return "--agent and --to: must be one of the two";
  }
  if (typeof agent === "string" && parseIpv4(agent) === undefined) {
    return `--agent ${agent}: must be an IPv4 address`;
  }
  if (typeof to === "string" && parseMac(to) === undefined) {
    return `--to ${to}: must be a link-layer address like 02:00:00:00:00:01`;
  }
  return undefined;
}

/** The letters of the flags that are set. */
function showFlags(row: JsonObject): string {
  if (!isObject(row.flags)) return showCell(row.flags);
  const set = Object.entries(row.flags).filter(([, isSet]) => isSet === true);
  return set.map(([letter]) => letter).join("") || "-";
}

/** What is left of what was granted. */
function showGranted(status: JsonObject): string {
  const granted = showLifetime(status.lifetime);
  const isCounted = typeof status.lifetime_remaining === "number";
  return isCounted ? `${showRemaining(status)} of ${granted}` : granted;
}

export function describeMn(status: JsonObject): readonly (readonly [string, string])[] {
  return [
    ["state", showCell(status.state)],
    ["mode", showCell(status.mode)],
    ["home address", showCell(status.home_address)],
    ["home agent", showCell(status.home_agent)],
    ["agent", showCell(status.agent)],
    ["care-of address", showCell(status.care_of_address)],
    ["interface", showCell(status.interface)],
    ["encapsulation", showCell(status.encapsulation)],
    ["reverse tunnel", showCell(status.reverse_tunnel)],
    ["networks", showCell(status.networks)],
    ["lifetime", showGranted(status)],
    ["last code", showCell(status.last_code)],
    ["last error", showCell(status.last_error)],
    ["message", showCell(status.message)],
  ];
}

/** Without a registration nobody reaches the node; while it looks for one that may pass. */
export function healthMn(status: JsonObject): readonly HealthProblem[] {
  const reason = status.last_error === null ? "" : `: ${showCell(status.last_error)}`;
  switch (status.state) {
    case "failed":
      return [{ severity: "critical", message: `registration failed${reason}` }];
    case "searching": {
      const nowhere = "no agent is heard, and no interface has an address of its own to register";
      const isKnown = typeof status.home_agent === "string";
      const message = isKnown || reason === "" ? nowhere : `not registered yet${reason}`;
      return [{ severity: "warning", message }];
    }
    case "registering":
    case "handover":
      return [{ severity: "warning", message: `not registered yet${reason}` }];
    case "deregistered":
      return [{ severity: "warning", message: "deregistered by command" }];
    default:
      return [];
  }
}

export function performanceMn(status: JsonObject): readonly (readonly [string, number])[] {
  return [
    ["registered", status.state === "registered" || status.state === "home" ? 1 : 0],
    ["lifetime_remaining", numberOf(status.lifetime_remaining)],
    ["uptime", numberOf(status.uptime)],
  ];
}
