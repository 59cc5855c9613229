/**
 * Programs whose clocks a test sets (`clock.c`), so that ten minutes pass in no time, for one of them
 * asleep. Everything else is real: what the kernel times runs on.
 */

import { closeSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compiledHelper } from "./compile.ts";

export class Clocks {
  readonly #path: string;
  readonly #offsets = new BigInt64Array(3);

  constructor(name: string) {
    this.#path = join(tmpdir(), `clock-${process.pid}-${name}`);
    writeFileSync(this.#path, new Uint8Array(24));
  }

  /** The command that is Node, with these clocks. */
  get node(): readonly string[] {
    const library = compiledHelper("clock", tmpdir(), ["-shared", "-fPIC"]);
    return ["env", `LD_PRELOAD=${library}`, `MIP4_CLOCK=${this.#path}`, process.execPath];
  }

  /** Time passes for one that is awake: all clocks go on. */
  pass(milliseconds: number): void {
    this.#move(milliseconds, milliseconds, milliseconds);
  }

  /** Time passes while it sleeps: CLOCK_MONOTONIC stands still. */
  sleep(milliseconds: number): void {
    this.#move(0, milliseconds, milliseconds);
  }

  /** Somebody sets the wall clock. */
  set(milliseconds: number): void {
    this.#move(0, 0, milliseconds);
  }

  close(): void {
    rmSync(this.#path, { force: true });
  }

  #move(...by: readonly number[]): void {
    for (const [index, milliseconds] of by.entries()) {
      this.#offsets[index] = (this.#offsets[index] ?? 0n) + BigInt(milliseconds);
    }
    const file = openSync(this.#path, "r+");
    writeSync(file, new Uint8Array(this.#offsets.buffer), 0, 24, 0);
    closeSync(file);
  }
}
