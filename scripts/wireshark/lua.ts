/** Small pieces of Lua. */

import type { NumberNames } from "../../shared/wire/field.ts";

/** Text of our own tables; control characters stand in none of them. */
export function luaString(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** `{ [0] = "…", [1] = "…" }`, each on a line of its own. */
export function luaNumberNames(names: NumberNames): string {
  const lines = Object.entries(names).map(
    ([number, name]) => `  [${number}] = ${luaString(name)},`,
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n}`;
}
