/** Commands that wait for their outcome. */

import type { Answer } from "../../shared/protocol/core.ts";
/** What somebody may wait for. */
export type Awaited = "register" | "deregister" | "handover";

/** Who waits for one of these waits in vain once the other is wanted. */
const CONTRARY: Readonly<Record<Awaited, readonly Awaited[]>> = {
  register: ["deregister", "handover"],
  deregister: ["register", "handover"],
  handover: ["handover"],
};

/** More commands than this do not wait at a time. */
const MAX_WAITERS = 16;

interface Waiting {
  readonly id: number;
  readonly action: Awaited;
  readonly agentKey: string | undefined;
}

export class Waiters {
  #waiting: Waiting[] = [];

  /** `agentKey`: for a handover, whom it is to. */
  add(id: number, action: Awaited, agentKey?: string): Answer[] {
    const answers = CONTRARY[action].flatMap((other) =>
      this.settle(other, false, `superseded by ${action}`),
    );
    if (this.#waiting.length >= MAX_WAITERS) {
      const message = `${MAX_WAITERS} commands are waiting already`;
      return [...answers, { type: "answer", id, ok: false, message }];
    }
    this.#waiting.push({ id, action, agentKey });
    return answers;
  }

  /** With `agentKey` only those who wait for that agent. */
  settle(action: Awaited, ok: boolean, message: string, agentKey?: string): Answer[] {
    const isSettled = (each: Waiting): boolean =>
      each.action === action && (agentKey === undefined || each.agentKey === agentKey);
    const settled = this.#waiting.filter(isSettled);
    this.#waiting = this.#waiting.filter((each) => !isSettled(each));
    return settled.map(({ id }) => ({ type: "answer", id, ok, message }));
  }
}
