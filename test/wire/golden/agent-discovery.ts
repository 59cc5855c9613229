/** ICMP router discovery as mobility agents use it. RFC 1256 §3, RFC 5944 §2.1, §2.2. */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

const flagsOff = {
  R: false,
  B: false,
  H: false,
  F: false,
  M: false,
  G: false,
  r: false,
  T: false,
  U: false,
  X: false,
  I: false,
};

export const agentDiscovery: readonly GoldenVector[] = [
  {
    title:
      "RFC 1256 §3: Router Advertisement: two addresses, each with its signed preference [1256-3-01, 1256-3-03]",
    space: "icmp",
    hex: `09 00 6ff6
          02 02 0102
          c0000201
          00000001
          c0000203
          fffffffe`,
    value: {
      name: "router-advertisement",
      code: 0,
      addrEntrySize: 2,
      lifetime: 0x102,
      routerAddresses: [
        { address: ipv4("192.0.2.1"), preference: 1 },
        { address: ipv4("192.0.2.3"), preference: -2 },
      ],
      extensions: [],
    },
    json: {
      name: "router-advertisement",
      num_addrs: 2,
      addr_entry_size: 2,
      lifetime: 258,
      router_addresses: [
        { address: "192.0.2.1", preference: 1 },
        { address: "192.0.2.3", preference: -2 },
      ],
    },
  },
  {
    title:
      "RFC 1256 §5.2: entries of three words: the third is ignored, extensions follow it [1256-5.2-06, 5944-2.4-13]",
    space: "icmp",
    hex: `09 00 dc49
          01 03 0708
          c0000201
          80000000
          d1d2d3d4
          13 01 18`,
    value: {
      name: "router-advertisement",
      code: 0,
      addrEntrySize: 3,
      lifetime: 1800,
      routerAddresses: [
        { address: ipv4("192.0.2.1"), preference: -0x80000000, more: hex("d1d2d3d4") },
      ],
      extensions: [{ name: "prefix-lengths-extension", prefixLengths: [24] }],
    },
    json: { name: "router-advertisement", addr_entry_size: 3 },
  },
  {
    title:
      "RFC 5944 §2.1: Agent Advertisement of code 16: agent, prefix length, padding to an even length [5944-2.1-01, 5944-2.1.1-01, 5944-2.1.2-02, 5944-2.1.3-01]",
    space: "icmp",
    hex: `09 10 2a8e
          01 02 0708
          c0000201
          00000002
          10 0a 0203
          0304 0020
          c0000221
          13 01 18
          00`,
    value: {
      name: "router-advertisement",
      code: 16,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [{ address: ipv4("192.0.2.1"), preference: 2 }],
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: 0x203,
          registrationLifetime: 0x304,
          flags: 0x0020,
          careOfAddresses: [ipv4("192.0.2.33")],
        },
        { name: "prefix-lengths-extension", prefixLengths: [24] },
        { name: "one-byte-padding" },
      ],
    },
    json: { name: "agent-advertisement", code: 16 },
  },
  {
    title:
      "RFC 5944 §2.1.1, §2.1.2: a home agent without an address to list: neither care-of addresses nor prefix lengths [5944-2.1.1-02, 5944-2.1.2-02]",
    space: "icmp",
    hex: `09 10 a7d8
          00 02 0708
          10 06 0203
          0304 2000
          13 00`,
    value: {
      name: "router-advertisement",
      code: 16,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [],
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: 0x203,
          registrationLifetime: 0x304,
          flags: 0x2000,
          careOfAddresses: [],
        },
        { name: "prefix-lengths-extension", prefixLengths: [] },
      ],
    },
    json: { name: "agent-advertisement", num_addrs: 0 },
  },
  {
    title:
      "RFC 5944 §2.1.1: two care-of addresses, all flags that are sent 0, an unknown extension in between [5944-2.1.1-02, 5944-2.1.1-06, 5944-1.8-07]",
    space: "icmp",
    hex: `09 00 e841
          01 02 0708
          c0000201
          80000000
          10 0e 0100
          ffff 919f
          c0000221
          c0000222
          c8 02 aabb
          13 01 18`,
    value: {
      name: "router-advertisement",
      code: 0,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [{ address: ipv4("192.0.2.1"), preference: -0x80000000 }],
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: 0x100,
          registrationLifetime: 0xffff,
          flags: 0x919f,
          careOfAddresses: [ipv4("192.0.2.33"), ipv4("192.0.2.34")],
        },
        { name: "unknown", type: 200, data: hex("aabb") },
        { name: "prefix-lengths-extension", prefixLengths: [24] },
      ],
    },
  },
  {
    title:
      "RFC 4857 §8.1 with erratum 2103, RFC 3543 §3.1, RFC 3519 §3.4: I stands behind U and X [4857-8.1-01]",
    space: "icmp-extension",
    hex: `10 06 0203
          0304 0020`,
    value: {
      name: "mobility-agent-advertisement-extension",
      sequenceNumber: 0x203,
      registrationLifetime: 0x304,
      flags: 0x0020,
      careOfAddresses: [],
    },
    json: { flags: { ...flagsOff, I: true }, care_of_addresses: [] },
  },
  {
    title: "RFC 1256 §3: Router Solicitation: 8 octets [1256-3-02, 1256-3-03]",
    space: "icmp",
    hex: `0a 00 f5ff
          00000000`,
    value: { name: "router-solicitation", code: 0, reserved: 0, extensions: [] },
    json: { name: "agent-solicitation", reserved: 0 },
  },
  {
    title:
      "RFC 1256 §4.2: Router Solicitation: Reserved and whatever stands behind it are ignored [1256-3-02, 1256-4.2-05]",
    space: "icmp",
    hex: `0a 00 666f
          a5b6c7d8
          20 01 02`,
    value: {
      name: "router-solicitation",
      code: 0,
      reserved: 0xa5b6c7d8,
      extensions: [{ name: "ignored-octets", data: hex("200102") }],
    },
  },
  {
    title:
      "RFC 4881 §3.3, §9.5: Proxy Router Solicitation: a solicitation with the address of the agent that is meant [4881-9-01, 4881-9.5-01]",
    space: "icmp",
    hex: `0a 00 4338
          00000000
          8c 05 05 c0000221`,
    value: {
      name: "router-solicitation",
      code: 0,
      reserved: 0,
      extensions: [{ name: "solicited-ipv4-address", ipv4Address: ipv4("192.0.2.33") }],
    },
  },
];
