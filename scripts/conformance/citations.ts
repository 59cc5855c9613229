/** Which requirement ids the tests cite, in the source and in the results of a run. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { tokenize } from "../source-tokens.ts";

/** `5944-3.7.2-05`, `6245e-2-01`, `D-radius-1-03`: enough to know that an id was meant. */
const LOOKS_LIKE_ID = /^(?:\d{4}e?|D(?:-[a-z][a-z0-9]*)+)-[\w.]+-\d+$/;

/** The ids in square brackets, `[5944-3.7.2-05, 5944-3.7.2-06]`; other brackets mean nothing. */
export function idsIn(name: string): string[] {
  const ids: string[] = [];
  for (const [, inside = ""] of name.matchAll(/\[([^[\]]*)\]/g)) {
    const items = inside.split(/[\s,]+/).filter((item) => item !== "");
    if (items.some((item) => LOOKS_LIKE_ID.test(item))) ids.push(...items);
  }
  return ids;
}

export interface Citation {
  readonly id: string;
  readonly file: string;
  readonly line: number;
}

/**
 * Ids in the string and template literals of one test file, not in its comments. Any literal
 * counts here, because the name of a table-driven test stands in its table.
 */
export function citationsInSource(source: string, file: string): Citation[] {
  return tokenize(source)
    .filter((token) => token.kind === "string" || token.kind === "template")
    .flatMap((token) => idsIn(token.text).map((id) => ({ id, file, line: token.line })));
}

/** Every `*.test.ts` below `test`, relative to the root, in order. */
export function testFiles(root: string): string[] {
  return readdirSync(join(root, "test"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

export function gatherCitations(root: string): Citation[] {
  return testFiles(root).flatMap((file) =>
    citationsInSource(readFileSync(join(root, file), "utf8"), file),
  );
}

/** What a run of the tests said about the ids: a test's line as scripts/test-reporter.ts writes it. */
export interface RunIds {
  /** Cited by a test that passed, and by none that failed. */
  readonly proved: ReadonlySet<string>;
  /** Cited by a test that failed. */
  readonly failed: ReadonlySet<string>;
  /** Test files changed since: the results may be out of date. */
  readonly stale: boolean;
}

export function parseResults(text: string): Omit<RunIds, "stale"> {
  const passed = new Set<string>();
  const failed = new Set<string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const result: unknown = JSON.parse(line);
    if (typeof result !== "object" || result === null) continue;
    if (!("name" in result) || typeof result.name !== "string" || !("status" in result)) continue;
    const ids = idsIn(result.name);
    // A skipped test proves nothing and refutes nothing.
    if (result.status === "pass") for (const id of ids) passed.add(id);
    if (result.status === "fail") for (const id of ids) failed.add(id);
  }
  return { proved: new Set([...passed].filter((id) => !failed.has(id))), failed };
}

/** `undefined` when no run has left results. */
export function loadResults(root: string, path: string): RunIds | undefined {
  const written = statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return undefined;
  const stale = testFiles(root).some((file) => statSync(join(root, file)).mtimeMs > written);
  return { ...parseResults(readFileSync(join(root, path), "utf8")), stale };
}
