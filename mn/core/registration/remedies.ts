/** What makes the next request a better one after a denial. RFC 5944 §3.6.2.3, RFC 3024 §4.1.2. */

import { isPrivate } from "../../../shared/base/address.ts";
import type { RegistrationReply } from "../../../shared/wire/control.ts";
import { RequestFlag } from "../../../shared/wire/control.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { Terms } from "../config.ts";
import type { Operation } from "./request.ts";

/** Replies in a row that are answered by just asking better; then the agent counts as refusing. */
const MAX_REPETITIONS = 3;

export type Remedy =
  /** The next request is better by itself: its Identification, its challenge. */
  | { readonly kind: "again" }
  /** Code 69: the most that this agent grants, in seconds. */
  | { readonly kind: "lifetime"; readonly lifetime: number }
  /** To go without something, or with it, at this agent or with this home agent. */
  | { readonly kind: "terms"; readonly of: "agent" | "home-agent"; readonly terms: Partial<Terms> };

export interface Denial {
  readonly operation: Operation;
  readonly reply: RegistrationReply;
  /** There is a challenge of this agent that no request has answered yet. */
  readonly hasFreshChallenge: boolean;
  /** The agent offers reverse tunnels (its T bit). */
  readonly offersReverseTunnel: boolean;
}

export class Remedies {
  #repetitions = 0;

  accepted(): void {
    this.#repetitions = 0;
  }

  /** `undefined`: nothing that this node could say would help; the agent is left alone a while. */
  of(denial: Denial): Remedy | undefined {
    const { reply, operation } = denial;
    switch (reply.code) {
      case ReplyCode.faLifetimeTooLong:
        // An old agent may just echo the lifetime (RFC 5944 §3.4 has it say what it would grant).
        return reply.lifetime > 0 && reply.lifetime < operation.lifetime
          ? { kind: "lifetime", lifetime: reply.lifetime }
          : undefined;
      case ReplyCode.haIdentificationMismatch:
        return this.#again();
      case ReplyCode.faUnknownChallenge:
      case ReplyCode.faMissingChallenge:
      case ReplyCode.faStaleChallenge:
        return denial.hasFreshChallenge ? this.#again() : undefined;
      default:
        return otherTerms(denial);
    }
  }

  #again(): Remedy | undefined {
    this.#repetitions++;
    return this.#repetitions <= MAX_REPETITIONS ? { kind: "again" } : undefined;
  }
}

/**
 * RFC 3024 §4.1.2: another encapsulation, with or without a reverse tunnel, each tried once; RFC 5944
 * §3.4: fewer bindings.
 */
function otherTerms({ operation, reply, offersReverseTunnel }: Denial): Remedy | undefined {
  const { code } = reply;
  const has = (bits: number): boolean => (operation.flags & bits) !== 0;
  const terms = (of: "agent" | "home-agent", changed: Partial<Terms>): Remedy => {
    return { kind: "terms", of, terms: changed };
  };
  switch (code) {
    case ReplyCode.faEncapsulationUnavailable:
    case ReplyCode.haEncapsulationUnavailable:
    case ReplyCode.haUdpTunnelUnavailable: {
      if (!has(RequestFlag.M | RequestFlag.G)) return undefined;
      return terms(sayer(code), { encapsulation: "ipip" });
    }
    case ReplyCode.faDeliveryStyleNotSupported: {
      return operation.encapsulating ? terms("agent", { deliveryStyle: "direct" }) : undefined;
    }
    case ReplyCode.faReverseTunnelUnavailable:
    case ReplyCode.haReverseTunnelUnavailable: {
      // RFC 3024 §A.4: from a private home address nothing else leads home.
      if (!has(RequestFlag.T) || isPrivate(operation.homeAddress)) return undefined;
      return terms(sayer(code), { reverseTunnel: false });
    }
    case ReplyCode.faReverseTunnelMandatory:
    case ReplyCode.haReverseTunnelMandatory: {
      if (has(RequestFlag.T) || !offersReverseTunnel) return undefined;
      return terms(sayer(code), { reverseTunnel: true });
    }
    default:
      // RFC 5944 §3.6.1.2: without the S bit the new binding replaces them all. That helps against 135,
      // and where a home agent has another code for what it does not like.
      if (code < 128 || !has(RequestFlag.S)) return undefined;
      return terms("agent", { simultaneous: "off" });
  }
}

const sayer = (code: number): "agent" | "home-agent" => (code < 128 ? "agent" : "home-agent");
