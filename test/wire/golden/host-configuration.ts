/** Host configuration: vendor 9, NVSE type 14. RFC 4332 §3. */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const hostConfiguration: readonly GoldenVector[] = [
  {
    title:
      "RFC 4332 §3.1: Host Configuration Request: sub-type 0 and a selector, 16 bits each [4332-3-01, 4332-3.1-01]",
    space: "control-extension",
    hex: `86 0c 0000
          00000009
          000e 0000
          0102`,
    value: { name: "host-configuration-request", reserved: 0, selector: 0x0102 },
    json: {
      name: "normal-vendor-organization-specific-extension",
      subtype_name: "host-configuration-request",
      length: 12,
      reserved: 0,
      vendor_org_id: 9,
      vendor_nvse_type: 14,
      subtype: 0,
      selector: 0x0102,
    },
  },
  {
    title:
      "RFC 4332 §3.2: Home Network Prefix Length is sub-type 1; Reserved is ignored, but kept [4332-3-01, 4332-3.2-01]",
    space: "control-extension",
    hex: `86 0c 5a01
          00000009
          000e 0001
          0018`,
    value: { name: "home-network-prefix-length", reserved: 0x5a01, prefixLength: 24 },
    json: { subtype: 1, length: 12, prefix_length: 24 },
  },
  {
    title:
      "RFC 4332 §3.3: DNS Server is sub-type 2: the primary's address, then the secondary's [4332-3.3-01]",
    space: "control-extension",
    hex: `86 12 0000
          00000009
          000e 0002
          0a010203
          0a040506`,
    value: {
      name: "dns-server",
      reserved: 0,
      primaryDnsServer: ipv4("10.1.2.3"),
      secondaryDnsServer: ipv4("10.4.5.6"),
    },
    json: {
      subtype: 2,
      length: 18,
      primary_dns_server: "10.1.2.3",
      secondary_dns_server: "10.4.5.6",
    },
  },
  {
    title: "RFC 4332 §3.4: DHCP Server is sub-type 3 [4332-3.4-01]",
    space: "control-extension",
    hex: `86 0e 0000
          00000009
          000e 0003
          0a070809`,
    value: { name: "dhcp-server", reserved: 0, dhcpServer: ipv4("10.7.8.9") },
    json: { subtype: 3, length: 14, dhcp_server: "10.7.8.9" },
  },
  {
    title: "RFC 4332 §3.5: DHCP Client ID is sub-type 4 [4332-3.5-01]",
    space: "control-extension",
    hex: `86 11 0000
          00000009
          000e 0004
          01020a0b
          0c0d0e`,
    value: { name: "dhcp-client-id", reserved: 0, clientId: hex("01020a0b0c0d0e") },
    json: { subtype: 4, length: 17, client_id: "01020a0b0c0d0e" },
  },
  {
    title: "RFC 4332 §3.6: Default Gateway is sub-type 5 [4332-3.6-01]",
    space: "control-extension",
    hex: `86 0e 0000
          00000009
          000e 0005
          0a0b0c01`,
    value: { name: "default-gateway", reserved: 0, defaultGateway: ipv4("10.11.12.1") },
    json: { subtype: 5, length: 14, default_gateway: "10.11.12.1" },
  },
  {
    title: "RFC 4332 §3.7: DNS Suffix is sub-type 6, without an end mark [4332-3.7-01]",
    space: "control-extension",
    hex: `86 15 0000
          00000009
          000e 0006
          6578616d 706c652e 6e6574`,
    value: { name: "dns-suffix", reserved: 0, dnsSuffix: "example.net" },
    json: { subtype: 6, length: 21, dns_suffix: "example.net" },
  },
  {
    title: "RFC 4332 §3.8: Configuration URL is sub-type 7 [4332-3.8-01]",
    space: "control-extension",
    hex: `86 1c 0000
          00000009
          000e 0007
          68747470 3a2f2f63 2e657861 6d706c65 2f78`,
    value: { name: "configuration-url", reserved: 0, urlString: "http://c.example/x" },
    json: { subtype: 7, length: 28, url_string: "http://c.example/x" },
  },
  {
    title: "RFC 4332 §3: host configuration of another sub-type is kept [4332-3-01]",
    space: "control-extension",
    hex: `86 0c 0000
          00000009
          000e 00fe
          a1b2`,
    value: { name: "host-configuration", reserved: 0, subtype: 0xfe, data: hex("a1b2") },
    json: { subtype_name: "host-configuration", subtype: 0xfe, data: "a1b2" },
  },
];
