/** The `run` command: starts a daemon, and ends or reloads it as its signals say. */

import type { JsonObject } from "../../base/result.ts";
import { isObject } from "../json.ts";
import type { CommonConfig, Runnable } from "../program.ts";
import { Daemon } from "./daemon.ts";
import { explainError } from "./explain.ts";
import type { HostMonitor, Parts } from "./parts.ts";
import { StateFile } from "./state-file.ts";

/** How long a mobile node or a foreign agent waits for the replies to what it has ended. */
const LEAVE_MAX_MS = 2000;
/** After this the process ends, whatever is still being taken apart. */
const STOP_MAX_MS = 5000;
/** By then the first advertisements and registrations are out. */
const SETTLED_MS = 5000;
const EXIT_OK = 0;
const EXIT_FAILED = 1;

/** Runs until a signal ends it; resolves with the exit code, everything closed and removed. */
export async function runWith<Config extends CommonConfig, CoreConfig>(
  program: Runnable<Config, CoreConfig>,
  parts: Parts<Config, CoreConfig>,
): Promise<number> {
  return new Running(program, parts).whole();
}

class Running<Config extends CommonConfig, CoreConfig> {
  readonly #program: Runnable<Config, CoreConfig>;
  readonly #parts: Parts<Config, CoreConfig>;
  readonly #handlers: readonly (readonly [string, (argument?: unknown) => void])[];
  #daemon: Daemon<Config, CoreConfig> | undefined;
  #monitor: HostMonitor | undefined;
  #stateFile: StateFile<Config, CoreConfig> | undefined;
  #end: ((code: number) => void) | undefined;
  #isStarted = false;
  #cancelSettled = (): void => {};
  #isEnding = false;
  #isHurried = false;

  constructor(program: Runnable<Config, CoreConfig>, parts: Parts<Config, CoreConfig>) {
    this.#program = program;
    this.#parts = parts;
    this.#handlers = [
      ["SIGTERM", () => this.#terminate("SIGTERM")],
      ["SIGINT", () => this.#terminate("SIGINT")],
      ["SIGHUP", () => this.#reload()],
      ["SIGUSR1", () => this.#isStarted && this.#daemon?.dump()],
      ["uncaughtException", (error) => this.#crash(error)],
      ["unhandledRejection", (error) => this.#crash(error)],
    ];
  }

  async whole(): Promise<number> {
    for (const [event, handler] of this.#handlers) this.#parts.process.on(event, handler);
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    try {
      const failed = this.#start().then((isStarted) => (isStarted ? ended : EXIT_FAILED));
      const code = await Promise.race([failed, ended]);
      this.#stateFile?.close();
      this.#cancelSettled();
      if (code === EXIT_OK && this.#isStarted) await this.#leave();
      await this.#atMost(STOP_MAX_MS, this.#daemon?.stop());
      this.#parts.log.write("info", "stopped");
      return code;
    } finally {
      this.#monitor?.close();
      for (const [event, handler] of this.#handlers) this.#parts.process.off(event, handler);
    }
  }

  async #start(): Promise<boolean> {
    const parts = this.#parts;
    try {
      const loaded = await parts.load(parts.hostFacts());
      if (!loaded.ok) {
        for (const line of loaded.error) parts.log.write("error", line);
        return false;
      }
      parts.log.setConfig(loaded.value.config.log);
      const user = parts.confine?.(loaded.value);
      const { io, reason } = parts.openPacketIo(loaded.value);
      parts.log.write("info", `${this.#program.name} starts`, { packet_io: reason });
      if (user !== undefined) parts.log.write("info", "privileges given up", { user });
      this.#monitor = await parts.openMonitor(io);
      const driver = parts.createDriver(io, loaded.value, {
        report: (event, fields) => this.#daemon?.report(event, fields),
        bound: (bound) => this.#daemon?.tellCore({ type: "tunnel-bound", ...bound }),
        path: (news) => this.#daemon?.tellCore({ type: "path", ...news }),
      });
      this.#daemon = new Daemon(this.#program, loaded.value, parts, {
        io,
        monitor: this.#monitor,
        driver,
        store: await parts.createStore(loaded.value),
      });
      await this.#daemon.start();
      this.#isStarted = true;
      const { clock, settled } = parts;
      if (settled !== undefined) this.#cancelSettled = clock.setTimer(SETTLED_MS, settled);
      this.#tellState(this.#daemon, loaded.value.config.control.socket);
      return true;
    } catch (error) {
      parts.log.write("error", explainError(error));
      return false;
    }
  }

  #tellState(daemon: Daemon<Config, CoreConfig>, socket: string): void {
    const { clock, writeState } = this.#parts;
    if (writeState === undefined) return;
    const status = (): JsonObject => {
      const answer = daemon.query("status");
      return isObject(answer) ? answer : {};
    };
    this.#stateFile = new StateFile(this.#program, socket, { clock, writeState, status });
  }

  async #leave(): Promise<void> {
    let isLate = false;
    const cancel = this.#parts.clock.setTimer(LEAVE_MAX_MS, () => {
      isLate = true;
    });
    await this.#atMost(
      LEAVE_MAX_MS,
      this.#daemon?.leave(() => isLate || this.#isHurried),
    );
    cancel();
  }

  /** A part that hangs does not keep the process from ending. */
  async #atMost(milliseconds: number, work: Promise<void> | undefined): Promise<void> {
    let cancel = (): void => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.setTimer(milliseconds, () => {
        this.#parts.log.write("warning", `not finished within ${milliseconds} ms`);
        resolve();
      });
    });
    await Promise.race([work, timeout]);
    cancel();
  }

  #terminate(signal: string): void {
    if (this.#isEnding) this.#isHurried = true;
    else this.#parts.log.write("info", `${signal}: ending`);
    this.#isEnding = true;
    this.#end?.(EXIT_OK);
  }

  #reload(): void {
    if (this.#isStarted && !this.#isEnding) void this.#daemon?.reload();
  }

  #crash(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.log.write("error", `internal error, ending: ${text}`);
    this.#isEnding = true;
    this.#end?.(EXIT_FAILED);
  }
}
