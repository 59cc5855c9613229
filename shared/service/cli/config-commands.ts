/** Commands that need no running program: run, check, schema, boards. */

import * as z from "zod";
import type { JsonObject } from "../../base/result.ts";
import { AVOID, type Board } from "../config/board.ts";
import { boards, findBoard } from "../config/boards.ts";
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
import { column, printPairs, printTable, showCell } from "./output.ts";

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
  action: (invocation) => {
    const { output } = invocation;
    const name = invocation.text("board");
    if (name !== undefined) {
      const found = findBoard(name);
      if (!found.ok) {
        output.err(found.error);
        return EXIT.failed;
      }
      if (invocation.has("json")) output.out(JSON.stringify(boardRow(found.value)));
      else printPairs(output, boardLines(found.value));
      return EXIT.ok;
    }
    const rows = boards().map(boardRow);
    if (invocation.has("json")) output.out(JSON.stringify(rows));
    else printTable(output, BOARD_COLUMNS, rows);
    return EXIT.ok;
  },
};

const BOARD_COLUMNS = [
  column("NAME", "name"),
  column("CPU", "cpu"),
  column("SUPPORTED", "supported"),
  column("TITLE", "title"),
  column("PORTS", "ports"),
];

/** Absent keys are `null`, as everywhere. */
function boardRow({ name, about }: Board): JsonObject {
  const { board, port } = about;
  return {
    name,
    title: board.title,
    supported: board.supported,
    reason: board.reason ?? null,
    cpu: board.cpu,
    libc: board.libc ?? null,
    soc: board.soc ?? null,
    memory: board.memory,
    target: board.target ?? null,
    names: board.names,
    data_path: board.data_path ?? null,
    avoid: board.avoid,
    ports: port.map((each) => `${each.name} (${each.role})`),
    notes: board.notes ?? null,
    source: board.source ?? null,
    unconfirmed: board.unconfirmed ?? null,
  };
}

function boardLines(board: Board): (readonly [string, string])[] {
  const { avoid: _, ...row } = boardRow(board);
  const lines = Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [key.replaceAll("_", " "), showCell(value)] as const);
  return [...lines, ...board.about.board.avoid.map((name) => ["avoid", AVOID[name]] as const)];
}
