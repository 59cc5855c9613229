/**
 * Meanings of the numbers in messages and extensions, as the RFCs word them, for `named` fields.
 * The Registration Reply codes are in reply-code.ts.
 */

import type { NumberNames } from "./field.ts";
import { REPLY_CODES } from "./reply-code.ts";

/** Lifetimes of registrations and of handoffs. RFC 5944 §3.3, RFC 4857 §10, RFC 4881 §4.5. */
export const LIFETIMES = { 65535: "infinite" } as const satisfies NumberNames;

/** Fast Binding Acknowledgment. RFC 4988 §5.2. */
export const FBACK_CODES = {
  0: "FBU Accepted",
  1: "FBU Accepted, NCoA supplied",
  128: "FBU Not Accepted, reason unspecified",
  129: "Administratively prohibited",
  130: "Insufficient resources",
} as const satisfies NumberNames;

/** Handover Acknowledge. RFC 4988 §5.6. */
export const HACK_CODES = {
  0: "Handover Accepted",
  1: "Handover Accepted, NCoA not valid",
  2: "Handover Accepted, NCoA in use",
  3: "Handover Accepted, NCoA assigned",
  4: "Handover Accepted, NCoA not assigned",
  128: "Handover Not Accepted, reason unspecified",
  129: "Administratively prohibited",
  130: "Insufficient resources",
} as const satisfies NumberNames;

/** Handover Initiate: where the FBU that caused it came from. RFC 4988 §5.5. */
export const HI_CODES = {
  0: "FBU received with PCoA as source IP address",
  1: "FBU received with NAR's IP address as source IP address",
} as const satisfies NumberNames;

/** Proxy Router Advertisement. RFC 4988 §5.4. */
export const PRRTADV_CODES = {
  0: "the MN should use the [AP-ID, AR-Info] tuple",
  1: "unsolicited, network-initiated handover trigger",
  2: "no new router information is present",
  3: "new router information for a subset of access points requested",
  4: "unsolicited, not a handover trigger",
} as const satisfies NumberNames;

/** Handoff Reply. RFC 4881 §10.3. */
export const HANDOFF_REPLY_CODES = {
  0: "Successful Handoff",
  1: "Generic Handoff Failure",
} as const satisfies NumberNames;

/** MD of the generic notification messages. RFC 6098 §4.1. */
export const NOTIFICATION_DIRECTIONS = {
  0: "Message sent by the HA to the MN",
  1: "Message sent by the HA to the FA",
  2: "Message sent by the MN to the HA",
  3: "Message sent by the MN to the FA",
  4: "Message sent by the FA to the MN",
  5: "Message sent by the FA to the HA",
} as const satisfies NumberNames;

/**
 * Generic Notification Acknowledgement. RFC 6098 §4.2: denied by the FA from 64, by the HA from
 * 128, by the mobile node from 192. IANA alone has 127, 191 and 255.
 */
export const NOTIFICATION_ACK_CODES = {
  0: "notification accepted",
  64: "reason unspecified",
  65: "administratively prohibited",
  66: "insufficient resources",
  67: "mobile node failed authentication",
  68: "home agent failed authentication",
  69: "notification Identification mismatch",
  127: "reserved for experimental use",
  128: "reason unspecified",
  129: "administratively prohibited",
  130: "insufficient resources",
  131: "mobile node failed authentication",
  132: "foreign agent failed authentication",
  133: "notification Identification mismatch",
  191: "reserved for experimental use",
  192: "reason unspecified",
  193: "administratively prohibited",
  194: "insufficient resources",
  195: "foreign agent failed authentication",
  196: "home agent failed authentication",
  197: "notification Identification mismatch",
  255: "reserved for experimental use",
} as const satisfies NumberNames;

/** Status of the FA Error Extension: the FA's own Reply codes, 64 to 127. RFC 4636 §4. */
export const FA_ERROR_STATUS: NumberNames = Object.fromEntries(
  Object.entries(REPLY_CODES).filter(([code]) => Number(code) >= 64 && Number(code) <= 127),
);

/** UDP Tunnel Reply. RFC 3519 §3.2.1. */
export const UDP_TUNNEL_REPLY_CODES = {
  0: "Will do tunnelling",
  64: "Tunnelling declined, reason unspecified",
} as const satisfies NumberNames;

/** 0 to 63 assent to UDP tunnelling, 64 to 255 say that there will be none. RFC 3519 §3.2.1. */
export function assentsToUdpTunnel(code: number): boolean {
  return code < 64;
}

/** What follows the UDP header in the tunnel. RFC 3519 §3.1.4. */
export const UDP_TUNNEL_ENCAPSULATIONS = {
  0: "as given by the M and G bits of the Registration Request",
  4: "IP header",
  47: "GRE header",
  55: "Minimal IP encapsulation header",
} as const satisfies NumberNames;

