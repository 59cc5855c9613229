/** The extensions of control messages where their forms differ from what their numbers promise. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { decodeControl, encodeControl } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { FIXED, fault, hex, named, REPLY, read, same, written } from "./one-extension.ts";

test("RFC 3519 §3.2: 44 is short although below 128 [3519-3.2-01, 3519-3.2-04]", () => {
  same("2c 06 00 40 8001 006e", {
    name: "regular-udp-tunnel-reply-extension",
    replyCode: 64,
    flags: 0x8001,
    keepaliveInterval: 110,
  });
  assert.equal(fault("2c 07 00 40 8001 006e 00"), "wrong-length");
});

test("RFC 3519 §3.1: reserved fields of a UDP Tunnel Request come to the agent as they were [3519-3.1-01, 3519-3.1-02]", () => {
  same("90 06 00 01 c3 2f 0002", {
    name: "regular-udp-tunnel-request-extension",
    reserved1: 1,
    flags: 0xc3,
    encapsulation: 47,
    reserved3: 2,
  });
});

test("RFC 4857 §9.1: 46 is simple although below 128 [4857-9.1-01]", () => {
  const gfaIpAddress = ipv4("192.0.2.1");
  same("2e 06 0000 c0000201", { name: "gfa-ip-address-extension", reserved: 0, gfaIpAddress });
});

test("RFC 4857 §9.3: Replay Protection Style has Length 10; 2, as printed, is read and kept [4857-9.3-01]", () => {
  same("8d 0a 0001 ec9a1b2c80000000", {
    name: "replay-protection-style-extension",
    replayProtectionStyle: 1,
    initialIdentification: 0xec9a1b2c80000000n,
  });
  same("8d 02 0001 ec9a1b2c80000000", {
    name: "replay-protection-style-extension-as-printed",
    replayProtectionStyle: 1,
    initialIdentification: 0xec9a1b2c80000000n,
  });
  assert.equal(fault("8d 02 0001 ec9a1b2c"), "truncated");
});

test("RFC 4433 §3.4, erratum 898: 139 is read in both forms, and each stays what it was [4433-3.4-01, 4433-3.4-02]", () => {
  const haAddress = ipv4("192.0.2.1");
  same("8b 05 01 c0000201", { name: "requested-ha-extension", haAddress });
  same("8b 05 02 c0000201", { name: "redirected-ha-extension", haAddress });
  same("8b 01 0004 c0000201", { name: "requested-ha-extension-as-printed", haAddress });
  same("8b 02 0004 c0000201", { name: "redirected-ha-extension-as-printed", haAddress });
  assert.deepEqual(named("8b 01 0004 c0000201"), {
    name: "dynamic-ha-extension",
    subtype: "requested-ha-extension-as-printed",
  });
});

test("RFC 4433 §3.4, erratum 898: what only looks like the printed form is read as the short one [4433-3.4-01]", () => {
  // Length 2, sub-type 0: the extension ends before an address would.
  same("8b 02 00 04", { name: "dynamic-ha-extension", subtype: 0, data: hex("04") });
  assert.equal(fault("8b 04 01 c00002"), "truncated");
});

test("RFC 7629 §4: 154 is long although above 127 [7629-4.1-01, 7629-4.2-01]", () => {
  same("9a 01 0004 05 01 02 80", {
    name: "multipath-extension",
    ifAtt: 5,
    ifLabel: 1,
    bindingId: 2,
    flags: 0x80,
  });
  same("9a 02 0007 01 03 010203 01 ff", {
    name: "flow-binding-extension",
    action: 1,
    bidList: [1, 2, 3],
    tsFormat: 1,
    trafficSelector: hex("ff"),
  });
  assert.equal(fault("9a 02 0005 01 03 010203"), "truncated");
  assert.equal(fault("9a 02 0006 01 08 01020301"), "truncated");
});

test("RFC 5563 §5: 47 is long with an octet, 147 short with four sub-types [5563-5.1-01, 5563-5.3-01, 5563-5.5-01]", () => {
  same("2f 01 0001 02", { name: "pmipv4-per-node-authentication-method", method: 2 });
  same("93 03 01 0a0b", { name: "pmipv4-interface-id", identifier: hex("0a0b") });
  same("93 04 02 03 0a0b", { name: "pmipv4-device-id", idType: 3, identifier: hex("0a0b") });
  same("93 03 03 01 0a", { name: "pmipv4-subscriber-id", idType: 1, identifier: hex("0a") });
  same("93 02 04 08", { name: "access-technology-type", techType: 8 });
});

test("RFC 5177 §4: a Mobile Network Request has 6 octets, its acknowledgements 8 [5177-4.1-01, 5177-4.2-01]", () => {
  const prefix = ipv4("10.9.0.0");
  const acknowledged = { code: 4, prefixLength: 16, reserved: 0, prefix };
  same("94 06 00 10 0a090000", {
    name: "mobile-network-request-extension",
    prefixLength: 16,
    prefix,
  });
  same("94 08 01 04 10 00 0a090000", {
    name: "explicit-mode-acknowledgement-extension",
    ...acknowledged,
  });
  same("94 08 02 04 10 00 0a090000", {
    name: "implicit-mode-acknowledgement-extension",
    ...acknowledged,
  });
  assert.equal(fault("94 06 01 10 0a090000"), "truncated");
});

test("RFC 5944 §1.11: a sub-type that is not known is kept, under its extension's name [5944-1.11-01]", () => {
  const families: readonly (readonly [string, string])[] = [
    ["2c 03 09 aabb", "udp-tunnel-reply-extension"],
    ["2f 09 0002 aabb", "pmipv4-non-skippable-extension"],
    ["30 09 0002 aabb", "gre-key-extension"],
    ["88 03 09 aabb", "nai-carrying-extension"],
    ["8a 03 09 aabb", "generalized-link-layer-and-ipv4-address-registration-extension"],
    ["8b 03 09 aabb", "dynamic-ha-extension"],
    ["90 03 09 aabb", "udp-tunnel-request-extension"],
    ["91 03 09 aabb", "message-string-extension"],
    ["93 03 09 aabb", "pmipv4-skippable-extension"],
    ["94 03 09 aabb", "mobile-network-extension"],
    ["95 03 09 aabb", "trusted-networks-configured-extension"],
    ["98 03 09 aabb", "dual-stack-mobile-ipv4-extension"],
    ["9a 09 0002 aabb", "multipath-extension"],
  ];
  for (const [text, name] of families) {
    const extension = read(text);
    assert("subtype" in extension && "data" in extension, text);
    assert.deepEqual([extension.subtype, extension.data], [9, hex("aabb")]);
    assert.equal(named(text).name, name);
  }
});

test("RFC 5944 §1.11: a short extension without a sub-type is malformed [5944-1.11-01]", () => {
  for (const type of ["2c", "88", "8a", "8b", "90", "91", "93", "94", "95", "98"]) {
    assert.equal(fault(`${type} 00`), "truncated", type);
  }
});

test("RFC 5944 §1.11, erratum 4134: a short extension has at most 254 octets of data [5944-1.11-02]", () => {
  const string = (octets: number): ControlExtension => ({
    name: "home-agent",
    text: "a".repeat(octets),
  });
  assert.equal(written(string(254))[1], 255);
  assert.throws(() => written(string(255)), /does not fit its length field/);
});

test("RFC 2794 §2, RFC 3846 §3, RFC 5446 §3: names have no end mark and are never empty [2794-2-01, 3846-3-01, 3846-3-02, 5446-3-01]", () => {
  same("83 03 614062", { name: "mobile-node-nai-extension", nai: "a@b" });
  same("88 04 01 684072", { name: "ha-identity", nai: "h@r" });
  same("97 02 c3a9", { name: "service-selection-extension", identifier: "é" });
  same("91 02 02 21", { name: "foreign-agent", text: "!" });
  for (const text of ["83 00", "88 01 01", "97 00", "91 01 01"]) {
    assert.equal(fault(text), "truncated", text);
  }
});

test("RFC 4881 §9: the type is 138, though §9.1 to §9.7 print the sub-type's number [4881-9-01, 4881-9.3-01]", () => {
  same("8a 07 03 020000000001", {
    name: "ethernet-48-bit-mac-address",
    mac: hex("020000000001"),
  });
  assert.equal(fault("03 07 03 020000000001"), "unknown-mandatory-extension");
});

test("128, 129 and 150 have names, and their contents are kept", () => {
  for (const [text, name] of [
    ["80 02 aabb", "deprecated"],
    ["81 02 aabb", "skip-firewall-traversal-extension"],
    ["96 02 aabb", "reserved"],
  ] as const) {
    same(text, { name, data: hex("aabb") });
  }
});

test("RFC 5944 §1.8: a 16-bit length that runs past the message is malformed [5944-1.8-02]", () => {
  const bytes = encodeControl({
    ...REPLY,
    extensions: [{ name: "gre-key-extension", keyIdentifier: 7 }],
  });
  assert.deepEqual(bytes.slice(FIXED), hex("30 00 0004 00000007"));
  const decoded = decodeControl(bytes.slice(0, -1));
  assert(!decoded.ok);
  assert.deepEqual([decoded.error.code, decoded.error.field], ["truncated", "length"]);
});
