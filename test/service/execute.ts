/** Runs a built program to its end. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../shared/base/result.ts";
import { PROJECT_ROOT } from "../lab/root.ts";

export function bundle(role: "fa" | "mn" | "ha"): string {
  const file = join(PROJECT_ROOT, "dist", `mip4-${role}`);
  assert(existsSync(file), `${file} is not built: make build`);
  return file;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface ExecuteOptions {
  readonly directory?: string;
  /** Sends SIGINT when this many lines have come. */
  readonly interruptAt?: number;
}

const TIMEOUT_MS = 60_000;

/** `node` is another Node's path; the program itself decides by its first line otherwise. */
export function execute(
  file: string,
  words: readonly string[],
  options: ExecuteOptions & { readonly node?: string } = {},
): Promise<Ended> {
  const [command, first] = options.node === undefined ? [file, []] : [options.node, [file]];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const lines = out.split("\n").length - 1;
      if (options.interruptAt !== undefined && lines >= options.interruptAt) child.kill("SIGINT");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, out, err }));
  });
}
