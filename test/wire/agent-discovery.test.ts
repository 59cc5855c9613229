/** Router discovery messages against the figures, and the checks of RFC 1256 as 5944 relaxes them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import {
  agentExtension,
  type RouterAdvertisement,
  SOLICITATION,
} from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeIcmp, encodeIcmp, icmpJson } from "../../shared/wire/icmp.ts";
import { arbitraryAdvertisement } from "./arbitrary.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

/** Puts the right checksum in, so that a test is about what it is about. */
function sealed(text: string): Uint8Array {
  const bytes = hex(text);
  const sum = internetChecksum(bytes);
  bytes[2] = sum >>> 8;
  bytes[3] = sum & 255;
  return bytes;
}

/** By hand from the figures of RFC 1256 §3, RFC 5944 §2.1.1 and §2.1.2. */
const ADVERTISEMENT = sealed(`
  09 00 0000 01 02 001e
  c0000201 00000000
  10 0a 0005 0708 9100 c0000201
  13 01 1a`);

const advertisement: RouterAdvertisement = {
  name: "router-advertisement",
  addrEntrySize: 2,
  code: 0,
  lifetime: 30,
  routerAddresses: [{ address: ipv4("192.0.2.1"), preference: 0 }],
  extensions: [
    {
      name: "mobility-agent-advertisement-extension",
      sequenceNumber: 5,
      registrationLifetime: 1800,
      flags: 0x9100, // R, F, T
      careOfAddresses: [ipv4("192.0.2.1")],
    },
    { name: "prefix-lengths-extension", prefixLengths: [26] },
  ],
};

test("RFC 5944 §2.1: an Agent Advertisement is a Router Advertisement with extension 16 [5944-2.1-01, 5944-2.1.1-01, 5944-2.1.2-02, 1256-3-01]", () => {
  const decoded = decodeIcmp(ADVERTISEMENT);
  assert(decoded.ok);
  assert.deepEqual(decoded.value, advertisement);
  assert.deepEqual(encodeIcmp(advertisement), ADVERTISEMENT);
  assert.equal(internetChecksum(ADVERTISEMENT), 0);
});

test("RFC 1256 §3: the checksum covers the whole message, extensions included [1256-3-03, 1256-5.2-01, 1256-4.2-01]", () => {
  for (let i = 0; i < ADVERTISEMENT.length; i++) {
    const broken = ADVERTISEMENT.slice();
    broken[i] = (broken[i] ?? 0) ^ 0x10;
    const decoded = decodeIcmp(broken);
    assert(!decoded.ok, `octet ${i}`);
    assert.equal(decoded.error.code, "wrong-checksum");
  }
});

test("RFC 5944 §2.1.1: the number of care-of addresses follows from the length; 5 or 11 is malformed [5944-2.1.1-02]", () => {
  const withLength = (length: number) =>
    decodeIcmp(
      sealed(
        `0900 0000 0002001e 10 ${length.toString(16).padStart(2, "0")} ${"00".repeat(length)}`,
      ),
    );
  for (const length of [0, 5, 7, 8, 9, 11]) assert(!withLength(length).ok, `length ${length}`);
  for (const length of [6, 10, 14]) {
    const decoded = withLength(length);
    assert(decoded.ok && decoded.value.name === "router-advertisement");
    assert.equal(agentExtension(decoded.value)?.careOfAddresses.length, (length - 6) / 4);
  }
});

test("RFC 5944 §2.1: Num Addrs 0 and code 16 are an agent's privilege [5944-2.1-08, 5944-2.1-06, 1256-5.2-02, 1256-5.2-03]", () => {
  const agent = "10 06 0001 0708 1000";
  assert(decodeIcmp(sealed(`0910 0000 0002001e ${agent}`)).ok);
  assert(!decodeIcmp(sealed("0900 0000 0002001e")).ok);
  assert(!decodeIcmp(sealed("0910 0000 0102001e c0000201 00000000")).ok);
  for (const code of ["01", "0f", "ff"]) {
    assert(!decodeIcmp(sealed(`09${code} 0000 0002001e ${agent}`)).ok);
  }
});

test("RFC 1256 §5.2: entry size below 2 words and addresses that do not fit are discarded [1256-5.2-04, 1256-5.2-05]", () => {
  assert(!decodeIcmp(sealed("0900 0000 0101001e c0000201")).ok);
  assert(!decodeIcmp(sealed("0900 0000 0202001e c0000201 00000000")).ok);
  assert(!decodeIcmp(hex("0900")).ok);
});

