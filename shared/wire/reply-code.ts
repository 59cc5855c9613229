/** Registration Reply codes: who says so, and what it means. RFC 5944 §3.4 and successors. */

/** Code to meaning, as the RFCs word it. */
export const REPLY_CODES: Readonly<Record<number, string>> = {
  0: "registration accepted",
  1: "registration accepted, but simultaneous mobility bindings unsupported",
  // RFC 6521 §10.
  2: "Concurrent registration (pre-accept)",
  64: "reason unspecified",
  65: "administratively prohibited",
  66: "insufficient resources",
  67: "mobile node failed authentication",
  68: "home agent failed authentication",
  69: "requested Lifetime too long",
  70: "poorly formed Request",
  71: "poorly formed Reply",
  72: "requested encapsulation unavailable",
  73: "reserved and unavailable",
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
  // In the IANA registry alone.
  89: "vendor-specific reason",
  // RFC 4433 §7.
  90: "non-zero home agent address required in Registration Request (NONZERO-HA-REQD)",
  // RFC 2794 §5.
  96: "non-zero home address required",
  97: "missing NAI (MISSING_NAI)",
  98: "missing home agent (MISSING_HOME_AGENT)",
  99: "missing home address (MISSING_HOMEADDR)",
  // RFC 3115 §2.4.
  100: "unsupported Vendor-ID or CVSE type sent by the mobile node (ERROR-FA-1)",
  101: "unsupported Vendor-ID or CVSE type sent by the home agent (ERROR-FA-2)",
  // RFC 4721 §10.
  104: "unknown challenge (unknown_challenge)",
  105: "missing challenge (missing_challenge)",
  106: "stale challenge (stale_challenge)",
  // RFC 3957 §7.
  107: "missing mobile-foreign security association (MISSING_MN_FA)",
  // RFC 4721 §10.
  108: "Mobile-AAA authentication failed at the foreign agent (fa_bad_aaa_auth)",
  109: "wrong challenge in the home agent's Reply (ha_wrong_challenge)",
  // RFC 4857 §9.5, §10.3.
  110: "replay protection style unavailable (REPLAY_PROT_UNAVAIL)",
  111: "zero care-of address not supported (ZERO_COA_NOT_SUPP)",
  112: "unknown gateway foreign agent (UNKNOWN_GFA)",
  113: "gateway foreign agent unreachable (GFA_UNREACHABLE)",
  114: "gateway foreign agent host unreachable (GFA_HOST_UNREACHABLE)",
  115: "gateway foreign agent port unreachable (GFA_PORT_UNREACHABLE)",
  // RFC 5944 prints 194; erratum 3116 and IANA say 116.
  116: "invalid home agent address",
  127: "experimental foreign agent error (EXP-FA-ERROR-CODE)",
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
  // RFC 3115 §2.4.
  140: "unsupported Vendor-ID or CVSE type sent by the mobile node (ERROR-HA-1)",
  141: "unsupported Vendor-ID or CVSE type sent by the foreign agent (ERROR-HA-2)",
  // RFC 3519 §3.5.
  142: "UDP tunnel encapsulation unavailable (ERROR_HA_UDP_ENCAP_UNAVAIL)",
  // RFC 4433 §7.
  143: "reregister with the redirected home agent (REDIRECT-HA-REQ)",
  // RFC 4721 §10.
  144: "Mobile-AAA authentication failed at the home agent (ha_bad_aaa_auth)",
  // RFC 4857 §9.5.
  145: "zero care-of address (ZERO_CAREOF_ADDRESS)",
  146: "dynamic gateway foreign agent assignment not supported (DYN_GFA_NOT_SUPP)",
  // RFC 5177 §11.
  147: "Mobile Network Prefix operation error (HA_MOBNET_ERROR)",
  148: "Mobile Router operation is not permitted (HA_MOBNET_DISALLOWED)",
  // RFC 5563 §8.1.
  149: "Proxy Registration not supported by the HA (PMIP_UNSUPPORTED)",
  150: "Proxy Registrations from this PMA are not allowed (PMIP_DISALLOWED)",
  // RFC 5446 §6.
  151: "service authorization failed (SERVICE_AUTHORIZATION_FAILED)",
  // RFC 7629 §4.3.
  152: "Multipath Support not allowed for this mobile node (MULTIPATH_NOT_ALLOWED)",
  153: "Invalid Flow-Binding Identifier (INVALID_FB_IDENTIFIER)",
  192: "experimental home agent error (EXP-HA-ERROR-CODE)",
  // RFC 4857 §10.3.
  193: "no home registration at the gateway foreign agent (NO_HOME_REG)",
  194: "invalid home agent address, as RFC 5944 misprints 116",
  // RFC 6521 §10.
  201: "Expired Home nonce Index",
  202: "Expired Care-of nonce Index",
  203: "Expired nonces",
};

