/** The events that the mobile node reports, with the fields of the interface contract. */

import { formatIpv4, type Ipv4 } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { Instant } from "../../shared/base/time.ts";
import type { Report } from "../../shared/protocol/core.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { replyCodeText } from "../../shared/wire/reply-code.ts";
import type { Agent } from "./movement/agents.ts";
import { type Attachment, agentOf, interfaceOf } from "./movement/attachment.ts";
import type { Outcome, Pending, Registered } from "./registration/registration.ts";
import type { Operation } from "./registration/request.ts";
import { encapsulationOf } from "./status.ts";

export function report(event: string, fields: JsonObject, level: Report["level"] = "info"): Report {
  return { type: "report", event, fields, level };
}

export function agentFields(agent: Agent): JsonObject {
  return { agent: formatIpv4(agent.address), mac: agent.mac, interface: agent.interface };
}

/** In words for a person. */
export function throughText({ agent, careOfAddress, interface: name }: Operation): string {
  if (agent !== undefined) return `through ${formatIpv4(agent)}`;
  return `from ${formatIpv4(careOfAddress)} on ${name}`;
}

function orNull(value: Ipv4 | undefined): string | null {
  return value === undefined ? null : formatIpv4(value);
}

function operationFields(operation: Operation): JsonObject {
  return {
    agent: orNull(operation.agent),
    interface: operation.interface,
    care_of_address: formatIpv4(operation.careOfAddress),
  };
}

const REQUEST_EVENTS = {
  register: "registering",
  deregister: "deregistering",
  release: "binding-releasing",
} as const;

/** Renewals and retransmissions happen all the time. */
export function requestReport(pending: Pending, renewal: boolean): Report {
  const { operation, attempts } = pending;
  const event = REQUEST_EVENTS[operation.action];
  const fields = { ...operationFields(operation), lifetime: operation.lifetime };
  const isUsual = renewal || attempts > 1 || operation.action === "release";
  const level = isUsual ? "debug" : "info";
  return report(event, { ...fields, renewal, attempts }, level);
}

export function registeredReport(registered: Registered, renewal: boolean): Report {
  const { operation, lifetime, udp } = registered;
  const fields = {
    ...operationFields(operation),
    home_address: formatIpv4(operation.homeAddress),
    home_agent: formatIpv4(operation.homeAgent),
    lifetime,
    encapsulation: encapsulationOf(operation.flags),
    reverse_tunnel: (operation.flags & RequestFlag.T) !== 0,
    udp_tunnel: udp !== undefined,
    renewal,
  };
  return report("registered", fields, renewal ? "debug" : "info");
}

export function deregisteredReport(operation: Operation): Report {
  return report("deregistered", { ...operationFields(operation), via: operation.via });
}

/** The home agent has deleted a former binding, or with a denial will let it run out. */
export function releasedReport(operation: Operation, fields: JsonObject): Report {
  return report("binding-released", { ...operationFields(operation), ...fields }, "debug");
}

export function expiredReport({ operation }: Registered): Report {
  const fields = { care_of_address: formatIpv4(operation.careOfAddress) };
  return report("registration-expired", fields, "warning");
}

export function deniedReport(
  { operation, reply, origin }: Extract<Outcome, { kind: "denied" }>,
  security: boolean,
): Report {
  const fields = {
    ...operationFields(operation),
    code: reply.code,
    reason: replyCodeText(reply.code),
    origin,
    security_exception: security,
  };
  return report("denied", fields, "warning");
}

/** A move while a registration holds: where from, why, and since when nobody serves. */
export interface Handover {
  readonly from: Registered;
  readonly reason: string;
  readonly startedAt: Instant;
  /** When the contact with the agent before was lost, if it was lost before the start. */
  readonly lostAt: Instant | undefined;
}

function destination(to: Attachment): JsonObject {
  const agent = orNull(agentOf(to)?.address);
  const careOfAddress = to.kind === "co-located" ? to.path.careOfAddress : undefined;
  return {
    to_agent: agent,
    to_care_of_address: orNull(careOfAddress),
    interface: interfaceOf(to),
    mode: to.kind,
  };
}

function origin({ operation }: Registered): JsonObject {
  return {
    from_agent: orNull(operation.agent),
    from_care_of_address: formatIpv4(operation.careOfAddress),
  };
}

export function handoverStarted(handover: Handover, to: Attachment): Report {
  const { from, reason } = handover;
  return report("handover-started", { ...origin(from), ...destination(to), reason });
}

/** `gap_ms`: from the loss of the agent before to the acceptance, as the core saw it. */
export function handoverFinished(handover: Handover, to: Attachment, now: Instant): Report {
  const { from, reason, startedAt, lostAt } = handover;
  return report("handover-finished", {
    ...origin(from),
    ...destination(to),
    reason,
    duration_ms: Math.round(now - startedAt),
    gap_ms: lostAt === undefined ? null : Math.round(now - lostAt),
  });
}
