/** The board configurations built in, and what one puts under a configuration. */

import { totalmem } from "node:os";
import { err, ok, type Result } from "../../base/result.ts";
import { boardFiles } from "../embedded/boards.ts";
import { nearest } from "../suggest.ts";
import { type Board, limitsFor, parseBoard } from "./board.ts";
import { boardFromJson, detectBoard, readMachineFacts } from "./board-detection.ts";
import { merge, newTable, type Table } from "./located.ts";

/** `--board auto`: the board that this machine is. */
const AUTO = "auto";

/** The boards built in; a faulty file is found by the tests, and left out here. */
export function boards(): Board[] {
  return boardFiles().flatMap(([name, source]) => {
    const board = parseBoard(name, source);
    return board.ok ? [board.value] : [];
  });
}

/** The board of that name, supported or not. */
export function findBoard(name: string, facts = readMachineFacts()): Result<Board, string> {
  const all = boards();
  if (name === AUTO) {
    const known = detectBoard(facts, all);
    if (known !== undefined) return ok(known);
    const derived = boardFromJson(facts.boardJson, Math.round(totalmem() / 2 ** 20));
    const parsed = derived === undefined ? undefined : parseBoard("openwrt", derived);
    if (parsed?.ok) return ok(parsed.value);
    const [called] = facts.names;
    const what =
      called === undefined ? "this machine does not say what it is" : `"${called}" is not built in`;
    return err(`${what}: name one of the boards, or the interfaces in the configuration`);
  }
  const board = all.find((candidate) => candidate.name === name);
  if (board !== undefined) return ok(board);
  const names = [AUTO, ...all.map((candidate) => candidate.name)];
  const close = nearest(name, names);
  const hint = close === undefined ? `there are: ${names.join(", ")}` : `did you mean "${close}"?`;
  return err(`no board configuration "${name}", ${hint}`);
}

/** What a board puts under the configuration of one program. */
export function boardValues(
  name: string,
  role: "fa" | "mn" | "ha",
  facts = readMachineFacts(),
): Result<Table, string> {
  const found = findBoard(name, facts);
  if (!found.ok) return found;
  const { about, values } = found.value;
  if (!about.board.supported) {
    return err(`${about.board.title} cannot run these programs: ${about.board.reason}`);
  }
  const own = values.entries.get(role);
  const limits = limitsOf(found.value, role);
  return ok(own?.kind === "table" ? merge(limits, own) : limits);
}

/** `[limits]` that fit the board's memory. */
function limitsOf(board: Board, role: "fa" | "mn" | "ha"): Table {
  const under = newTable(board.values);
  const bounds = limitsFor(board.about.board.memory, role);
  if (bounds === undefined) return under;
  const limits = newTable(board.values);
  for (const [key, value] of Object.entries(bounds)) {
    limits.entries.set(key, { ...limitsPlace(board), kind: "scalar", value });
  }
  under.entries.set("limits", limits);
  return under;
}

function limitsPlace({ values: { file, line } }: Board) {
  return { file, line };
}
