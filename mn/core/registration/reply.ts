/** Judging Registration Replies; changes nothing. RFC 5944 §3.6.2. */

import {
  BROADCAST,
  type Ipv4,
  isUsableUnicast,
  UNSPECIFIED,
} from "../../../shared/base/address.ts";
import type { UdpReceived } from "../../../shared/protocol/core.ts";
import { isLeftOpen } from "../../../shared/protocol/dynamic-home-agent.ts";
import { canonicalNai, naiIn } from "../../../shared/protocol/identity.ts";
import { hasUnsupportedVendorExtension } from "../../../shared/protocol/vendor.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import {
  type AuthenticationOutcome,
  checkAuthentication,
} from "../../../shared/security/authenticator.ts";
import { lowBits } from "../../../shared/security/replay.ts";
import {
  BASE_EXTENSIONS,
  type DecodedControl,
  decodeControl,
  MOBILE_IP_PORT,
  type RegistrationReply,
  understanding,
} from "../../../shared/wire/control.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import { isAccepted, ReplyCode, replyOrigin } from "../../../shared/wire/reply-code.ts";
import type { MnCoreConfig } from "../config.ts";
import { foreignAgentContexts, type Operation } from "./request.ts";

/** The extensions that are acted on here; 38, of whatever vendor, by refusing (RFC 3115 §2.3). */
const UNDERSTOOD = understanding(
  new Set([...BASE_EXTENSIONS, 38, 44, 45, 131, 132, 134, 136, 137, 139, 145, 148]),
);

/** A request that has been sent and what must be known to judge its reply. */
export interface Awaited {
  readonly operation: Operation;
  readonly identification: bigint;
}

export type Verdict =
  | { readonly kind: "accepted"; readonly reply: RegistrationReply }
  | {
      readonly kind: "denied";
      readonly reply: RegistrationReply;
      readonly origin: "foreign-agent" | "home-agent";
    }
  | {
      readonly kind: "discarded";
      /** For the counters: from a fixed set. */
      readonly reason: string;
      /** To be told as a security exception (§3.6.2.1). */
      readonly security: boolean;
      readonly code?: number;
    };

function discarded(reason: string, security = false, code?: number): Verdict {
  return { kind: "discarded", reason, security, ...(code === undefined ? {} : { code }) };
}

/**
 * Everything of RFC 5944 §3.6.2.1 that can be seen here (UDP checksums are the socket's). A denial
 * by a foreign agent without an association is nothing but a hint, and its sender must at least
 * be the agent that was asked.
 */
export function judgeReply(
  event: UdpReceived,
  awaited: Awaited | undefined,
  config: MnCoreConfig,
): Verdict {
  // Requests leave from port 434, and replies come to where requests came from (§3.7.2.3).
  if (event.destinationPort !== MOBILE_IP_PORT) return discarded("reply-wrong-port");
  const decoded = decodeControl(event.payload, UNDERSTOOD);
  if (!decoded.ok) return discarded(`reply-${decoded.error.code}`);
  const { message } = decoded.value;
  if (message.name !== "registration-reply") return discarded("reply-wrong-type");
  if (awaited === undefined) return discarded("reply-not-awaited");
  const { operation, identification } = awaited;
  // Sent to the address that is asked for, the one assigned, or to all (RFC 5944 §3.7.2.3).
  // Where the home agent is to be assigned it may assign another address, too (RFC 4433 §3.3).
  const isOpen = operation.homeAddress === UNSPECIFIED || isLeftOpen(operation.homeAgent);
  const { homeAddress } = isOpen ? message : operation;
  if (message.homeAddress !== homeAddress) return discarded("reply-wrong-home-address");
  if (!isForUs(event.destination, operation, homeAddress)) return discarded("reply-not-for-us");
  if (!isOurNai(message, config)) return discarded("reply-wrong-nai");
  if (event.interface !== undefined && event.interface !== operation.interface) {
    return discarded("reply-wrong-interface");
  }
  if (lowBits(message.identification) !== lowBits(identification)) {
    return discarded("reply-identification-mismatch");
  }
  return judgeAuthentication(event, decoded.value, message, operation, config);
}

/**
 * A foreign agent sends to the home address, from which it is asked in general, even where the
 * request came from a co-located care-of address (§3.7.2.3); a home agent to where it came from.
 */
function isForUs(destination: Ipv4, operation: Operation, homeAddress: Ipv4): boolean {
  if (destination === BROADCAST) return true;
  const isFromHome = operation.source === operation.homeAddress;
  if (destination === homeAddress) return isFromHome || operation.via === "foreign-agent";
  return destination === operation.source && !isFromHome;
}

