/** Writes configuration files: just the TOML that the programs' files need. */

import { assert } from "../../shared/base/result.ts";

type TomlValue = string | number | boolean | readonly (string | number)[];
export interface TomlTable {
  readonly [key: string]: TomlValue | TomlTable | readonly TomlTable[];
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTables(value: unknown): value is readonly TomlTable[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

function body(table: TomlTable, path: string): string[] {
  const own: string[] = [];
  const nested: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    assert(/^[a-z_]+$/.test(key), `not a key: ${key}`);
    const name = path === "" ? key : `${path}.${key}`;
    if (isTables(value)) {
      for (const row of value) nested.push("", `[[${name}]]`, ...body(row, name));
    } else if (isTable(value)) {
      nested.push("", `[${name}]`, ...body(value, name));
    } else {
      own.push(`${key} = ${JSON.stringify(value)}`); // same form in JSON and TOML
    }
  }
  return [...own, ...nested];
}

export function toToml(table: TomlTable): string {
  return `${body(table, "").join("\n").trim()}\n`;
}

/** One table over another: nested tables are merged, everything else is replaced. */
export function mergeToml(base: TomlTable, over: TomlTable): TomlTable {
  const out: Record<string, TomlTable[string]> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = base[key];
    out[key] = isTable(value) && isTable(below) ? mergeToml(below, value) : value;
  }
  return out;
}
