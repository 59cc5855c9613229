/**
 * Generalized Link Layer and IPv4 Address (LLA) Extension. RFC 4881 §9.
 * The type is 138 in control messages, 140 in ICMP; §9.1 to §9.7 print the sub-type's number in
 * its place, which is a mistake: those numbers are taken, and the figure of §9 has 138 and 140.
 */

import { shortExtension } from "../extension-table.ts";
import { ipv4Field, octetsOf, u32 } from "../field.ts";
import { octets, text } from "../variable-field.ts";

/** The tables of one number space; `extension` names the extension in it. RFC 4881 §9. */
export function linkLayerTables<const E extends string>(type: 138 | 140, extension: E) {
  const of = { type, extension };
  return [
    // `<IMSI>:<Connection Id>` in ASCII.
    shortExtension({
      ...of,
      subtype: 1,
      name: "3gpp2-international-mobile-station-identity-and-connection-id",
      rfc: "RFC 4881 §9.1",
      fields: { imsi: text(1) },
    }),
    // At most 15 digits, in 3GPP's own coding.
    shortExtension({
      ...of,
      subtype: 2,
      name: "3gpp-international-mobile-subscriber-identity",
      rfc: "RFC 4881 §9.2",
      fields: { imsi: octets(1) },
    }),
    shortExtension({
      ...of,
      subtype: 3,
      name: "ethernet-48-bit-mac-address",
      rfc: "RFC 4881 §9.3",
      fields: { mac: octetsOf(6) },
    }),
    shortExtension({
      ...of,
      subtype: 4,
      name: "64-bit-global-id-eui-64",
      rfc: "RFC 4881 §9.4",
      fields: { eui64: octetsOf(8) },
    }),
    // The foreign agent that is solicited.
    shortExtension({
      ...of,
      subtype: 5,
      name: "solicited-ipv4-address",
      rfc: "RFC 4881 §9.5",
      fields: { ipv4Address: ipv4Field },
    }),
    // The access point to which the mobile node will move.
    shortExtension({
      ...of,
      subtype: 6,
      name: "access-point-identifier",
      rfc: "RFC 4881 §9.6",
      fields: { apId: u32 },
    }),
    // The old foreign agent, in a Registration Request.
    shortExtension({
      ...of,
      subtype: 7,
      name: "fa-ipv4-address",
      rfc: "RFC 4881 §9.7",
      fields: { ipv4Address: ipv4Field },
    }),
    // Any other sub-type.
    shortExtension({ type, name: extension, rfc: "RFC 4881 §9", fields: { data: octets() } }),
  ] as const;
}