/** Codes by name, for the programs. */
export const ReplyCode = {
  accepted: 0,
  acceptedNoSimultaneous: 1,
  preAccepted: 2,
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
  faNonzeroHomeAgentRequired: 90,
  faNonzeroHomeAddressRequired: 96,
  faMissingNai: 97,
  faMissingHomeAgent: 98,
  faMissingHomeAddress: 99,
  faUnknownVendorExtensionFromMobileNode: 100,
  faUnknownVendorExtensionFromHomeAgent: 101,
  faUnknownChallenge: 104,
  faMissingChallenge: 105,
  faStaleChallenge: 106,
  faMissingMobileForeign: 107,
  faMobileAaaFailed: 108,
  faWrongChallengeFromHomeAgent: 109,
  faReplayStyleUnavailable: 110,
  faZeroCareOfAddressNotSupported: 111,
  faUnknownGateway: 112,
  faGatewayUnreachable: 113,
  faGatewayHostUnreachable: 114,
  faGatewayPortUnreachable: 115,
  faInvalidHomeAgentAddress: 116,
  faExperimental: 127,
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
  haUnknownVendorExtensionFromMobileNode: 140,
  haUnknownVendorExtensionFromForeignAgent: 141,
  haUdpTunnelUnavailable: 142,
  haRedirected: 143,
  haMobileAaaFailed: 144,
  haZeroCareOfAddress: 145,
  haDynamicGatewayNotSupported: 146,
  haMobileNetworkError: 147,
  haMobileNetworkDisallowed: 148,
  haProxyUnsupported: 149,
  haProxyDisallowed: 150,
  haServiceAuthorizationFailed: 151,
  haMultipathNotAllowed: 152,
  haInvalidFlowBinding: 153,
  haExperimental: 192,
  gatewayNoHomeRegistration: 193,
  correspondentExpiredHomeNonce: 201,
  correspondentExpiredCareOfNonce: 202,
  correspondentExpiredNonces: 203,
} as const;

export type ReplyOrigin =
  | "foreign-agent"
  | "home-agent"
  | "gateway-foreign-agent"
  | "correspondent-node"
  | "unknown";

/** Codes 0 and 1 accept (RFC 5944 §3.4). */
export function isAccepted(code: number): boolean {
  return code === ReplyCode.accepted || code === ReplyCode.acceptedNoSimultaneous;
}

/**
 * Who made the reply, by the code ranges of RFC 5944 §6.4 and RFC 6521 §10; 194 is an agent's 116
 * misprinted.
 */
export function replyOrigin(code: number): ReplyOrigin {
  if (code <= 8 || (code >= 128 && code <= 192)) return "home-agent";
  if ((code >= 64 && code <= 127) || code === 194) return "foreign-agent";
  if (code >= 193 && code <= 200) return "gateway-foreign-agent";
  return code >= 201 && code <= 210 ? "correspondent-node" : "unknown";
}

export function replyCodeText(code: number): string {
  return REPLY_CODES[code] ?? `code ${code}`;
}
