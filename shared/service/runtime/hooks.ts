/**
 * Hooks: programs of the administrator's own that run when something happens. One at a time, in
 * the order of the events, so that "up" never overtakes "down"; the loop waits for none of them.
 */

import type { Counters } from "../../base/counters.ts";
import type { JsonObject } from "../../base/result.ts";
import type { WallTime } from "../../base/time.ts";
import type { Report } from "../../protocol/core.ts";
import type { HookConfig } from "../program.ts";
import { explainError } from "./explain.ts";
import { hookEnvironment } from "./hook-environment.ts";
import type { HookPrograms } from "./hook-process.ts";
import type { Clock, Log } from "./parts.ts";

/** Runs that wait; beyond it an event runs nothing, and is counted. */
export const HOOK_QUEUE_MAX = 64;
/** From SIGTERM to SIGKILL. */
export const HOOK_KILL_MS = 1000;
/** What the program's own end grants to the hooks that wait. */
export const HOOK_EXIT_MS = 2000;

interface Waiting {
  readonly hook: HookConfig;
  readonly event: string;
  readonly environment: Readonly<Record<string, string>>;
}

export class Hooks {
  readonly #program: string;
  readonly #programs: HookPrograms;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  #hooks: readonly HookConfig[] = [];
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  /** Ends the program that runs. */
  #end: (() => void) | undefined;
  #isClosed = false;

  constructor(options: {
    /** `mip4-mn`. */
    readonly program: string;
    readonly programs: HookPrograms;
    readonly clock: Clock;
    readonly log: Log;
    readonly counters: Counters;
  }) {
    this.#program = options.program;
    this.#programs = options.programs;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#counters = options.counters;
  }

  /** What waits already still runs as it was told. */
  setConfig(hooks: readonly HookConfig[]): void {
    this.#hooks = hooks;
  }

  /** What happens all the time (level `debug`) runs nothing. */
  tell(level: Report["level"], event: string, fields: JsonObject, wall: WallTime): void {
    if (level === "debug" || this.#isClosed) return;
    const wanted = this.#hooks.filter(({ events }) => events.some((e) => e === event || e === "*"));
    if (wanted.length === 0) return;
    const environment = hookEnvironment(this.#program, event, fields, wall);
    for (const hook of wanted) {
      if (this.#waiting.length < HOOK_QUEUE_MAX) this.#waiting.push({ hook, event, environment });
      else this.#counters.add("hooks-dropped");
    }
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** What waits has a little time; then what runs is ended and the rest dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const cancel = this.#clock.setTimer(HOOK_EXIT_MS, () => {
      this.#counters.add("hooks-dropped", this.#waiting.length);
      this.#waiting = [];
      this.#end?.();
    });
    await this.#working;
    cancel();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        for (const file of await this.#programs.list(next.hook.exec)) await this.#run(file, next);
      } catch (error) {
        this.#failed(next.hook.exec, next.event, explainError(error));
      }
    }
  }

  async #run(hook: string, { hook: { timeout }, event, environment }: Waiting): Promise<void> {
    this.#counters.add("hooks-run");
    const onLine = (line: string): void => this.#log.write("info", `hook: ${line}`, { hook });
    const running = this.#programs.start({ file: hook, argument: event, environment, onLine });
    let ending: string | undefined;
    let cancelKill = (): void => {};
    const end = (why: string): void => {
      if (ending !== undefined) return;
      ending = why;
      running.signal("SIGTERM");
      cancelKill = this.#clock.setTimer(HOOK_KILL_MS, () => running.signal("SIGKILL"));
    };
    this.#end = () => end("ended with this program");
    const cancelTimeout = this.#clock.setTimer(timeout * 1000, () => {
      end(`took longer than ${timeout} s`);
    });
    const fault = await running.ended;
    cancelTimeout();
    cancelKill();
    this.#end = undefined;
    // What it left behind in its group would otherwise outlive its time.
    if (ending !== undefined) running.signal("SIGKILL");
    if (ending !== undefined || fault !== undefined) this.#failed(hook, event, ending ?? fault);
  }

  #failed(hook: string, event: string, reason: string | undefined): void {
    this.#counters.add("hooks-failed");
    this.#log.write("warning", "hook failed", { hook, event, reason: reason ?? null });
  }
}
