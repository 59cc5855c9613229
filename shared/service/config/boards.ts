/** Board configurations: what is built in about a device, and what it puts under a configuration. */

import * as z from "zod";
import { err, ok, type Result } from "../../base/result.ts";
import { boardFiles } from "../embedded.ts";
import { nearest } from "../suggest.ts";
import { toFaults } from "./issues.ts";
import { formatFault, newTable, type Table, toPlain } from "./located.ts";
import { parseToml } from "./toml.ts";
import { choice, interfaceName, table, tables, text } from "./values.ts";

/** One file of board-configs/. `fa`, `mn` and `ha` are checked by the schemas of the programs. */
const boardSchema = table({
  board: table({
    title: text("the product's name"),
    cpu: choice(["x86-64", "arm64", "armv7", "riscv64"]),
    soc: text("the chip's name").optional(),
    notes: text("what to know about it", 2000).optional(),
  }),
  port: tables(
    table({
      name: interfaceName(),
      role: choice(["uplink", "link", "station"]),
      medium: choice(["ethernet", "wifi", "bridge"]),
      notes: text("what to know about it", 2000).optional(),
    }),
    1,
  ),
  fa: z.looseObject({}).optional(),
  mn: z.looseObject({}).optional(),
  ha: z.looseObject({}).optional(),
});

export interface Board {
  readonly name: string;
  readonly about: z.output<typeof boardSchema>;
  readonly values: Table;
}

/** Reads one board file; a fault is one line. */
export function parseBoard(name: string, source: string): Result<Board, readonly string[]> {
  const file = `board-configs/${name}.toml`;
  const parsed = parseToml(file, source);
  if (!parsed.ok) return err([formatFault(parsed.error)]);
  const checked = boardSchema.safeParse(toPlain(parsed.value), { reportInput: true });
  if (!checked.success) {
    return err(toFaults(checked.error, boardSchema, parsed.value).map(formatFault));
  }
  return ok({ name, about: checked.data, values: parsed.value });
}

/** The boards built in; a faulty file is found by the tests, and left out here. */
export function boards(): Board[] {
  return boardFiles().flatMap(([name, source]) => {
    const board = parseBoard(name, source);
    return board.ok ? [board.value] : [];
  });
}

/** What a board puts under the configuration of one program. */
export function boardValues(name: string, role: "fa" | "mn" | "ha"): Result<Table, string> {
  const all = boards();
  const board = all.find((candidate) => candidate.name === name);
  if (board === undefined) {
    const names = all.map((candidate) => candidate.name);
    const close = nearest(name, names);
    const hint =
      close === undefined ? `there are: ${names.join(", ")}` : `did you mean "${close}"?`;
    return err(`no board configuration "${name}", ${hint}`);
  }
  const values = board.values.entries.get(role);
  return ok(values?.kind === "table" ? values : newTable(board.values));
}
