/** Commands that talk to the running program: status, watch, tables, actions. */

import { err, type Json, ok, type Result } from "../../base/result.ts";
import { ask, type ControlError, watch } from "../control/client.ts";
import { type Answer, type Request, TIMEOUT_MAX } from "../control/protocol.ts";
import { isObject } from "../json.ts";
import { eventText } from "../log.ts";
import type { ActionCommand, CommonConfig, Program, TableCommand } from "../program.ts";
import {
  type CommandSpec,
  EXIT,
  type Invocation,
  JSON_OPTION,
  type OptionSpec,
  UsageError,
} from "./commands.ts";
import { printPairs, printTable } from "./output.ts";

const NOT_RUNNING = { [EXIT.notRunning]: "not running" };
const QUERY_EXITS = {
  [EXIT.ok]: "done",
  [EXIT.failed]: "no answer, or not allowed to ask",
  ...NOT_RUNNING,
};

/** A program that listens answers a query from memory. */
const QUERY_TIMEOUT_MS = 5000;
/** What the outcome of a command may need beyond its own time to get here. */
const ANSWER_GRACE_MS = 2000;
const DEFAULT_TIMEOUT_S = 10;

export function socketOption(role: string): OptionSpec {
  const summary = `control socket (default: /run/mip4/${role}.sock)`;
  return { name: "socket", value: "path", summary };
}

/** Asks the program that listens on `--socket`. */
export function askProgram(
  role: string,
  invocation: Invocation,
  request: Request,
  timeoutMs = QUERY_TIMEOUT_MS,
): Promise<Result<Answer, ControlError>> {
  return ask(socketPath(role, invocation), request, timeoutMs);
}

function socketPath(role: string, invocation: Invocation): string {
  return invocation.text("socket") ?? `/run/mip4/${role}.sock`;
}

export function controlCommands<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
): CommandSpec[] {
  const socket = socketOption(program.role);
  return [
    {
      name: "status",
      arguments: [],
      summary: "what it is doing now",
      options: [JSON_OPTION, socket],
      exits: {
        [EXIT.ok]: "ready: configuration applied, sockets open",
        [EXIT.failed]: "running, but not ready or degraded",
        ...NOT_RUNNING,
      },
      action: (invocation) => status(program, invocation),
    },
    {
      name: "watch",
      arguments: [],
      summary: "live events until interrupted",
      options: [JSON_OPTION, socket],
      exits: QUERY_EXITS,
      action: (invocation) => follow(program, invocation),
    },
    ...program.tables.map((table) => tableCommand(program, table, socket)),
    ...program.actions.map((action) => actionCommand(program, action, socket)),
  ];
}

type Named = Pick<Program, "name" | "role">;

/** The result of a query, or the exit code of having got none. */
async function query(
  { name, role }: Named,
  what: string,
  invocation: Invocation,
): Promise<Result<Json, number>> {
  const answer = await askProgram(role, invocation, { query: what });
  if (!answer.ok) return err(complain(name, invocation, answer.error));
  if (answer.value.ok) return ok(answer.value.result ?? null);
  invocation.output.err(`${name}: ${answer.value.message ?? "refused"}`);
  return err(EXIT.failed);
}

function complain(name: string, invocation: Invocation, error: ControlError): number {
  invocation.output.err(`${name}: ${error.message}`);
  return error.code === "not-running" ? EXIT.notRunning : EXIT.failed;
}

async function status<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  invocation: Invocation,
): Promise<number> {
  const result = await query(program, "status", invocation);
  if (!result.ok) return result.error;
  const value = isObject(result.value) ? result.value : {};
  if (invocation.has("json")) {
    invocation.output.out(JSON.stringify(value));
  } else {
    const problems = Array.isArray(value.problems) ? value.problems : [];
    printPairs(invocation.output, [
      ...program.describe(value),
      ...problems.map((problem) => ["problem", String(problem)] as const),
    ]);
  }
  return value.ready === true ? EXIT.ok : EXIT.failed;
}

async function follow({ name, role }: Named, invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const isJson = invocation.has("json");
  const ended = await watch(
    socketPath(role, invocation),
    (event) => output.out(isJson ? JSON.stringify(event) : eventText(event)),
    interrupted.signal,
  );
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  return ended.ok ? EXIT.ok : complain(name, invocation, ended.error);
}

function tableCommand(program: Named, table: TableCommand, socket: OptionSpec): CommandSpec {
  return {
    name: table.name,
    arguments: [],
    summary: table.summary,
    options: [JSON_OPTION, socket],
    exits: QUERY_EXITS,
    action: async (invocation) => {
      const result = await query(program, table.name, invocation);
      if (!result.ok) return result.error;
      if (invocation.has("json")) invocation.output.out(JSON.stringify(result.value));
      else printTable(invocation.output, table.columns, result.value);
      return EXIT.ok;
    },
  };
}

function actionCommand(program: Named, action: ActionCommand, socket: OptionSpec): CommandSpec {
  const timeoutOption = {
    name: "timeout",
    value: "seconds",
    summary: `how long to wait for the outcome (default: ${DEFAULT_TIMEOUT_S})`,
  };
  return {
    name: action.name,
    arguments: action.arguments,
    summary: action.summary,
    options: [...(action.options ?? []), timeoutOption, socket],
    exits: {
      [EXIT.ok]: "done",
      [EXIT.failed]: "denied or timed out; the reason is on standard error",
      ...NOT_RUNNING,
    },
    action: async (invocation) => {
      const timeout = seconds(invocation.text("timeout"));
      const args = Object.fromEntries([
        ...action.arguments.map((name, i) => [name, invocation.arguments[i] ?? null]),
        ...(action.options ?? []).map(({ name }) => [name, invocation.text(name) ?? null]),
      ]);
      const fault = action.fault?.(args);
      if (fault !== undefined) throw new UsageError(fault);
      const request = { command: action.name, args, timeout };
      const wait = timeout * 1000 + ANSWER_GRACE_MS;
      const answer = await askProgram(program.role, invocation, request, wait);
      if (!answer.ok) return complain(program.name, invocation, answer.error);
      const message = answer.value.message ?? (answer.value.ok ? "done" : "refused");
      if (answer.value.ok) invocation.output.out(message);
      else invocation.output.err(`${program.name}: ${action.name}: ${message}`);
      return answer.value.ok ? EXIT.ok : EXIT.failed;
    },
  };
}

function seconds(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_S;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= TIMEOUT_MAX) return value;
  throw new UsageError(`--timeout ${text}: must be seconds from 0 to ${TIMEOUT_MAX}`);
}
