/** What the foreign agent tells people: the events of `watch` and the log. */

import { formatIpv4, type Ipv4 } from "../../shared/base/address.ts";
import type { Report } from "../../shared/protocol/core.ts";
import { LateReport } from "../../shared/protocol/late-report.ts";
import { messageStrings } from "../../shared/protocol/message-string.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { replyCodeText } from "../../shared/wire/reply-code.ts";
import type { Node } from "./node.ts";
import { type Visitor, visitorFields } from "./visits/visitors.ts";

const nodeFields = (node: Node) => ({
  home_address: formatIpv4(node.homeAddress),
  nai: node.nai ?? null,
  interface: node.interface,
  mac: node.mac,
});

/** RFC 5944 §3.7.2.1, §3.7.3.1: failed authentication is logged as a security exception. */
export function securityException(node: Node, reason: string): Report {
  const fields = { ...nodeFields(node), reason };
  return { type: "report", level: "warning", event: "security-exception", fields };
}

export function denied(node: Node, code: number, by: "foreign-agent" | "home-agent"): Report {
  const fields = { ...nodeFields(node), code, reason: replyCodeText(code), by };
  return { type: "report", level: "info", event: "denied", fields };
}

/** A silent discard; the counters have the numbers, so this is for debugging. */
export function dropped(reason: string): Report {
  return { type: "report", level: "debug", event: "dropped", fields: { reason } };
}

export function visitorReport(
  event: "visitor-added" | "visitor-updated" | "visitor-removed",
  visitor: Visitor,
  reason?: string,
): Report {
  // A renewal is no news to a person; thousands of visitors renew all the time.
  if (event === "visitor-updated") {
    return new LateReport("debug", event, () => visitorFields(visitor));
  }
  const fields = visitorFields(visitor);
  if (reason !== undefined) fields.reason = reason;
  return { type: "report", level: "info", event, fields };
}

/** A visit that an agent has ended before its time (RFC 3543). */
export function revokedReport(visitor: Visitor, by: "foreign-agent" | "home-agent"): Report {
  const fields = { ...visitorFields(visitor), by };
  return { type: "report", level: "info", event: "revoked", fields };
}

/** How a revocation that we sent went. */
export function revocationReport(node: Node, outcome: string, informed: boolean): Report {
  const level = outcome === "acknowledged" ? "info" : "warning";
  const fields = { ...nodeFields(node), outcome, informed };
  return { type: "report", level, event: "revocation-ended", fields };
}

/** RFC 3543 §6.2: an attempt at revocation that nobody vouches for. */
export function revocationException(homeAddress: Ipv4, source: Ipv4, reason: string): Report {
  const fields = { home_address: formatIpv4(homeAddress), source: formatIpv4(source), reason };
  return { type: "report", level: "warning", event: "security-exception", fields };
}

/** Words of a home agent for the node's user (RFC 4917), fit for a terminal. */
export function messageStringReports(
  { homeAddress }: Pick<Node, "homeAddress">,
  extensions: readonly ControlExtension[],
): Report[] {
  return messageStrings(extensions).map((message) => {
    const fields = { home_address: formatIpv4(homeAddress), ...message };
    return { type: "report", level: "info", event: "message-string", fields };
  });
}
