/**
 * A file that says how the program is, beside its control socket (`fa.sock`, `fa.state`), for those
 * to whom starting a Node process is too much: cron on a router, ubus, an exporter of metrics.
 *
 * Line 1 is the exit code of `health`, the time of writing in seconds since 1970 and the line that
 * `health` prints; line 2 the JSON of `status`. It is written anew every ten seconds, so an old one
 * tells that the program hangs; it goes when the program ends.
 */

import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { JsonObject } from "../../base/result.ts";
import { HEALTH_EXIT, healthLine, judge } from "../health.ts";
import type { CommonConfig, Runnable } from "../program.ts";
import type { Clock } from "./parts.ts";

const INTERVAL_MS = 10_000;
/** As the control socket's: who may not ask it must not read its answer. */
const MODE = 0o660;

/** `undefined` removes the file. */
export type WriteState = (path: string, text: string | undefined) => void;

export function stateFileOf(socket: string): string {
  return `${socket.replace(/\.sock$/, "")}.state`;
}

/** In one step: a reader gets the old one or the new one. */
export const writeStateFile: WriteState = (path, text) => {
  try {
    if (text === undefined) {
      rmSync(path, { force: true });
      return;
    }
    writeFileSync(`${path}.new`, text, { mode: MODE });
    renameSync(`${path}.new`, path);
  } catch {
    // No room or no such directory: an old file, or none, tells its readers.
  }
};

export class StateFile<FileConfig extends CommonConfig, CoreConfig> {
  readonly #program: Runnable<FileConfig, CoreConfig>;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #write: WriteState;
  readonly #status: () => JsonObject;
  #cancel: (() => void) | undefined;

  constructor(
    program: Runnable<FileConfig, CoreConfig>,
    socket: string,
    {
      clock,
      writeState,
      status,
    }: {
      readonly clock: Clock;
      readonly writeState: WriteState;
      readonly status: () => JsonObject;
    },
  ) {
    this.#program = program;
    this.#path = stateFileOf(socket);
    this.#clock = clock;
    this.#write = writeState;
    this.#status = status;
    this.#tell();
  }

  close(): void {
    this.#cancel?.();
    this.#write(this.#path, undefined);
  }

  #tell(): void {
    const { wall } = this.#clock.now();
    const status = this.#status();
    const verdict = judge(this.#program, status, wall);
    const head = [HEALTH_EXIT[verdict.state], Math.floor(wall / 1000), healthLine(verdict)];
    this.#write(this.#path, `${head.join(" ")}\n${JSON.stringify(status)}\n`);
    this.#cancel = this.#clock.setTimer(INTERVAL_MS, () => this.#tell());
  }
}
