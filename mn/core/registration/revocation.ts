/**
 * Revocation as a node with a co-located care-of address takes part in it, registered straight with
 * its home agent: it is told that its binding has ended, and acknowledges. RFC 3543 §3.2, §4.2.2.3.
 * Of its own it never revokes anything; it deregisters (§4.2.4).
 */

import { formatIpv4 } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import type { Now } from "../../../shared/base/time.ts";
import type { Effect, UdpReceived } from "../../../shared/protocol/core.ts";
import {
  acknowledgment,
  type RegistrationRevocation,
  RevocationMemory,
  UNDERSTOOD_IN_REVOCATION,
} from "../../../shared/protocol/revocation-messages.ts";
import { isLaterTimestamp } from "../../../shared/protocol/revocation-terms.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import { checkAuthentication } from "../../../shared/security/authenticator.ts";
import { RevocationFlag } from "../../../shared/wire/control/revocation.ts";
import { type DecodedControl, decodeControl } from "../../../shared/wire/control.ts";
import { report } from "../reports.ts";
import type { Registered } from "./registration.ts";

const AUTHENTICATION = "mobile-home-authentication-extension";

export interface Revoked {
  readonly effects: Effect[];
  /** The registration that holds is the one that the home agent has ended. */
  readonly isOver: boolean;
}

export class Revocations {
  readonly #counters: Counters;
  readonly #memory = new RevocationMemory();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Everything that is wrong is silently discarded and counted (§3.5). */
  take(
    event: UdpReceived,
    registered: Registered | undefined,
    context: SecurityContext,
    now: Now,
  ): Revoked {
    const decoded = decodeControl(event.payload, UNDERSTOOD_IN_REVOCATION);
    if (!decoded.ok) return this.#discard(decoded.error.code);
    const { message } = decoded.value;
    if (message.name !== "registration-revocation") return this.#discard("not-ours");
    const fault = faultOf(message, { ...decoded.value, message }, context);
    if (fault !== undefined) return this.#discard(fault, true);
    this.#counters.add("revocations-received");
    const { homeAddress, homeDomainAddress, revocationIdentifier: identifier } = message;
    const binding = `${homeAddress} ${homeDomainAddress}`;
    const last = this.#memory.check(binding, identifier);
    if (last === "replayed") return this.#discard("replayed", true);
    const isOver = isAbout(message, registered);
    if (!isOver && last === undefined) return this.#discard("not-ours");
    if (isOver && !isLaterTimestamp(identifier, registered?.revocableSince ?? identifier)) {
      return this.#discard("outdated", true);
    }
    this.#memory.remember(binding, identifier, false, now.monotonic);
    this.#counters.add("revocation-acknowledgments-sent");
    const sent = acknowledgment(event, message, false, { name: AUTHENTICATION, context });
    const device = registered?.operation.interface;
    const effects: Effect[] = [{ ...sent, ...(device === undefined ? {} : { device }) }];
    if (isOver) effects.push(revokedReport(message));
    return { effects, isOver };
  }

  #discard(reason: string, isException = false): Revoked {
    this.#counters.add(`discarded-revocation-${reason}`);
    if (!isException) return { effects: [], isOver: false };
    this.#counters.add("security-exceptions");
    const told = report("security-exception", { reason: `revocation-${reason}` }, "warning");
    return { effects: [told], isOver: false };
  }
}

/** From a home agent (the A bit), and signed by ours. */
function faultOf(
  { flags }: RegistrationRevocation,
  decoded: DecodedControl<RegistrationRevocation>,
  context: SecurityContext,
): string | undefined {
  if ((flags & RevocationFlag.A) === 0) return "reflected";
  const { outcome } = checkAuthentication(decoded, AUTHENTICATION, [context]);
  return outcome === "valid" ? undefined : "unauthenticated";
}

/** A NAT may have made another address of the care-of address, which only the home agent knows. */
function isAbout(message: RegistrationRevocation, registered: Registered | undefined): boolean {
  if (registered?.revocableSince === undefined) return false;
  const { homeAddress, homeAgent, careOfAddress } = registered.operation;
  const isThere = registered.udp !== undefined || message.foreignDomainAddress === careOfAddress;
  return message.homeAddress === homeAddress && message.homeDomainAddress === homeAgent && isThere;
}

function revokedReport({ homeAddress, homeDomainAddress }: RegistrationRevocation) {
  const fields = {
    home_address: formatIpv4(homeAddress),
    home_agent: formatIpv4(homeDomainAddress),
    by: "home-agent",
  };
  return report("revoked", fields, "warning");
}
