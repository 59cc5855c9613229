/** Commands that need no running program: run, check, schema, boards. */

import * as z from "zod";
import { boards } from "../config/boards.ts";
import { readHostFacts } from "../config/host-facts.ts";
import { loadConfig } from "../config/load.ts";
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
import { printTable } from "./output.ts";

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
      action: (invocation) => {
        const options = { configFile: configFile(invocation), board: invocation.text("board") };
        const loaded = loadConfig(program, options, readHostFacts());
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
      action: ({ output }) => {
        const schema = {
          title: `${program.name} configuration`,
          ...z.toJSONSchema(program.schema, { io: "input" }),
        };
        output.out(JSON.stringify(schema, undefined, 2));
        return EXIT.ok;
      },
    },
    {
      name: "boards",
      arguments: [],
      summary: "list the board configurations built in",
      options: [JSON_OPTION],
      exits: OFFLINE_EXITS,
      action: ({ output, has }) => {
        const rows = boards().map(({ name, about }) => ({
          name,
          title: about.board.title,
          cpu: about.board.cpu,
          ports: about.port.map((port) => `${port.name} (${port.role})`),
        }));
        if (has("json")) {
          output.out(JSON.stringify(rows));
          return EXIT.ok;
        }
        const columns = (["name", "cpu", "title", "ports"] as const).map((key) => ({
          heading: key.toUpperCase(),
          cell: (row: { readonly [key: string]: unknown }) => {
            const value = row[key];
            return Array.isArray(value) ? value.join(", ") : String(value);
          },
        }));
        printTable(output, columns, rows);
        return EXIT.ok;
      },
    },
  ];
}
