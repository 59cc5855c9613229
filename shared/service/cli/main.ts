/** The command line of one program: what was typed to an exit code. */

import { HEALTH_EXIT } from "../health.ts";
import type { CommonConfig, Program, Run } from "../program.ts";
import { type CommandSpec, EXIT, UsageError } from "./commands.ts";
import { configCommands } from "./config-commands.ts";
import { controlCommands } from "./control-commands.ts";
import { decodeCommand } from "./decode.ts";
import { healthCommand } from "./health.ts";
import { type Output, processOutput } from "./output.ts";
import { parseCommandLine } from "./parse.ts";

/** Every command of a program, in the order of its help. */
export function commandsOf<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  run: Run,
): CommandSpec[] {
  const [first, ...others] = configCommands(program, run);
  return [
    ...(first === undefined ? [] : [first]),
    ...controlCommands(program),
    healthCommand(program),
    ...(program.commands?.(program) ?? []),
    ...others,
    decodeCommand,
  ];
}

const runProgram: Run = async (program, options) =>
  (await import("../runtime/run.ts")).runProgram(program, options);

/** Runs what the command line asks for; resolves to the exit code. */
export async function main<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  run: Run,
  argv: readonly string[],
  output: Output,
): Promise<number> {
  try {
    const parsed = parseCommandLine(program, commandsOf(program, run), argv, output);
    return parsed === undefined ? EXIT.ok : await parsed.command.action(parsed.invocation);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.err(`${program.name}: ${error.message}; see ${program.name} --help`);
    // Monitoring takes 2 for CRITICAL: a mistake in its own configuration is UNKNOWN.
    return argv[2] === "health" ? HEALTH_EXIT.unknown : EXIT.usage;
  }
}

/**
 * The whole process: its exit code, and an error of our own as one trace.
 *
 * It ends here whatever is still open: standard output is synchronous on Linux (files, pipes and
 * terminals alike), and a supervisor that asked a daemon to end must not wait for a stray handle.
 */
export function start<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
): void {
  main(program, runProgram, process.argv, processOutput()).then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(error);
      process.exit(EXIT.failed);
    },
  );
}
