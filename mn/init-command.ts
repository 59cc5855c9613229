/** `mip4-mn init`: a first configuration, and what the home agent must be told of it. */

import { type CommandSpec, EXIT, type OptionSpec } from "../shared/service/cli/commands.ts";
import { ALGORITHM_OPTION } from "../shared/service/cli/node-options.ts";
import type { Program } from "../shared/service/program.ts";
import type { MnConfig } from "./config.ts";
import { DEFAULT_FILE, QUESTIONS } from "./init-questions.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

const OPTIONS: readonly OptionSpec[] = [
  {
    name: "config",
    value: "file",
    summary: `the file to write, mode 0600 (default: ${DEFAULT_FILE})`,
  },
  ...Object.values(QUESTIONS).map(({ name, value, summary }) => ({ name, value, summary })),
  {
    name: "home-prefix-length",
    value: "bits",
    summary: "length of the home network's prefix (default: 24)",
  },
  {
    name: "network",
    value: "prefix@link",
    summary: "a network that moves with this node, like 10.20.0.0/24@lan0 or dynamic@lan0",
  },
  ALGORITHM_OPTION,
  { name: "force", summary: "write over a file that is there" },
];

export function initCommand<CoreConfig>(
  program: Program<MnConfig, CoreConfig>,
  terminal?: Terminal,
): CommandSpec {
  return {
    name: "init",
    arguments: [],
    summary:
      "write a first configuration with a new key, and print the home agent's part; on a terminal it asks",
    options: OPTIONS,
    exits: {
      [EXIT.ok]: "done",
      [EXIT.failed]: "the answers do not fit together, or the file cannot be written",
    },
    action: async (invocation) =>
      (await import("./init.ts")).init(program, terminal ?? processTerminal(), invocation),
  };
}
