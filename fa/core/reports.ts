/** What the foreign agent tells people: the events of `watch` and the log. */

import { formatIpv4, type Ipv4, type Mac } from "../../shared/base/address.ts";
import type { Report } from "../../shared/protocol/core.ts";
import { replyCodeText } from "../../shared/wire/reply-code.ts";
import { type Visitor, visitorFields } from "./visitors.ts";

/** The node that an event is about. */
interface Node {
  readonly interface: string;
  readonly mac: Mac;
  readonly homeAddress: Ipv4;
}

const nodeFields = (node: Node) => ({
  home_address: formatIpv4(node.homeAddress),
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
  const fields = { ...visitorFields(visitor), ...(reason === undefined ? {} : { reason }) };
  return { type: "report", level: "info", event, fields };
}
