/** The place of every flag: each bit of a figure set alone must be its letter in the JSON form. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../shared/base/result.ts";
import { controlJson, decodeControl, encodeControl } from "../../shared/wire/control.ts";
import { decodeIcmp, encodeIcmp, icmpJson } from "../../shared/wire/icmp.ts";
import { greHeader } from "../../shared/wire/tunnel/gre.ts";
import { headerJson, readHeader } from "../../shared/wire/tunnel/header.ts";
import { hex } from "./golden/vector.ts";

const REST = "0000 0a010007 c6336401 c0000221 1122334455667788";

interface Figure {
  readonly title: string;
  /** Octets with the flags clear. */
  readonly octets: string;
  /** The octet with the first flag. */
  readonly at: number;
  /** From the most significant bit of that octet on; a dash is a bit without a name. */
  readonly letters: string;
}

const controlFigures: readonly Figure[] = [
  {
    title: "RFC 5944 §3.3: flags of the Registration Request [5944-3.3-01]",
    octets: `01 00 ${REST}`,
    at: 1,
    letters: "SBDMGrTx",
  },
  {
    title: "RFC 4857 §10.1: flags of the Regional Registration Request [4857-10.1-01]",
    octets: `12 00 ${REST}`,
    at: 1,
    letters: "SBDMGrTx",
  },
  {
    title: "RFC 4988 §5.1: flags of the Fast Binding Update [4988-5.1-02]",
    octets: `14 00 ${REST}`,
    at: 1,
    letters: "--DMGrTx",
  },
  {
    title: "RFC 3543 §3.3: flags of the Registration Revocation [3543-3.3-01]",
    octets: "07 00 0000 0a010007 c6336401 c0000221 31323334",
    at: 2,
    letters: "AI--------------",
  },
  {
    title: "RFC 3543 §3.4: flag of the Revocation Acknowledgment [3543-3.4-02]",
    octets: "0f 00 0000 0a010007 31323334",
    at: 2,
    letters: "I---------------",
  },
  {
    title: "RFC 4881 §4.5: flags of the Handoff Request [4881-4.5-01]",
    octets: "10 00 0000 0000 0000 0a010007 c6336401 1122334455667788",
    at: 1,
    letters: "HNRMGTB-----------------",
  },
  {
    title: "RFC 4881 §4.6: flags of the Handoff Reply [4881-4.6-01]",
    octets: "11 00 0000 0000 0000 0a010007 c6336401 1122334455667788",
    at: 1,
    letters: "HNRMGTB---------",
  },
  {
    title: "RFC 6098 §4.1: flag of the Generic Notification [6098-4.1-02]",
    octets: "16 00 0000 0a010007 c6336401 c0000221 1122334455667788",
    at: 2,
    letters: "A---------------",
  },
];

const icmpFigures: readonly Figure[] = [
  {
    title: "RFC 4988 §5.5: flags of HI [4988-5.5-01]",
    octets: "29 00 0000 08 00 1234",
    at: 5,
    letters: "SU------",
  },
  {
    title:
      "RFC 5944 §2.1.1 and erratum 2103 of RFC 4857: flags of the Mobility Agent Advertisement Extension [5944-2.1.1-01, 4857-8.1-01]",
    octets: "09 00 0000 01 02 0708 c0000201 80000000 10 06 0203 0304 0000",
    at: 22,
    letters: "RBHFMGrTUXI-----",
  },
];

/** The octets with the bit `place`, counted from the figure's first flag. */
function withBit({ octets, at }: Figure, place: number): Uint8Array {
  const bytes = hex(octets);
  bytes[at + (place >> 3)] = 0x80 >> (place & 7);
  return bytes;
}

function checkFigure(figure: Figure, flagsOf: (bytes: Uint8Array) => Json | undefined): void {
  const { letters } = figure;
  for (let place = 0; place < letters.length; place++) {
    const expected = [...letters].flatMap((letter, i) =>
      letter === "-" ? [] : [[letter, i === place] as const],
    );
    const shown = flagsOf(withBit(figure, place));
    assert.deepEqual(shown, Object.fromEntries(expected), `bit ${place}`);
  }
}

for (const figure of controlFigures) {
  test(`${figure.title}: each bit alone, unnamed bits are kept`, () => {
    checkFigure(figure, (bytes) => {
      const decoded = decodeControl(bytes);
      assert(decoded.ok);
      assert.deepEqual(encodeControl(decoded.value.message), bytes);
      return controlJson(decoded.value.message).flags;
    });
  });
}

for (const figure of icmpFigures) {
  test(`${figure.title}: each bit alone, unnamed bits are kept`, () => {
    checkFigure(figure, (bytes) => {
      const sealed = sealedIcmp(bytes);
      const decoded = decodeIcmp(sealed);
      assert(decoded.ok);
      assert.deepEqual(encodeIcmp(decoded.value), sealed);
      const json = icmpJson(decoded.value);
      const [extension] = json.extensions as readonly { readonly flags?: Json }[];
      return json.flags ?? extension?.flags;
    });
  });
}

/** With the checksum of RFC 792, worked out here and not by the code under test. */
function sealedIcmp(bytes: Uint8Array): Uint8Array {
  let sum = 0;
  for (const [i, octet] of bytes.entries()) sum += i % 2 === 0 ? octet * 256 : octet;
  const checksum = 0xffff - (sum % 0xffff);
  const sealed = bytes.slice();
  sealed[2] = checksum >> 8;
  sealed[3] = checksum & 0xff;
  return sealed;
}

test("RFC 2784 §2.3, RFC 2890 §2: C, K and S are bits 0, 2 and 3; bits 1, 4 and 5 are refused, 6 to 12 ignored, 13 to 15 are the version [2784-2.3-01, 2784-2.3-03, 2784-2.3.1-01, 2890-2-01]", () => {
  for (let place = 0; place < 16; place++) {
    const bytes = new Uint8Array(16);
    bytes[place >> 3] = 0x80 >> (place & 7);
    const header = readHeader(greHeader, bytes);
    const isRefused = [1, 4, 5, 13, 14, 15].includes(place);
    assert.equal("code" in header, isRefused, `bit ${place}`);
    if (!("value" in header)) continue;
    const { flags } = headerJson(greHeader, header.value);
    assert.deepEqual(flags, { C: place === 0, K: place === 2, S: place === 3 }, `bit ${place}`);
    assert.equal(header.end, [0, 2, 3].includes(place) ? 8 : 4);
  }
});
