/**
 * Extensions from 128 on: octets that are too few or too many for one are refused, and who does not
 * know its type steps over it by an 8-bit length. RFC 5944 §1.8 to §1.11.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import { readExtensions } from "../../shared/wire/extension.ts";
import { hex } from "./golden/vector.ts";
import { goldenVectors } from "./golden/vectors.ts";
import { fault, read } from "./one-extension.ts";

const REFUSED = /^(truncated|wrong-length|unknown-mandatory-extension)$/;

/** Only the right octets are read; each of the wrong ones is refused. */
function only(name: string, right: string, wrong: readonly string[]): void {
  assert.equal(read(right).name, name);
  for (const text of wrong) assert.match(fault(text) ?? "read", REFUSED, text);
}

/** A type that nobody has. */
const UNKNOWN = 200;

test("RFC 5944 §1.8, §1.10: who does not know a type steps over the whole of it; 154 and printed mistakes alone are too long for that [5944-1.8-07, 5944-1.10-02]", () => {
  const lost = new Set<string>();
  for (const { space, hex: text, value } of goldenVectors) {
    const octets = hex(text);
    if (space !== "control-extension" || (octets[0] ?? 0) < 128) continue;
    octets[0] = UNKNOWN;
    const { extensions, error } = readExtensions(controlExtensions, octets, 0);
    const data = octets.slice(2);
    const stepped = [{ name: "unknown", type: UNKNOWN, data }];
    if (error !== undefined || extensions.length !== 1) lost.add(value.name);
    else assert.deepEqual(extensions, stepped, value.name);
  }
  assert.deepEqual([...lost].sort(), [
    "flow-binding-extension",
    "multipath-extension",
    "other-multipath-extension",
    "redirected-ha-extension-as-printed",
    "replay-protection-style-extension-as-printed",
    "requested-ha-extension-as-printed",
  ]);
});

test("RFC 3846 §3, RFC 4917 §3, RFC 5446 §3: a name or a text has an octet at least [3846-3-02, 4917-3-02, 4917-3-04, 5446-3-01]", () => {
  for (const subtype of ["01", "02"]) {
    assert.equal(fault(`88 01 ${subtype}`), "truncated");
    assert.equal(fault(`91 01 ${subtype}`), "truncated");
  }
  only("foreign-agent-nai", "88 02 03 61", ["88 01 03", "88 03 03 61"]);
  only("home-agent", "91 02 01 61", ["91 00", "91 03 01 61"]);
  only("service-selection-extension", "97 01 61", ["97 00", "97 02 61"]);
});

test("RFC 3543 §3.2: a Revocation Support Extension has 6 octets or more [3543-3.2-06, 3543-3.2-07]", () => {
  const wrong = ["89 00", "89 05 8000 313233", "89 07 8000 31323334"];
  only("revocation-support-extension", "89 06 8000 31323334", wrong);
  assert.equal(read("89 07 8000 31323334 00").name, "revocation-support-extension");
});

test("RFC 4881 §9: addresses have the Length that their sub-type gives, identities an octet at least [4881-9-01, 4881-9.1-01, 4881-9.2-01, 4881-9.3-01, 4881-9.4-01, 4881-9.5-01, 4881-9.6-01, 4881-9.7-01]", () => {
  const sizes = { 3: 6, 4: 8, 5: 4, 6: 4, 7: 4 };
  for (const [subtype, size] of Object.entries(sizes)) {
    const octets = (data: number): string =>
      `8a ${(data + 1).toString(16).padStart(2, "0")} 0${subtype} ${"a1".repeat(data)}`;
    assert.equal(fault(octets(size)), undefined, subtype);
    assert.match(fault(octets(size - 1)) ?? "", REFUSED, subtype);
    assert.match(fault(octets(size + 1)) ?? "", REFUSED, subtype);
  }
  assert.equal(fault("8a 01 01"), "truncated");
  assert.equal(fault("8a 01 02"), "truncated");
});

test("RFC 4433 §3.4, erratum 898: the short form has Length 5, the printed one 4 [4433-3.4-01, 4433-3.4-02]", () => {
  only("requested-ha-extension", "8b 05 01 c6336407", [
    "8b 04 01 c63364",
    "8b 06 01 c6336407 00",
    "8b 01 01",
  ]);
  only("redirected-ha-extension-as-printed", "8b 02 0004 c6336408", [
    "8b 02 0003 c63364",
    "8b 02 0005 c6336408 00",
    "8b 03 0004 c6336408",
  ]);
});

