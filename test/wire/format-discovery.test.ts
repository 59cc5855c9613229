/** Extensions of agent discovery: lengths that are refused, and numbers that control messages share. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import { type ExtensionSpace, readExtensions } from "../../shared/wire/extension.ts";
import { icmpExtensions } from "../../shared/wire/icmp/agent-discovery.ts";
import { hex } from "./golden/vector.ts";

/** Names of the extensions, or the error. */
function names(space: ExtensionSpace, text: string): string {
  const { extensions, error } = readExtensions(space, hex(text), 0);
  return error?.code ?? extensions.map(({ name }) => name).join(" ");
}

const REFUSED = /^(truncated|wrong-length)$/;

test("RFC 5944 §2.1.1: 6 octets and whole addresses, nothing else [5944-2.1.1-01, 5944-2.1.1-02]", () => {
  const name = "mobility-agent-advertisement-extension";
  for (let length = 0; length <= 255; length++) {
    const text = `10 ${length.toString(16).padStart(2, "0")} ${"a1".repeat(length)}`;
    const isWhole = length >= 6 && (length - 6) % 4 === 0;
    assert.match(names(icmpExtensions, text), isWhole ? new RegExp(`^${name}$`) : REFUSED, text);
  }
});

test("RFC 4721 §2, RFC 3846 §3: a challenge and a NAI have an octet at least [4721-2-01, 3846-3-02]", () => {
  assert.equal(names(icmpExtensions, "18 01 a1"), "challenge-extension");
  for (const text of ["18 00", "18 02 a1", "88 00", "88 01 01", "88 01 02", "88 01 03"]) {
    assert.match(names(icmpExtensions, text), REFUSED, text);
  }
});

test("RFC 4881 §9: 140 has the Lengths of 138 [4881-9-01, 4881-9.3-01, 4881-9.5-01, 4881-9.6-01]", () => {
  const wrong = [
    "8c 00",
    "8c 01 01",
    "8c 06 03 0211223344",
    "8c 04 05 c00002",
    "8c 06 06 9122334455",
  ];
  for (const text of wrong) assert.match(names(icmpExtensions, text), REFUSED, text);
});

test("RFC 4064 §4.1 to §4.4: 127 and 255 are laid out differently in the two number spaces [4064-4.1-01, 4064-4.2-01, 4064-4.3-01, 4064-4.4-01]", () => {
  const space = { control: controlExtensions, icmp: icmpExtensions };
  const discovery = "icmp-router-discovery-experimental-extension";
  assert.equal(names(space.icmp, "7f 03 a1b2c3"), `non-skippable-${discovery}`);
  assert.match(names(space.icmp, "7f 63 0003 a1b2c3"), REFUSED);
  assert.match(names(space.control, "7f 03 a1b2c3"), REFUSED);
  assert.equal(names(space.icmp, "ff 00"), `skippable-${discovery}`);
  assert.match(names(space.control, "ff 00"), REFUSED);
});

test("RFC 5944 §1.8: a number is another thing in control messages, or nothing at all [5944-1.8-04]", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    // Octets, in agent discovery, in a control message.
    [
      "10 06 1122 3344 1000",
      "mobility-agent-advertisement-extension",
      "unknown-mandatory-extension",
    ],
    ["13 01 18", "prefix-lengths-extension", "unknown-mandatory-extension"],
    ["18 04 a1b2c3d4", "challenge-extension", "unknown-mandatory-extension"],
    ["89 06 8000 31323334", "card-mn-ar-signature-option", "revocation-support-extension"],
    ["8a 07 03 021122334455", "card-request-option", "ethernet-48-bit-mac-address"],
    ["8b 05 01 c6336407", "card-reply-option", "requested-ha-extension"],
    [
      "8c 06 02 1122334455",
      "3gpp-international-mobile-subscriber-identity",
      "hierarchical-foreign-agent-extension",
    ],
    ["90 06 00 00 80 04 0000", "unknown", "regular-udp-tunnel-request-extension"],
    ["20 05 00000100 a1", "unknown-mandatory-extension", "mobile-home-authentication-extension"],
  ];
  for (const [text, discovery, control] of rows) {
    assert.equal(names(icmpExtensions, text), discovery, text);
    assert.equal(names(controlExtensions, text), control, text);
  }
});
