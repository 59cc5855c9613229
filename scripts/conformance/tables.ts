/** The requirement tables (test/conformance/requirements) and the rows set aside, as values. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const LEVELS = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"] as const;
export type Level = (typeof LEVELS)[number];

export interface Requirement {
  /** `5944-3.7.2-05` */
  readonly id: string;
  /** `5944`, or a draft's name. */
  readonly rfc: string;
  readonly section: string;
  readonly level: Level;
  /** `all` of the table stands for FA, HA and MN. */
  readonly roles: readonly string[];
  readonly text: string;
}

/** Where the tables are, from the project's top. */
export const REQUIREMENTS_FOLDER = "test/conformance/requirements";
export const EXCEPTIONS_FILE = "test/conformance/exceptions.tsv";

/** A TSV file without its head line; every line must have as many fields as the head. */
function readTable(text: string, file: string): string[][] {
  const [head, ...lines] = text.split("\n").filter((line) => line !== "");
  const width = head?.split("\t").length ?? 0;
  return lines.map((line, index) => {
    const fields = line.split("\t");
    if (fields.length !== width) {
      throw new Error(`${file}:${index + 2}: ${fields.length} fields instead of ${width}`);
    }
    return fields;
  });
}

export function parseRequirements(text: string, file: string): Requirement[] {
  return readTable(text, file).map((fields) => {
    const [id = "", rfc = "", section = "", level = "", role = "", requirement = ""] = fields;
    const known = LEVELS.find((candidate) => candidate === level);
    if (known === undefined) throw new Error(`${file}: ${id}: no such level: ${level}`);
    const roles = role.split(",").flatMap((name) => (name === "all" ? ["FA", "HA", "MN"] : [name]));
    return { id, rfc, section, level: known, roles: [...new Set(roles)], text: requirement };
  });
}

/** Rows out of scope or true by construction: id to reason. */
export function parseExceptions(text: string, file: string): Map<string, string> {
  const exceptions = new Map<string, string>();
  for (const [id = "", reason = ""] of readTable(text, file)) {
    if (reason.trim() === "") throw new Error(`${file}: ${id}: no reason given`);
    exceptions.set(id, reason);
  }
  return exceptions;
}

/** All rows of both tables, by id, in table order. */
export function loadRequirements(root: string): Map<string, Requirement> {
  const rows = new Map<string, Requirement>();
  for (const name of ["base.tsv", "extended.tsv"]) {
    const text = readFileSync(join(root, REQUIREMENTS_FOLDER, name), "utf8");
    for (const row of parseRequirements(text, name)) {
      if (rows.has(row.id)) throw new Error(`${name}: ${row.id} is there twice`);
      rows.set(row.id, row);
    }
  }
  return rows;
}

export function loadExceptions(root: string): Map<string, string> {
  return parseExceptions(readFileSync(join(root, EXCEPTIONS_FILE), "utf8"), EXCEPTIONS_FILE);
}
