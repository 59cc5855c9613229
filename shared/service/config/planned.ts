/** Keys whose capability is not built yet: they may say that it is off, and nothing else. */

import { isDeepStrictEqual } from "node:util";
import type { PlannedKey } from "../program.ts";
import {
  formatPath,
  type LocatedFault,
  type Node,
  type Path,
  type Table,
  toPlain,
} from "./located.ts";

/**
 * Takes the planned keys out of `root`, so that the schema does not see them. One with its `off`
 * value says what the program does today; any other is a fault. A table that has nothing left
 * says nothing.
 */
export function takeOutPlanned(
  root: Table,
  planned: Readonly<Record<string, PlannedKey>>,
): LocatedFault[] {
  // The keys of a table before the table itself, which stands for the keys that are not listed.
  const names = Object.keys(planned).sort((a, b) => (a < b ? 1 : -1));
  return names.flatMap((name) => {
    const entry = planned[name];
    return entry === undefined ? [] : takeOut(root, name.split("."), [], entry);
  });
}

function takeOut(
  node: Node,
  names: readonly string[],
  at: Path,
  entry: PlannedKey,
): LocatedFault[] {
  if (node.kind === "array") {
    return node.items.flatMap((item, index) => takeOut(item, names, [...at, index], entry));
  }
  const [name, ...rest] = names;
  if (node.kind !== "table" || name === undefined) return [];
  const child = node.entries.get(name);
  if (child === undefined) return [];
  const path = [...at, name];
  if (rest.length > 0) return takeOut(child, rest, path, entry);
  node.entries.delete(name);
  const value = toPlain(child);
  const isEmptyTable = child.kind === "table" && child.entries.size === 0;
  if (isEmptyTable || isDeepStrictEqual(value, entry.off)) return [];
  const { file, line } = child;
  return [{ file, line, key: formatPath(path), message: refusal(entry) }];
}

function refusal({ why, off }: PlannedKey): string {
  return off === undefined
    ? `${why}; leave this key out`
    : `${why}, must be ${JSON.stringify(off)} or left out`;
}