test("RFC 1256 §5.2: words beyond the second of an entry are ignored; extensions follow all entries [1256-5.2-06, 5944-2.4-13]", () => {
  const decoded = decodeIcmp(
    sealed("0900 0000 0103001e c0000201 80000000 deadbeef 10 06 0001 0708 1000"),
  );
  assert(decoded.ok && decoded.value.name === "router-advertisement");
  assert.deepEqual(decoded.value.routerAddresses, [
    { address: ipv4("192.0.2.1"), preference: -0x80000000, more: hex("deadbeef") },
  ]);
  assert(agentExtension(decoded.value) !== undefined);
});

test("RFC 5944 §2.1.1: reserved bits and r are kept, never an error [5944-2.1.1-04, 5944-2.1.1-06, 5944-2.1.1-05, 5944-2.4-17]", () => {
  const bytes = sealed("0900 0000 0002001e 10 06 0001 0708 ffff");
  const decoded = decodeIcmp(bytes);
  assert(decoded.ok);
  assert.deepEqual(encodeIcmp(decoded.value), bytes);
});

test("RFC 5944 §2.1.3: single padding octets are stepped over, even several [5944-2.1.3-01, 5944-2.1.3-02, 5944-2.1.3-03, 5944-1.8-03]", () => {
  const decoded = decodeIcmp(sealed("0900 0000 0002001e 10 06 0001 0708 1000 00 00 00"));
  assert(decoded.ok && decoded.value.name === "router-advertisement");
  assert.equal(decoded.value.extensions.length, 4);
});

test("RFC 5944 §1.8: in ICMP 32 is unknown and spoils the message, 200 is stepped over [5944-1.8-04, 5944-1.8-05, 5944-1.8-06]", () => {
  const agent = "10 06 0001 0708 1000";
  assert(!decodeIcmp(sealed(`0900 0000 0002001e ${agent} 20 05 00000100ff`)).ok);
  assert(decodeIcmp(sealed(`0900 0000 0002001e c8 01 ff ${agent}`)).ok);
});

test("RFC 1256 §3, §4.2: solicitation: code 0, at least 8 octets, reserved and the rest ignored [1256-3-02, 1256-4.2-02, 1256-4.2-03, 1256-4.2-05, 5944-2.2-01]", () => {
  const plain = encodeIcmp(SOLICITATION);
  assert.deepEqual(plain, sealed("0a00 0000 00000000"));
  assert(decodeIcmp(plain).ok);
  assert(decodeIcmp(sealed("0a00 0000 12345678 9999")).ok);
  assert(!decodeIcmp(sealed("0a01 0000 00000000")).ok);
  assert(!decodeIcmp(sealed("0a00 0000 0000")).ok);
});

test("the JSON form is the contract's", () => {
  assert.deepEqual(icmpJson(advertisement), {
    type: 9,
    name: "agent-advertisement",
    code: 0,
    num_addrs: 1,
    addr_entry_size: 2,
    lifetime: 30,
    router_addresses: [{ address: "192.0.2.1", preference: 0 }],
    extensions: [
      {
        type: 16,
        name: "mobility-agent-advertisement-extension",
        length: 10,
        sequence_number: 5,
        registration_lifetime: 1800,
        flags: {
          ...{ R: true, B: false, H: false, F: true, M: false, G: false, r: false, T: true },
          ...{ U: false, X: false, I: false },
        },
        care_of_addresses: ["192.0.2.1"],
      },
      { type: 19, name: "prefix-lengths-extension", length: 1, prefix_lengths: [26] },
    ],
  });
});

test("every advertisement that the tables allow survives encode and decode", () => {
  fc.assert(
    fc.property(arbitraryAdvertisement, (message) => {
      const decoded = decodeIcmp(encodeIcmp(message));
      assert(decoded.ok);
      assert.deepEqual(decoded.value, message);
    }),
    { numRuns: 300 },
  );
});

test("any octets: never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(9, 10, 41), (bytes, type) => {
      bytes[0] = type;
      decodeIcmp(bytes);
      if (bytes.length < 4) return;
      bytes[2] = 0;
      bytes[3] = 0;
      const sum = internetChecksum(bytes);
      bytes[2] = sum >>> 8;
      bytes[3] = sum & 255;
      decodeIcmp(bytes);
    }),
    { numRuns: 3000 },
  );
});
