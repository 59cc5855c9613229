/**
 * Extensions of agent discovery. RFC 5944 §2.1.1 to §2.1.3, RFC 4721 §2, RFC 3846 §3, RFC 4857
 * §8.2, RFC 4065 §3, RFC 4881 §3.1.
 */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

const CARD = [
  ["89", "card-mn-ar-signature-option"],
  ["8a", "card-request-option"],
  ["8b", "card-reply-option"],
] as const;

const NO_FLAGS = Object.fromEntries([..."RBHFMGrTUXI"].map((letter) => [letter, false]));

export const discoveryExtensions: readonly GoldenVector[] = [
  {
    title: "RFC 5944 §2.1.3: One-byte Padding in ICMP is its type and nothing else [5944-1.8-03]",
    space: "icmp-extension",
    hex: "00",
    value: { name: "one-byte-padding" },
    json: { name: "one-byte-padding", length: null },
  },
  {
    title:
      "RFC 5944 §2.1.1: Mobility Agent Advertisement: Length 6 and 4 for each of three addresses [5944-2.1.1-01, 5944-2.1.1-02]",
    space: "icmp-extension",
    hex: `10 12 1122
          3344 1000
          c0000221
          cb007109
          0a010207`,
    value: {
      name: "mobility-agent-advertisement-extension",
      sequenceNumber: 0x1122,
      registrationLifetime: 0x3344,
      flags: 0x1000,
      careOfAddresses: [ipv4("192.0.2.33"), ipv4("203.0.113.9"), ipv4("10.1.2.7")],
    },
    json: {
      length: 18,
      sequence_number: 0x1122,
      registration_lifetime: 0x3344,
      flags: { ...NO_FLAGS, F: true },
      care_of_addresses: ["192.0.2.33", "203.0.113.9", "10.1.2.7"],
    },
  },
  {
    title:
      "RFC 5944 §2.1.1: Mobility Agent Advertisement: r and five reserved bits are ignored, but kept [5944-2.1.1-04, 5944-2.1.1-06]",
    space: "icmp-extension",
    hex: `10 06 1122
          ffff 0213`,
    value: {
      name: "mobility-agent-advertisement-extension",
      sequenceNumber: 0x1122,
      registrationLifetime: 0xffff,
      flags: 0x0213,
      careOfAddresses: [],
    },
    json: { length: 6, registration_lifetime: 0xffff, flags: { ...NO_FLAGS, r: true } },
  },
  {
    title:
      "RFC 5944 §2.1.2: Prefix-Lengths: an octet for each router address, in their order [5944-2.1.2-02]",
    space: "icmp-extension",
    hex: "13 03 18 1d 08",
    value: { name: "prefix-lengths-extension", prefixLengths: [24, 29, 8] },
    json: { name: "prefix-lengths-extension", length: 3, prefix_lengths: [24, 29, 8] },
  },
  {
    title: "RFC 4721 §2: Challenge: Length is the challenge's [4721-2-01]",
    space: "icmp-extension",
    hex: `18 06 a1b2
          c3d4e5f6`,
    value: { name: "challenge-extension", challenge: hex("a1b2c3d4e5f6") },
    json: { name: "challenge-extension", length: 6, challenge: "a1b2c3d4e5f6" },
  },
  {
    title: "RFC 3846 §4: HA Identity in an advertisement: the number is 136 too [3846-3-01]",
    space: "icmp-extension",
    hex: `88 05 01 68
          614072`,
    value: { name: "ha-identity", nai: "ha@r" },
    json: { name: "nai-carrying-extension", subtype_name: "ha-identity", subtype: 1, length: 5 },
  },
  {
    title: "RFC 3846 §5: AAAH Identity in an advertisement [3846-3-01]",
    space: "icmp-extension",
    hex: `88 04 02 61
          4062`,
    value: { name: "aaah-identity", nai: "a@b" },
    json: { subtype_name: "aaah-identity", subtype: 2, length: 4 },
  },
  {
    title:
      "RFC 3846 §3: a NAI of another sub-type in an advertisement is kept as octets [3846-3-01]",
    space: "icmp-extension",
    hex: "88 04 63 a1b2c3",
    value: { name: "nai-carrying-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "nai-carrying-extension", subtype: 0x63, length: 4 },
  },
  ...CARD.map(
    ([type, name]): GoldenVector => ({
      title: `RFC 4065 §3: ${name}: octets behind an 8-bit Length [5944-1.9-01]`,
      space: "icmp-extension",
      hex: `${type} 03 a1b2c3`,
      value: { name, data: hex("a1b2c3") },
      json: { name, length: 3, data: "a1b2c3" },
    }),
  ),
  {
    title:
      "RFC 4857 §8.2: Agent Advertisement: the FA-NAI stands behind the extensions of RFC 5944 [4857-8.2-01, 5944-2.1-01]",
    space: "icmp",
    hex: `09 00 68dd
          01 02 0708
          c0000201
          80000000
          10 0a 0102
          0304 9100
          c0000221
          13 01 18
          18 04 a1b2c3d4
          88 06 03 6661407879`,
    value: {
      name: "router-advertisement",
      code: 0,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [{ address: ipv4("192.0.2.1"), preference: -0x80000000 }],
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: 0x102,
          registrationLifetime: 0x304,
          flags: 0x9100,
          careOfAddresses: [ipv4("192.0.2.33")],
        },
        { name: "prefix-lengths-extension", prefixLengths: [24] },
        { name: "challenge-extension", challenge: hex("a1b2c3d4") },
        { name: "foreign-agent-nai", nai: "fa@xy" },
      ],
    },
    json: { name: "agent-advertisement" },
  },
  {
    title:
      "RFC 4881 §3.1, §9: Proxy Router Advertisement: another agent's advertisement with a link layer address [4881-9-01, 4881-9.3-01]",
    space: "icmp",
    hex: `09 00 9e4d
          01 02 0708
          c0000203
          80000000
          10 0a 0102
          0304 1000
          c0000223
          8c 07 03 021122334455`,
    value: {
      name: "router-advertisement",
      code: 0,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [{ address: ipv4("192.0.2.3"), preference: -0x80000000 }],
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: 0x102,
          registrationLifetime: 0x304,
          flags: 0x1000,
          careOfAddresses: [ipv4("192.0.2.35")],
        },
        { name: "ethernet-48-bit-mac-address", mac: hex("021122334455") },
      ],
    },
    json: { name: "agent-advertisement" },
  },
  {
    title:
      "RFC 5944 §2.1.3: more padding than one octet, and not at the end, is stepped over [5944-2.1.3-02]",
    space: "icmp",
    hex: `09 00 77bc
          01 02 0708
          c0000201
          80000000
          10 06 0102
          0304 2000
          00
          13 01 18
          00
          00`,
    value: {
      name: "router-advertisement",
      code: 0,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [{ address: ipv4("192.0.2.1"), preference: -0x80000000 }],
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: 0x102,
          registrationLifetime: 0x304,
          flags: 0x2000,
          careOfAddresses: [],
        },
        { name: "one-byte-padding" },
        { name: "prefix-lengths-extension", prefixLengths: [24] },
        { name: "one-byte-padding" },
        { name: "one-byte-padding" },
      ],
    },
  },
];
