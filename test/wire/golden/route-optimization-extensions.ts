/** Route optimization between mobile routers. RFC 6521 §5.2 to §5.5. */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

/** 128 bits. */
const DIGEST = "00112233445566778899aabbccddeeff";

export const routeOptimizationExtensions: readonly GoldenVector[] = [
  {
    title: "RFC 6521 §5.2: Route Optimization Reply: O is the first bit, code 16 [6521-5.2-01]",
    space: "control-extension",
    hex: "31 02 01 90",
    value: { name: "route-optimization-reply", flags: 0b100, code: 16 },
    json: {
      name: "route-optimization-extensions",
      subtype_name: "route-optimization-reply",
      subtype: 1,
      length: 2,
      flags: { O: true, N: false, S: false },
      code: 16,
    },
  },
  {
    title: "RFC 6521 §5.2: Route Optimization Reply: N is the second bit, code 0 [6521-5.2-01]",
    space: "control-extension",
    hex: "31 02 01 40",
    value: { name: "route-optimization-reply", flags: 0b010, code: 0 },
    json: { flags: { O: false, N: true, S: false }, code: 0 },
  },
  {
    title: "RFC 6521 §5.2: Route Optimization Reply: S is the third bit, code 1 [6521-5.2-01]",
    space: "control-extension",
    hex: "31 02 01 21",
    value: { name: "route-optimization-reply", flags: 0b001, code: 1 },
    json: { flags: { O: false, N: false, S: true }, code: 1 },
  },
  {
    title:
      "RFC 6521 §5.3: Mobile-Correspondent Authentication: nonce indexes in the SPI's place [6521-5.3-01]",
    space: "control-extension",
    hex: `31 16 02 00
          1122 3344
          00112233
          44556677
          8899aabb
          ccddeeff`,
    value: {
      name: "mobile-correspondent-authentication-extension",
      reserved: 0,
      homeNonceIndex: 0x1122,
      careOfNonceIndex: 0x3344,
      authenticator: hex(DIGEST),
    },
    json: {
      name: "route-optimization-extensions",
      subtype_name: "mobile-correspondent-authentication-extension",
      subtype: 2,
      length: 22,
      home_nonce_index: 0x1122,
      care_of_nonce_index: 0x3344,
      authenticator: DIGEST,
    },
  },
  {
    title:
      "RFC 6521 §5.3: Mobile-Correspondent Authentication: Reserved is ignored, but kept [6521-5.3-01]",
    space: "control-extension",
    hex: `31 16 02 5a
          0000 0000
          ${DIGEST}`,
    value: {
      name: "mobile-correspondent-authentication-extension",
      reserved: 0x5a,
      homeNonceIndex: 0,
      careOfNonceIndex: 0,
      authenticator: hex(DIGEST),
    },
    json: { reserved: 0x5a },
  },
  {
    title: "RFC 6521 §5.4: Care-of Address: two addresses in order of priority [6521-5.4-01]",
    space: "control-extension",
    hex: `31 0a 03 00
          cb007109
          c0000221`,
    value: {
      name: "care-of-address-extension",
      reserved: 0,
      careOfAddresses: [ipv4("203.0.113.9"), ipv4("192.0.2.33")],
    },
    json: {
      name: "route-optimization-extensions",
      subtype_name: "care-of-address-extension",
      subtype: 3,
      length: 10,
      care_of_addresses: ["203.0.113.9", "192.0.2.33"],
    },
  },
  {
    title: "RFC 6521 §5.4: Care-of Address: one address; Reserved is kept as it came [6521-5.4-01]",
    space: "control-extension",
    hex: `31 06 03 5a
          cb007109`,
    value: {
      name: "care-of-address-extension",
      reserved: 0x5a,
      careOfAddresses: [ipv4("203.0.113.9")],
    },
    json: { length: 6, reserved: 0x5a },
  },
  {
    title: "RFC 6521 §5.2: type 49 of another sub-type has the short form too",
    space: "control-extension",
    hex: "31 04 63 a1b2c3",
    value: { name: "route-optimization-extensions", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "route-optimization-extensions", subtype: 0x63, length: 4 },
  },
  {
    title:
      "RFC 6521 §4.1, §5.5: Prefix Advertisement with the three prefixes of figure 1: whole, delta, delta [6521-4.1-01, 6521-5.5-01, 6521-5.5-02]",
    space: "control-extension",
    hex: `32 01 0011
          41 0a010007
          1c c0000200 00
          9a 09 00
          99 05 00`,
    value: {
      name: "route-optimization-prefix-advertisement-extension",
      records: [
        { kind: "mobile-router", delta: 0, info: 1, mobileRouterHoa: ipv4("10.1.0.7") },
        {
          kind: "prefix",
          delta: 0,
          prefixLength: 28,
          prefix: hex("c0000200"),
          realm: hex(""),
        },
        { kind: "prefix", delta: 1, prefixLength: 26, prefix: hex("09"), realm: hex("") },
        { kind: "prefix", delta: 1, prefixLength: 25, prefix: hex("05"), realm: hex("") },
      ],
    },
    json: {
      name: "route-optimization-data",
      subtype_name: "route-optimization-prefix-advertisement-extension",
      subtype: 1,
      length: 17,
      records: [
        { flags: { D: false, M: true }, info: 1, mobile_router_hoa: "10.1.0.7" },
        { flags: { D: false, M: false }, plen: 28, prefix: "c0000200", realm: "" },
        { flags: { D: true, M: false }, plen: 26, prefix: "09", realm: "" },
        { flags: { D: true, M: false }, plen: 25, prefix: "05", realm: "" },
      ],
    },
  },
  {
    title:
      "RFC 6521 §4.2.3: Prefix Advertisement with the five realms of the example, behind prefixes of 1 to 4 octets [6521-4.1-01, 6521-5.5-01]",
    space: "control-extension",
    hex: `32 01 003d
          40 0a010007
          18 0a0901 03 666f6f 07 6578616d706c65 03 636f6d 00
          10 0a0a   03 626172 83 00
          08 0b     03 62757a 80 81 03 6f7267 00
          04 c0     84 00
          20 0a0b0c0d 85 84 87 00`,
    value: {
      name: "route-optimization-prefix-advertisement-extension",
      records: [
        { kind: "mobile-router", delta: 0, info: 0, mobileRouterHoa: ipv4("10.1.0.7") },
        {
          kind: "prefix",
          delta: 0,
          prefixLength: 24,
          prefix: hex("0a0901"),
          realm: hex("03666f6f 076578616d706c65 03636f6d"),
        },
        {
          kind: "prefix",
          delta: 0,
          prefixLength: 16,
          prefix: hex("0a0a"),
          realm: hex("03626172 83"),
        },
        {
          kind: "prefix",
          delta: 0,
          prefixLength: 8,
          prefix: hex("0b"),
          realm: hex("0362757a 80 81 036f7267"),
        },
        { kind: "prefix", delta: 0, prefixLength: 4, prefix: hex("c0"), realm: hex("84") },
        {
          kind: "prefix",
          delta: 0,
          prefixLength: 32,
          prefix: hex("0a0b0c0d"),
          realm: hex("85 84 87"),
        },
      ],
    },
    json: { length: 61 },
  },
  {
    title:
      "RFC 6521 §5.5: Prefix Advertisement: prefixes follow their router; D of a router is ignored, but kept [6521-5.5-01, 6521-5.5-02]",
    space: "control-extension",
    hex: `32 01 0014
          40 0a010007
          08 0b 00
          c1 0a020008
          0c 0c10 00
          8c 34 00`,
    value: {
      name: "route-optimization-prefix-advertisement-extension",
      records: [
        { kind: "mobile-router", delta: 0, info: 0, mobileRouterHoa: ipv4("10.1.0.7") },
        { kind: "prefix", delta: 0, prefixLength: 8, prefix: hex("0b"), realm: hex("") },
        { kind: "mobile-router", delta: 1, info: 1, mobileRouterHoa: ipv4("10.2.0.8") },
        { kind: "prefix", delta: 0, prefixLength: 12, prefix: hex("0c10"), realm: hex("") },
        { kind: "prefix", delta: 1, prefixLength: 12, prefix: hex("34"), realm: hex("") },
      ],
    },
  },
  {
    title: "RFC 6521 §5.5: type 50 of another sub-type has the long form too",
    space: "control-extension",
    hex: `32 63 0003
          a1b2c3`,
    value: { name: "route-optimization-data", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "route-optimization-data", subtype: 0x63, length: 3 },
  },
];
