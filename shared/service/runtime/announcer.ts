/** Where everything that happens is told, in one form: the log, who watches, and the hooks. */

import type { Counters } from "../../base/counters.ts";
import type { JsonObject } from "../../base/result.ts";
import type { WallTime } from "../../base/time.ts";
import type { Report } from "../../protocol/core.ts";
import type { HookConfig } from "../program.ts";
import { Hooks } from "./hooks.ts";
import type { Clock, Control, Log, Parts } from "./parts.ts";

interface News {
  readonly level: Report["level"];
  readonly event: string;
  readonly fields: JsonObject;
  readonly wall: WallTime;
}

export class Announcer {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #control: () => Control | undefined;
  readonly #hooks: Hooks;
  #untold: News[] = [];

  /** `control`: there is none before the control socket is open. */
  constructor(
    program: string,
    { log, clock, hookPrograms }: Pick<Parts<never, never>, "log" | "clock" | "hookPrograms">,
    counters: Counters,
    control: () => Control | undefined,
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#control = control;
    this.#hooks = new Hooks({ program, programs: hookPrograms, clock, log, counters });
  }

  /** Is there anybody to tell? */
  isHeard(level: Report["level"]): boolean {
    return level !== "debug" || this.#log.takes(level) || this.#control()?.isWatched === true;
  }

  /** When this turn of the event loop is over: no packet of it waits for a line of text. */
  tell(level: Report["level"], event: string, fields: JsonObject): void {
    const { wall } = this.#clock.now();
    this.#untold.push({ level, event, fields, wall });
    if (this.#untold.length === 1) setImmediate(() => this.#tellAll());
  }

  #tellAll(): void {
    const all = this.#untold;
    this.#untold = [];
    for (const { level, event, fields, wall } of all) {
      this.#log.write(level, event, fields);
      this.#control()?.publish(event, fields, wall);
      this.#hooks.tell(level, event, fields, wall);
    }
  }

  setHooks(hooks: readonly HookConfig[]): void {
    this.#hooks.setConfig(hooks);
  }

  /** What is told from now on runs no hook; resolves when none runs any more. */
  close(): Promise<void> {
    this.#tellAll();
    return this.#hooks.close();
  }
}
