/** The conformance tool: what counts as a proof, and what it refuses. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { citationsInSource, idsIn, parseResults } from "../../scripts/conformance/citations.ts";
import { printMarkdown, printOpen, printSummary } from "../../scripts/conformance/print.ts";
import { assess, openRows, summarize } from "../../scripts/conformance/report.ts";
import {
  loadExceptions,
  loadRequirements,
  parseExceptions,
  parseRequirements,
} from "../../scripts/conformance/tables.ts";

const TABLE = [
  "id\trfc\tsection\tlevel\trole\trequirement",
  "9000-1-01\t9000\t1\tMUST\tFA\tfirst",
  "9000-1-02\t9000\t1\tMUST NOT\tFA,MN\tsecond",
  `9000-1-03\t9000\t1\tSHOULD\tall\t${"third ".repeat(40)}`,
  "9000-1-04\t9000\t1\tMAY\tMN\tfourth",
  "9001-1-01\t9001\t1\tMUST\tcodec\tfifth",
  "",
].join("\n");
const requirements = new Map(parseRequirements(TABLE, "t.tsv").map((row) => [row.id, row]));
const cite = (...ids: string[]) => ids.map((id) => ({ id, file: "a.test.ts", line: 7 }));
const none = new Map<string, string>();

/** Written in two parts, so that this file itself cites nothing. */
const bracket = (ids: string): string => `[${ids}]`;

test("conformance: the project's own tables are whole and every row can be cited", () => {
  const rows = loadRequirements(".");
  assert.ok(rows.size > 2300);
  for (const id of rows.keys()) assert.deepEqual(idsIn(bracket(id)), [id]);
  for (const id of loadExceptions(".").keys()) assert.ok(rows.has(id), id);
});

test("conformance: ids stand in square brackets, alone or in a list", () => {
  assert.deepEqual(idsIn(`rule ${bracket("9000-1-01")}`), ["9000-1-01"]);
  assert.deepEqual(idsIn(`rule ${bracket("9000-1-01, 9000-1-02")}`), ["9000-1-01", "9000-1-02"]);
  assert.deepEqual(idsIn("rule 9000-1-01, range [1..3], list [a, b], []"), []);
  // A short form is not understood, and so is an unknown id, not silently nothing.
  assert.deepEqual(idsIn(bracket("9000-1-01, -02")), ["9000-1-01", "-02"]);
});

test("conformance: literals are citations, comments are not", () => {
  const source = [
    `test("one ${bracket("9000-1-01")}", f);`,
    `// test("two ${bracket("9000-1-02")}", f);`,
    `it(\`\${x} three ${bracket("9000-1-03")}\`, f);`,
  ].join("\n");
  assert.deepEqual(citationsInSource(source, "a.test.ts"), [
    { id: "9000-1-01", file: "a.test.ts", line: 1 },
    { id: "9000-1-03", file: "a.test.ts", line: 3 },
  ]);
});

test("conformance: only a test that ran and passed proves a row", () => {
  const line = (name: string, status: string): string => JSON.stringify({ name, status });
  const results = parseResults(
    [
      line(`a ${bracket("9000-1-01")}`, "pass"),
      line(`b ${bracket("9000-1-01, 9000-1-02")}`, "pass"),
      line(`c ${bracket("9000-1-02")}`, "fail"),
      line(`d ${bracket("9000-1-03")}`, "skip"),
      "",
    ].join("\n"),
  );
  assert.deepEqual([...results.proved], ["9000-1-01"]);
  assert.deepEqual([...results.failed], ["9000-1-02"]);
  const { rows, errors } = assess(
    requirements,
    new Map([["9001-1-01", "not ours"]]),
    cite("9000-1-01", "9000-1-02", "9000-1-03"),
    { ...results, stale: false },
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(
    rows.map((row) => row.state),
    ["proved", "failed", "cited", "open", "excepted"],
  );
});

test("conformance: without a run a citation is no proof", () => {
  const assessment = assess(requirements, none, cite("9000-1-01"), undefined);
  assert.equal(assessment.rows[0]?.state, "cited");
  const text = printSummary(assessment, false);
  assert.match(text, /RFC 9000 +whole +0\/2 +0\/1 +1 cited \(not run\)/);
  assert.match(text, /no results of a run/);
});

test("conformance: an unknown id is an error with its place, in tests and in exceptions", () => {
  const { errors } = assess(
    requirements,
    new Map([
      ["9000-1-01", "by construction"],
      ["9009-1-01", "typo"],
    ]),
    cite("9000-9-99", "9000-1-01"),
    undefined,
  );
  assert.deepEqual(errors, [
    "a.test.ts:7: no such requirement: 9000-9-99",
    "exceptions.tsv: 9000-1-01 is cited by a test; take it out",
    "exceptions.tsv: no such requirement: 9009-1-01",
  ]);
});

test("conformance: a row counts under each of its roles and once for the RFC", () => {
  const { rows } = assess(requirements, none, [], undefined);
  assert.deepEqual(
    summarize(rows).map((line) => [line.rfc, line.role, line.must.total, line.should.total]),
    [
      ["9000", undefined, 2, 1],
      ["9000", "FA", 2, 1],
      ["9000", "MN", 1, 1],
      ["9000", "HA", 0, 1],
      ["9001", undefined, 1, 0],
      ["9001", "codec", 1, 0],
    ],
  );
});

test("conformance: open rows leave out what is proved, set aside or a MAY, and are cut short", () => {
  const assessment = assess(requirements, new Map([["9000-1-01", "x"]]), [], undefined);
  assert.deepEqual(
    openRows(assessment.rows, ["9000"]).map((row) => row.id),
    ["9000-1-02", "9000-1-03"],
  );
  const lines = printOpen(assessment, ["9000"]).split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? "", /^9000-1-03 +SHOULD +FA,HA,MN +third .{90,95}…$/);
});

test("conformance: the page is the same whatever a run said, and names what is set aside", () => {
  const exceptions = new Map([["9001-1-01", "not ours"]]);
  const page = printMarkdown(assess(requirements, exceptions, cite("9000-1-01"), undefined));
  assert.match(page, /\| RFC 9000 \| whole \| 1\/2 \| 0\/1 \| {2}\|/);
  assert.match(page, /\| 9001-1-01 \| not ours \|/);
});

test("conformance: a broken table is refused with its place", () => {
  assert.throws(() => parseRequirements("a\tb\nc", "t.tsv"), /t\.tsv:2: 1 fields instead of 2/);
  assert.throws(() => parseRequirements(TABLE.replace("SHOULD", "OUGHT"), "t.tsv"), /OUGHT/);
  assert.throws(() => parseExceptions("id\treason\nx\t ", "e.tsv"), /x: no reason given/);
});
