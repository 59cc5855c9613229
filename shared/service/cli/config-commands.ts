/** Commands that need no running program: run, check, schema, boards. */

import { readHostFacts } from "../config/host-facts.ts";
import { readConfig } from "../config/read.ts";
import type { CommonConfig, Program, Run } from "../program.ts";
import {
  BOARD_OPTION,
  CONFIG_OPTION,
  type CommandSpec,
  configFile,
  EXIT,
  JSON_OPTION,
  OFFLINE_EXITS,
} from "./commands.ts";

export function configCommands<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  run: Run,
): CommandSpec[] {
  return [
    {
      name: "run",
      arguments: [],
      summary: "run in the foreground; SIGHUP reloads, SIGTERM ends",
      options: [CONFIG_OPTION, BOARD_OPTION],
      exits: {
        [EXIT.ok]: "ended by a signal",
        [EXIT.failed]: "it could not start, or an error of its own ended it; the log says which",
      },
      action: (invocation) =>
        run(program, { configFile: configFile(invocation), board: invocation.text("board") }),
    },
    {
      name: "check",
      arguments: [],
      summary: "check a configuration and print it with its defaults as JSON",
      options: [CONFIG_OPTION, BOARD_OPTION],
      exits: {
        [EXIT.ok]: "it is right",
        [EXIT.failed]: "it is not; one line for each fault on standard error",
      },
      action: async (invocation) => {
        const options = { configFile: configFile(invocation), board: invocation.text("board") };
        const loaded = await readConfig(program, options, readHostFacts());
        if (loaded.ok) {
          invocation.output.out(JSON.stringify(loaded.value.shown, undefined, 2));
          return EXIT.ok;
        }
        for (const line of loaded.error) invocation.output.err(line);
        return EXIT.failed;
      },
    },
    {
      name: "schema",
      arguments: [],
      summary: "print the configuration's JSON Schema",
      options: [],
      exits: OFFLINE_EXITS,
      action: async ({ output }) => {
        const { jsonSchema } = await import("../config/json-schema.ts");
        const schema = {
          title: `${program.name} configuration`,
          ...jsonSchema((await program.rules()).schema),
        };
        output.out(JSON.stringify(schema, undefined, 2));
        return EXIT.ok;
      },
    },
    boardsCommand,
  ];
}

const boardsCommand: CommandSpec = {
  name: "boards",
  arguments: [],
  summary: "list the board configurations built in, or show one",
  options: [
    { name: "board", value: "name", summary: "show this one; auto: the one that this machine is" },
    JSON_OPTION,
  ],
  exits: { ...OFFLINE_EXITS, [EXIT.failed]: "there is no such board" },
  action: async (invocation) => (await import("./boards.ts")).showBoards(invocation),
};
