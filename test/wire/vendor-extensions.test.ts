/** Vendor extensions: CVSE and NVSE, and the uses of them that are known. RFC 3115, RFC 4332. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { fault, hex, read, same, written } from "./one-extension.ts";

test("RFC 3115 §2.1: the CVSE's Length leaves out its Reserved octet [3115-2.1-01, 5944-1.10-01]", () => {
  same("26 00 0007 00000009 0102 ff", {
    name: "critical-vendor-organization-specific-extension",
    reserved: 0,
    vendorOrgId: 9,
    vendorCvseType: 0x0102,
    vendorCvseValue: hex("ff"),
  });
  assert.equal(fault("26 00 0005 00000009 01"), "truncated");
});

test("RFC 3115 §2.2: the NVSE's Length counts its Reserved octets [3115-2.2-01]", () => {
  same("86 09 0000 00000009 0102 ff", {
    name: "normal-vendor-organization-specific-extension",
    reserved: 0,
    vendorOrgId: 9,
    vendorNvseType: 0x0102,
    vendorNvseValue: hex("ff"),
  });
  assert.equal(fault("86 07 0000 00000009 01"), "truncated");
});

test("RFC 3115 §2: Reserved is ignored, but kept [3115-2.1-02, 3115-2.2-02]", () => {
  const critical = read("26 ff 0006 00000009 0102");
  assert(critical.name === "critical-vendor-organization-specific-extension");
  assert.equal(critical.reserved, 255);
  const normal = read("86 08 beef 00000009 0102");
  assert(normal.name === "normal-vendor-organization-specific-extension");
  assert.equal(normal.reserved, 0xbeef);
});

test("RFC 4332 §3: Cisco's host configuration is told by vendor, type and sub-type [4332-3-01, 4332-3.1-01]", () => {
  const head = "0000 00000009 000e";
  same(`86 0c ${head} 0000 0000`, { name: "host-configuration-request", reserved: 0, selector: 0 });
  same(`86 12 ${head} 0002 0a000001 0a000002`, {
    name: "dns-server",
    reserved: 0,
    primaryDnsServer: ipv4("10.0.0.1"),
    secondaryDnsServer: ipv4("10.0.0.2"),
  });
  same(`86 0f ${head} 0006 6d702e6e65`, { name: "dns-suffix", reserved: 0, dnsSuffix: "mp.ne" });
  same(`86 0b ${head} 0008 2a`, {
    name: "host-configuration",
    reserved: 0,
    subtype: 8,
    data: hex("2a"),
  });
});

test("RFC 3115 §2.2: a vendor's octets that do not fit its use stay in the general form [3115-2.2-01]", () => {
  // A prefix length of one octet; then host configuration without a sub-type.
  same("86 0b 0000 00000009 000e 0001 18", {
    name: "host-configuration",
    reserved: 0,
    subtype: 1,
    data: hex("18"),
  });
  same("86 09 0000 00000009 000e 00", {
    name: "normal-vendor-organization-specific-extension",
    reserved: 0,
    vendorOrgId: 9,
    vendorNvseType: 14,
    vendorNvseValue: hex("00"),
  });
});

test("RFC 4332 §3.5, §3.7, §3.8: 245 octets fit, of the 246 and 255 that it allows [4332-3.5-01, 4332-3.7-01, 4332-3.8-01]", () => {
  const clientId = (octets: number): ControlExtension => ({
    name: "dhcp-client-id",
    reserved: 0,
    clientId: new Uint8Array(octets),
  });
  assert.equal(written(clientId(245))[1], 255);
  assert.throws(() => written(clientId(246)));
  const suffix = (octets: number): ControlExtension => ({
    name: "dns-suffix",
    reserved: 0,
    dnsSuffix: "a".repeat(octets),
  });
  assert.equal(written(suffix(245))[1], 255);
  assert.throws(() => written(suffix(246)));
});

test("3GPP2's GRE key and DNS servers are read as Wireshark reads them", () => {
  same("26 00 000a 0000159f 0401 00000102", { name: "3gpp2-gre-key", reserved: 0, greKey: 258 });
  same("86 15 0000 0000159f 0011 03 01 06 0a000001 02 06 0a000002", {
    name: "3gpp2-dns-server-ip-address",
    reserved: 0,
    entityType: 3,
    primarySubtype: 1,
    primaryLength: 6,
    primaryDns: ipv4("10.0.0.1"),
    secondarySubtype: 2,
    secondaryLength: 6,
    secondaryDns: ipv4("10.0.0.2"),
  });
  assert.equal(
    read("26 00 0008 0000159f 0401 0102").name,
    "critical-vendor-organization-specific-extension",
  );
});
