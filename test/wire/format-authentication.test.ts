/**
 * What an authenticator covers, by octets, and what it may not lack. RFC 5944 §1.6, §3.5.1,
 * RFC 4721 §5, §6, RFC 6521 §5.3.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlMessages, decodeControl } from "../../shared/wire/control.ts";
import { coveredOctets } from "../../shared/wire/coverage.ts";
import { hex } from "./golden/vector.ts";

const REPLY = "03 00 0708 0a010007 c6336401 ec9a1b2c80000001";
const DIGEST = "00112233445566778899aabbccddeeff";

function decode(text: string) {
  const decoded = decodeControl(hex(text));
  assert(decoded.ok, decoded.ok ? "" : decoded.error.message);
  return decoded.value;
}

function fault(text: string): string {
  const decoded = decodeControl(hex(`${REPLY} ${text}`));
  assert(!decoded.ok, text);
  return `${decoded.error.code} ${decoded.error.field}`;
}

test("RFC 5944 §3.5.1: an authenticator covers all before it, its own header included, and nothing behind [5944-3.5.1-01, 5944-3.5.1-02]", () => {
  const nai = "83 03 614062";
  const mobileHome = `20 14 00000100 ${DIGEST}`;
  const aaa = `24 01 0014 00000101 ${DIGEST}`;
  const foreignHome = `22 14 00000102 ${DIGEST}`;
  const decoded = decode(`${REPLY} ${nai} ${mobileHome} ${aaa} 82 00 ${foreignHome}`);
  const covered = (index: number) => coveredOctets(controlMessages, decoded, index);

  assert.equal(covered(0), undefined);
  assert.deepEqual(covered(1), hex(`${REPLY} ${nai} 20 14 00000100`));
  assert.deepEqual(covered(2), hex(`${REPLY} ${nai} ${mobileHome} 24 01 0014 00000101`));
  assert.equal(covered(3), undefined);
  const before = `${REPLY} ${nai} ${mobileHome} ${aaa} 82 00`;
  assert.deepEqual(covered(4), hex(`${before} 22 14 00000102`));
});

test("RFC 6521 §5.3: with nonce indexes in the SPI's place the rule is the same [6521-5.3-01]", () => {
  const decoded = decode(`${REPLY} 31 16 02 00 1122 3344 ${DIGEST}`);
  const covered = coveredOctets(controlMessages, decoded, 0);
  assert.deepEqual(covered, hex(`${REPLY} 31 16 02 00 1122 3344`));
});

test("RFC 6521 §5.3: the authenticator has at least 128 bits [6521-5.3-01]", () => {
  assert.equal(fault(`31 15 02 00 1122 3344 ${DIGEST.slice(2)}`), "truncated authenticator");
});

test("RFC 5944 §1.6: what has no whole SPI, or no authenticator, is no authentication [5944-1.6-01, 5944-3.5.2-02, 5944-3.5.3-02, 5944-3.5.4-03]", () => {
  for (const type of ["20", "21", "22"]) {
    assert.equal(fault(`${type} 03 000001`), "truncated spi", type);
    assert.equal(fault(`${type} 04 00000100`), "truncated authenticator", type);
  }
});

test("RFC 4721 §5, RFC 4857 §11: every sub-type of 36 has an SPI and at least 16 octets [4721-5-01, 4721-5-02, 4857-11-01]", () => {
  for (const subtype of ["01", "02", "03", "04", "63"]) {
    assert.equal(fault(`24 ${subtype} 0003 000001`), "truncated spi", subtype);
    const short = `24 ${subtype} 0013 00000100 ${DIGEST.slice(2)}`;
    assert.equal(fault(short), "truncated authenticator", subtype);
    decode(`${REPLY} 24 ${subtype} 0014 00000100 ${DIGEST}`);
  }
});

test("RFC 4721 §4: a challenge has 1 to 255 octets, as many as its Length says [4721-4-01]", () => {
  assert.equal(fault("84 00"), "truncated challenge");
  assert.equal(fault("84 03 a1b2"), "truncated length");
  for (const octets of [1, 255]) {
    const length = octets.toString(16).padStart(2, "0");
    const { message } = decode(`${REPLY} 84 ${length} ${"5a".repeat(octets)}`);
    assert("extensions" in message);
    const [extension] = message.extensions;
    assert(extension?.name === "mobile-foreign-challenge-extension");
    assert.equal(extension.challenge.length, octets);
  }
});
