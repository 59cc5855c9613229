/** ICMP type 41 (RFC 4065 §8), its fast handover messages and their options (RFC 4988 §5, §6). */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

/** A MAC in an option 20, then the PadN that RFC 4988 §6.1 gives as its example. */
const padded = (mac: string) => hex(`${mac} 01 05 0000000000`);

export const fastHandover: readonly GoldenVector[] = [
  {
    title:
      "RFC 4988 §5.3: RtSolPr: subtype 6, reserved, identifier, the new access point's address [4988-5.3-01]",
    space: "icmp",
    hex: `29 00 9517
          06 a5 1234
          14 02 01 020304050607 01 05 0000000000`,
    value: {
      name: "rtsolpr",
      code: 0,
      reserved: 0xa5,
      identifier: 0x1234,
      extensions: [
        {
          name: "link-layer-address-option",
          optionCode: 1,
          llaAndPadding: padded("020304050607"),
        },
      ],
    },
    json: { subtype: 6, reserved: 0xa5, identifier: 0x1234 },
  },
  {
    title:
      "RFC 4988 §5.3, §6: RtSolPr with a wildcard of one unit, and an unknown option behind it [4988-5.3-01, 4988-6-01]",
    space: "icmp",
    hex: `29 00 3ebc
          06 00 1235
          14 01 00 0000000000
          63 01 010203040506`,
    value: {
      name: "rtsolpr",
      code: 0,
      reserved: 0,
      identifier: 0x1235,
      extensions: [
        { name: "link-layer-address-option", optionCode: 0, llaAndPadding: hex("0000000000") },
        { name: "unknown", type: 0x63, data: hex("010203040506") },
      ],
    },
  },
  {
    title:
      "RFC 4988 §5.4: PrRtAdv, unsolicited: new access point, new router, its address and prefix, new care-of address [4988-5.4-01]",
    space: "icmp",
    hex: `29 01 9a48
          07 00 0000
          14 02 01 020304050607 01 05 0000000000
          14 02 03 0a0b0c0d0e0f 01 05 0000000000
          15 01 03 00 c0000221
          16 01 00 18 00000000
          15 01 02 00 c0000242`,
    value: {
      name: "prrtadv",
      code: 1,
      reserved: 0,
      identifier: 0,
      extensions: [
        {
          name: "link-layer-address-option",
          optionCode: 1,
          llaAndPadding: padded("020304050607"),
        },
        {
          name: "link-layer-address-option",
          optionCode: 3,
          llaAndPadding: padded("0a0b0c0d0e0f"),
        },
        {
          name: "new-ipv4-address-option",
          optionCode: 3,
          reserved: 0,
          newIpv4Address: ipv4("192.0.2.33"),
        },
        {
          name: "new-router-prefix-information-option",
          optionCode: 0,
          prefixLength: 24,
          reserved: 0,
        },
        {
          name: "new-ipv4-address-option",
          optionCode: 2,
          reserved: 0,
          newIpv4Address: ipv4("192.0.2.66"),
        },
      ],
    },
    json: { code: 1, subtype: 7, identifier: 0 },
  },
  {
    title: "RFC 4988 §5.4: PrRtAdv: reserved may hold anything [4988-5.4-01]",
    space: "icmp",
    hex: `29 04 9413
          07 a5 1234
          14 02 01 020304050607 01 05 0000000000`,
    value: {
      name: "prrtadv",
      code: 4,
      reserved: 0xa5,
      identifier: 0x1234,
      extensions: [
        {
          name: "link-layer-address-option",
          optionCode: 1,
          llaAndPadding: padded("020304050607"),
        },
      ],
    },
  },
  {
    title:
      "RFC 4988 §5.5: HI: S is the first bit behind the subtype; the mobile node's addresses [4988-5.5-01, 4988-5.3-03]",
    space: "icmp",
    hex: `29 00 e0ef
          08 80 1234
          14 02 02 020304050607 01 05 0000000000
          15 01 01 00 c0000207
          15 01 02 00 c0000242`,
    value: {
      name: "hi",
      code: 0,
      flags: 2,
      reserved: 0,
      identifier: 0x1234,
      extensions: [
        {
          name: "link-layer-address-option",
          optionCode: 2,
          llaAndPadding: padded("020304050607"),
        },
        {
          name: "new-ipv4-address-option",
          optionCode: 1,
          reserved: 0,
          newIpv4Address: ipv4("192.0.2.7"),
        },
        {
          name: "new-ipv4-address-option",
          optionCode: 2,
          reserved: 0,
          newIpv4Address: ipv4("192.0.2.66"),
        },
      ],
    },
    json: { subtype: 8, flags: { S: true, U: false } },
  },
  {
    title:
      "RFC 4988 §5.5: HI: U is the second bit, the six behind it may hold anything [4988-5.5-01]",
    space: "icmp",
    hex: `29 01 bc4b
          08 7f 1234`,
    value: {
      name: "hi",
      code: 1,
      flags: 1,
      reserved: 0x3f,
      identifier: 0x1234,
      extensions: [],
    },
    json: { flags: { S: false, U: true }, reserved: 0x3f },
  },
  {
    title: "RFC 4988 §5.6: HAck: code 3 and the new care-of address [4988-5.6-02]",
    space: "icmp",
    hex: `29 03 e284
          09 00 1234
          15 01 02 00 c0000242`,
    value: {
      name: "hack",
      code: 3,
      reserved: 0,
      identifier: 0x1234,
      extensions: [
        {
          name: "new-ipv4-address-option",
          optionCode: 2,
          reserved: 0,
          newIpv4Address: ipv4("192.0.2.66"),
        },
      ],
    },
    json: { code: 3, subtype: 9 },
  },
  {
    title: "RFC 4988 §5.6: HAck: a refusal; reserved may hold anything [4988-5.6-02]",
    space: "icmp",
    hex: `29 80 baa6
          09 a5 1234`,
    value: { name: "hack", code: 128, reserved: 0xa5, identifier: 0x1234, extensions: [] },
  },
  {
    title: "RFC 4065 §8: CARD: subtype 0, three octets and options of its own [4065-8-01]",
    space: "icmp",
    hex: `29 02 46f2
          00 010203
          8a 02 0405`,
    value: {
      name: "card",
      code: 2,
      reserved: 0x010203,
      options: hex("8a020405"),
      extensions: [],
    },
    json: { subtype: 0, reserved: 0x010203, options: "8a020405" },
  },
  {
    title: "RFC 4065 §8: CXTP: subtype 1, three octets and options of its own [4065-8-01]",
    space: "icmp",
    hex: `29 00 bd4a
          01 a50607
          08090a`,
    value: { name: "cxtp", code: 0, reserved: 0xa50607, options: hex("08090a"), extensions: [] },
    json: { subtype: 1 },
  },
  {
    title: "RFC 4065 §8: an unknown subtype is kept whole [4065-8-01]",
    space: "icmp",
    hex: `29 07 abcd
          fe 0c0d0e
          0f1011`,
    value: {
      name: "experimental-mobility",
      code: 7,
      subtype: 0xfe,
      reserved: 0x0c0d0e,
      options: hex("0f1011"),
      extensions: [],
    },
    json: { subtype: 0xfe },
  },
  {
    title:
      "RFC 4988 §6.1: Link-Layer Address Option: a MAC with PadN takes 2 units of 8 octets [4988-6.1-01, 4988-6.1-03]",
    space: "option",
    hex: "14 02 04 020304050607 01 05 0000000000",
    value: {
      name: "link-layer-address-option",
      optionCode: 4,
      llaAndPadding: padded("020304050607"),
    },
    json: { length: 2, option_code: 4, lla_and_padding: "02030405060701050000000000" },
  },
  {
    title:
      "RFC 4988 §6.1: Link-Layer Address Option: an address of 4 octets with Pad1 takes one unit [4988-6.1-04]",
    space: "option",
    hex: "14 01 07 c1c2c3c4 00",
    value: {
      name: "link-layer-address-option",
      optionCode: 7,
      llaAndPadding: hex("c1c2c3c4 00"),
    },
    json: { length: 1, option_code: 7 },
  },
  {
    title: "RFC 4988 §6.2: New IPv4 Address Option: code, reserved, address [4988-6.2-01]",
    space: "option",
    hex: "15 01 03 a5 c0000221",
    value: {
      name: "new-ipv4-address-option",
      optionCode: 3,
      reserved: 0xa5,
      newIpv4Address: ipv4("192.0.2.33"),
    },
    json: { length: 1, option_code: 3, new_ipv4_address: "192.0.2.33" },
  },
  {
    title:
      "RFC 4988 §6.3: New Router Prefix Information Option: code, prefix length, reserved [4988-6.3-01]",
    space: "option",
    hex: `16 01 00 1a
          a1b2c3d4`,
    value: {
      name: "new-router-prefix-information-option",
      optionCode: 0,
      prefixLength: 26,
      reserved: 0xa1b2c3d4,
    },
    json: { length: 1, prefix_length: 26 },
  },
];
