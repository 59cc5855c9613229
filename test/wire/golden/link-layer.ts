/**
 * Generalized Link Layer and IPv4 Address Extension. RFC 4881 §9: 138 in control messages, 140 in
 * agent discovery. §9.1 to §9.7 print the sub-type's number as the type too.
 */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

const REGISTRATION = "generalized-link-layer-and-ipv4-address-registration-extension";
const ADVERTISEMENT = "generalized-link-layer-and-ipv4-address-advertisement-extension";

type Shown = NonNullable<GoldenVector["json"]>;
type LinkLayer = Extract<GoldenVector, { space: "control-extension" }>["value"] &
  Extract<GoldenVector, { space: "icmp-extension" }>["value"];

interface Row {
  readonly title: string;
  readonly rows: string;
  /** From Length on. */
  readonly hex: string;
  readonly value: LinkLayer;
  readonly json: Shown;
}

const ROWS: readonly Row[] = [
  {
    title: "§9.1: 3GPP2: IMSI and connection in ASCII with a colon between",
    rows: "4881-9-01, 4881-9.1-01",
    hex: `13 01 32
          36323031
          32333435
          36373839
          30313a37
          32`,
    value: {
      name: "3gpp2-international-mobile-station-identity-and-connection-id",
      imsi: "262012345678901:72",
    },
    json: { subtype: 1, length: 19, imsi: "262012345678901:72" },
  },
  {
    title: "§9.2: 3GPP: an IMSI in 3GPP's own coding, kept as octets",
    rows: "4881-9-01, 4881-9.2-01",
    hex: `09 02 29
          26103254
          769810`,
    value: {
      name: "3gpp-international-mobile-subscriber-identity",
      imsi: hex("2926103254769810"),
    },
    json: { subtype: 2, length: 9, imsi: "2926103254769810" },
  },
  {
    title: "§9.3: Ethernet: Length 7",
    rows: "4881-9-01, 4881-9.3-01",
    hex: `07 03 02
          11223344
          55`,
    value: { name: "ethernet-48-bit-mac-address", mac: hex("021122334455") },
    json: { subtype: 3, length: 7, mac: "021122334455" },
  },
  {
    title: "§9.4: EUI-64: Length 9",
    rows: "4881-9-01, 4881-9.4-01",
    hex: `09 04 02
          1122fffe
          334455`,
    value: { name: "64-bit-global-id-eui-64", eui64: hex("021122fffe334455") },
    json: { subtype: 4, length: 9, eui64: "021122fffe334455" },
  },
  {
    title: "§9.5: Solicited IPv4 Address: Length 5",
    rows: "4881-9-01, 4881-9.5-01",
    hex: `05 05 c0
          000221`,
    value: { name: "solicited-ipv4-address", ipv4Address: ipv4("192.0.2.33") },
    json: { subtype: 5, length: 5, ipv4_address: "192.0.2.33" },
  },
  {
    title: "§9.6: Access Point Identifier: Length 5",
    rows: "4881-9-01, 4881-9.6-01",
    hex: `05 06 91
          223344`,
    value: { name: "access-point-identifier", apId: 0x91223344 },
    json: { subtype: 6, length: 5, ap_id: 0x91223344 },
  },
  {
    title: "§9.7: FA IPv4 Address: Length 5",
    rows: "4881-9-01, 4881-9.7-01",
    hex: `05 07 cb
          007109`,
    value: { name: "fa-ipv4-address", ipv4Address: ipv4("203.0.113.9") },
    json: { subtype: 7, length: 5, ipv4_address: "203.0.113.9" },
  },
];

/** Each sub-type in both number spaces: only the type and the name of the extension differ. */
export const linkLayer: readonly GoldenVector[] = [
  ...ROWS.flatMap(({ title, rows, hex: digits, value, json }): GoldenVector[] => [
    {
      title: `RFC 4881 §9, ${title}: type 138 in control messages [${rows}]`,
      space: "control-extension",
      hex: `8a ${digits}`,
      value,
      json: { ...json, name: REGISTRATION, subtype_name: value.name },
    },
    {
      title: `RFC 4881 §9, ${title}: type 140 in agent discovery [${rows}]`,
      space: "icmp-extension",
      hex: `8c ${digits}`,
      value,
      json: { ...json, name: ADVERTISEMENT, subtype_name: value.name },
    },
  ]),
  {
    title: "RFC 4881 §9: type 138 of another sub-type is kept as octets [4881-9-01]",
    space: "control-extension",
    hex: "8a 04 63 a1b2c3",
    value: { name: REGISTRATION, subtype: 0x63, data: hex("a1b2c3") },
    json: { name: REGISTRATION, subtype: 0x63, length: 4, data: "a1b2c3" },
  },
  {
    title: "RFC 4881 §9: type 140 of another sub-type is kept as octets [4881-9-01]",
    space: "icmp-extension",
    hex: "8c 04 63 a1b2c3",
    value: { name: ADVERTISEMENT, subtype: 0x63, data: hex("a1b2c3") },
    json: { name: ADVERTISEMENT, subtype: 0x63, length: 4, data: "a1b2c3" },
  },
];
