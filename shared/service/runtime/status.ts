/** The answer to `status`: what the core says, and what only the runtime knows. */

import type { Json, JsonObject } from "../../base/result.ts";

export interface RuntimeFacts {
  readonly role: "fa" | "mn" | "ha";
  readonly problems: readonly string[];
  /** Another machine acts; this one would take over. */
  readonly isStandby: boolean;
  readonly store: JsonObject;
  /** Whole seconds since the start. */
  readonly uptime: number;
  readonly interfaces: readonly JsonObject[];
  readonly driver: Json;
  readonly forwarding: JsonObject;
  readonly counters: Readonly<Record<string, number>>;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A mobile node's `state` is that of its registration, so there `ready` says what `state` cannot. */
export function mergeStatus(core: Json | undefined, facts: RuntimeFacts): JsonObject {
  const own = isObject(core) ? core : {};
  const isSound = facts.problems.length === 0;
  const agentState = !isSound ? "degraded" : facts.isStandby ? "standby" : "ready";
  const coreCounters = isObject(own.counters) ? own.counters : {};
  const state = facts.role === "mn" ? own.state : agentState;
  return {
    ...own,
    state,
    ready: isSound && !facts.isStandby,
    ...(facts.role === "ha" ? { active: !facts.isStandby } : {}),
    problems: facts.problems,
    store: facts.store,
    uptime: facts.uptime,
    interfaces: facts.interfaces,
    driver: facts.driver,
    forwarding: facts.forwarding,
    counters: { ...coreCounters, ...facts.counters },
  };
}
