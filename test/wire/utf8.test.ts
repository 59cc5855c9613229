/** Text from the network: nothing is lost, and well-formed UTF-8 is what everybody reads. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readUtf8, utf8Length, writeUtf8 } from "../../shared/wire/utf8.ts";
import { arbitraryFrom } from "./arbitrary.ts";
import { makeText } from "./arbitrary-text.ts";

const read = (...octets: number[]): string => readUtf8(Uint8Array.from(octets), 0, octets.length);

function write(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(bytes, 0, text);
  return bytes;
}

test("utf8: well-formed text is read as the platform reads it, and written as it writes it", () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const bytes = encoder.encode(text);
      assert.equal(readUtf8(bytes, 0, bytes.length), text);
      assert.deepEqual(write(text), bytes);
    }),
    { numRuns: 2000 },
  );
});

test("utf8: any octets survive, and are text without escapes just when the platform takes them", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom([0xe0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3, 0xa9]),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const bytes = Uint8Array.from(pieces.flatMap((each) => [...each]));
      const text = readUtf8(bytes, 0, bytes.length);
      assert.equal(utf8Length(text), bytes.length);
      assert.deepEqual(write(text), bytes);
      let expected: string | undefined;
      try {
        expected = strict.decode(bytes);
      } catch {
        assert.match(text, /[\udc80-\udcff]/u);
        return;
      }
      assert.equal(text, expected);
    }),
    { numRuns: 5000 },
  );
});

test("utf8: a text of any characters and escapes is what its octets are read as", () => {
  const texts = arbitraryFrom((choices) => makeText(choices, choices.below(80), 0));
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = write(text);
      assert.equal(readUtf8(bytes, 0, bytes.length), text);
    }),
    { numRuns: 2000 },
  );
});

test("utf8: overlong forms, surrogates, what lies beyond U+10FFFF and torn ends are escaped", () => {
  assert.equal(read(0xc0, 0x80), "\udcc0\udc80");
  assert.equal(read(0xc1, 0xbf), "\udcc1\udcbf");
  assert.equal(read(0xe0, 0x9f, 0xbf), "\udce0\udc9f\udcbf");
  assert.equal(read(0xed, 0xa0, 0x80), "\udced\udca0\udc80");
  assert.equal(read(0xf0, 0x8f, 0xbf, 0xbf), "\udcf0\udc8f\udcbf\udcbf");
  assert.equal(read(0xf4, 0x90, 0x80, 0x80), "\udcf4\udc90\udc80\udc80");
  assert.equal(read(0xf5, 0x61), "\udcf5a");
  assert.equal(read(0x61, 0xe2, 0x82), "a\udce2\udc82");
  assert.equal(read(0xe2, 0x82, 0xac), "€");
  assert.equal(read(0xf0, 0x9f, 0x98, 0x80), "😀");
  assert.equal(read(0xef, 0xbb, 0xbf), "\ufeff");
});

test("utf8: a character does not reach beyond the end that is given", () => {
  const bytes = Uint8Array.of(0xe2, 0x82, 0xac);
  assert.equal(readUtf8(bytes, 0, 2), "\udce2\udc82");
  assert.equal(readUtf8(bytes, 1, 3), "\udc82\udcac");
});

test("utf8: a surrogate that stands for no octet is refused", () => {
  for (const text of ["\ud800", "\udc00", "\udc7f", "\udd00", "a\udfff"]) {
    assert.throws(() => write(text), /surrogate/);
  }
});
