/** Registration with a home agent (RFC 5944 §3) and with a gateway foreign agent (RFC 4857 §10). */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const registration: readonly GoldenVector[] = [
  {
    title:
      "RFC 5944 §3.3: Registration Request: flags, lifetime, home address, home agent, care-of address [5944-3.3-01]",
    space: "control",
    hex: `01 02 0708
          0a010007
          c6336401
          c0000221
          1122334455667788`,
    value: {
      name: "registration-request",
      flags: 0x02,
      lifetime: 1800,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.1"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x1122334455667788n,
      extensions: [],
    },
    json: {
      flags: { S: false, B: false, D: false, M: false, G: false, r: false, T: true, x: false },
      home_address: "10.1.0.7",
      home_agent: "198.51.100.1",
      care_of_address: "192.0.2.33",
      identification: "1122334455667788",
    },
  },
  {
    title:
      "RFC 5944 §3.3, §3.5.2: Registration Request with r and x set, which are kept, and an extension [5944-3.3-02, 5944-3.3-03, 5944-3.3-04, 5944-3.5.2-02]",
    space: "control",
    hex: `01 a5 ffff
          00000000
          ffffffff
          cb007109
          8000000000000001
          20 06 00000102 a1b2`,
    value: {
      name: "registration-request",
      flags: 0xa5,
      lifetime: 0xffff,
      homeAddress: ipv4("0.0.0.0"),
      homeAgent: ipv4("255.255.255.255"),
      careOfAddress: ipv4("203.0.113.9"),
      identification: 0x8000000000000001n,
      extensions: [
        {
          name: "mobile-home-authentication-extension",
          spi: 0x102,
          authenticator: hex("a1b2"),
        },
      ],
    },
    json: {
      flags: { S: true, B: false, D: true, M: false, G: false, r: true, T: false, x: true },
    },
  },
  {
    title:
      "RFC 5944 §3.4: Registration Reply: the identification follows the home agent, there is no care-of address [5944-3.4-05]",
    space: "control",
    hex: `03 85 0102
          0a010007
          c6336401
          1122334455667788`,
    value: {
      name: "registration-reply",
      code: 133,
      lifetime: 0x102,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.1"),
      identification: 0x1122334455667788n,
      extensions: [],
    },
    json: { code: 133, lifetime: 258, home_agent: "198.51.100.1" },
  },
  {
    title:
      "RFC 5944 §1.8, §1.9: padding of one octet, and an unknown extension that its length of data steps over [5944-1.8-03, 5944-1.8-07, 5944-1.9-01]",
    space: "control",
    hex: `03 00 0708 0a010007 c6336401 1122334455667788
          00
          c8 03 010203
          c9 00
          21 05 00000304 ee
          22 06 00000506 dd cc`,
    value: {
      name: "registration-reply",
      code: 0,
      lifetime: 1800,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.1"),
      identification: 0x1122334455667788n,
      extensions: [
        { name: "one-byte-padding" },
        { name: "unknown", type: 200, data: hex("010203") },
        { name: "unknown", type: 201, data: hex("") },
        {
          name: "mobile-foreign-authentication-extension",
          spi: 0x304,
          authenticator: hex("ee"),
        },
        {
          name: "foreign-home-authentication-extension",
          spi: 0x506,
          authenticator: hex("ddcc"),
        },
      ],
    },
  },
  {
    title:
      "RFC 4857 §10.1: Regional Registration Request: the GFA in the home agent's place, all-ones care-of address [4857-10.1-01]",
    space: "control",
    hex: `12 20 ffff
          0a010007
          c6336402
          ffffffff
          2122232425262728`,
    value: {
      name: "regional-registration-request",
      flags: 0x20,
      lifetime: 0xffff,
      homeAddress: ipv4("10.1.0.7"),
      gfaIpAddress: ipv4("198.51.100.2"),
      careOfAddress: ipv4("255.255.255.255"),
      identification: 0x2122232425262728n,
      extensions: [],
    },
    json: {
      flags: { S: false, B: false, D: true, M: false, G: false, r: false, T: false, x: false },
      gfa_ip_address: "198.51.100.2",
    },
  },
  {
    title:
      "RFC 4857 §10.1: Regional Registration Request with S, M and T, and an extension behind it [4857-10.1-01]",
    space: "control",
    hex: `12 92 0000
          0a010007
          c6336402
          c0000221
          2122232425262728
          21 05 00000304 ee`,
    value: {
      name: "regional-registration-request",
      flags: 0x92,
      lifetime: 0,
      homeAddress: ipv4("10.1.0.7"),
      gfaIpAddress: ipv4("198.51.100.2"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x2122232425262728n,
      extensions: [
        { name: "mobile-foreign-authentication-extension", spi: 0x304, authenticator: hex("ee") },
      ],
    },
    json: {
      flags: { S: true, B: false, D: false, M: true, G: false, r: false, T: true, x: false },
    },
  },
  {
    title:
      "RFC 4857 §10.2: Regional Registration Reply: code, lifetime, home address, GFA, identification, extensions [4857-10.2-01]",
    space: "control",
    hex: `13 70 0102
          0a010007
          c6336402
          2122232425262728
          20 05 00000102 a1`,
    value: {
      name: "regional-registration-reply",
      code: 112,
      lifetime: 0x102,
      homeAddress: ipv4("10.1.0.7"),
      gfaIpAddress: ipv4("198.51.100.2"),
      identification: 0x2122232425262728n,
      extensions: [
        { name: "mobile-home-authentication-extension", spi: 0x102, authenticator: hex("a1") },
      ],
    },
    json: { code: 112, gfa_ip_address: "198.51.100.2" },
  },
];
