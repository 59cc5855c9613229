/** Mobile Network Extension: prefixes that move with a router. RFC 5177 §4, RFC 6626. */

import { MOBILE_NETWORK_ACK_CODES } from "../codes.ts";
import { shortExtension } from "../extension-table.ts";
import { ipv4Field, named, u8 } from "../field.ts";
import { octets } from "../variable-field.ts";

const MOBILE_NETWORK = { type: 148, extension: "mobile-network-extension" } as const;

/** Mobile Network Request Extension; prefix 0 asks for one. RFC 5177 §4.1, RFC 6626 §3.1. */
const mobileNetworkRequest = shortExtension({
  ...MOBILE_NETWORK,
  subtype: 0,
  name: "mobile-network-request-extension",
  rfc: "RFC 5177 §4.1",
  fields: { prefixLength: u8, prefix: ipv4Field },
});

const acknowledgement = {
  code: named(u8, MOBILE_NETWORK_ACK_CODES),
  prefixLength: u8,
  reserved: u8,
  prefix: ipv4Field,
};

/** Mobile Network Acknowledgement Extension, explicit mode. RFC 5177 §4.2. */
const explicitModeAcknowledgement = shortExtension({
  ...MOBILE_NETWORK,
  subtype: 1,
  name: "explicit-mode-acknowledgement-extension",
  rfc: "RFC 5177 §4.2",
  fields: acknowledgement,
});

/** Mobile Network Acknowledgement Extension, implicit mode. RFC 5177 §4.2. */
const implicitModeAcknowledgement = shortExtension({
  ...MOBILE_NETWORK,
  subtype: 2,
  name: "implicit-mode-acknowledgement-extension",
  rfc: "RFC 5177 §4.2",
  fields: acknowledgement,
});

/** Mobile Network Extension of any other sub-type. RFC 5177 §4. */
const mobileNetwork = shortExtension({
  type: 148,
  name: "mobile-network-extension",
  rfc: "RFC 5177 §4",
  fields: { data: octets() },
});

/** Extension 148. RFC 5177 §4. */
export const mobileNetworkTables = [
  mobileNetworkRequest,
  explicitModeAcknowledgement,
  implicitModeAcknowledgement,
  mobileNetwork,
] as const;
