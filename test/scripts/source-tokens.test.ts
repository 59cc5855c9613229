/** The splitter on which the architecture test and the conformance tool stand. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countCodeLines, tokenize } from "../../scripts/source-tokens.ts";

/** Apart, so that the dollars below are not taken for placeholders. */
const DOLLAR = "$";

const kinds = (source: string): string[] =>
  tokenize(source).map((token) => `${token.kind}:${token.text}`);

test("tokens: comments, strings and code are told apart", () => {
  assert.deepEqual(kinds(`a // "b"\n"// c" /* 'd' */ 'e\\'f'`), [
    "word:a",
    'comment:// "b"',
    "string:// c",
    "comment:/* 'd' */",
    "string:e\\'f",
  ]);
});

test("tokens: a template gives its stretches of text, and the code between is code", () => {
  assert.deepEqual(kinds(`\`x ${DOLLAR}{ { a: \`y${DOLLAR}{b}\` } } z\` c`), [
    "template:x ",
    "punctuation:{",
    "word:a",
    "punctuation::",
    "template:y",
    "word:b",
    "template:",
    "punctuation:}",
    "template: z",
    "word:c",
  ]);
});

test("tokens: a slash divides after an operand and opens a regular expression elsewhere", () => {
  assert.deepEqual(kinds("a / b / c"), [
    "word:a",
    "punctuation:/",
    "word:b",
    "punctuation:/",
    "word:c",
  ]);
  assert.deepEqual(kinds("x = /[/\"]/g; return /'/"), [
    "word:x",
    "punctuation:=",
    'regex:/[/"]/g',
    "punctuation:;",
    "word:return",
    "regex:/'/",
  ]);
});

test("tokens: lines are counted, and only those that hold code", () => {
  const tokens = tokenize("/* a\n b */\n\nconst x = `1\n2`; // c\n\n// d\ny");
  assert.deepEqual(
    tokens.map((token) => token.line),
    [1, 4, 4, 4, 4, 5, 5, 7, 8],
  );
  assert.equal(countCodeLines(tokens), 3);
});

test("tokens: any text is split without an exception and without losing a line", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(DOLLAR, ..."ab`{}\"'/\\\n*1.[]() ") }),
      (source) => {
        const last = tokenize(`${source}\n;`).at(-1);
        assert.ok(last !== undefined);
      },
    ),
  );
});
