/** Registration Revocation and its Acknowledgment, made and judged: RFC 3543 §3.3 to §3.5. */

import type { Ipv4 } from "../base/address.ts";
import type { Instant } from "../base/time.ts";
import type { SecurityContext } from "../security/association.ts";
import { appendAuthentication, checkAuthentication } from "../security/authenticator.ts";
import {
  type RegistrationRevocation,
  type RegistrationRevocationAcknowledgment,
  RevocationAcknowledgmentFlag,
  RevocationFlag,
} from "../wire/control/revocation.ts";
import {
  type DecodedControl,
  encodeControl,
  MOBILE_IP_PORT,
  understanding,
} from "../wire/control.ts";
import type { AuthenticationName } from "../wire/control-extensions.ts";
import type { SendUdp, UdpReceived } from "./core.ts";
import { isLaterTimestamp } from "./revocation-terms.ts";

export type { RegistrationRevocation, RegistrationRevocationAcknowledgment };

/** Types of the two messages. */
const REVOCATION = 7;
const ACKNOWLEDGMENT = 15;
/** Extensions that are acted on in them: padding, 32, 34 and message strings (RFC 4917 §4). */
export const UNDERSTOOD_IN_REVOCATION = understanding(new Set([0, 32, 34, 145]));
const TTL = 64;

export type AgentRole = "foreign-agent" | "home-agent";

/** How both directions between two peers are protected. */
export interface Protection {
  /** Extension 34 between agents, 32 towards a node with a co-located care-of address. */
  readonly name: AuthenticationName;
  readonly context: SecurityContext;
}

/** Is this payload one of the two messages? */
export function isRevocationMessage(payload: Uint8Array): boolean {
  return payload[0] === REVOCATION || payload[0] === ACKNOWLEDGMENT;
}

/** The addresses that name a binding to both of its agents (RFC 3543 §3.3). */
export interface BindingName {
  readonly homeAddress: Ipv4;
  readonly homeDomainAddress: Ipv4;
  readonly foreignDomainAddress: Ipv4;
}

export function encodeRevocation(
  role: AgentRole,
  binding: BindingName,
  fields: {
    readonly inform: boolean;
    readonly identifier: number;
    readonly message?: string | undefined;
  },
  { name, context }: Protection,
): Uint8Array {
  const agent = role === "home-agent" ? RevocationFlag.A : 0;
  const bytes = encodeControl({
    name: "registration-revocation",
    reserved: 0,
    flags: agent | (fields.inform ? RevocationFlag.I : 0),
    reserved2: 0,
    homeAddress: binding.homeAddress,
    homeDomainAddress: binding.homeDomainAddress,
    foreignDomainAddress: binding.foreignDomainAddress,
    revocationIdentifier: fields.identifier,
    extensions: fields.message === undefined ? [] : [{ name: role, text: fields.message }],
  });
  return appendAuthentication(bytes, name, context);
}

/** RFC 3543 §3.4: back to where the revocation came from, with its address and identifier. */
export function acknowledgment(
  event: UdpReceived,
  revocation: RegistrationRevocation,
  inform: boolean,
  { name, context }: Protection,
): SendUdp {
  const bytes = encodeControl({
    name: "registration-revocation-acknowledgment",
    reserved: 0,
    flags: inform ? RevocationAcknowledgmentFlag.I : 0,
    reserved2: 0,
    homeAddress: revocation.homeAddress,
    revocationIdentifier: revocation.revocationIdentifier,
    extensions: [],
  });
  return {
    type: "send-udp",
    source: event.destination,
    sourcePort: event.destinationPort,
    destination: event.source,
    destinationPort: event.sourcePort,
    ttl: TTL,
    payload: appendAuthentication(bytes, name, context),
  };
}

/** A revocation on its way: from port 434, and to it but for a NAT (RFC 3543 §3.3). */
export function revocationDatagram(
  source: Ipv4,
  destination: Ipv4,
  destinationPort: number,
  payload: Uint8Array,
): SendUdp {
  return {
    type: "send-udp",
    source,
    sourcePort: MOBILE_IP_PORT,
    destination,
    destinationPort,
    ttl: TTL,
    payload,
  };
}

export type RevocationVerdict =
  | { readonly verdict: "genuine"; readonly protection: Protection }
  | { readonly verdict: "discard"; readonly reason: string; readonly security: boolean };

/**
 * Is a revocation from the peer at all? RFC 3543 §3.5: not a reflection of what an agent in our
 * role sends, and protected by an authenticator that holds.
 */
export function judgeRevocation(
  decoded: DecodedControl<RegistrationRevocation>,
  role: AgentRole,
  contexts: readonly SecurityContext[],
): RevocationVerdict {
  const fromHomeAgent = (decoded.message.flags & RevocationFlag.A) !== 0;
  if (fromHomeAgent === (role === "home-agent")) {
    return { verdict: "discard", reason: "revocation-reflected", security: true };
  }
  const name = "foreign-home-authentication-extension";
  const checked = checkAuthentication(decoded, name, contexts);
  return checked.outcome === "valid"
    ? { verdict: "genuine", protection: { name, context: checked.context } }
    : { verdict: "discard", reason: "revocation-unauthenticated", security: true };
}

/** Revocations remembered; an older one than these is stopped by the timestamps of registrations. */
const MAX_REMEMBERED = 4096;

interface Remembered {
  readonly identifier: number;
  /** I of the acknowledgment. */
  readonly informed: boolean;
  readonly at: Instant;
}

/**
 * Revocations that were taken, by binding: so that a repetition under a new identifier, whose
 * acknowledgment was lost, is acknowledged again, and the same datagram again is not (RFC 3543 §3.4,
 * §3.5). Identifiers of different peers never meet, nor those of different bindings: their order is
 * no matter.
 */
export class RevocationMemory {
  readonly #taken = new Map<string, Remembered>();

  /** What the last one said, unless `identifier` is not later than that: then it is a replay. */
  check(binding: string, identifier: number): Remembered | "replayed" | undefined {
    const last = this.#taken.get(binding);
    if (last === undefined) return undefined;
    return isLaterTimestamp(identifier, last.identifier) ? last : "replayed";
  }

  /**
   * Was a registration with this timestamp of the peer revoked already? Only what was taken since
   * the request went out can have overtaken its reply; a peer's clock may have been set back since
   * an older one.
   */
  covers(binding: string, timestamp: number, since: Instant): boolean {
    const last = this.#taken.get(binding);
    return last !== undefined && last.at >= since && isLaterTimestamp(last.identifier, timestamp);
  }

  remember(binding: string, identifier: number, informed: boolean, at: Instant): void {
    this.#taken.delete(binding);
    this.#taken.set(binding, { identifier, informed, at });
    if (this.#taken.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#taken.keys();
    if (oldest !== undefined) this.#taken.delete(oldest);
  }
}
