/** How a reply changes the visitor list: RFC 5944 §3.7.3.2. */

import { after, type Now } from "../../../shared/base/time.ts";
import { sameForm } from "../../../shared/forwarding/state.ts";
import type { Effect } from "../../../shared/protocol/core.ts";
import {
  type DecodedControl,
  INFINITE_LIFETIME,
  type RegistrationReply,
} from "../../../shared/wire/control.ts";
import { isAccepted, ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { Agent } from "../agent.ts";
import { isSameStation } from "../node.ts";
import type { PendingRequest } from "../registration/pending.ts";

import { identityFault } from "../registration/reply.ts";
import { agreedTunnel } from "../registration/tunnel-terms.ts";
import { denied, visitorReport } from "../reports.ts";
import { agreedRevocation } from "./visit-revocation.ts";
import { visitorRecord } from "./visitor-journal.ts";
import { type Visitor, visitorKey } from "./visitors.ts";

/** Why an accepted registration is of no use here: the status of an FA Error Extension. */
export function visitFault(
  agent: Agent,
  pending: PendingRequest,
  reply: RegistrationReply,
): number | undefined {
  const fault = identityFault(pending, reply);
  if (fault !== undefined || !isAccepted(reply.code) || grantedTo(pending, reply) === 0) {
    return fault;
  }
  // The room that was kept may have gone to a visitor that another request has made meanwhile.
  const { visitors, config } = agent;
  const replaced = supersededBy(agent, pending, reply).length;
  const full = visitors.size - replaced >= config.maxVisitors;
  const plane = visitors.planeFor(reply.homeAgent, reply.homeAddress);
  return full || plane === undefined ? ReplyCode.faInsufficientResources : undefined;
}

/** The visitor list follows the code of a valid reply without a fault. */
export function followReply(
  agent: Agent,
  pending: PendingRequest,
  decoded: DecodedControl<RegistrationReply>,
  now: Now,
): Effect[] {
  const reply = decoded.message;
  if (!isAccepted(reply.code)) return [denied(pending, reply.code, "home-agent")];
  const lifetime = grantedTo(pending, reply);
  const current = agent.visitors.get(reply.homeAgent, reply.homeAddress);
  if (lifetime === 0) {
    const { careOfAddress, homeAddress } = pending;
    const ours = careOfAddress === homeAddress || careOfAddress === current?.careOfAddress;
    return current !== undefined && ours ? endVisit(agent, current, "deregistered") : [];
  }
  const ended = supersededBy(agent, pending, reply)
    .filter((visitor) => visitor !== current)
    .flatMap((visitor) => [
      ...endVisit(agent, visitor, "superseded"),
      ...agent.revocations.revoke(visitor, true, now),
    ]);
  const revocation = agreedRevocation(pending, decoded, now.monotonic);
  const granted = visitorOf(agent, pending, { reply, lifetime, revocation }, now);
  const visitor = enter(agent, current, granted);
  const event = current === undefined ? "visitor-added" : "visitor-updated";
  return [
    ...ended,
    { type: "persist", key: visitor.key, value: visitorRecord(visitor, now) },
    visitorReport(event, visitor),
    ...agent.revocations.registered(visitor, pending.relayedAt),
    ...agent.handovers.registered(visitor, pending.relayedAt, now),
  ];
}

/**
 * RFC 4636 §6: a home agent that has accepted what this agent refuses is told, where revocation was
 * agreed; the node learns of it by the refusal. A visit that goes on keeps its binding.
 */
export function disownReply(
  agent: Agent,
  pending: PendingRequest,
  decoded: DecodedControl<RegistrationReply>,
  now: Now,
): Effect[] {
  const reply = decoded.message;
  const lifetime = isAccepted(reply.code) ? grantedTo(pending, reply) : 0;
  const goesOn = agent.visitors.get(reply.homeAgent, reply.homeAddress) !== undefined;
  const revocation = agreedRevocation(pending, decoded, now.monotonic);
  if (lifetime === 0 || goesOn || revocation === undefined || reply.homeAddress === 0) return [];
  const refused = visitorOf(agent, pending, { reply, lifetime, revocation }, now);
  return agent.revocations.revoke(refused, true, now);
}

/** Puts a visitor into the list; most are there already, and stay as they are. */
function enter(agent: Agent, current: Visitor | undefined, granted: Visitor): Visitor {
  if (current !== undefined && isSameVisit(current, granted)) {
    agent.visitors.renew(current, granted);
    return current;
  }
  agent.visitors.set(granted);
  agent.visitorChanged(granted);
  return granted;
}

/** All but the terms. Two visits with the same home agent and home address are compared. */
function isSameVisit(a: Visitor, b: Visitor): boolean {
  return (
    isSameStation(a, b) &&
    a.nai === b.nai &&
    a.careOfAddress === b.careOfAddress &&
    a.colocated === b.colocated &&
    a.reverse === b.reverse &&
    a.delivery === b.delivery &&
    a.plane === b.plane &&
    a.keepalive === b.keepalive &&
    sameForm(a, b)
  );
}

/** Forgets a visitor; nothing is sent for it (RFC 5944 §3.7). */
export function endVisit(agent: Agent, visitor: Visitor, reason: string): Effect[] {
  agent.visitors.delete(visitor);
  agent.visitorGone(visitor);
  return [
    { type: "persist", key: visitor.key, value: null },
    visitorReport("visitor-removed", visitor, reason),
  ];
}

/**
 * The smaller of what was asked and granted; infinity is the greatest number (§3.4, §3.7.3.2). More
 * than was allowed here then was not relayed (code 69), and on that the node counts, whatever is
 * allowed now.
 */
function grantedTo(pending: PendingRequest, reply: RegistrationReply): number {
  return Math.min(pending.lifetime, reply.lifetime);
}

/**
 * The visitors whose place the new one takes: the same node, wherever it was, and one with the same
 * home address at the same link-layer address, which could not be told from it (RFC 3024 §A.4).
 */
function supersededBy(
  { visitors }: Agent,
  pending: PendingRequest,
  { homeAgent, homeAddress }: RegistrationReply,
): Visitor[] {
  const same = visitors.get(homeAgent, homeAddress);
  const { interface: name, mac, nai } = pending;
  const here = visitors.at({ interface: name, mac, homeAddress, nai });
  const first = same === undefined ? [] : [same];
  return here === undefined || here === same ? first : [...first, here];
}

/** What an accepting reply comes to. */
interface Granted extends Pick<Visitor, "lifetime" | "revocation"> {
  readonly reply: RegistrationReply;
}

/** The visitor that an accepted request makes; its time runs from the relaying of the reply. */
function visitorOf(
  { visitors, config }: Agent,
  pending: PendingRequest,
  { reply, lifetime, revocation }: Granted,
  now: Now,
): Visitor {
  const infinite = lifetime === INFINITE_LIFETIME;
  const { homeAddress, homeAgent } = reply;
  const tunnel = agreedTunnel(pending, reply, config.udpKeepalive);
  const current = visitors.get(homeAgent, homeAddress);
  return {
    kind: "visitor",
    key: current?.key ?? visitorKey(homeAgent, homeAddress),
    interface: pending.interface,
    mac: pending.mac,
    // The home agent may give another address than was asked for, or the first (RFC 2794 §3).
    homeAddress,
    nai: pending.nai,
    // RFC 3024 §5.1.2: the tunnel ends at the Home Agent field of the latest successful reply.
    homeAgent,
    careOfAddress: pending.careOfAddress,
    reverse: pending.reverse,
    delivery: pending.delivery,
    colocated: pending.colocated,
    // visitFault has made sure that there is one.
    plane: pending.colocated ? 0 : (visitors.planeFor(homeAgent, homeAddress) ?? 0),
    lifetime,
    expiresAt: infinite ? undefined : after(now.monotonic, lifetime * 1000),
    revocation,
    encapsulation: tunnel.encapsulation,
    greKeyIn: tunnel.greKeyIn,
    greKeyOut: tunnel.greKeyOut,
    udpPort: tunnel.udpPort,
    keepalive: tunnel.keepalive,
  };
}
