/** Key generation nonces: what their figures leave to the text. RFC 3957 §4, §6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import { type AnyExtension, readExtensions } from "../../shared/wire/extension.ts";
import type { NumberNames } from "../../shared/wire/field.ts";
import { hex } from "./golden/vector.ts";

const NONCE = "00112233445566778899aabbccddeeff";
/** Lifetime, AAA SPI, FA or HA SPI. */
const HEAD = "00000e10 11223344 55667788";

const read = (text: string) => readExtensions(controlExtensions, hex(text), 0);

function namesOf(extension: string, field: string): NumberNames | undefined {
  const slots = controlExtensions.byName.get(extension)?.layout.slots ?? [];
  return slots.find(({ name }) => name === field)?.field.names;
}

test("RFC 3957 §4: Replay Methods are 2 and 3, algorithms those of IPsec; others are kept [3957-4-01]", () => {
  const methods = { 0: "Reserved", 1: "Reserved", 2: "Timestamps", 3: "Nonces" };
  assert.deepEqual(namesOf("mn-ha-aaa-keygen-reply", "replayMethod"), methods);
  for (const extension of ["mn-fa-aaa-keygen-reply", "mn-ha-aaa-keygen-reply"]) {
    const names = namesOf(extension, "algorithmIdentifier");
    assert.deepEqual(
      [names?.[1], names?.[2], names?.[5]],
      ["HMAC-MD5", "HMAC-SHA", "HMAC-SHA2-256"],
    );
  }
  const { extensions } = read(`2b 01 0020 ${HEAD} ff01 0004 ${NONCE}`);
  const [reply] = extensions as readonly (AnyExtension & Record<string, unknown>)[];
  assert.deepEqual([reply?.algorithmIdentifier, reply?.replayMethod], [0xff01, 4]);
});

test("RFC 3957 §6.1, §6.3: of sub-type 1 the SPI is all; of others it is the least [3957-6.1-01, 3957-6.3-01]", () => {
  for (const type of ["28", "2a"]) {
    for (const text of [`${type} 01 0003 112233`, `${type} 01 0005 1122334400`]) {
      assert.match(read(text).error?.code ?? "none", /^(truncated|wrong-length)$/, text);
    }
    assert.equal(read(`${type} 05 0003 112233`).error?.code, "truncated");
    assert.equal(read(`${type} 05 0004 11223344`).error, undefined);
  }
});

test("RFC 3957 §6.2, §6.4: a nonce has at least 128 bits [3957-6.2-01, 3957-6.4-01]", () => {
  const short = NONCE.slice(2);
  const faulty = [`29 01 001d ${HEAD} 0005 ${short}`, `2b 01 001f ${HEAD} 0005 0002 ${short}`];
  for (const text of faulty) {
    assert.deepEqual(read(text).error?.field, "key_generation_nonce", text);
  }
  assert.equal(read(`29 01 001e ${HEAD} 0005 ${NONCE}`).error, undefined);
  assert.equal(read(`2b 01 0020 ${HEAD} 0005 0002 ${NONCE}`).error, undefined);
});

test("RFC 3957 §6.2, §6.4: without sub-type 1, only 43 has a lifetime [3957-6.2-01, 3957-6.4-01]", () => {
  assert.equal(read("29 05 0000").error, undefined);
  assert.equal(read("2b 05 0003 000e10").error?.field, "lifetime");
});
