/** Commands of the control socket on their way through the core: numbered, and few at a time. */

import type { JsonObject } from "../../base/result.ts";
import type { Answer, Command } from "../../protocol/core.ts";
import { TIMEOUT_MAX } from "../control/protocol.ts";
import type { CommandOutcome } from "../control/server.ts";
import type { Clock } from "./parts.ts";

/** Beyond it a command is refused at once. */
export const COMMANDS_MAX = 64;
/** As long as a client may wait at most; then the place is free again. */
export const COMMAND_WAIT_MS = TIMEOUT_MAX * 1000;

interface Waiting {
  readonly settle: (outcome: CommandOutcome) => void;
  readonly cancelTimer: () => void;
}

export class Commands {
  readonly #clock: Clock;
  readonly #handle: (command: Command) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(clock: Clock, handle: (command: Command) => void) {
    this.#clock = clock;
    this.#handle = handle;
  }

  /** Hands a command to the core; settles when the core answers. */
  run(name: string, args: JsonObject): Promise<CommandOutcome> {
    if (this.#waiting.size >= COMMANDS_MAX) {
      return Promise.resolve({ ok: false, message: "too many commands are waiting already" });
    }
    const id = ++this.#lastId;
    return new Promise((settle) => {
      const cancelTimer = this.#clock.setTimer(COMMAND_WAIT_MS, () => {
        this.#settle(id, { ok: false, message: "no outcome within an hour" });
      });
      this.#waiting.set(id, { settle, cancelTimer });
      this.#handle({ type: "command", id, name, args });
    });
  }

  answer({ id, type: _, ...outcome }: Answer): void {
    this.#settle(id, outcome);
  }

  /** Nobody is left waiting for what nobody works on any more. */
  close(why = "the daemon is ending"): void {
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, { ok: false, message: why });
    }
  }

  #settle(id: number, outcome: CommandOutcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.cancelTimer();
    waiting.settle(outcome);
  }
}
