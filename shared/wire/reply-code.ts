/** Registration Reply codes: who says so, and what it means. RFC 5944 §3.4 and successors. */

const texts: Readonly<Record<number, string>> = {
  0: "registration accepted",
  1: "registration accepted, but simultaneous mobility bindings unsupported",
  64: "reason unspecified",
  65: "administratively prohibited",
  66: "insufficient resources",
  67: "mobile node failed authentication",
  68: "home agent failed authentication",
  69: "requested Lifetime too long",
  70: "poorly formed Request",
  71: "poorly formed Reply",
  72: "requested encapsulation unavailable",
  74: "requested reverse tunnel unavailable",
  75: "reverse tunnel is mandatory and 'T' bit not set",
  76: "mobile node too distant",
  77: "invalid care-of address",
  78: "registration timeout",
  79: "delivery style not supported",
  80: "home network unreachable (ICMP error received)",
  81: "home agent host unreachable (ICMP error received)",
  82: "home agent port unreachable (ICMP error received)",
  88: "home agent unreachable (other ICMP error received)",
  96: "non-zero home address required",
  // RFC 5944 prints 194; erratum 3116 and IANA say 116.
  116: "invalid home agent address",
  128: "reason unspecified",
  129: "administratively prohibited",
  130: "insufficient resources",
  131: "mobile node failed authentication",
  132: "foreign agent failed authentication",
  133: "registration Identification mismatch",
  134: "poorly formed Request",
  135: "too many simultaneous mobility bindings",
  136: "unknown home agent address",
  137: "requested reverse tunnel unavailable",
  138: "reverse tunnel is mandatory and 'T' bit not set",
  139: "requested encapsulation unavailable",
};

/** Codes by name, for the programs. */
export const ReplyCode = {
  accepted: 0,
  acceptedNoSimultaneous: 1,
  faUnspecified: 64,
  faProhibited: 65,
  faInsufficientResources: 66,
  faMobileNodeFailedAuthentication: 67,
  faHomeAgentFailedAuthentication: 68,
  faLifetimeTooLong: 69,
  faPoorlyFormedRequest: 70,
  faPoorlyFormedReply: 71,
  faEncapsulationUnavailable: 72,
  faReverseTunnelUnavailable: 74,
  faReverseTunnelMandatory: 75,
  faTooDistant: 76,
  faInvalidCareOfAddress: 77,
  faRegistrationTimeout: 78,
  faDeliveryStyleNotSupported: 79,
  faHomeNetworkUnreachable: 80,
  faHomeAgentHostUnreachable: 81,
  faHomeAgentPortUnreachable: 82,
  faHomeAgentUnreachable: 88,
  faNonzeroHomeAddressRequired: 96,
  faInvalidHomeAgentAddress: 116,
  haUnspecified: 128,
  haProhibited: 129,
  haInsufficientResources: 130,
  haMobileNodeFailedAuthentication: 131,
  haForeignAgentFailedAuthentication: 132,
  haIdentificationMismatch: 133,
  haPoorlyFormedRequest: 134,
  haTooManyBindings: 135,
  haUnknownHomeAgent: 136,
  haReverseTunnelUnavailable: 137,
  haReverseTunnelMandatory: 138,
  haEncapsulationUnavailable: 139,
} as const;

export type ReplyOrigin = "foreign-agent" | "home-agent" | "gateway-foreign-agent" | "unknown";

/** Codes 0 and 1 accept (RFC 5944 §3.4). */
export function isAccepted(code: number): boolean {
  return code === ReplyCode.accepted || code === ReplyCode.acceptedNoSimultaneous;
}

/** Who made the reply, by the code ranges of RFC 5944 §6.4; 194 is an agent's 116 misprinted. */
export function replyOrigin(code: number): ReplyOrigin {
  if (code <= 8 || (code >= 128 && code <= 192)) return "home-agent";
  if ((code >= 64 && code <= 127) || code === 194) return "foreign-agent";
  return code >= 193 && code <= 200 ? "gateway-foreign-agent" : "unknown";
}

export function replyCodeText(code: number): string {
  return texts[code] ?? `code ${code}`;
}
