/**
 * Who sent a Registration Request, and is it fresh? RFC 5944 §3.8.2.1 (a) to (d), in that order.
 * Pure judgement: what must be remembered is handed back.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import type { Random } from "../../shared/base/random.ts";
import type { WallTime } from "../../shared/base/time.ts";
import type {
  PeerAssociation,
  ReplayMethod,
  SecurityContext,
} from "../../shared/security/association.ts";
import { authenticationIndexes, checkAuthentication } from "../../shared/security/authenticator.ts";
import {
  checkFreshness,
  joinIdentification,
  lowBits,
  type ReplayState,
} from "../../shared/security/replay.ts";
import {
  type DecodedControl,
  type RegistrationRequest,
  RequestFlag,
} from "../../shared/wire/control.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { MobileNode } from "./nodes.ts";

const MOBILE_HOME = "mobile-home-authentication-extension";
const FOREIGN_HOME = "foreign-home-authentication-extension";

/** How replies to a request are made. */
export interface ReplyTerms {
  /** For extension 32. */
  readonly context: SecurityContext;
  /** For extension 34; `undefined` when there is to be none. */
  readonly foreign: SecurityContext | undefined;
  readonly identification: bigint;
}

/** What to remember before the reply leaves. */
export interface ReplayUpdate {
  readonly method: ReplayMethod;
  readonly state: ReplayState;
}

export type AuthenticationVerdict =
  | {
      readonly verdict: "authentic";
      readonly terms: ReplyTerms;
      readonly update: ReplayUpdate;
    }
  | {
      readonly verdict: "deny";
      readonly code: number;
      readonly security: string;
      readonly terms: ReplyTerms;
      readonly update: ReplayUpdate | undefined;
      /** The sender is not known to be anyone: such replies are limited in number. */
      readonly limited: boolean;
    }
  | {
      readonly verdict: "discard";
      readonly reason: string;
      /** True when it is to be logged as a security exception. */
      readonly security: boolean;
    };

export interface Judgement {
  readonly decoded: DecodedControl<RegistrationRequest>;
  readonly node: MobileNode;
  /** Contexts shared with the source of the request, if it is a known foreign agent. */
  readonly foreignAgent: readonly PeerAssociation[];
  /** Where the datagram came from. */
  readonly source: Ipv4;
  readonly wall: WallTime;
  readonly replayWindow: number;
  readonly random: Random;
}

const discard = (reason: string, security: boolean): AuthenticationVerdict => ({
  verdict: "discard",
  reason,
  security,
});

export function authenticate(judgement: Judgement): AuthenticationVerdict {
  const { decoded, node, foreignAgent, wall, replayWindow, random } = judgement;
  const mobile = checkAuthentication(decoded, MOBILE_HOME, node.contexts);
  if (mobile.outcome === "missing") return discard("no-authorization-extension", false);
  const foreign = checkForeignAgent(decoded, foreignAgent, judgement.source);
  if (mobile.outcome !== "valid") return unauthentic(judgement, mobile.outcome, foreign);

  const { context } = mobile;
  const method = context.replay;
  const before = node.replay[method];
  const { identification } = decoded.message;
  const checked = checkFreshness(method, before, identification, wall, replayWindow, random);
  const terms = { context, foreign: foreign.context, identification: checked.reply };
  if (!checked.fresh) {
    return {
      verdict: "deny",
      code: ReplyCode.haIdentificationMismatch,
      security: "identification mismatch",
      terms,
      update: { method, state: checked.state },
      limited: false,
    };
  }
  if (foreign.outcome === "unexpected") return discard("unexpected-foreign-home-extension", true);
  if (foreign.outcome === "invalid") {
    return {
      verdict: "deny",
      code: ReplyCode.haForeignAgentFailedAuthentication,
      security: `${FOREIGN_HOME}: ${foreign.reason}`,
      terms,
      // Whoever strips extension 34 from a copy must not use up the timestamp of the true request.
      update: { method, state: { ...checked.state, lastAccepted: before.lastAccepted } },
      limited: false,
    };
  }
  return { verdict: "authentic", terms, update: { method, state: checked.state } };
}

interface ForeignAgentCheck {
  readonly outcome: "none" | "valid" | "not-due" | "invalid" | "unexpected";
  readonly reason: string;
  readonly context: SecurityContext | undefined;
}

/**
 * RFC 5944 §3.8.2.1 (c) and (d). With an association exactly one extension 34 that holds, but for
 * deregistrations, where it is neither due nor checked (§3.8.1) and the reply has none (§3.5.4), and
 * for a co-located care-of address, which the agent must not vouch for: there it may be missing.
 */
function checkForeignAgent(
  decoded: DecodedControl<RegistrationRequest>,
  associations: readonly PeerAssociation[],
  source: Ipv4,
): ForeignAgentCheck {
  const [first] = associations;
  const { message } = decoded;
  if (first === undefined) {
    const present = authenticationIndexes(message, FOREIGN_HOME).length > 0;
    return { outcome: present ? "unexpected" : "none", reason: "", context: undefined };
  }
  const deregistration = message.lifetime === 0 || message.careOfAddress === message.homeAddress;
  const checked = checkAuthentication(decoded, FOREIGN_HOME, associations);
  if (checked.outcome === "valid") {
    const context = deregistration ? undefined : checked.context;
    return { outcome: "valid", reason: "", context };
  }
  const colocated = (message.flags & RequestFlag.D) !== 0 && message.careOfAddress !== source;
  const due = message.lifetime !== 0 && !(colocated && checked.outcome === "missing");
  return {
    outcome: due ? "invalid" : "not-due",
    reason: checked.outcome,
    context: deregistration ? undefined : first,
  };
}

/**
 * RFC 5944 §3.8.2.1 (a): code 131 when a foreign agent vouches for the request, or none could have
 * to; silence otherwise. Nothing is remembered: anyone can send such a request.
 */
function unauthentic(
  { decoded, node, random }: Judgement,
  outcome: string,
  foreign: ForeignAgentCheck,
): AuthenticationVerdict {
  // The association configured first is the oldest, the one that the node most likely has.
  const [context] = node.contexts;
  const mayReply = foreign.outcome === "valid" || foreign.outcome === "none";
  if (context === undefined || !mayReply) return discard("mn-authentication-failure", true);
  const { identification } = decoded.message;
  // The nonce given out last is repeated, so that forged requests cannot spoil it.
  const nonce = node.replay.nonce.nonce ?? random.u32();
  return {
    verdict: "deny",
    code: ReplyCode.haMobileNodeFailedAuthentication,
    security: `${MOBILE_HOME}: ${outcome}`,
    terms: {
      context,
      foreign: foreign.context,
      identification:
        context.replay === "nonce"
          ? joinIdentification(nonce, lowBits(identification))
          : identification,
    },
    update: undefined,
    limited: foreign.outcome === "none",
  };
}
