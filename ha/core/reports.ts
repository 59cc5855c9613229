/** What the home agent tells people: the events of `watch` and the log, and its counters' names. */

import { formatIpv4 } from "../../shared/base/address.ts";
import type { Report, UdpReceived } from "../../shared/protocol/core.ts";
import { LateReport } from "../../shared/protocol/late-report.ts";
import type { RegistrationRequest } from "../../shared/wire/control.ts";
import { ReplyCode, replyCodeText } from "../../shared/wire/reply-code.ts";
import { type Binding, bindingFields } from "./bindings.ts";

/** RFC 2006 §4 (haRegistrationGroup) names the first ten; the others follow their example. */
const outcomes: Readonly<Record<number, string>> = {
  [ReplyCode.accepted]: "registration-accepted",
  [ReplyCode.haUnspecified]: "reason-unspecified",
  [ReplyCode.haProhibited]: "adm-prohibited",
  [ReplyCode.haInsufficientResources]: "insufficient-resource",
  [ReplyCode.haMobileNodeFailedAuthentication]: "mn-authentication-failure",
  [ReplyCode.haForeignAgentFailedAuthentication]: "fa-authentication-failure",
  [ReplyCode.haIdentificationMismatch]: "id-mismatch",
  [ReplyCode.haPoorlyFormedRequest]: "poorly-formed-request",
  [ReplyCode.haTooManyBindings]: "too-many-bindings",
  [ReplyCode.haUnknownHomeAgent]: "unknown-ha",
  [ReplyCode.haReverseTunnelUnavailable]: "reverse-tunnel-unavailable",
  [ReplyCode.haReverseTunnelMandatory]: "reverse-tunnel-mandatory",
  [ReplyCode.haEncapsulationUnavailable]: "encapsulation-unavailable",
  [ReplyCode.haRedirected]: "redirected",
  [ReplyCode.haUdpTunnelUnavailable]: "udp-encapsulation-unavailable",
  [ReplyCode.haMobileNetworkError]: "mobile-network-error",
  [ReplyCode.haMobileNetworkDisallowed]: "mobile-network-disallowed",
};

/** The counter of requests that ended with this code. */
export function outcomeCounter(code: number): string {
  return outcomes[code] ?? `code-${code}`;
}

const requestFields = (event: UdpReceived, request: RegistrationRequest) => ({
  home_address: formatIpv4(request.homeAddress),
  care_of_address: formatIpv4(request.careOfAddress),
  source: formatIpv4(event.source),
});

/** RFC 5944 §3.8.2.1: failed authentication or a replay is logged as a security exception. */
export function securityException(
  event: UdpReceived,
  request: RegistrationRequest,
  reason: string,
): Report {
  const identification = request.identification.toString(16).padStart(16, "0");
  const fields = { ...requestFields(event, request), identification, reason };
  return { type: "report", level: "warning", event: "security-exception", fields };
}

export function denied(event: UdpReceived, request: RegistrationRequest, code: number): Report {
  const reason = replyCodeText(code);
  const fields = { ...requestFields(event, request), code, reason, by: "home-agent" };
  return { type: "report", level: "info", event: "denied", fields };
}

/** A silent discard; the counters have the numbers, so this is for debugging. */
export function dropped(event: UdpReceived, reason: string): Report {
  const fields = { reason, source: formatIpv4(event.source), interface: event.interface ?? null };
  return { type: "report", level: "debug", event: "dropped", fields };
}

export function bindingReport(
  event: "binding-added" | "binding-updated" | "binding-removed",
  binding: Binding,
  { reason, isRenewal = false }: { readonly reason?: string; readonly isRenewal?: boolean } = {},
): Report {
  // A renewal is no news to a person; thousands of nodes renew all the time.
  if (isRenewal) return new LateReport("debug", event, () => bindingFields(binding));
  const fields = bindingFields(binding);
  if (reason !== undefined) fields.reason = reason;
  return { type: "report", level: "info", event, fields };
}
