/** One program of a hook: started in a process group of its own, its output read line by line. */

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Lines of one run that are logged, and characters of each; what is more is read and dropped. */
export const LINES_MAX = 64;
const LINE_MAX = 512;
/** Files of a directory that are run. */
export const FILES_MAX = 64;
/** What a program left running in the background may still hold its output for. */
const LINGER_MS = 100;
const SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin";

export interface HookProcess {
  /** Why it did not do well, or `undefined`; settles when it has ended. */
  readonly ended: Promise<string | undefined>;
  /** To it and everything it started, as far as that is still in its process group. */
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

export interface HookRun {
  readonly file: string;
  readonly argument: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/** What `Hooks` needs of the machine. */
export interface HookPrograms {
  /** The file itself, or the executable files of a directory in the order of their names. */
  list(exec: string): Promise<readonly string[]>;
  start(run: HookRun): HookProcess;
}

/** Backups of editors and package managers are left alone, as `run-parts` does. */
const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
const LEFT_OVER = /\.(?:bak|orig|rej|dpkg-\w+|opkg-\w+|swp)$/;

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function list(exec: string): Promise<readonly string[]> {
  const isDirectory = await stat(exec).then(
    (found) => found.isDirectory(),
    () => false, // starting it says why
  );
  if (!isDirectory) return [exec];
  const names = (await readdir(exec)).filter((n) => FILE_NAME.test(n) && !LEFT_OVER.test(n));
  const paths = names.sort().map((name) => join(exec, name));
  const programs: string[] = [];
  for (const path of paths) {
    if (programs.length < FILES_MAX && (await isProgram(path))) programs.push(path);
  }
  return programs;
}

function start({ file, argument, environment, onLine }: HookRun): HookProcess {
  const { PATH } = process.env;
  const path = PATH === undefined ? SYSTEM_PATH : `${PATH}:${SYSTEM_PATH}`;
  let child: ChildProcess;
  try {
    child = spawn(file, [argument], {
      cwd: "/",
      env: { ...process.env, PATH: path, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a group of its own, that can be ended as a whole
    });
  } catch (error) {
    return { ended: Promise.resolve(failure(error)), signal: () => undefined };
  }
  const lines = new Lines(onLine);
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) lines.read(stream);
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(failure(error)));
    child.on("exit", () => {
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, LINGER_MS).unref();
    });
    child.on("close", (code, signal) => {
      lines.end();
      resolve(
        code === 0 ? undefined : signal === null ? `exit code ${code}` : `ended by ${signal}`,
      );
    });
  });
  const signal = (name: "SIGTERM" | "SIGKILL"): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // It has ended by itself.
    }
  };
  return { ended, signal };
}

function failure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `cannot be run (${code})`;
}

/** The first lines of what a program writes, on whichever stream. */
class Lines {
  readonly #onLine: (line: string) => void;
  #count = 0;
  #dropped = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  read(stream: Readable): void {
    let rest = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n");
      rest = (parts.pop() ?? "").slice(0, LINE_MAX);
      for (const line of parts) this.#line(line);
    });
    stream.on("end", () => {
      if (rest !== "") this.#line(rest);
    });
    stream.on("error", () => undefined);
  }

  end(): void {
    if (this.#dropped > 0) this.#onLine(`(${this.#dropped} lines more)`);
  }

  #line(line: string): void {
    if (this.#count === LINES_MAX) {
      this.#dropped++;
      return;
    }
    this.#count++;
    this.#onLine(line.trimEnd().slice(0, LINE_MAX));
  }
}

export const hookPrograms: HookPrograms = { list, start };
