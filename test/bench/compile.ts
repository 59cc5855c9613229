/** The C programs of the benchmark, compiled on the spot, so that both sides meet one compiler. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError, runSync } from "../lab/process.ts";
import { PROJECT_ROOT } from "../lab/root.ts";

const COMPILER = process.env.CC ?? "cc";

/** Compiles `native/<name>.c`, with what else it is made of, and returns the path of the program. */
export function compile(name: string, more: readonly string[] = []): string {
  const folder = join(PROJECT_ROOT, ".cache/bench");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, name);
  const source = join(PROJECT_ROOT, `test/bench/native/${name}.c`);
  const argv = [COMPILER, "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, source];
  argv.push(...more);
  const done = runSync(argv);
  if (done.status !== 0) throw new CommandError(argv, done);
  return program;
}

/** What the compiler calls itself. */
export function compilerVersion(): string {
  return runSync([COMPILER, "--version"]).stdout.split("\n")[0] ?? COMPILER;
}
