/** Headers of tunnels: IP-in-IP (RFC 2003), minimal (RFC 2004), GRE (RFC 2784, RFC 2890). */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

/** No optional field. */
const bareGre = {
  name: "gre-header",
  flags: 0,
  reserved0: 0,
  version: 0,
  protocolType: 0x0800,
  checksum: undefined,
  reserved1: undefined,
  key: undefined,
  sequenceNumber: undefined,
} as const;

const noFlags = { C: false, K: false, S: false };

export const tunnelHeaders: readonly GoldenVector[] = [
  {
    title: "RFC 791 §3.1, RFC 2003 §3.1: the outer header: protocol 4, Don't Fragment",
    space: "tunnel",
    hex: `45 b8 0102
          0304 4000
          3f 04 4ae6
          c6336401
          c0000221`,
    value: {
      name: "ipv4-header",
      version: 4,
      typeOfService: 0xb8,
      totalLength: 0x102,
      identification: 0x304,
      flags: 2,
      fragmentOffset: 0,
      timeToLive: 63,
      protocol: 4,
      headerChecksum: 0x4ae6,
      sourceAddress: ipv4("198.51.100.1"),
      destinationAddress: ipv4("192.0.2.33"),
      options: hex(""),
    },
    json: { ihl: 5, flags: { DF: true, MF: false }, destination_address: "192.0.2.33" },
  },
  {
    title: "RFC 791 §3.1: IHL counts the options; flags of 3 bits, fragment offset of 13",
    space: "tunnel",
    hex: `46 00 0102
          0304 2abc
          40 37 caaa
          c6336401
          c0000221
          94040000`,
    value: {
      name: "ipv4-header",
      version: 4,
      typeOfService: 0,
      totalLength: 0x102,
      identification: 0x304,
      flags: 1,
      fragmentOffset: 0xabc,
      timeToLive: 64,
      protocol: 55,
      headerChecksum: 0xcaaa,
      sourceAddress: ipv4("198.51.100.1"),
      destinationAddress: ipv4("192.0.2.33"),
      options: hex("94040000"),
    },
    json: { ihl: 6, flags: { DF: false, MF: true }, fragment_offset: 0xabc },
  },
  {
    title: "RFC 2004 §3: without S, 8 octets and no original source address [2004-3-06]",
    space: "tunnel",
    hex: `11 00 e4f7
          0a010007`,
    value: {
      name: "minimal-forwarding-header",
      protocol: 17,
      flags: 0,
      reserved: 0,
      headerChecksum: 0xe4f7,
      originalDestinationAddress: ipv4("10.1.0.7"),
      originalSourceAddress: undefined,
    },
    json: { flags: { S: false }, original_source_address: null },
  },
  {
    title:
      "RFC 2004 §3: S is the first bit; the original source follows the destination, 12 octets [2004-3-06]",
    space: "tunnel",
    hex: `06 a5 b348
          0a010007
          cb007109`,
    value: {
      name: "minimal-forwarding-header",
      protocol: 6,
      flags: 1,
      reserved: 0x25,
      headerChecksum: 0xb348,
      originalDestinationAddress: ipv4("10.1.0.7"),
      originalSourceAddress: ipv4("203.0.113.9"),
    },
    json: { flags: { S: true }, original_source_address: "203.0.113.9" },
  },
  {
    title:
      "RFC 2784 §2.1: GRE without an optional field, 4 octets, reserved bits sent as 0 [2784-2.1-01, 2784-2.3-02]",
    space: "tunnel",
    hex: "0000 0800",
    value: bareGre,
    json: { flags: noFlags, protocol_type: 0x800, key: null },
  },
  {
    title: "RFC 2784 §2.3: bits 6 to 12 may hold anything [2784-2.3-03]",
    space: "tunnel",
    hex: "03f0 86dd",
    value: { ...bareGre, reserved0: 0x7e, protocolType: 0x86dd },
  },
  {
    title: "RFC 2784 §2.1: C is bit 0: checksum and Reserved1 [2784-2.1-01]",
    space: "tunnel",
    hex: `8000 0800
          1122 0000`,
    value: { ...bareGre, flags: 8, checksum: 0x1122, reserved1: 0 },
    json: { flags: { ...noFlags, C: true }, checksum: 0x1122 },
  },
  {
    title: "RFC 2890 §2: K is bit 2: the key alone [2890-2-01]",
    space: "tunnel",
    hex: `2000 0800
          31323334`,
    value: { ...bareGre, flags: 2, key: 0x31323334 },
    json: { flags: { ...noFlags, K: true }, key: 0x31323334 },
  },
  {
    title: "RFC 2890 §2: S is bit 3: the sequence number alone [2890-2-01]",
    space: "tunnel",
    hex: `1000 0800
          41424344`,
    value: { ...bareGre, flags: 1, sequenceNumber: 0x41424344 },
    json: { flags: { ...noFlags, S: true }, sequence_number: 0x41424344 },
  },
  {
    title: "RFC 2890 §2: C and K: the key follows Reserved1 [2890-2-01]",
    space: "tunnel",
    hex: `a000 0800
          1122 0000
          31323334`,
    value: { ...bareGre, flags: 10, checksum: 0x1122, reserved1: 0, key: 0x31323334 },
  },
  {
    title: "RFC 2890 §2: C and S: the sequence number follows Reserved1 [2890-2-01]",
    space: "tunnel",
    hex: `9000 0800
          1122 0000
          41424344`,
    value: { ...bareGre, flags: 9, checksum: 0x1122, reserved1: 0, sequenceNumber: 0x41424344 },
  },
  {
    title: "RFC 2890 §2: K and S: the key comes first [2890-2-01]",
    space: "tunnel",
    hex: `3000 0800
          31323334
          41424344`,
    value: { ...bareGre, flags: 3, key: 0x31323334, sequenceNumber: 0x41424344 },
  },
  {
    title:
      "RFC 2890 §2: C, K and S: 16 octets, checksum, Reserved1, key, sequence number [2890-2-01]",
    space: "tunnel",
    hex: `b000 0800
          1122 a55b
          31323334
          fffffffe`,
    value: {
      ...bareGre,
      flags: 11,
      checksum: 0x1122,
      reserved1: 0xa55b,
      key: 0x31323334,
      sequenceNumber: 0xfffffffe,
    },
    json: { flags: { C: true, K: true, S: true }, reserved1: 0xa55b },
  },
];
