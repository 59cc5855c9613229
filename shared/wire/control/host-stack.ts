/** What a host's own stack is told: trusted networks, and IPv6 beside IPv4. */

import { IPV6_PREFIX_REPLY_CODES } from "../codes.ts";
import { shortExtension } from "../extension-table.ts";
import { named, octetsOf, u8 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** Trusted Networks Configured Extension: 4 octets from the internal home agent. RFC 5265 §3.4. */
const trustedNetworksConfigured = shortExtension({
  type: 149,
  subtype: 0,
  name: "trusted-networks-configured",
  extension: "trusted-networks-configured-extension",
  rfc: "RFC 5265 §3.4",
  fields: { reserved: u8 },
});

/** Trusted Networks Configured Extension of any other sub-type. RFC 5265 §3.4. */
const otherTrustedNetworks = shortExtension({
  type: 149,
  name: "trusted-networks-configured-extension",
  rfc: "RFC 5265 §3.4",
  fields: { data: octets() },
});

const DUAL_STACK = { type: 152, extension: "dual-stack-mobile-ipv4-extension" } as const;

/** IPv6 Prefix Request Extension; bits beyond the prefix length are 0. RFC 5454 §2.1. */
const ipv6PrefixRequest = shortExtension({
  ...DUAL_STACK,
  subtype: 1,
  name: "ipv6-prefix-request",
  rfc: "RFC 5454 §2.1",
  fields: { prefixLength: u8, mobileIpv6NetworkPrefix: octetsOf(16) },
});

/** IPv6 Prefix Reply Extension; prefix length 255: a link-local address. RFC 5454 §2.2. */
const ipv6PrefixReply = shortExtension({
  ...DUAL_STACK,
  subtype: 2,
  name: "ipv6-prefix-reply",
  rfc: "RFC 5454 §2.2",
  fields: {
    code: named(u8, IPV6_PREFIX_REPLY_CODES),
    prefixLength: u8,
    reserved: u8,
    mobileIpv6NetworkPrefix: octetsOf(16),
  },
});

/** IPv6 Tunneling Mode Extension: IPv6 may be tunnelled to the care-of address. RFC 5454 §2.3. */
const ipv6TunnelingMode = shortExtension({
  ...DUAL_STACK,
  subtype: 3,
  name: "ipv6-tunneling-mode",
  rfc: "RFC 5454 §2.3",
  fields: { reserved: u8 },
});

/** Dual Stack Mobile IPv4 Extension of any other sub-type. RFC 5454 §2. */
const dualStack = shortExtension({
  type: 152,
  name: "dual-stack-mobile-ipv4-extension",
  rfc: "RFC 5454 §2",
  fields: { data: octets() },
});

/** Extensions 149 and 152. RFC 5265 §3.4, RFC 5454 §2. */
export const hostStackTables = [
  trustedNetworksConfigured,
  otherTrustedNetworks,
  ipv6PrefixRequest,
  ipv6PrefixReply,
  ipv6TunnelingMode,
  dualStack,
] as const;
