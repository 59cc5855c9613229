/** Real programs behind hooks: output, failures, directories, and groups that are ended whole. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type HookProcess,
  hookPrograms,
  LINES_MAX,
} from "../../shared/service/runtime/hook-process.ts";
import { temporaryDirectory } from "./support.ts";

function script(directory: string, name: string, text: string, mode = 0o755): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

function start(file: string, environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const running: HookProcess = hookPrograms.start({
    ...{ file, argument: "registered", environment, onLine },
  });
  return { ...running, lines };
}

async function outcome(t: TestContext, text: string, environment: Record<string, string> = {}) {
  const running = start(script(temporaryDirectory(t), "hook", text), environment);
  return { fault: await running.ended, lines: running.lines };
}

test("hook: its output is logged line by line, the event is its argument, its standard input is empty", async (t) => {
  const text = 'echo "$1 $MIP4_AGENT"; cat; pwd; echo to stderr >&2; printf "no newline"';
  const { fault, lines } = await outcome(t, text, { MIP4_AGENT: "192.0.2.1" });
  assert.equal(fault, undefined);
  assert.deepEqual(lines.sort(), ["/", "no newline", "registered 192.0.2.1", "to stderr"]);
});

test("hook: no shell sees what a peer says", async (t) => {
  const directory = temporaryDirectory(t);
  const words = `$(touch ${directory}/made); touch ${directory}/made`;
  const running = start(script(directory, "hook", 'echo "$MIP4_TEXT"'), { MIP4_TEXT: words });
  assert.equal(await running.ended, undefined);
  assert.deepEqual(running.lines, [words]);
  assert.throws(() => readFileSync(join(directory, "made")), /ENOENT/);
});

test("hook: one that fails, is missing, is not executable, or is handed too much says so", async (t) => {
  assert.equal((await outcome(t, "exit 3")).fault, "exit code 3");
  assert.equal((await outcome(t, "kill -KILL $$")).fault, "ended by SIGKILL");
  const directory = temporaryDirectory(t);
  const missing = start(join(directory, "none"));
  assert.equal(await missing.ended, "cannot be run (ENOENT)");
  missing.signal("SIGKILL"); // reaches nobody, ourselves least of all
  const plain = start(script(directory, "plain", "", 0o644));
  assert.equal(await plain.ended, "cannot be run (EACCES)");
  const huge = start(script(directory, "hook", ""), { MIP4_TEXT: "x".repeat(200_000) });
  assert.equal(await huge.ended, "cannot be run (E2BIG)");
});

test("hook: one that writes much is read to its end, and so many lines of it are logged", async (t) => {
  const text = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
  const { fault, lines } = await outcome(t, text);
  assert.equal(fault, undefined);
  assert.equal(lines.length, LINES_MAX + 1);
  assert.equal(lines.at(-1), `(${20_000 - LINES_MAX} lines more)`);
  const long = await outcome(t, "head -c 1000000 /dev/zero | tr '\\\\0' x");
  assert.deepEqual(
    long.lines.map((line) => line.length),
    [512],
  );
});

test("hook: a signal reaches what it has started too", async (t) => {
  const directory = temporaryDirectory(t);
  const running = start(script(directory, "hook", "sleep 1000 & echo $!; wait"));
  while (running.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const [child] = running.lines;
  running.signal("SIGKILL");
  assert.equal(await running.ended, "ended by SIGKILL");
  const isThere = (): boolean => {
    try {
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${child}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 100 && isThere(); i++) await new Promise((r) => setTimeout(r, 10));
  assert.equal(isThere(), false);
});

test("hook: what it leaves in the background with its output open does not hold up the next one", async (t) => {
  const directory = temporaryDirectory(t);
  const running = start(script(directory, "hook", "sleep 1000 & echo $!"));
  assert.equal(await running.ended, undefined);
  assert.equal(running.lines.length, 1);
  process.kill(Number(running.lines[0]), "SIGKILL");
});

test("hooks: a directory is its executable files in the order of their names", async (t) => {
  const directory = temporaryDirectory(t);
  for (const name of ["20-b", "10-a", "30-c.sh", "40.bak", ".hidden", "50~"]) {
    script(directory, name, "");
  }
  script(directory, "60-plain", "", 0o644);
  mkdirSync(join(directory, "70-folder"));
  const names = ["10-a", "20-b", "30-c.sh"].map((name) => join(directory, name));
  assert.deepEqual(await hookPrograms.list(directory), names);
  assert.deepEqual(await hookPrograms.list(join(directory, "none")), [join(directory, "none")]);
});
