/** What a host's own stack is told: trusted networks, IPv6. RFC 5265 §3.4, RFC 5454 §2. */

import { type GoldenVector, hex } from "./vector.ts";

export const hostStack: readonly GoldenVector[] = [
  {
    title: "RFC 5265 §3.4: Trusted Networks Configured: four octets [5265-3.4-01]",
    space: "control-extension",
    hex: "95 02 00 00",
    value: { name: "trusted-networks-configured", reserved: 0 },
    json: {
      name: "trusted-networks-configured-extension",
      subtype_name: "trusted-networks-configured",
      subtype: 0,
      length: 2,
      reserved: 0,
    },
  },
  {
    title:
      "RFC 5265 §3.4: Trusted Networks Configured: Reserved is ignored, but kept [5265-3.4-01]",
    space: "control-extension",
    hex: "95 02 00 5a",
    value: { name: "trusted-networks-configured", reserved: 0x5a },
    json: { reserved: 0x5a },
  },
  {
    title: "RFC 5265 §3.4: type 149 of another sub-type is kept as octets",
    space: "control-extension",
    hex: "95 04 63 a1b2c3",
    value: { name: "trusted-networks-configured-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "trusted-networks-configured-extension", subtype: 0x63, length: 4 },
  },
  {
    title: "RFC 5454 §2.1: IPv6 Prefix Request: Length 18 [5454-2.1-01]",
    space: "control-extension",
    hex: `98 12 01 38
          20010db8
          11223300
          00000000
          00000000`,
    value: {
      name: "ipv6-prefix-request",
      prefixLength: 56,
      mobileIpv6NetworkPrefix: hex("20010db8112233000000000000000000"),
    },
    json: {
      name: "dual-stack-mobile-ipv4-extension",
      subtype_name: "ipv6-prefix-request",
      subtype: 1,
      length: 18,
      prefix_length: 56,
      mobile_ipv6_network_prefix: "20010db8112233000000000000000000",
    },
  },
  {
    title:
      "RFC 5454 §2.1: IPv6 Prefix Request: bits beyond the Prefix Length spoil nothing and are kept [5454-2.1-02]",
    space: "control-extension",
    hex: `98 12 01 20
          20010db8
          00112233
          44556677
          8899aabb`,
    value: {
      name: "ipv6-prefix-request",
      prefixLength: 32,
      mobileIpv6NetworkPrefix: hex("20010db800112233445566778899aabb"),
    },
    json: { prefix_length: 32 },
  },
  {
    title:
      "RFC 5454 §2.2: IPv6 Prefix Reply: Length 20; Code, Prefix Length, Reserved, then the prefix [5454-2.2-01, 5454-2.2-02]",
    space: "control-extension",
    hex: `98 14 02 01
          38 00 2001
          0db8 1122
          3300 0000
          0000 0000
          0000`,
    value: {
      name: "ipv6-prefix-reply",
      code: 1,
      prefixLength: 56,
      reserved: 0,
      mobileIpv6NetworkPrefix: hex("20010db8112233000000000000000000"),
    },
    json: {
      name: "dual-stack-mobile-ipv4-extension",
      subtype_name: "ipv6-prefix-reply",
      subtype: 2,
      length: 20,
      code: 1,
      prefix_length: 56,
    },
  },
  {
    title:
      "RFC 5454 §2.2: IPv6 Prefix Reply: Prefix Length 255 with a link-local address; Reserved is kept [5454-2.2-01]",
    space: "control-extension",
    hex: `98 14 02 00
          ff 5a fe80
          0000 0000
          0000 0211
          22ff fe33
          4455`,
    value: {
      name: "ipv6-prefix-reply",
      code: 0,
      prefixLength: 255,
      reserved: 0x5a,
      mobileIpv6NetworkPrefix: hex("fe80000000000000021122fffe334455"),
    },
    json: {
      prefix_length: 255,
      reserved: 0x5a,
      mobile_ipv6_network_prefix: "fe80000000000000021122fffe334455",
    },
  },
  {
    title: "RFC 5454 §2.3: IPv6 Tunneling Mode: Length 2; Reserved is kept [5454-2.3-01]",
    space: "control-extension",
    hex: "98 02 03 5a",
    value: { name: "ipv6-tunneling-mode", reserved: 0x5a },
    json: { subtype_name: "ipv6-tunneling-mode", subtype: 3, length: 2, reserved: 0x5a },
  },
  {
    title: "RFC 5454 §2: type 152 of another sub-type is kept as octets",
    space: "control-extension",
    hex: "98 04 63 a1b2c3",
    value: { name: "dual-stack-mobile-ipv4-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "dual-stack-mobile-ipv4-extension", subtype: 0x63, length: 4 },
  },
];
