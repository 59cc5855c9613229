/** The whole daemon, real parts, in a network namespace of its own. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("run: a foreign agent on real interfaces advertises, survives its link and a bad file, and leaves nothing behind", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "mip4-real-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const child = fileURLToPath(new URL("./run-in-namespace.js", import.meta.url));
  const words = ["-Urnm", "--kill-child", process.execPath, child, "drive", directory];
  const output = execFileSync("unshare", words, { encoding: "utf8", timeout: 60_000 });
  const { fault, before, after, ...seen } = JSON.parse(output) as Record<string, unknown>;
  assert.deepEqual(
    seen,
    {
      sendError: null,
      advertisement: "icmp",
      driver: "tun",
      problems: [],
      code: 0,
      errors: [],
    },
    output,
  );
  assert.match(String(fault), /fa\.toml:\d+: .*nonsense/);
  assert.deepEqual(after, before);
});
