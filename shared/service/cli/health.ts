/** `health`: one line and an exit code, as monitoring plugins print them. */

import { isObject } from "../json.ts";
import type { CommonConfig, HealthProblem, Program } from "../program.ts";
import { type CommandSpec, HEALTH_EXIT, type Invocation, JSON_OPTION } from "./commands.ts";
import { askProgram, socketOption } from "./control-commands.ts";

interface Verdict {
  readonly state: "ok" | "warning" | "critical" | "unknown";
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

export function healthCommand<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
): CommandSpec {
  return {
    name: "health",
    arguments: [],
    summary: "one line for monitoring; exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
    options: [JSON_OPTION, socketOption(program.role)],
    exits: {
      [HEALTH_EXIT.ok]: "OK",
      [HEALTH_EXIT.warning]: "WARNING",
      [HEALTH_EXIT.critical]: "CRITICAL, also when it is not running",
      [HEALTH_EXIT.unknown]: "UNKNOWN, also after a usage error",
    },
    action: async (invocation) => {
      const verdict = await judge(program, invocation);
      const { state, messages, performance } = verdict;
      const exit = HEALTH_EXIT[state];
      if (invocation.has("json")) {
        const values = Object.fromEntries(performance);
        invocation.output.out(JSON.stringify({ state, exit, messages, performance: values }));
        return exit;
      }
      const data = performance.map(([label, value]) => `${label}=${value}`).join(" ");
      const line = `${state.toUpperCase()}: ${messages.join("; ")}`;
      invocation.output.out(data === "" ? line : `${line} | ${data}`);
      return exit;
    },
  };
}

async function judge<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  invocation: Invocation,
): Promise<Verdict> {
  const answer = await askProgram(program.role, invocation, { query: "status" });
  const failed = (state: Verdict["state"], message: string): Verdict => ({
    state,
    messages: [`${program.name}: ${message}`],
    performance: [],
  });
  if (!answer.ok) {
    const { code, message } = answer.error;
    return failed(code === "forbidden" ? "unknown" : "critical", message);
  }
  const status = answer.value.result;
  if (!answer.value.ok || !isObject(status)) {
    return failed("unknown", answer.value.message ?? "no status");
  }
  const listed = Array.isArray(status.problems) ? status.problems : [];
  const problems: HealthProblem[] = [
    ...listed.map((message) => ({ severity: "warning" as const, message: String(message) })),
    ...program.health(status),
    ...clockProblems(Date.now()),
  ];
  const performance = program.performance(status);
  if (problems.length === 0) {
    return { state: "ok", messages: [`${program.name}: ${String(status.state)}`], performance };
  }
  // Of several the one that asks for most decides.
  const [state = "warning"] = SEVERITIES.filter((one) => problems.some((p) => p.severity === one));
  return {
    state,
    messages: problems.map((problem) => problem.message),
    performance,
  };
}