test("RFC 4857 §9.2 to §9.4: Lengths of regional registration [4857-9.2-01, 4857-9.3-01, 4857-9.4-01]", () => {
  only("hierarchical-foreign-agent-extension", "8c 06 0000 cb007109", [
    "8c 04 cb007109",
    "8c 05 0000 cb0071",
    "8c 07 0000 cb007109 00",
  ]);
  only("replay-protection-style-extension", "8d 0a 0001 1122334455667788", [
    "8d 00",
    "8d 02 0001",
    "8d 09 0001 11223344556677",
    "8d 0b 0001 1122334455667788 00",
  ]);
  only("regional-registration-lifetime-extension", "8e 06 0000 00010203", [
    "8e 02 0102",
    "8e 05 0000 000102",
    "8e 07 0000 00010203 00",
  ]);
});

test("RFC 3519 §3.1: a UDP Tunnel Request has Length 6 in 8 bits [3519-3.1-01]", () => {
  only("regular-udp-tunnel-request-extension", "90 06 00 00 80 04 0000", [
    "90 05 00 00 80 04 00",
    "90 07 00 00 80 04 0000 00",
    "90 00 0006 00 00 80 04 0000",
  ]);
});

test("RFC 5563 §5.2 to §5.5: identifiers are not empty, an access technology is one octet [5563-5.2-01, 5563-5.3-01, 5563-5.4-01, 5563-5.5-01]", () => {
  only("pmipv4-interface-id", "93 02 01 a1", ["93 00", "93 01 01"]);
  only("pmipv4-device-id", "93 03 02 01 a1", ["93 01 02", "93 02 02 01"]);
  only("pmipv4-subscriber-id", "93 03 03 01 a1", ["93 01 03", "93 02 03 01"]);
  only("access-technology-type", "93 02 04 01", ["93 01 04", "93 03 04 01 00"]);
});

test("RFC 5177 §4: a Mobile Network Request has Length 6, an Acknowledgement 8 [5177-4.1-01, 5177-4.2-01]", () => {
  only("mobile-network-request-extension", "94 06 00 18 0a0b0c00", [
    "94 05 00 18 0a0b0c",
    "94 08 00 00 18 00 0a0b0c00",
  ]);
  for (const [subtype, mode] of Object.entries({ 1: "explicit", 2: "implicit" })) {
    only(`${mode}-mode-acknowledgement-extension`, `94 08 0${subtype} 00 18 00 0a0b0c00`, [
      `94 06 0${subtype} 18 0a0b0c00`,
      `94 07 0${subtype} 00 18 00 0a0b0c`,
      `94 09 0${subtype} 00 18 00 0a0b0c00 00`,
    ]);
  }
});

test("RFC 5265 §3.4, RFC 5454 §2: Lengths 2, 18 and 20 [5265-3.4-01, 5454-2.1-01, 5454-2.2-01, 5454-2.3-01]", () => {
  const prefix = "20010db8112233000000000000000000";
  only("trusted-networks-configured", "95 02 00 00", ["95 01 00", "95 03 00 0000"]);
  only("ipv6-prefix-request", `98 12 01 38 ${prefix}`, [
    `98 11 01 38 ${prefix.slice(2)}`,
    `98 13 01 38 ${prefix} 00`,
  ]);
  only("ipv6-prefix-reply", `98 14 02 00 38 00 ${prefix}`, [
    `98 12 02 38 ${prefix}`,
    `98 13 02 00 38 00 ${prefix.slice(2)}`,
    `98 15 02 00 38 00 ${prefix} 00`,
  ]);
  only("ipv6-tunneling-mode", "98 02 03 00", ["98 01 03", "98 03 03 0000"]);
});

test("RFC 6521 §5.1: the router's address is there with S and only with S [6521-5.1-01]", () => {
  const name = "mobile-router-route-optimization-capability";
  only(name, "99 06 01 20 0a010207", ["99 02 01 20", "99 05 01 20 0a0102", "99 01 01"]);
  only(name, "99 02 01 d0", ["99 06 01 d0 0a010207"]);
});

test("RFC 7629 §4: 154 has a 16-bit Length; as many BIDs as their Count says [7629-4.1-01, 7629-4.2-01]", () => {
  only("multipath-extension", "9a 01 0004 05112280", [
    "9a 01 0003 051122",
    "9a 01 0005 0511228000",
    "9a 05 01 05112280",
  ]);
  only("flow-binding-extension", "9a 02 0005 01 02 1122 01", [
    "9a 02 0004 01 02 1122",
    "9a 02 0003 01 02 11",
    "9a 02 0001 01",
  ]);
});
