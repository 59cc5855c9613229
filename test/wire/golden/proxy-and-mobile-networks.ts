/** Who is proxied, and what moves with a router. RFC 5563 §5.2 to §5.5, RFC 5177 §4, RFC 6626. */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const proxyAndMobileNetworks: readonly GoldenVector[] = [
  {
    title: "RFC 5563 §5.2: Interface ID: the identifier follows the sub-type [5563-5.2-01]",
    space: "control-extension",
    hex: `93 07 01 02
          11223344
          55`,
    value: { name: "pmipv4-interface-id", identifier: hex("021122334455") },
    json: {
      name: "pmipv4-skippable-extension",
      subtype_name: "pmipv4-interface-id",
      subtype: 1,
      length: 7,
      identifier: "021122334455",
    },
  },
  {
    title: "RFC 5563 §5.3: Device ID: ID-Type, then the identifier [5563-5.3-01]",
    space: "control-extension",
    hex: `93 06 02 03
          a1b2c3d4`,
    value: { name: "pmipv4-device-id", idType: 3, identifier: hex("a1b2c3d4") },
    json: {
      name: "pmipv4-skippable-extension",
      subtype_name: "pmipv4-device-id",
      subtype: 2,
      length: 6,
      id_type: 3,
      identifier: "a1b2c3d4",
    },
  },
  {
    title: "RFC 5563 §5.4: Subscriber ID: sub-type 3 [5563-5.4-01]",
    space: "control-extension",
    hex: `93 05 03 01
          a1b2c3`,
    value: { name: "pmipv4-subscriber-id", idType: 1, identifier: hex("a1b2c3") },
    json: { subtype_name: "pmipv4-subscriber-id", subtype: 3, length: 5, id_type: 1 },
  },
  {
    title: "RFC 5563 §5.5: Access Technology Type: Length 2 [5563-5.5-01]",
    space: "control-extension",
    hex: "93 02 04 08",
    value: { name: "access-technology-type", techType: 8 },
    json: {
      name: "pmipv4-skippable-extension",
      subtype_name: "access-technology-type",
      subtype: 4,
      length: 2,
      tech_type: 8,
    },
  },
  {
    title: "RFC 5563 §5.2: type 147 of another sub-type is kept as octets",
    space: "control-extension",
    hex: "93 04 63 a1b2c3",
    value: { name: "pmipv4-skippable-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "pmipv4-skippable-extension", subtype: 0x63, length: 4 },
  },
  {
    title: "RFC 5177 §4.1: Mobile Network Request: Length 6, sub-type 0 [5177-4.1-01]",
    space: "control-extension",
    hex: `94 06 00 18
          0a0b0c00`,
    value: {
      name: "mobile-network-request-extension",
      prefixLength: 24,
      prefix: ipv4("10.11.12.0"),
    },
    json: {
      name: "mobile-network-extension",
      subtype_name: "mobile-network-request-extension",
      subtype: 0,
      length: 6,
      prefix_length: 24,
      prefix: "10.11.12.0",
    },
  },
  {
    title: "RFC 6626 §3.1: a request for a prefix: the address 0, the length a hint",
    space: "control-extension",
    hex: `94 06 00 1d
          00000000`,
    value: { name: "mobile-network-request-extension", prefixLength: 29, prefix: ipv4("0.0.0.0") },
    json: { prefix_length: 29, prefix: "0.0.0.0" },
  },
  {
    title:
      "RFC 5177 §4.2: explicit Acknowledgement: Code, Prefix Length, Reserved, then the unaligned Prefix [5177-4.2-01, 5177-4.2-02]",
    space: "control-extension",
    hex: `94 08 01 03
          18 00 0a0b
          0c00`,
    value: {
      name: "explicit-mode-acknowledgement-extension",
      code: 3,
      prefixLength: 24,
      reserved: 0,
      prefix: ipv4("10.11.12.0"),
    },
    json: {
      name: "mobile-network-extension",
      subtype_name: "explicit-mode-acknowledgement-extension",
      subtype: 1,
      length: 8,
      code: 3,
      prefix_length: 24,
      prefix: "10.11.12.0",
    },
  },
  {
    title:
      "RFC 5177 §4.2: implicit Acknowledgement: sub-type 2; Reserved is ignored, but kept [5177-4.2-01]",
    space: "control-extension",
    hex: `94 08 02 00
          10 5a 0a0b
          0000`,
    value: {
      name: "implicit-mode-acknowledgement-extension",
      code: 0,
      prefixLength: 16,
      reserved: 0x5a,
      prefix: ipv4("10.11.0.0"),
    },
    json: { subtype: 2, length: 8, code: 0, reserved: 0x5a },
  },
  {
    title: "RFC 6626 §5: an Acknowledgement with the Code 4 [6626-5-01]",
    space: "control-extension",
    hex: `94 08 01 04
          1d 00 0000
          0000`,
    value: {
      name: "explicit-mode-acknowledgement-extension",
      code: 4,
      prefixLength: 29,
      reserved: 0,
      prefix: ipv4("0.0.0.0"),
    },
    json: { code: 4 },
  },
  {
    title: "RFC 5177 §4: type 148 of another sub-type is kept as octets",
    space: "control-extension",
    hex: "94 04 63 a1b2c3",
    value: { name: "mobile-network-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "mobile-network-extension", subtype: 0x63, length: 4 },
  },
];
