/**
 * Tests that run in namespaces of their own: a test file runs itself again there, and its tests of then are
 * told of as subtests, so that they count and what they cite is proved.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseResults } from "../../scripts/test-reporter.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";

type TestFn = (t: TestContext) => Promise<void>;
/** A driver, or `ebpf` in fast mode. */
export type DriverName = NonNullable<DriverConfig["driver"]> | "ebpf-fast";

const INSIDE = "MIP4_FORWARDING_NETNS";
const DRIVER = "MIP4_FORWARDING_DRIVER";
const REPORTER = fileURLToPath(new URL("../../scripts/test-reporter.js", import.meta.url));
/** A virtual machine is ten times slower. */
const PATIENCE = process.env.MIP4_MACHINE === "1" ? 10 : 1;
const TIMEOUT_MS = 110_000 * PATIENCE;

export function isInside(): boolean {
  return process.env[INSIDE] !== undefined;
}

/** The driver that the tests inside are about. */
export function driverInside(): DriverName {
  const name = process.env[DRIVER];
  return name === "ebpf" || name === "ebpf-fast" || name === "kernel" ? name : "tun";
}

/** As a driver is configured. */
export function configOf(name: DriverName): Pick<DriverConfig, "driver" | "ebpfMode"> {
  return name === "ebpf-fast" ? { driver: "ebpf", ebpfMode: "fast" } : { driver: name };
}

/** The driver inside as it is configured, with what it has by default. */
export function dataplaneInside() {
  return { ...configOf(driverInside()), mtu: 0, df: "copy", mssClamp: true } as const;
}

/** Drivers whose tests need nothing but this machine. */
export function driversHere(): readonly DriverName[] {
  return canLoadPrograms() ? ["tun", "ebpf", "ebpf-fast"] : ["tun"];
}

export function isEbpf(name: DriverName): boolean {
  return name === "ebpf" || name === "ebpf-fast";
}

/**
 * May programs be loaded into the kernel here? A user namespace's own root may not. Where they may
 * not, what needs them does not run, and this says so.
 */
export function canLoadPrograms(): boolean {
  if (process.getuid?.() === 0) return true;
  process.stderr.write("NOT RUN: programs can be loaded into the kernel by root only\n");
  return false;
}

/**
 * A test that runs its file again inside namespaces, where `isInside()`. For `ebpf` they are those of the
 * machine's root, who may load programs.
 *
 * @param url `import.meta.url` of the file
 */
export function inside(url: string, driver: DriverName = "tun"): TestFn {
  return async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "mip4-inside-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "results.jsonl");
    const namespaces = isEbpf(driver) ? "-nm" : "-Urnm";
    const node = [
      process.execPath,
      "--enable-source-maps",
      "--test",
      `--test-reporter=${REPORTER}`,
    ];
    const child = spawn(
      "unshare",
      [namespaces, "--kill-child=KILL", "--fork", ...node, fileURLToPath(url)],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          [INSIDE]: "1",
          [DRIVER]: driver,
          MIP4_TEST_RESULTS: file,
          MIP4_TEST_SINCE: undefined,
          NODE_TEST_CONTEXT: undefined,
        },
        timeout: TIMEOUT_MS,
        killSignal: "SIGKILL",
      },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const [status]: readonly unknown[] = await once(child, "close");
    const fault = new Error(output);
    if (!existsSync(file)) throw fault;
    const results = parseResults(readFileSync(file, "utf8"));
    for (const { name, status: verdict } of results) {
      await t.test(name, () => {
        if (verdict !== "pass") throw fault;
      });
    }
    if (status !== 0 || results.length === 0) throw fault;
  };
}

/** The same for several drivers, two at a time: what it takes is mostly waiting. */
export function insideEach(rule: string, url: string, drivers: readonly DriverName[]): void {
  describe(rule, { concurrency: 2 }, () => {
    for (const driver of drivers) test(`${rule}, by ${driver}`, inside(url, driver));
  });
}
