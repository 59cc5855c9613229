/** mip4-health under BusyBox ash: the state file's verdict, and the restart after N failures. */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryDirectory } from "../service/support.ts";
import { ash, type Ended } from "./shell.ts";

const SCRIPT = "packaging/common/usr/sbin/mip4-health";
const now = (): number => Math.floor(Date.now() / 1000);

function bench(t: TestContext) {
  const directory = temporaryDirectory(t);
  const state = join(directory, "fa.state");
  return {
    directory,
    failures: join(directory, "fa.failures"),
    write: (head: string) => writeFileSync(state, `${head}\n{"state":"ready"}\n`),
    health: (...words: string[]): Ended => ash([SCRIPT, "--state", state, ...words, "fa"]),
  };
}

test("mip4-health prints the program's own line and exits with its code; --quiet is silent when OK", (t) => {
  const { write, health } = bench(t);
  write(`0 ${now()} OK: mip4-fa: ready | visitors=1 uptime=6`);
  assert.deepEqual(health(), {
    code: 0,
    out: "OK: mip4-fa: ready | visitors=1 uptime=6\n",
    err: "",
  });
  assert.deepEqual(health("--quiet"), { code: 0, out: "", err: "" });
  write(`1 ${now()} WARNING: link lan0: gone *`);
  assert.deepEqual(health("--quiet"), { code: 1, out: "WARNING: link lan0: gone *\n", err: "" });
});

test("mip4-health: no file is CRITICAL, an old one too, one that is not understood UNKNOWN", (t) => {
  const { write, health } = bench(t);
  assert.equal(health("--quiet").code, 2);
  assert.match(health().out, /^CRITICAL: mip4-fa: not running/);
  write(`0 ${now() - 60} OK: mip4-fa: ready`);
  assert.match(health().out, /^CRITICAL: mip4-fa: no sign of life for 6\d s\n$/);
  write("nonsense");
  assert.equal(health().code, 3);
  assert.equal(ash([SCRIPT, "xx"]).code, 3);
  assert.equal(ash([SCRIPT, "--restart", "soon", "fa"]).code, 3);
  assert.equal(ash([SCRIPT]).code, 3);
});

test("mip4-health --restart 3: the third failure in a row restarts the service, a success begins anew", (t) => {
  const { directory, failures, write, health } = bench(t);
  const done = join(directory, "restarted");
  writeFileSync(join(directory, "systemctl"), `#!/bin/sh\necho "$@" >>${done}\n`, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = `${directory}:${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  health("--restart", "3");
  health("--restart", "3");
  write(`0 ${now()} OK: mip4-fa: ready`);
  assert.equal(health("--restart", "3").code, 0);
  assert.equal(existsSync(failures), false);
  write(`2 ${now()} CRITICAL: x`);
  for (let i = 0; i < 2; i++) health("--restart", "3");
  assert.equal(existsSync(done), false);
  const third = health("--restart", "3");
  assert.equal(third.code, 2);
  assert.match(third.out, /3 times in a row, restarting it/);
  assert.equal(existsSync(done), true);
  assert.equal(existsSync(failures), false);
});
