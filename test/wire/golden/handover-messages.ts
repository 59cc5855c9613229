/** Handover between agents by UDP: low latency (RFC 4881 §4) and fast (RFC 4988 §5.1, §5.2). */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

const flagsOff = { H: false, N: false, R: false, M: false, G: false, T: false, B: false };

export const handoverMessages: readonly GoldenVector[] = [
  {
    title:
      "RFC 4881 §4.5: Handoff Request: B is the last of seven flags, 17 reserved bits follow [4881-4.5-01]",
    space: "control",
    hex: `10 02 0000
          0102 0000
          0a010007
          c6336401
          5152535455565758`,
    value: {
      name: "handoff-request",
      flags: 0x01,
      reserved: 0,
      lifetime: 0x102,
      reserved2: 0,
      mnHomeAddress: ipv4("10.1.0.7"),
      haAddress: ipv4("198.51.100.1"),
      identification: 0x5152535455565758n,
      extensions: [],
    },
    json: { flags: { ...flagsOff, B: true }, lifetime: 258, ha_address: "198.51.100.1" },
  },
  {
    title:
      "RFC 4881 §4.5, §4.7: Handoff to Third: H and N; reserved bits of all widths are kept [4881-4.5-01, 4881-4.5-02]",
    space: "control",
    hex: `10 c1 0203
          ffff a55b
          0a010007
          c6336401
          5152535455565758
          21 05 00000304 ee`,
    value: {
      name: "handoff-request",
      flags: 0x60,
      reserved: 0x10203,
      lifetime: 0xffff,
      reserved2: 0xa55b,
      mnHomeAddress: ipv4("10.1.0.7"),
      haAddress: ipv4("198.51.100.1"),
      identification: 0x5152535455565758n,
      extensions: [
        { name: "mobile-foreign-authentication-extension", spi: 0x304, authenticator: hex("ee") },
      ],
    },
    json: { flags: { ...flagsOff, H: true, N: true } },
  },
  {
    title:
      "RFC 4881 §4.5: Handoff Request: renewal (R) of a tunnel with minimal encapsulation (M) [4881-4.5-02]",
    space: "control",
    hex: "10 30 0000 0000 0000 0a010007 c6336401 5152535455565758",
    value: {
      name: "handoff-request",
      flags: 0x18,
      reserved: 0,
      lifetime: 0,
      reserved2: 0,
      mnHomeAddress: ipv4("10.1.0.7"),
      haAddress: ipv4("198.51.100.1"),
      identification: 0x5152535455565758n,
      extensions: [],
    },
    json: { flags: { ...flagsOff, R: true, M: true } },
  },
  {
    title:
      "RFC 4881 §4.6: Handoff Reply: seven flags, 9 reserved bits, then the code [4881-4.6-01]",
    space: "control",
    hex: `11 20 00 01
          0102 0000
          0a010007
          c6336401
          5152535455565758`,
    value: {
      name: "handoff-reply",
      flags: 0x10,
      reserved: 0,
      code: 1,
      lifetime: 0x102,
      reserved2: 0,
      mnHomeAddress: ipv4("10.1.0.7"),
      haAddress: ipv4("198.51.100.1"),
      identification: 0x5152535455565758n,
      extensions: [],
    },
    json: { flags: { ...flagsOff, R: true }, code: 1 },
  },
  {
    title:
      "RFC 4881 §4.6: Handoff Reply: G and T beside reserved bits that are kept, extensions [4881-4.6-01]",
    space: "control",
    hex: `11 0d a5 00
          0102 a55b
          0a010007
          c6336401
          5152535455565758
          21 05 00000304 ee`,
    value: {
      name: "handoff-reply",
      flags: 0x06,
      reserved: 0x1a5,
      code: 0,
      lifetime: 0x102,
      reserved2: 0xa55b,
      mnHomeAddress: ipv4("10.1.0.7"),
      haAddress: ipv4("198.51.100.1"),
      identification: 0x5152535455565758n,
      extensions: [
        { name: "mobile-foreign-authentication-extension", spi: 0x304, authenticator: hex("ee") },
      ],
    },
    json: { flags: { ...flagsOff, G: true, T: true } },
  },
  {
    title:
      "RFC 4988 §5.1: Fast Binding Update: laid out as a Registration Request, type 20, MN-PAR authentication [4988-5.1-01]",
    space: "control",
    hex: `14 20 000a
          0a010007
          c6336403
          c0000221
          6162636465666768
          24 04 0014 00000708 00112233445566778899aabbccddeeff`,
    value: {
      name: "fast-binding-update",
      flags: 0x20,
      reserved: 0,
      lifetime: 10,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.3"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x6162636465666768n,
      extensions: [
        {
          name: "mn-par-auth-extension",
          spi: 0x708,
          authenticator: hex("00112233445566778899aabbccddeeff"),
        },
      ],
    },
    json: { flags: { D: true, M: false, G: false, r: false, T: false, x: false }, lifetime: 10 },
  },
  {
    title:
      "RFC 4988 §5.1: Fast Binding Update: the places of S and B have no name and are kept; the lifetime is the low 10 bits [4988-5.1-02, 4988-5.1-03]",
    space: "control",
    hex: `14 d2 fb05
          0a010007
          c6336403
          c0000221
          6162636465666768`,
    value: {
      name: "fast-binding-update",
      flags: 0xd2,
      reserved: 0x3e,
      lifetime: 0x305,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.3"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x6162636465666768n,
      extensions: [],
    },
    json: { flags: { D: false, M: true, G: false, r: false, T: true, x: false }, reserved: 0x3e },
  },
  {
    title:
      "RFC 4988 §5.2, §6.2: Fast Binding Acknowledgment: code 1 and the new care-of address in an option of 8 octets [4988-5.2-01, 4988-5.2-02, 4988-6.2-01]",
    space: "control",
    hex: `15 01 0009
          0a010007
          c6336403
          6162636465666768
          15 01 02 00 c0000242
          24 04 0014 00000708 00112233445566778899aabbccddeeff`,
    value: {
      name: "fast-binding-acknowledgment",
      code: 1,
      reserved: 0,
      lifetime: 9,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.3"),
      identification: 0x6162636465666768n,
      extensions: [
        {
          name: "new-ipv4-address-option",
          optionCode: 2,
          reserved: 0,
          newIpv4Address: ipv4("192.0.2.66"),
        },
        {
          name: "mn-par-auth-extension",
          spi: 0x708,
          authenticator: hex("00112233445566778899aabbccddeeff"),
        },
      ],
    },
    json: { code: 1, reserved: 0, lifetime: 9 },
  },
  {
    title:
      "RFC 4988 §5.2: Fast Binding Acknowledgment: six reserved bits before a lifetime of 10 bits [4988-5.2-01]",
    space: "control",
    hex: "15 82 0705 0a010007 c6336403 6162636465666768",
    value: {
      name: "fast-binding-acknowledgment",
      code: 130,
      reserved: 1,
      lifetime: 0x305,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.3"),
      identification: 0x6162636465666768n,
      extensions: [],
    },
    json: { code: 130, reserved: 1, lifetime: 773 },
  },
];
