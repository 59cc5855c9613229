/** TOML to located values, by toml-eslint-parser (the TOML parser that keeps lines). */

import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import { err, ok, type Result } from "../../base/result.ts";
import { type LocatedFault, type Node, newTable, type Table } from "./located.ts";

/** Reads TOML 1.0; a syntax error is the only fault, since nothing after it can be trusted. */
export function parseToml(file: string, text: string): Result<Table, LocatedFault> {
  try {
    const program = parseTOML(text, { tomlVersion: "1.0" });
    const root = newTable({ file, line: 1 });
    for (const item of program.body[0].body) {
      if (item.type === "TOMLKeyValue") addKeyValue(file, root, item);
      else addTable(file, root, item);
    }
    return ok(root);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return err({ file, key: "", ...placeOfError(text, error) });
  }
}

/** The parser names the place where it gave up; an incomplete line is further up, the last with anything. */
function placeOfError(text: string, error: ParseError): Pick<LocatedFault, "line" | "message"> {
  const before = text.slice(0, error.index).split("\n");
  const line = before.findLastIndex((each) => /^\s*[^\s#]/.test(each)) + 1;
  const lacksValue = line < before.length && /=\s*(#.*)?$/.test(before[line - 1] ?? "");
  if (lacksValue || error.message.includes("on the same line")) {
    const message = "not valid TOML: a key, = and a value, or a [table], must be on one line";
    return { line, message };
  }
  const message = `not valid TOML: ${error.message}`;
  if (error.index === text.length) return { line: Math.max(line, 1), message };
  return { line: error.lineNumber, message: `${message} (column ${error.column + 1})` };
}

/** `[table]` or `[[table]]`: the parser has resolved which element of which array it is. */
function addTable(file: string, root: Table, table: AST.TOMLTable): void {
  const line = table.loc.start.line;
  let target: Node = root;
  for (const [i, step] of table.resolvedKey.entries()) {
    const next: Node =
      typeof table.resolvedKey[i + 1] === "number"
        ? { kind: "array", file, line, items: [] }
        : newTable({ file, line });
    target = descend(target, step, next);
  }
  if (target.kind !== "table") return;
  for (const item of table.body) addKeyValue(file, target, item);
}

/** The child at `step`, made of `fresh` when there is none yet. */
function descend(parent: Node, step: string | number, fresh: Node): Node {
  if (parent.kind === "array") {
    const existing = parent.items[Number(step)];
    if (existing !== undefined) return existing;
    parent.items.push(fresh);
    return fresh;
  }
  if (parent.kind !== "table") return fresh;
  const existing = parent.entries.get(String(step));
  if (existing !== undefined) return existing;
  parent.entries.set(String(step), fresh);
  return fresh;
}

/** `a.b = value` */
function addKeyValue(file: string, table: Table, item: AST.TOMLKeyValue): void {
  const names = item.key.keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value));
  const line = item.loc.start.line;
  let target: Node = table;
  for (const name of names.slice(0, -1)) target = descend(target, name, newTable({ file, line }));
  const last = names.at(-1);
  if (last !== undefined) descend(target, last, toNode(file, item.value));
}

function toNode(file: string, content: AST.TOMLContentNode): Node {
  const line = content.loc.start.line;
  switch (content.type) {
    case "TOMLArray":
      return { kind: "array", file, line, items: content.elements.map((e) => toNode(file, e)) };
    case "TOMLInlineTable": {
      const table = newTable({ file, line });
      for (const item of content.body) addKeyValue(file, table, item);
      return table;
    }
    case "TOMLValue": {
      // No key is a date: as text it is refused by the schema like any other wrong string.
      const value = content.value instanceof Date ? content.value.toISOString() : content.value;
      return { kind: "scalar", file, line, value };
    }
  }
}
