/**
 * The smaller extensions of registrations: padding, names, tunnels, errors. RFC 5944 §1.8,
 * RFC 2794, RFC 3024, RFC 3519 §3.2, RFC 4064 §4.1, RFC 4636, RFC 4857 §9.1, RFC 5563 §5.1, RFC 6245.
 */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const tunnelAndNodeExtensions: readonly GoldenVector[] = [
  {
    title: "RFC 5944 §1.8, §2.1.3: One-byte Padding is its type and nothing else [5944-1.8-03]",
    space: "control-extension",
    hex: "00",
    value: { name: "one-byte-padding" },
    json: { name: "one-byte-padding", length: null },
  },
  {
    title:
      "RFC 3519 §3.2: UDP Tunnel Reply: F is the first of 16 bits, then the interval [3519-3.2-01]",
    space: "control-extension",
    hex: `2c 06 00 40
          8000 0102`,
    value: {
      name: "regular-udp-tunnel-reply-extension",
      replyCode: 64,
      flags: 0x8000,
      keepaliveInterval: 0x0102,
    },
    json: {
      name: "udp-tunnel-reply-extension",
      subtype_name: "regular-udp-tunnel-reply-extension",
      subtype: 0,
      length: 6,
      reply_code: 64,
      flags: { F: true },
      keepalive_interval: 0x0102,
    },
  },
  {
    title:
      "RFC 3519 §3.2: UDP Tunnel Reply: the 15 reserved bits are ignored, but kept [3519-3.2-01, 3519-3.2-04]",
    space: "control-extension",
    hex: `2c 06 00 00
          4001 006e`,
    value: {
      name: "regular-udp-tunnel-reply-extension",
      replyCode: 0,
      flags: 0x4001,
      keepaliveInterval: 110,
    },
    json: { reply_code: 0, flags: { F: false }, keepalive_interval: 110 },
  },
  {
    title: "RFC 3519 §3.2: UDP Tunnel Reply of another sub-type has the short form too",
    space: "control-extension",
    hex: "2c 04 63 a1b2c3",
    value: { name: "udp-tunnel-reply-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "udp-tunnel-reply-extension", subtype: 0x63, length: 4 },
  },
  {
    title:
      "RFC 4636 §3: FA Error: an 8-bit Length in front of sub-type and status [4636-3-01, 5944-1.11-01]",
    space: "control-extension",
    hex: "2d 02 00 44",
    value: { name: "fa-error-indication-to-mn", status: 68 },
    json: {
      name: "fa-error-extension",
      subtype_name: "fa-error-indication-to-mn",
      subtype: 0,
      length: 2,
      status: 68,
    },
  },
  {
    title: "RFC 4636 §3: FA Error of another sub-type has the short form too",
    space: "control-extension",
    hex: "2d 03 63 a1b2",
    value: { name: "fa-error-extension", subtype: 0x63, data: hex("a1b2") },
    json: { name: "fa-error-extension", subtype: 0x63, length: 3 },
  },
  {
    title: "RFC 4857 §9.1: GFA IP Address: 16 reserved bits, then the address [4857-9.1-01]",
    space: "control-extension",
    hex: `2e 06 0000
          c6336409`,
    value: {
      name: "gfa-ip-address-extension",
      reserved: 0,
      gfaIpAddress: ipv4("198.51.100.9"),
    },
    json: { length: 6, reserved: 0, gfa_ip_address: "198.51.100.9" },
  },
  {
    title: "RFC 4857 §9.1: GFA IP Address: the reserved bits are kept as they came [4857-9.1-01]",
    space: "control-extension",
    hex: `2e 06 5a01
          c6336409`,
    value: {
      name: "gfa-ip-address-extension",
      reserved: 0x5a01,
      gfaIpAddress: ipv4("198.51.100.9"),
    },
    json: { reserved: 0x5a01 },
  },
  {
    title:
      "RFC 5563 §5.1: Per-Node Authentication Method: one octet behind a 16-bit Length [5563-5.1-01]",
    space: "control-extension",
    hex: `2f 01 0001
          02`,
    value: { name: "pmipv4-per-node-authentication-method", method: 2 },
    json: {
      name: "pmipv4-non-skippable-extension",
      subtype_name: "pmipv4-per-node-authentication-method",
      subtype: 1,
      length: 1,
      method: 2,
    },
  },
  {
    title: "RFC 5563 §5.1: type 47 of another sub-type has the long form too",
    space: "control-extension",
    hex: `2f 63 0002
          a1b2`,
    value: { name: "pmipv4-non-skippable-extension", subtype: 0x63, data: hex("a1b2") },
    json: { name: "pmipv4-non-skippable-extension", subtype: 0x63, length: 2 },
  },
  {
    title: "RFC 6245 §5: GRE Key: sub-type 0, a 16-bit Length of 4, the key [6245-5-03]",
    space: "control-extension",
    hex: `30 00 0004
          11223344`,
    value: { name: "gre-key-extension", keyIdentifier: 0x11223344 },
    json: { name: "gre-key-extension", subtype: 0, length: 4, key_identifier: 0x11223344 },
  },
  {
    title: "RFC 6245 §5: GRE Key of another sub-type has the long form too",
    space: "control-extension",
    hex: `30 63 0003
          a1b2c3`,
    value: { name: "other-gre-key-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "gre-key-extension", subtype: 0x63, length: 3 },
  },
  {
    title:
      "RFC 4064 §4.1: Non-skippable Experimental: sub-type, then a 16-bit Length of the data [4064-4.1-01]",
    space: "control-extension",
    hex: `7f 63 0102
          ${"a1b2c3".repeat(86)}`,
    value: {
      name: "non-skippable-mobile-ipv4-experimental-extension",
      subtype: 0x63,
      opaque: hex("a1b2c3".repeat(86)),
    },
    json: { subtype: 0x63, length: 258, opaque: "a1b2c3".repeat(86) },
  },
  {
    title: "RFC 4064 §4.1: Non-skippable Experimental without data [4064-4.1-01]",
    space: "control-extension",
    hex: "7f 05 0000",
    value: {
      name: "non-skippable-mobile-ipv4-experimental-extension",
      subtype: 5,
      opaque: hex(""),
    },
    json: { subtype: 5, length: 0, opaque: "" },
  },
  {
    title: "RFC 3024 §3.3: Encapsulating Delivery Style: two octets, Length 0 [3024-3.3-08]",
    space: "control-extension",
    hex: "82 00",
    value: { name: "encapsulating-delivery-style-extension" },
    json: { name: "encapsulating-delivery-style-extension", length: 0 },
  },
  {
    title: "RFC 2794 §2: Mobile Node NAI: user@realm without an end mark [2794-2-01]",
    space: "control-extension",
    hex: `83 0b 6d6e
          40686f6d
          652e6e65
          74`,
    value: { name: "mobile-node-nai-extension", nai: "mn@home.net" },
    json: { name: "mobile-node-nai-extension", length: 11, nai: "mn@home.net" },
  },
];
