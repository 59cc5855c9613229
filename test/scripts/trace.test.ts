/** scripts/trace.ts: a stack trace of a program in terms of the sources. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/trace.js", import.meta.url));

/** The first octet of the first line is that of a source's third. */
const map = (source: string) => ({ version: 3, sources: [`../../${source}`], mappings: "AAEA" });

test("positions in the parts of a program are those of the sources; others stay", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "mip4-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const maps = join(directory, "maps");
  const files = {
    "mip4-fa/main.js": map("shared/service/cli/main.ts"),
    "mip4-fa/run-A1B2.js": map("shared/service/runtime/run.ts"),
  };
  writeFileSync(maps, JSON.stringify(files));
  const trace = [
    "Error: x",
    "    at f (mip4-fa/run-A1B2.js:1:1)",
    "    at g (mip4-fa/main.js:1:1)",
    "    at h (mip4-fa/other-A1B2.js:1:1)",
    "    at node:internal/main:1:1",
  ];
  const { stdout, status } = spawnSync(process.execPath, [script, "fa", maps], {
    input: trace.join("\n"),
    encoding: "utf8",
  });
  assert.equal(status, 0);
  assert.deepEqual(stdout.split("\n"), [
    "Error: x",
    "    at f (shared/service/runtime/run.ts:3)",
    "    at g (shared/service/cli/main.ts:3)",
    "    at h (mip4-fa/other-A1B2.js:1:1)",
    "    at node:internal/main:1:1",
  ]);
});
