/** The state file: what it says, how often, and that it goes with the program. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stateFileOf, writeStateFile } from "../../shared/service/runtime/state-file.ts";
import { bench } from "./runtime-fixtures.ts";
import { temporaryDirectory } from "./support.ts";

test("run: the state file has the health line and the status, is written every ten seconds, and goes", async (t) => {
  const b = bench(t);
  b.tellsState = true;
  await b.start();
  const [head, status] = b.state?.text?.split("\n") ?? [];
  assert.equal(b.state?.path, "/none.state");
  // The bench's clock is in 1970, which no program believes.
  assert.match(head ?? "", /^2 1 CRITICAL: the clock is not set/);
  assert.deepEqual(JSON.parse(status ?? ""), b.status());
  const first = b.state;
  await b.clock.advance(9_999);
  assert.equal(b.state, first);
  await b.clock.advance(1);
  assert.match(b.state?.text ?? "", /^2 11 /);
  b.signals.emit("SIGTERM");
  await b.exit;
  assert.equal(b.state?.text, undefined);
});

test("the state file is written in one step, readable like the control socket; no place for it harms nothing", (t) => {
  const path = join(temporaryDirectory(t), "fa.state");
  writeStateFile(path, "1\n");
  assert.equal(readFileSync(path, "utf8"), "1\n");
  assert.equal(statSync(path).mode & 0o007, 0);
  assert.equal(existsSync(`${path}.new`), false);
  writeStateFile(path, undefined);
  writeStateFile(path, undefined);
  assert.equal(existsSync(path), false);
  writeStateFile("/nonexistent/fa.state", "1\n");
  assert.equal(stateFileOf("/run/mip4/ha.sock"), "/run/mip4/ha.state");
});
