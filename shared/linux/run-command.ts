/** Runs a system program to its end. */

import { spawn } from "node:child_process";

export interface CommandResult {
  /** `undefined`: it could not be started or was killed. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than any of our uses takes on a slow router. */
const TIMEOUT_MS = 10_000;
const SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin";

export function runCommand(
  command: string,
  argv: readonly string[],
  input = "",
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const path =
      process.env.PATH === undefined ? SYSTEM_PATH : `${process.env.PATH}:${SYSTEM_PATH}`;
    const child = spawn(command, argv, { timeout: TIMEOUT_MS, env: { PATH: path, LC_ALL: "C" } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    child.on("error", (error) => resolve({ code: undefined, stdout, stderr: error.message }));
    child.on("close", (code) => resolve({ code: code ?? undefined, stdout, stderr }));
    // A program that ends before it has read everything.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
