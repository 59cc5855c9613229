/** What a command of the command line is, and what it gets to work with. */

import type { Output } from "./output.ts";

/** One option; `value` names what follows it, absent for a switch. */
export interface OptionSpec {
  readonly name: string;
  readonly value?: string;
  /** No message repeats what was typed beside it. */
  readonly isSecret?: true;
  /** Without it the command cannot be meant. */
  readonly isRequired?: true;
  readonly summary: string;
}

/** What was typed, already checked against the command's own description. */
export interface Invocation {
  readonly output: Output;
  readonly arguments: readonly string[];
  /** The text after an option, exactly as typed; `undefined` when it was not given. */
  text(option: string): string | undefined;
  /** For an option that may be given several times: the text of each. */
  texts(option: string): readonly string[];
  has(option: string): boolean;
}

export interface CommandSpec {
  readonly name: string;
  /** Names of the positional arguments; all are required. */
  readonly arguments: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** What each exit code means, but for that of a usage error. */
  readonly exits: Readonly<Record<number, string>>;
  /** Resolves to the exit code. */
  readonly action: (invocation: Invocation) => Promise<number> | number;
}

/** Exit codes of every command but `health` (the interface contract). */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3 } as const;

/** A command that needs no running program. */
export const OFFLINE_EXITS = { [EXIT.ok]: "done" };

/** What was typed cannot be meant; one line for a person. */
export class UsageError extends Error {}

export const JSON_OPTION: OptionSpec = { name: "json", summary: "print JSON" };
export const BOARD_OPTION: OptionSpec = {
  name: "board",
  value: "name",
  summary: "put a board's settings under the configuration (see boards); auto: this machine's",
};
export const CONFIG_OPTION: OptionSpec = {
  name: "config",
  value: "file",
  isRequired: true,
  summary: "the configuration, TOML or UCI",
};

/** The file of `--config`, which has no default. */
export function configFile(invocation: Invocation): string {
  const file = invocation.text("config");
  if (file === undefined) throw new UsageError("the configuration is missing: --config FILE");
  return file;
}
