/** Entering and leaving a lab, seen from outside: nothing may stay behind, whatever ended it. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { missingPrograms, tunFault } from "./requirements.ts";
import { PROJECT_ROOT } from "./root.ts";
import { waitFor } from "./wait.ts";

/** Labs of tests that failed half-way are ended here. */
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill("SIGKILL");
});

const SCRIPT = fileURLToPath(new URL("./scenarios/ways-to-end.js", import.meta.url));

/** Each test's lab runs a `sleep` with its own number, so that it can be found. */
let markers = process.pid * 1000;

function processesWith(marker: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words[0] === "sleep" && words[1] === marker;
    } catch {
      return false;
    }
  });
}

function outerState(): string {
  const namespaces = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;
  return readFileSync("/proc/self/mounts", "utf8") + namespaces;
}

interface Running {
  readonly child: ChildProcess;
  readonly marker: string;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(way: string): Running {
  const marker = String(++markers);
  const child = spawn(process.execPath, [SCRIPT, way, marker], { stdio: "pipe" });
  started.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      text += data.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, marker, output: () => text, ended };
}

async function holding(running: Running): Promise<void> {
  await waitFor("the lab to stand", () => running.output().includes("holding"), {
    timeoutMs: 10_000,
  });
  // A program that has just been started has no command line for a moment.
  await waitFor("its process", () => processesWith(running.marker).length === 1);
}

async function nothingLeft(running: Running, before: string): Promise<void> {
  await waitFor("its processes to be gone", () => processesWith(running.marker).length === 0);
  assert.equal(outerState(), before);
}

test("enterLab: the exit status passes through, and no process is left", async () => {
  const before = outerState();
  const running = start("exit");
  assert.equal(await running.ended, 7, running.output());
  await nothingLeft(running, before);
});

test("enterLab: an exception ends the lab with 1 and its message", async () => {
  const before = outerState();
  const running = start("throw");
  assert.equal(await running.ended, 1);
  assert.match(running.output(), /thrown inside/);
  await nothingLeft(running, before);
});

test("enterLab: SIGINT and SIGTERM end a script without handlers as everywhere else", async () => {
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const before = outerState();
    const running = start("hold");
    await holding(running);
    running.child.kill(signal);
    assert.equal(await running.ended, status);
    await nothingLeft(running, before);
  }
});

test("enterLab: a script's own handler gets the signal, once, and decides", async () => {
  const before = outerState();
  const running = start("tidy");
  await holding(running);
  running.child.kill("SIGINT");
  assert.equal(await running.ended, 3);
  assert.equal(running.output().match(/tidying/g)?.length, 1);
  await nothingLeft(running, before);
});

test("enterLab: SIGKILL of the outer process takes the whole lab with it", async () => {
  const before = outerState();
  const running = start("hold");
  await holding(running);
  running.child.kill("SIGKILL");
  await nothingLeft(running, before);
});

test("enterLab: works for a user without any privilege", () => {
  const folder = mkdtempSync(join(tmpdir(), "mip4-lab-"));
  try {
    // A copy that any user can read, in a tree like the project's.
    cpSync(dirname(dirname(SCRIPT)), join(folder, "build/test/lab"), { recursive: true });
    cpSync(join(PROJECT_ROOT, "test/lab/wire.c"), join(folder, "test/lab/wire.c"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    spawnSync("chmod", ["-R", "a+rX", folder]);
    const script = join(folder, "build/test/lab/scenarios/ways-to-end.js");
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const prefix = process.getuid?.() === 0 ? ["setpriv", ...nobody] : ["env"];
    const argv = [...prefix, process.execPath, script, "use"];
    const done = spawnSync(argv[0] ?? "", argv.slice(1), { encoding: "utf8", cwd: "/" });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stdout, "used\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("requirements: what is missing is named with the way to get it", () => {
  assert.deepEqual(missingPrograms(["sh"]), []);
  assert.deepEqual(missingPrograms(["tshark-no", "sh"]), [
    "tshark-no is missing; get it with: sudo apt-get install -y tshark-no",
  ]);
  assert.equal(tunFault("/dev/null"), undefined);
  assert.equal(
    tunFault("/dev/net/no-tun"),
    "/dev/net/no-tun is missing; get it with: sudo modprobe tun",
  );
});