/** Mobile Network Acknowledgement. RFC 5177 §4.2; 4: RFC 6626 §5. */
export const MOBILE_NETWORK_ACK_CODES = {
  0: "Success",
  1: "Invalid prefix (MOBNET_INVALID_PREFIX_LEN)",
  2: "Mobile Router is not authorized for prefix (MOBNET_UNAUTHORIZED)",
  3: "Forwarding setup failed (MOBNET_FWDING_SETUP_FAILED)",
  4: "Home Agent cannot assign a mobile network prefix (MOBNET_UNASSIGNED)",
} as const satisfies NumberNames;

export const MobileNetworkCode = {
  success: 0,
  invalidPrefixLength: 1,
  unauthorized: 2,
  forwardingSetupFailed: 3,
  unassigned: 4,
} as const;

/** IPv6 Prefix Reply. RFC 5454 §2.2. */
export const IPV6_PREFIX_REPLY_CODES = {
  0: "registration accepted, IPv6 to be tunneled to HoA",
  1: "registration accepted, IPv6 to be tunneled to CoA",
  8: "registration rejected, reason unspecified",
  9: "registration rejected, administratively prohibited",
} as const satisfies NumberNames;

/** Route Optimization Reply. RFC 6521 §5.2: 0 to 15 assent, 16 to 63 decline, in 5 bits. */
export const ROUTE_OPTIMIZATION_REPLY_CODES = {
  0: "Will do route optimization",
  16: "Route optimization declined; reason unspecified",
} as const satisfies NumberNames;

/** 0 to 15 assent to route optimization, the others say that there will be none. RFC 6521 §5.2. */
export function assentsToRouteOptimization(code: number): boolean {
  return code < 16;
}

/** Replay Protection Style extension. RFC 4857 §9.3. */
export const REPLAY_PROTECTION_STYLES = {
  0: "timestamp",
  1: "nonce",
} as const satisfies NumberNames;

/** Replay Method of the KeyGen extensions; 0 and 1 are reserved. RFC 3957 §4. */
export const REPLAY_METHODS = {
  0: "Reserved",
  1: "Reserved",
  2: "Timestamps",
  3: "Nonces",
} as const satisfies NumberNames;

/**
 * Algorithm Identifier of the KeyGen extensions. RFC 3957 §4 takes the numbers of IPsec's
 * authentication algorithms (IANA, ISAKMP registry, attribute 5).
 */
export const AUTHENTICATION_ALGORITHMS = {
  0: "Reserved",
  1: "HMAC-MD5",
  2: "HMAC-SHA",
  3: "DES-MAC",
  4: "KPDK",
  5: "HMAC-SHA2-256",
  6: "HMAC-SHA2-384",
  7: "HMAC-SHA2-512",
  8: "HMAC-RIPEMD",
  9: "AES-XCBC-MAC",
  10: "SIG-RSA",
  11: "AES-128-GMAC",
  12: "AES-192-GMAC",
  13: "AES-256-GMAC",
} as const satisfies NumberNames;

/** SPIs below 256 name no association of ours (RFC 5944 §1.6); these have a use. RFC 4721 §7. */
export const RESERVED_SPIS = {
  0: "Reserved",
  1: "Reserved",
  2: "CHAP_SPI",
} as const satisfies NumberNames;

/** Per-Node Authentication Method of PMIPv4. RFC 5563 §5.1. */
export const PMIPV4_AUTH_METHODS = {
  0: "Reserved",
  1: "FA-HA Authentication",
  2: "IPsec Authentication",
} as const satisfies NumberNames;

/** ID-Type of a PMIPv4 Device ID. RFC 5563 §5.3. */
export const PMIPV4_DEVICE_ID_TYPES = {
  0: "Reserved",
  1: "Ethernet MAC address",
  2: "Mobile Equipment Identifier (MEID)",
  3: "International Mobile Equipment Identity (IMEI)",
  4: "Electronic Serial Number (ESN)",
} as const satisfies NumberNames;

/** ID-Type of a PMIPv4 Subscriber ID. RFC 5563 §5.4. */
export const PMIPV4_SUBSCRIBER_ID_TYPES = {
  0: "Reserved",
  1: "International Mobile Subscriber Identity (IMSI)",
} as const satisfies NumberNames;

/** Tech-Type of the PMIPv4 Access Technology Type. RFC 5563 §5.5. */
export const PMIPV4_ACCESS_TECHNOLOGY_TYPES = {
  0: "Reserved",
  1: "802.3",
  2: "802.11a/b/g",
  3: "802.16e",
  4: "802.16m",
  5: "3GPP EUTRAN/LTE",
  6: "3GPP UTRAN/GERAN",
  7: "3GPP2 1xRTT/HRPD",
  8: "3GPP2 UMB",
} as const satisfies NumberNames;

/** Action of a Flow-Binding Extension. RFC 7629 §4.2. */
export const MULTIPATH_ACTIONS = {
  0: "DROP",
  1: "FORWARD",
} as const satisfies NumberNames;

/** TS Format of a Flow-Binding Extension; 0 must not be used. RFC 7629 §4.2. */
export const MULTIPATH_TS_FORMATS = {
  0: "Reserved",
  1: "IPv4 Binary Traffic Selector",
  2: "IPv6 Binary Traffic Selector",
} as const satisfies NumberNames;
