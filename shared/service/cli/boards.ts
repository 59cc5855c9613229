/** `boards`: the board configurations built in. */

import type { JsonObject } from "../../base/result.ts";
import { AVOID, type Board } from "../config/board.ts";
import { boards, findBoard } from "../config/boards.ts";
import { EXIT, type Invocation } from "./commands.ts";
import { column, printPairs, printTable, showCell } from "./output.ts";

const BOARD_COLUMNS = [
  column("NAME", "name"),
  column("CPU", "cpu"),
  column("SUPPORTED", "supported"),
  column("TITLE", "title"),
  column("PORTS", "ports"),
];

/** All of them, or the one that `--board` names. */
export function showBoards(invocation: Invocation): number {
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
}

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
