/** Numbers without contents of ours. IANA mobileip-numbers, RFC 2356, RFC 4064 §4. */

import { type GoldenVector, hex } from "./vector.ts";

const LEGACY = [
  ["80", "deprecated", "IANA: type 128"],
  ["81", "skip-firewall-traversal-extension", "RFC 2356: type 129"],
  ["96", "reserved", "IANA: type 150"],
] as const;

export const legacyAndExperimental: readonly GoldenVector[] = [
  ...LEGACY.map(
    ([type, name, source]): GoldenVector => ({
      title: `${source} is stepped over by its 8-bit Length, and kept [5944-1.8-07, 5944-1.9-01]`,
      space: "control-extension",
      hex: `${type} 03 a1b2c3`,
      value: { name, data: hex("a1b2c3") },
      json: { name, length: 3, data: "a1b2c3" },
    }),
  ),
  {
    title:
      "RFC 4064 §4.3: Skippable Experimental: 8-bit Length, which counts the sub-type [4064-4.3-01]",
    space: "control-extension",
    hex: "ff 04 63 a1b2c3",
    value: {
      name: "skippable-mobile-ipv4-experimental-extension",
      subtype: 0x63,
      opaque: hex("a1b2c3"),
    },
    json: {
      name: "skippable-mobile-ipv4-experimental-extension",
      subtype: 0x63,
      length: 4,
      opaque: "a1b2c3",
    },
  },
  {
    title: "RFC 4064 §4.3: Skippable Experimental without data [4064-4.3-01]",
    space: "control-extension",
    hex: "ff 01 63",
    value: {
      name: "skippable-mobile-ipv4-experimental-extension",
      subtype: 0x63,
      opaque: hex(""),
    },
    json: { subtype: 0x63, length: 1, opaque: "" },
  },
  {
    title:
      "RFC 4064 §4.2: Non-skippable Experimental in ICMP: 8-bit Length, no sub-type [4064-4.2-01]",
    space: "icmp-extension",
    hex: "7f 03 a1b2c3",
    value: {
      name: "non-skippable-icmp-router-discovery-experimental-extension",
      opaque: hex("a1b2c3"),
    },
    json: {
      name: "non-skippable-icmp-router-discovery-experimental-extension",
      length: 3,
      opaque: "a1b2c3",
    },
  },
  {
    title: "RFC 4064 §4.2: Non-skippable Experimental in ICMP without data [4064-4.2-01]",
    space: "icmp-extension",
    hex: "7f 00",
    value: {
      name: "non-skippable-icmp-router-discovery-experimental-extension",
      opaque: hex(""),
    },
    json: { length: 0, opaque: "" },
  },
  {
    title: "RFC 4064 §4.4: Skippable Experimental in ICMP: 8-bit Length, no sub-type [4064-4.4-01]",
    space: "icmp-extension",
    hex: "ff 03 a1b2c3",
    value: {
      name: "skippable-icmp-router-discovery-experimental-extension",
      opaque: hex("a1b2c3"),
    },
    json: {
      name: "skippable-icmp-router-discovery-experimental-extension",
      length: 3,
      opaque: "a1b2c3",
    },
  },
  {
    title: "RFC 4064 §4.4: Skippable Experimental in ICMP without data [4064-4.4-01]",
    space: "icmp-extension",
    hex: "ff 00",
    value: {
      name: "skippable-icmp-router-discovery-experimental-extension",
      opaque: hex(""),
    },
    json: { length: 0, opaque: "" },
  },
];
