/** What people ask for over the control socket. */

import type { Instant } from "../../shared/base/time.ts";
import type { Answer, Command, Effect } from "../../shared/protocol/core.ts";
import type { AgentHistory } from "./agent-history.ts";
import type { Registration } from "./registration.ts";
import type { Action } from "./request.ts";
import type { Waiters } from "./waiters.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** The parts of the node that a command acts on. */
export interface Commanded {
  readonly where: Whereabouts;
  readonly registration: Registration;
  readonly history: AgentHistory;
  readonly waiters: Waiters;
  /** At home, and the home agent has confirmed that it holds no binding. */
  readonly isCleared: boolean;
  readonly isStopping: boolean;
  /** The node is to be registered from now on, or not. */
  readonly want: (isWanted: boolean) => void;
}

export function refuse(id: number, message: string): Answer[] {
  return [{ type: "answer", id, ok: false, message }];
}

export function carryOutCommand({ id, name }: Command, node: Commanded, now: Instant): Effect[] {
  if (name !== "register" && name !== "deregister") return refuse(id, `unknown command ${name}`);
  if (node.isStopping) return refuse(id, "shutting down");
  return changeMind(id, name, node, now);
}

function changeMind(id: number, action: Action, node: Commanded, now: Instant): Effect[] {
  const { waiters, where, registration, history } = node;
  node.want(action === "register");
  const answers = waiters.add(id, action);
  if (where.attachment?.kind === "home" && node.isCleared) {
    return [...answers, ...waiters.settle(action, true, "at home")];
  }
  if (action === "register") {
    history.clear();
    registration.renewNow(now);
  }
  return answers;
}