function judgeAuthentication(
  event: UdpReceived,
  decoded: DecodedControl,
  reply: RegistrationReply,
  operation: Operation,
  config: MnCoreConfig,
): Verdict {
  const { code } = reply;
  const foreign = foreignAgentContexts(operation, config);
  if (foreign.length > 0) {
    const bad = failure(decoded, "mobile-foreign-authentication-extension", foreign);
    if (bad !== undefined) return discarded(`reply-mobile-foreign-${bad}`, true, code);
  }
  const status = foreignAgentStatus(reply);
  if (status === "unknown") return discarded("reply-unknown-fa-error");
  // RFC 4636 §5: whatever the home agent says, its service is not to be had here.
  if (status !== undefined) return deniedHere(event, { ...reply, code: status }, operation, config);
  const origin = replyOrigin(code);
  // A correspondent node answers mobile routers alone (RFC 6521 §10).
  if (origin === "unknown" || origin === "correspondent-node") {
    return discarded("reply-unknown-code");
  }
  if (origin !== "home-agent") return deniedHere(event, reply, operation, config);
  const bad = failure(decoded, "mobile-home-authentication-extension", [config.homeAssociation]);
  if (bad !== undefined) return discarded(`reply-mobile-home-${bad}`, true, code);
  if (!isAccepted(code)) {
    // 2 is for mobile routers (RFC 6521 §10), 3..8 nobody has defined: 0 and 1 accept (§3.4).
    if (code < 128) return discarded("reply-unknown-code");
    return { kind: "denied", reply, origin: "home-agent" };
  }
  const isRightAgent = isLeftOpen(operation.homeAgent)
    ? isUsableUnicast(reply.homeAgent)
    : reply.homeAgent === operation.homeAgent;
  if (!isRightAgent) return discarded("reply-wrong-home-agent");
  // RFC 5944 §3.6: without a home address the reply is what it is taken from.
  if (!isUsableUnicast(reply.homeAddress)) return discarded("reply-without-home-address");
  if (hasUnsupportedVendorExtension(reply.extensions)) {
    const refused = { ...reply, code: ReplyCode.faUnknownVendorExtensionFromHomeAgent };
    return { kind: "denied", reply: refused, origin: "foreign-agent" };
  }
  return { kind: "accepted", reply };
}

/** The reply to a request with a NAI has it too (RFC 2794 §3); who leaves it out is forgiven. */
function isOurNai({ extensions }: RegistrationReply, { nai }: MnCoreConfig): boolean {
  const named = naiIn(extensions);
  if (named === undefined || nai === undefined) return true;
  return canonicalNai(named) === canonicalNai(nai);
}

function deniedHere(
  event: UdpReceived,
  reply: RegistrationReply,
  operation: Operation,
  config: MnCoreConfig,
): Verdict {
  const isTrusted = foreignAgentContexts(operation, config).length > 0;
  const asked = event.source === operation.agent || event.linkSource === operation.mac;
  if (!isTrusted && (!asked || operation.via !== "foreign-agent"))
    return discarded("reply-from-stranger");
  return { kind: "denied", reply, origin: "foreign-agent" };
}

/** What the home agent has signed of a reply: the extensions in front of its authentication. */
export function signedByHome({ extensions }: RegistrationReply): readonly ControlExtension[] {
  const end = extensions.findIndex(({ name }) => name === "mobile-home-authentication-extension");
  return extensions.slice(0, Math.max(0, end));
}

/** The home agent's clock, where it takes part in revocation (RFC 3543 §3.2). */
export function supportedSince(signed: readonly ControlExtension[]): number | undefined {
  const found = signed.find(({ name }) => name === "revocation-support-extension");
  return found?.name === "revocation-support-extension" ? found.timestamp : undefined;
}

/** The foreign agent's own verdict beside the home agent's (RFC 4636 §3), if there is one. */
function foreignAgentStatus({ extensions }: RegistrationReply): number | "unknown" | undefined {
  for (const extension of extensions) {
    if (extension.name === "fa-error-extension") return "unknown";
    if (extension.name !== "fa-error-indication-to-mn") continue;
    return replyOrigin(extension.status) === "foreign-agent" ? extension.status : "unknown";
  }
  return undefined;
}

function failure(
  decoded: DecodedControl,
  name: Parameters<typeof checkAuthentication>[1],
  contexts: readonly SecurityContext[],
): Exclude<AuthenticationOutcome["outcome"], "valid"> | undefined {
  const { outcome } = checkAuthentication(decoded, name, contexts);
  return outcome === "valid" ? undefined : outcome;
}

const authenticationFailures: ReadonlySet<number> = new Set([
  ReplyCode.faMobileNodeFailedAuthentication,
  ReplyCode.faHomeAgentFailedAuthentication,
  ReplyCode.haMobileNodeFailedAuthentication,
  ReplyCode.haForeignAgentFailedAuthentication,
]);

/** Codes 67, 68, 131, 132: to be logged as security exceptions (§3.6.2.1). */
export function isAuthenticationFailure(code: number): boolean {
  return authenticationFailures.has(code);
}
