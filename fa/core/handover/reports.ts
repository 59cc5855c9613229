/** What is told of handovers: who, from where to where, and how it went (RFC 4988 §7). */

import { formatIpv4, type Ipv4 } from "../../../shared/base/address.ts";
import type { JsonObject } from "../../../shared/base/result.ts";
import type { Report } from "../../../shared/protocol/core.ts";

export function report(event: string, fields: JsonObject, level: Report["level"] = "info"): Report {
  return { type: "report", level, event, fields };
}

/** An address for a report. */
export function shown(address: Ipv4 | undefined): string | null {
  return address === undefined ? null : formatIpv4(address);
}
