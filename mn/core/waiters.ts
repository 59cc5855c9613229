/** Commands that wait for their outcome. */

import type { Answer } from "../../shared/protocol/core.ts";
import type { Action } from "./request.ts";

/** More commands than this do not wait at a time. */
const MAX_WAITERS = 16;

export class Waiters {
  #waiting: { readonly id: number; readonly action: Action }[] = [];

  /** The opposite of what others wait for is now wanted; they will wait in vain. */
  add(id: number, action: Action): Answer[] {
    const other: Action = action === "register" ? "deregister" : "register";
    const answers = this.settle(other, false, `superseded by ${action}`);
    if (this.#waiting.length >= MAX_WAITERS) {
      const message = `${MAX_WAITERS} commands are waiting already`;
      return [...answers, { type: "answer", id, ok: false, message }];
    }
    this.#waiting.push({ id, action });
    return answers;
  }

  settle(action: Action, ok: boolean, message: string): Answer[] {
    const settled = this.#waiting.filter((each) => each.action === action);
    this.#waiting = this.#waiting.filter((each) => each.action !== action);
    return settled.map(({ id }) => ({ type: "answer", id, ok, message }));
  }
}
