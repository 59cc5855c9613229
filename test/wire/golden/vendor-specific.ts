/** What vendors have for themselves. RFC 3115 §2, RFC 4332 §3, 3GPP2 X.S0011-002-D. */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const vendorSpecific: readonly GoldenVector[] = [
  {
    title:
      "RFC 3115 §2.1: Critical Vendor Extension: the 16-bit Length leaves out Type, Reserved and Length [3115-2.1-01]",
    space: "control-extension",
    hex: `26 00 0009
          00abcdef
          0102 a1b2
          c3`,
    value: {
      name: "critical-vendor-organization-specific-extension",
      reserved: 0,
      vendorOrgId: 0xabcdef,
      vendorCvseType: 0x0102,
      vendorCvseValue: hex("a1b2c3"),
    },
    json: {
      length: 9,
      vendor_org_id: 0xabcdef,
      vendor_cvse_type: 0x0102,
      vendor_cvse_value: "a1b2c3",
    },
  },
  {
    title:
      "RFC 3115 §2.1: Critical Vendor Extension without a value; its Reserved is ignored, but kept [3115-2.1-01, 3115-2.1-02]",
    space: "control-extension",
    hex: `26 5a 0006
          00000137
          8001`,
    value: {
      name: "critical-vendor-organization-specific-extension",
      reserved: 0x5a,
      vendorOrgId: 311,
      vendorCvseType: 0x8001,
      vendorCvseValue: hex(""),
    },
    json: { length: 6, reserved: 0x5a, vendor_cvse_value: "" },
  },
  {
    title:
      "RFC 3115 §2.2: Normal Vendor Extension: the 8-bit Length leaves out Type and Length, and counts Reserved [3115-2.2-01]",
    space: "control-extension",
    hex: `86 0b 0000
          00abcdef
          0102 a1b2
          c3`,
    value: {
      name: "normal-vendor-organization-specific-extension",
      reserved: 0,
      vendorOrgId: 0xabcdef,
      vendorNvseType: 0x0102,
      vendorNvseValue: hex("a1b2c3"),
    },
    json: {
      length: 11,
      vendor_org_id: 0xabcdef,
      vendor_nvse_type: 0x0102,
      vendor_nvse_value: "a1b2c3",
    },
  },
  {
    title:
      "RFC 3115 §2.2: Normal Vendor Extension without a value; its Reserved is ignored, but kept [3115-2.2-01, 3115-2.2-02]",
    space: "control-extension",
    hex: `86 08 5a01
          00000137
          8001`,
    value: {
      name: "normal-vendor-organization-specific-extension",
      reserved: 0x5a01,
      vendorOrgId: 311,
      vendorNvseType: 0x8001,
      vendorNvseValue: hex(""),
    },
    json: { length: 8, reserved: 0x5a01 },
  },
  {
    title: "3GPP2 X.S0011-002-D: the GRE key stands behind CVSE type 0x0401 of vendor 5535",
    space: "control-extension",
    hex: `26 00 000a
          0000159f
          0401 1122
          3344`,
    value: { name: "3gpp2-gre-key", reserved: 0, greKey: 0x11223344 },
    json: {
      name: "critical-vendor-organization-specific-extension",
      subtype_name: "3gpp2-gre-key",
      vendor_org_id: 5535,
      vendor_cvse_type: 0x0401,
      gre_key: 0x11223344,
    },
  },
  {
    title:
      "3GPP2 X.S0011-002-D: NVSE type 17: entity, then sub-type, length and address of either DNS server",
    space: "control-extension",
    hex: `86 15 0000
          0000159f
          0011 03 01
          06 0a0102
          03 02 06 0a
          040506`,
    value: {
      name: "3gpp2-dns-server-ip-address",
      reserved: 0,
      entityType: 3,
      primarySubtype: 1,
      primaryLength: 6,
      primaryDns: ipv4("10.1.2.3"),
      secondarySubtype: 2,
      secondaryLength: 6,
      secondaryDns: ipv4("10.4.5.6"),
    },
    json: {
      name: "normal-vendor-organization-specific-extension",
      subtype_name: "3gpp2-dns-server-ip-address",
      vendor_nvse_type: 17,
      entity_type: 3,
      primary_dns: "10.1.2.3",
      secondary_dns: "10.4.5.6",
    },
  },
];
