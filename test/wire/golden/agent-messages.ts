/**
 * What agents tell each other and mobile nodes: revocation (RFC 3543), notification (RFC 6098),
 * tunnelled data behind a NAT (RFC 3519) and the experimental message (RFC 4064).
 */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const agentMessages: readonly GoldenVector[] = [
  {
    title:
      "RFC 3543 §3.3: Registration Revocation: A is the first bit, the home domain address stands before the foreign one [3543-3.3-01]",
    space: "control",
    hex: `07 00 8000
          0a010007
          c6336401
          c0000221
          31323334`,
    value: {
      name: "registration-revocation",
      reserved: 0,
      flags: 2,
      reserved2: 0,
      homeAddress: ipv4("10.1.0.7"),
      homeDomainAddress: ipv4("198.51.100.1"),
      foreignDomainAddress: ipv4("192.0.2.33"),
      revocationIdentifier: 0x31323334,
      extensions: [],
    },
    json: {
      flags: { A: true, I: false },
      home_domain_address: "198.51.100.1",
      foreign_domain_address: "192.0.2.33",
    },
  },
  {
    title:
      "RFC 3543 §3.3: Registration Revocation: I is the second bit; both reserved fields may hold anything [3543-3.3-01, 3543-3.3-05]",
    space: "control",
    hex: `07 5a 6003
          0a010007
          c6336401
          c0000221
          fffffffe
          22 06 00000506 ddcc`,
    value: {
      name: "registration-revocation",
      reserved: 0x5a,
      flags: 1,
      reserved2: 0x2003,
      homeAddress: ipv4("10.1.0.7"),
      homeDomainAddress: ipv4("198.51.100.1"),
      foreignDomainAddress: ipv4("192.0.2.33"),
      revocationIdentifier: 0xfffffffe,
      extensions: [
        { name: "foreign-home-authentication-extension", spi: 0x506, authenticator: hex("ddcc") },
      ],
    },
    json: { flags: { A: false, I: true } },
  },
  {
    title:
      "RFC 3543 §3.4: Registration Revocation Acknowledgment: I is the first bit; 12 octets, then extensions [3543-3.4-02]",
    space: "control",
    hex: `0f 00 8000
          0a010007
          31323334
          22 06 00000506 ddcc`,
    value: {
      name: "registration-revocation-acknowledgment",
      reserved: 0,
      flags: 1,
      reserved2: 0,
      homeAddress: ipv4("10.1.0.7"),
      revocationIdentifier: 0x31323334,
      extensions: [
        { name: "foreign-home-authentication-extension", spi: 0x506, authenticator: hex("ddcc") },
      ],
    },
    json: { flags: { I: true }, revocation_identifier: 0x31323334 },
  },
  {
    title:
      "RFC 3543 §3.4: Registration Revocation Acknowledgment: both reserved fields may hold anything [3543-3.4-03]",
    space: "control",
    hex: `0f a5 4001
          0a010007
          31323334`,
    value: {
      name: "registration-revocation-acknowledgment",
      reserved: 0xa5,
      flags: 0,
      reserved2: 0x4001,
      homeAddress: ipv4("10.1.0.7"),
      revocationIdentifier: 0x31323334,
      extensions: [],
    },
    json: { flags: { I: false } },
  },
  {
    title:
      "RFC 6098 §4.1: Generic Notification: message direction, A as the first bit, three addresses, identification [6098-4.1-02]",
    space: "control",
    hex: `16 01 8000
          0a010007
          c6336401
          c0000221
          4142434445464748
          22 06 00000506 ddcc`,
    value: {
      name: "generic-notification",
      md: 1,
      flags: 1,
      reserved: 0,
      homeAddress: ipv4("10.1.0.7"),
      homeAgentAddress: ipv4("198.51.100.1"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x4142434445464748n,
      extensions: [
        { name: "foreign-home-authentication-extension", spi: 0x506, authenticator: hex("ddcc") },
      ],
    },
    json: { md: 1, flags: { A: true }, home_agent_address: "198.51.100.1" },
  },
  {
    title: "RFC 6098 §4.1: Generic Notification: the reserved bits may hold anything [6098-4.1-05]",
    space: "control",
    hex: `16 05 4003
          0a010007
          c6336401
          c0000221
          4142434445464748`,
    value: {
      name: "generic-notification",
      md: 5,
      flags: 0,
      reserved: 0x4003,
      homeAddress: ipv4("10.1.0.7"),
      homeAgentAddress: ipv4("198.51.100.1"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x4142434445464748n,
      extensions: [],
    },
    json: { flags: { A: false } },
  },
  {
    title:
      "RFC 6098 §4.2: Generic Notification Acknowledgment: direction, code, reserved, three addresses, identification [6098-4.2-01]",
    space: "control",
    hex: `17 02 85 a5
          0a010007
          c6336401
          c0000221
          4142434445464748
          20 05 00000102 a1`,
    value: {
      name: "generic-notification-acknowledgment",
      md: 2,
      code: 133,
      reserved: 0xa5,
      homeAddress: ipv4("10.1.0.7"),
      homeAgentAddress: ipv4("198.51.100.1"),
      careOfAddress: ipv4("192.0.2.33"),
      identification: 0x4142434445464748n,
      extensions: [
        { name: "mobile-home-authentication-extension", spi: 0x102, authenticator: hex("a1") },
      ],
    },
    json: { md: 2, code: 133, reserved: 0xa5 },
  },
  {
    title:
      "RFC 3519 §3.3: MIP Tunnel Data: next header, reserved, and the tunnelled packet to the end [3519-3.3-01]",
    space: "control",
    hex: "04 37 0000 11 80 2233 0a010007",
    value: {
      name: "tunnel-data",
      nextHeader: 55,
      reserved: 0,
      tunnelledPacket: hex("11802233 0a010007"),
      extensions: [],
    },
    json: { next_header: 55, tunnelled_packet: "118022330a010007" },
  },
  {
    title:
      "RFC 3519 §3.3: MIP Tunnel Data: reserved may hold anything, and the packet may be empty [3519-3.3-02]",
    space: "control",
    hex: "04 04 a55b",
    value: {
      name: "tunnel-data",
      nextHeader: 4,
      reserved: 0xa55b,
      tunnelledPacket: hex(""),
      extensions: [],
    },
  },
  {
    title:
      "RFC 4064 §3: Experimental Message: the type, then octets without a structure [4064-3-01]",
    space: "control",
    hex: "ff 20 14 000001",
    value: { name: "experimental-message", opaque: hex("2014000001"), extensions: [] },
    json: { opaque: "2014000001" },
  },
  {
    title: "RFC 4064 §3: Experimental Message: zero octets are enough [4064-3-01]",
    space: "control",
    hex: "ff",
    value: { name: "experimental-message", opaque: hex(""), extensions: [] },
  },
];
