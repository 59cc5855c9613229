/** `health`: one line and an exit code, as monitoring plugins print them. */

import { HEALTH_EXIT, healthLine, judge, type Verdict } from "../health.ts";
import { isObject } from "../json.ts";
import type { CommonConfig, Program } from "../program.ts";
import { type CommandSpec, type Invocation, JSON_OPTION } from "./commands.ts";
import { askProgram, socketOption } from "./control-commands.ts";

export function healthCommand<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
): CommandSpec {
  return {
    name: "health",
    arguments: [],
    summary: "one line for monitoring; exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
    options: [
      { name: "quiet", summary: "say nothing when OK, so that cron mails only trouble" },
      JSON_OPTION,
      socketOption(program.role),
    ],
    exits: {
      [HEALTH_EXIT.ok]: "OK",
      [HEALTH_EXIT.warning]: "WARNING",
      [HEALTH_EXIT.critical]: "CRITICAL, also when it is not running",
      [HEALTH_EXIT.unknown]: "UNKNOWN, also after a usage error",
    },
    action: async (invocation) => {
      const verdict = await ask(program, invocation);
      const { state, messages, performance } = verdict;
      const exit = HEALTH_EXIT[state];
      if (state === "ok" && invocation.has("quiet")) return exit;
      if (invocation.has("json")) {
        const values = Object.fromEntries(performance);
        invocation.output.out(JSON.stringify({ state, exit, messages, performance: values }));
      } else {
        invocation.output.out(healthLine(verdict));
      }
      return exit;
    },
  };
}

async function ask<FileConfig extends CommonConfig, CoreConfig>(
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
  return judge(program, status, Date.now());
}
