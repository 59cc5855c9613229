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
 * It ends here whatever is still open. What a pipe had no room for is waited for, or who reads a long
 * answer would get its beginning; but a supervisor that asked a daemon to end waits for no reader.
 */
export function start<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
): void {
  main(program, runProgram, process.argv, processOutput()).then(
    async (code) => {
      if (process.argv[2] !== "run")
        await Promise.all([process.stdout, process.stderr].map(drained));
      process.exit(code);
    },
    (error: unknown) => {
      console.error(error);
      process.exit(EXIT.failed);
    },
  );
}

/** Resolves when all that was written has been taken. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
