/** What people ask for over the control socket. */

import { parseIpv4 } from "../../shared/base/address.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import type { Answer, Command, Effect } from "../../shared/protocol/core.ts";
import type { FastHandover } from "./handover/fast-handover.ts";
import type { AgentHistory } from "./movement/agent-history.ts";
import { isFor, keyOf } from "./movement/attachment.ts";
import type { Whereabouts } from "./movement/whereabouts.ts";
import type { Registration } from "./registration/registration.ts";
import { findTarget } from "./registration/targets.ts";
import { throughText } from "./reports.ts";
import type { Waiters } from "./waiters.ts";

/** The parts of the node that a command acts on. */
export interface Commanded {
  readonly where: Whereabouts;
  readonly registration: Registration;
  readonly history: AgentHistory;
  readonly waiters: Waiters;
  readonly fast: FastHandover;
  /** At home, and the home agent has confirmed that it holds no binding. */
  readonly isCleared: boolean;
  readonly isStopping: boolean;
  readonly isWanted: boolean;
  /** The node is to be registered from now on, or not. */
  readonly want: (isWanted: boolean) => void;
}

function refuse(id: number, message: string): Answer[] {
  return [{ type: "answer", id, ok: false, message }];
}

export function carryOutCommand(command: Command, node: Commanded, now: Now): Effect[] {
  const { id, name } = command;
  const isKnown = name === "register" || name === "deregister" || name === "handover";
  if (!isKnown) return refuse(id, `unknown command ${name}`);
  if (node.isStopping) return refuse(id, "shutting down");
  if (name !== "handover") return changeMind(id, name, node, now.monotonic);
  const { to } = command.args;
  if (typeof to === "string") return node.fast.command(id, to, now);
  return handOver(command, node, now.monotonic);
}

function changeMind(
  id: number,
  action: "register" | "deregister",
  node: Commanded,
  now: Instant,
): Effect[] {
  const { waiters, where, registration, history } = node;
  node.want(action === "register");
  where.pin(undefined);
  const answers = waiters.add(id, action);
  if (where.attachment?.kind === "home" && node.isCleared) {
    return [...answers, ...waiters.settle(action, true, "at home")];
  }
  if (action === "register") {
    history.clear();
    registration.networks.forgive();
    registration.renewNow(now);
  }
  return answers;
}

/** To the agent that is named, or to the best one beside the current. */
function handOver({ id, args }: Command, node: Commanded, now: Instant): Effect[] {
  const { where, registration, waiters } = node;
  if (!node.isWanted) return refuse(id, "deregistered by command: register first");
  const address = typeof args.agent === "string" ? parseIpv4(args.agent) : undefined;
  if (typeof args.agent === "string" && address === undefined) {
    return refuse(id, `${args.agent} is no IPv4 address`);
  }
  const { registered } = registration;
  const target = findTarget(where.surroundings(registered, now), address, now);
  if (!target.ok) return refuse(id, target.error);
  const key = keyOf(target.value);
  where.pin(key);
  node.history.forget(key);
  const answers = waiters.add(id, "handover", key);
  if (where.attachment === undefined || keyOf(where.attachment) !== key) return answers;
  if (registered === undefined || !isFor(registered, target.value)) return answers;
  const message = `already registered ${throughText(registered.operation)}`;
  return [...answers, ...waiters.settle("handover", true, message)];
}
