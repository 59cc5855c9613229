/**
 * Vendor/Organization Specific Extensions. RFC 3115 §2, and the uses that vendors have published.
 * The length of 38 leaves out its reserved octet, that of 134 counts its two. Octets that do not
 * fit a vendor's use are still that vendor's extension, and stay as they are in the general form.
 */

import { criticalVendorExtension, simpleExtension } from "../extension-table.ts";
import { constant, ipv4Field, type Layout, named, u8, u16, u32 } from "../field.ts";
import { octets, text } from "../variable-field.ts";

/** SMI enterprise codes: the high octet of the field is 0. RFC 3115 §2.1. */
const CISCO = 9;
const THE_3GPP2 = 5535;

/** Critical Vendor/Organization Specific Extension of any vendor. RFC 3115 §2.1. */
const criticalVendor = criticalVendorExtension({
  type: 38,
  name: "critical-vendor-organization-specific-extension",
  rfc: "RFC 3115 §2.1",
  fields: { vendorOrgId: u32, vendorCvseType: u16, vendorCvseValue: octets() },
});

/** Normal Vendor/Organization Specific Extension of any vendor. RFC 3115 §2.2. */
const normalVendor = simpleExtension({
  type: 134,
  name: "normal-vendor-organization-specific-extension",
  rfc: "RFC 3115 §2.2",
  fields: { reserved: u16, vendorOrgId: u32, vendorNvseType: u16, vendorNvseValue: octets() },
});

/** A vendor's use of extension 134; `fields` is the Vendor-NVSE-Value. */
function normalUse<const N extends string, L extends Layout>(given: {
  readonly vendor: number;
  readonly vendorType: number;
  readonly name: N;
  readonly rfc: string;
  readonly fields: L;
}) {
  const { vendor, vendorType, name, rfc, fields } = given;
  return simpleExtension({
    type: 134,
    name,
    extension: "normal-vendor-organization-specific-extension",
    rfc,
    mayFail: true,
    fields: {
      reserved: u16,
      vendorOrgId: constant(u32, vendor),
      vendorNvseType: constant(u16, vendorType),
      ...fields,
    },
  });
}

const HOST_CONFIGURATION = { vendor: CISCO, vendorType: 14 } as const;

/**
 * RFC 4332 §3.5 to §3.8 allow up to 246 or 255 octets, but an 8-bit length has place for no more
 * than 245 behind the 10 octets of reserved, vendor, type and sub-type.
 */
const MOST = 245;

/** Selector 0: all that the home agent has. RFC 4332 §3.1. */
const hostConfigurationRequest = normalUse({
  ...HOST_CONFIGURATION,
  name: "host-configuration-request",
  rfc: "RFC 4332 §3.1",
  fields: { subtype: constant(u16, 0), selector: u16 },
});

/** Bits of the home subnet's prefix. RFC 4332 §3.2. */
const homeNetworkPrefixLength = normalUse({
  ...HOST_CONFIGURATION,
  name: "home-network-prefix-length",
  rfc: "RFC 4332 §3.2",
  fields: { subtype: constant(u16, 1), prefixLength: u16 },
});

/** RFC 4332 §3.3. */
const dnsServer = normalUse({
  ...HOST_CONFIGURATION,
  name: "dns-server",
  rfc: "RFC 4332 §3.3",
  fields: {
    subtype: constant(u16, 2),
    primaryDnsServer: ipv4Field,
    secondaryDnsServer: ipv4Field,
  },
});

/** RFC 4332 §3.4. */
const dhcpServer = normalUse({
  ...HOST_CONFIGURATION,
  name: "dhcp-server",
  rfc: "RFC 4332 §3.4",
  fields: { subtype: constant(u16, 3), dhcpServer: ipv4Field },
});

/** RFC 4332 §3.5. */
const dhcpClientId = normalUse({
  ...HOST_CONFIGURATION,
  name: "dhcp-client-id",
  rfc: "RFC 4332 §3.5",
  fields: { subtype: constant(u16, 4), clientId: octets(2, MOST) },
});

/** RFC 4332 §3.6. */
const defaultGateway = normalUse({
  ...HOST_CONFIGURATION,
  name: "default-gateway",
  rfc: "RFC 4332 §3.6",
  fields: { subtype: constant(u16, 5), defaultGateway: ipv4Field },
});

/** RFC 4332 §3.7. */
const dnsSuffix = normalUse({
  ...HOST_CONFIGURATION,
  name: "dns-suffix",
  rfc: "RFC 4332 §3.7",
  fields: { subtype: constant(u16, 6), dnsSuffix: text(1, MOST) },
});

/** RFC 4332 §3.8. */
const configurationUrl = normalUse({
  ...HOST_CONFIGURATION,
  name: "configuration-url",
  rfc: "RFC 4332 §3.8",
  fields: { subtype: constant(u16, 7), urlString: text(1, MOST) },
});

/** Cisco's host configuration of any other sub-type. RFC 4332 §3. */
const hostConfiguration = normalUse({
  ...HOST_CONFIGURATION,
  name: "host-configuration",
  rfc: "RFC 4332 §3",
  fields: { subtype: u16, data: octets() },
});

/** X.S0011-002-D has both uses below; their numbers, and the figure of 17, are Wireshark's. */
const THE_3GPP2_SOURCE = "3GPP2 X.S0011-002-D, Wireshark 4.0 packet-mip.c";

/** GRE CVSE: the key between PDSN and home agent, before there was RFC 6245. */
const greKey3gpp2 = criticalVendorExtension({
  type: 38,
  name: "3gpp2-gre-key",
  extension: "critical-vendor-organization-specific-extension",
  rfc: THE_3GPP2_SOURCE,
  mayFail: true,
  fields: {
    vendorOrgId: constant(u32, THE_3GPP2),
    vendorCvseType: constant(u16, 0x0401),
    greKey: u32,
  },
});

const ENTITY_TYPES = { 0: "unknown", 1: "HAAA", 2: "VAAA", 3: "HA" };

/** DNS Server IP Address NVSE: who gives the servers, then each as type, length, address. */
const dnsServer3gpp2 = normalUse({
  vendor: THE_3GPP2,
  vendorType: 17,
  name: "3gpp2-dns-server-ip-address",
  rfc: THE_3GPP2_SOURCE,
  fields: {
    entityType: named(u8, ENTITY_TYPES),
    primarySubtype: u8,
    primaryLength: u8,
    primaryDns: ipv4Field,
    secondarySubtype: u8,
    secondaryLength: u8,
    secondaryDns: ipv4Field,
  },
});

/** Extensions 38 and 134. RFC 3115 §2. */
export const vendorTables = [
  greKey3gpp2,
  criticalVendor,
  hostConfigurationRequest,
  homeNetworkPrefixLength,
  dnsServer,
  dhcpServer,
  dhcpClientId,
  defaultGateway,
  dnsSuffix,
  configurationUrl,
  hostConfiguration,
  dnsServer3gpp2,
  normalVendor,
] as const;
