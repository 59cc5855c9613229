/** The reporter, run by this very Node over a small file of tests. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { closingLine, resultOf } from "../../scripts/test-reporter.ts";

// Held apart so that Node's own marks for tests do not stand in this file as calls.
const SAMPLE = `
const { test, describe, it } = require("node:test");
test("one", () => {});
test("two", () => { throw new Error("two broke"); });
test("three", { ["sk" + "ip"]: true }, () => {});
describe("group", () => { it("four", () => {}); });
`;

/** Runs the sample in a folder of its own, some times; the output and the results of each. */
function runs(times: number, environment: NodeJS.ProcessEnv) {
  const folder = mkdtempSync(join(tmpdir(), "mip4-reporter-"));
  try {
    writeFileSync(join(folder, "sample.test.cjs"), SAMPLE);
    const reporter = new URL("../../scripts/test-reporter.js", pathToFileURL(import.meta.filename));
    const to = "--test-reporter-destination=stdout";
    const argv = ["--test", `--test-reporter=${reporter}`, to, "sample.test.cjs"];
    // A test process marks its children; unmarked, the child reports as any run does.
    const base = { ...process.env, NODE_TEST_CONTEXT: undefined, MIP4_TEST_RESULTS: "out/r.jsonl" };
    const env = { ...base, MIP4_TEST_SINCE: undefined, ...environment };
    return Array.from({ length: times }, () => {
      const run = spawnSync(process.execPath, argv, { cwd: folder, encoding: "utf8", env });
      const lines = readFileSync(join(folder, "out/r.jsonl"), "utf8").trimEnd().split("\n");
      return { ...run, results: lines.map((line) => JSON.parse(line)) };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("reporter: readable output, counts and one JSON line a test", () => {
  for (const { status, stdout, stderr, results } of runs(2, {})) {
    assert.equal(status, 1, stderr);
    assert.match(stdout, /two broke/);
    assert.match(stdout, /4 tests in 1 files: 2 passed, 1 failed, 1 skipped, [\d.]+ s\n$/);
    assert.deepEqual(
      results.map((result) => [result.name, result.file, result.status]),
      [
        ["one", "sample.test.cjs", "pass"],
        ["two", "sample.test.cjs", "fail"],
        ["three", "sample.test.cjs", "skip"],
        ["four", "sample.test.cjs", "pass"],
      ],
    );
  }
});

test("reporter: the parts of one run are counted and kept together", () => {
  const [first, second] = runs(2, { MIP4_TEST_SINCE: String(Date.now()) });
  assert.match(first?.stdout ?? "", /4 tests in 1 files/);
  assert.match(second?.stdout ?? "", /8 tests in 1 files: 4 passed, 2 failed, 2 skipped/);
  assert.equal(second?.results.length, 8);
});

test("reporter: a suite, a diagnostic and a start are no results", () => {
  assert.equal(resultOf({ type: "test:start", data: { name: "a" } }), undefined);
  assert.equal(resultOf({ type: "test:diagnostic", data: {} }), undefined);
  assert.equal(
    resultOf({ type: "test:pass", data: { name: "a", details: { type: "suite" } } }),
    undefined,
  );
});

test("reporter: a subtest that a helper declares counts, the helper's file does not", () => {
  const of = (file: string) => ({ name: "a", file, status: "pass", duration_ms: 1 }) as const;
  assert.match(
    closingLine([of("test/a.test.js"), of("test/helper.js")], 0),
    /^2 tests in 1 files: 2 passed/,
  );
});

test("reporter: the closing line names what is still to do", () => {
  const result = { name: "a", file: null, status: "todo", duration_ms: 1 } as const;
  assert.equal(
    closingLine([result], 1500),
    "1 tests in 1 files: 0 passed, 0 failed, 0 skipped, 1 to do, 1.5 s",
  );
});
