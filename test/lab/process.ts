/** Processes of a lab: one that is waited for, and one that runs beside the test. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { monotonicMs, waitFor } from "./wait.ts";

/** Lines kept of one process; older ones are dropped and counted. */
const LINES_MAX = 200_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandError extends Error {
  readonly result: RunResult;
  constructor(argv: readonly string[], result: RunResult) {
    super(`${argv.join(" ")}: exit ${result.status}\n${result.stderr || result.stdout}`);
    this.result = result;
  }
}

/** Runs a command to its end; blocks. For set-up, which is a sequence of short commands. */
export function runSync(argv: readonly string[], input = ""): RunResult {
  const [file = "", ...rest] = argv;
  const done = spawnSync(file, rest, { encoding: "utf8", input, maxBuffer: OUTPUT_BYTES_MAX });
  if (done.error) throw done.error;
  return { status: done.status ?? 255, stdout: done.stdout, stderr: done.stderr };
}

export interface SpawnOptions {
  /** For messages; the program's name by default. */
  readonly name?: string;
  /** Collect lines (default), or write to this file. */
  readonly stdout?: string;
  readonly stderr?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Give it an open standard input, to be written with `write`. */
  readonly stdin?: boolean;
}

export interface TimedLine {
  /** Monotonic milliseconds at which the line was read. */
  readonly at: number;
  readonly text: string;
}

/** A process that runs beside the test, in a session of its own (a terminal's Ctrl-C spares it). */
export class LabProcess {
  readonly name: string;
  readonly stdout: TimedLine[] = [];
  readonly stderr: TimedLine[] = [];
  /** Resolves when it has ended and its output has been read. */
  readonly ended: Promise<number>;
  status: number | undefined;
  droppedLines = 0;
  readonly #child: ChildProcess;
  readonly #listeners: ((line: TimedLine) => void)[] = [];

  constructor(argv: readonly string[], options: SpawnOptions = {}) {
    const [file = "", ...rest] = argv;
    this.name = options.name ?? file;
    const files = [options.stdout, options.stderr].map((path) =>
      path === undefined ? undefined : openSync(path, "a", 0o600),
    );
    this.#child = spawn(file, rest, {
      stdio: [options.stdin ? "pipe" : "ignore", files[0] ?? "pipe", files[1] ?? "pipe"],
      detached: true,
      env: { ...process.env, ...options.env },
    });
    for (const descriptor of files) if (descriptor !== undefined) closeSync(descriptor);
    this.#collect(this.#child.stdout, this.stdout, true);
    this.#collect(this.#child.stderr, this.stderr, false);
    this.ended = new Promise((resolve) => {
      const end = (status: number): void => {
        this.status ??= status;
        resolve(this.status);
      };
      this.#child.on("error", () => end(127));
      this.#child.on("close", (code, signal) => end(code ?? (signal === "SIGKILL" ? 137 : 143)));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.pid !== 0;
  }

  #collect(stream: NodeJS.ReadableStream | null, into: TimedLine[], tell: boolean): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (text) => {
      const line = { at: monotonicMs(), text };
      if (into.length < LINES_MAX) into.push(line);
      else this.droppedLines++;
      if (tell) for (const listener of this.#listeners) listener(line);
    });
  }

  /** Calls back for each line of standard output from now on. */
  onLine(listener: (line: TimedLine) => void): void {
    this.#listeners.push(listener);
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#kill(this.pid, signal);
  }

  /** Waits for a line of either output; an early end is an error that shows the output. */
  waitForLine(pattern: RegExp, timeoutMs = 5000): Promise<TimedLine> {
    const find = (): TimedLine | undefined => {
      const found = [...this.stdout, ...this.stderr].find((line) => pattern.test(line.text));
      return found;
    };
    const question = (): TimedLine | { readonly early: true } | undefined =>
      find() ?? (this.status === undefined ? undefined : { early: true });
    return waitFor(`${this.name} to say ${pattern}`, question, { timeoutMs, everyMs: 5 }).then(
      (answer) => {
        if ("early" in answer) throw new Error(`${this.name} ended early:\n${this.output()}`);
        return answer;
      },
    );
  }

  /** What it said so far, for messages. */
  output(): string {
    return [...this.stdout, ...this.stderr].map((line) => line.text).join("\n");
  }

  /** Ends it: the signal, and SIGKILL to its whole session when that has not helped in time. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = 5000): Promise<number> {
    this.signal(signal);
    const timer = setTimeout(() => this.killGroup(), timeoutMs);
    const status = await this.ended;
    clearTimeout(timer);
    return status;
  }

  killGroup(): void {
    this.#kill(-this.pid, "SIGKILL");
  }

  #kill(pid: number, signal: NodeJS.Signals): void {
    if (!this.running) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended at this very moment.
    }
  }
}

/** Runs a command to its end without blocking. */
export async function runAsync(argv: readonly string[], timeoutMs = 30_000): Promise<RunResult> {
  const child = new LabProcess(argv);
  const timer = setTimeout(() => child.killGroup(), timeoutMs);
  const status = await child.ended;
  clearTimeout(timer);
  const text = (lines: readonly TimedLine[]): string =>
    lines.map((line) => `${line.text}\n`).join("");
  return { status, stdout: text(child.stdout), stderr: text(child.stderr) };
}
