/** How a program is, from its `status`: OK, WARNING, CRITICAL or UNKNOWN, and why. */

import type { JsonObject } from "../base/result.ts";
import type { HealthProblem, Program } from "./program.ts";

/** Exit codes of `health`, as monitoring plugins have them. */
export const HEALTH_EXIT = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

export interface Verdict {
  readonly state: keyof typeof HEALTH_EXIT;
  readonly messages: readonly string[];
  readonly performance: readonly (readonly [label: string, value: number])[];
}

const SEVERITIES = ["critical", "warning", "unknown"] as const;
/** This program is younger; a clock that says otherwise has never been set. */
const CLOCK_FLOOR = Date.UTC(2026, 0, 1);

/** Timestamps keep replays out (RFC 5944 §5.7): with a clock that was never set none is believed. */
export function clockProblems(wall: number): HealthProblem[] {
  if (wall >= CLOCK_FLOOR) return [];
  const message = `the clock is not set: it says ${new Date(wall).toISOString().slice(0, 10)}`;
  return [{ severity: "critical", message }];
}

/** Of several problems the one that asks for most decides. */
export function judge(
  program: Pick<Program, "name" | "health" | "performance">,
  status: JsonObject,
  wall: number,
): Verdict {
  const listed = Array.isArray(status.problems) ? status.problems : [];
  const problems: HealthProblem[] = [
    ...listed.map((message) => ({ severity: "warning" as const, message: String(message) })),
    ...program.health(status),
    ...clockProblems(wall),
  ];
  const performance = program.performance(status);
  if (problems.length === 0) {
    return { state: "ok", messages: [`${program.name}: ${String(status.state)}`], performance };
  }
  const [state = "warning"] = SEVERITIES.filter((one) => problems.some((p) => p.severity === one));
  return { state, messages: problems.map((problem) => problem.message), performance };
}

/** One line, performance data behind the bar. */
export function healthLine({ state, messages, performance }: Verdict): string {
  const data = performance.map(([label, value]) => `${label}=${value}`).join(" ");
  const line = `${state.toUpperCase()}: ${messages.join("; ")}`.replaceAll("\n", " ");
  return data === "" ? line : `${line} | ${data}`;
}
