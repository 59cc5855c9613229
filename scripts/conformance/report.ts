/** Puts rows, citations and results together: which rows are proved, set aside or open. */

import type { Citation, RunIds } from "./citations.ts";
import type { Level, Requirement } from "./tables.ts";

/**
 * `proved` needs a test that ran and passed; `cited` is a test that has not run (or whose id never
 * reached a test's name); `failed` a test that ran and failed; `excepted` has a reason on record.
 */
export type State = "proved" | "cited" | "failed" | "excepted" | "open";

export interface Row extends Requirement {
  readonly state: State;
  /** Of an excepted row. */
  readonly reason: string | undefined;
}

export interface Assessment {
  readonly rows: readonly Row[];
  /** Mistakes in the tests or the exceptions: `make conformance` fails on them. */
  readonly errors: readonly string[];
  /** Whether results of a run were there. */
  readonly ran: boolean;
  readonly stale: boolean;
}

export function assess(
  requirements: ReadonlyMap<string, Requirement>,
  exceptions: ReadonlyMap<string, string>,
  citations: readonly Citation[],
  results: RunIds | undefined,
): Assessment {
  const errors: string[] = [];
  for (const { id, file, line } of citations) {
    if (!requirements.has(id)) errors.push(`${file}:${line}: no such requirement: ${id}`);
  }
  const cited = new Set(citations.map((citation) => citation.id));
  const citedAtAll = new Set([...cited, ...(results?.proved ?? []), ...(results?.failed ?? [])]);
  for (const id of citedAtAll) {
    if (!cited.has(id) && !requirements.has(id)) errors.push(`no such requirement: ${id}`);
  }
  for (const id of exceptions.keys()) {
    if (!requirements.has(id)) errors.push(`exceptions.tsv: no such requirement: ${id}`);
    if (citedAtAll.has(id)) errors.push(`exceptions.tsv: ${id} is cited by a test; take it out`);
  }
  const rows = [...requirements.values()].map((row): Row => {
    const state = stateOf(row.id, exceptions, cited, results);
    return { ...row, state, reason: exceptions.get(row.id) };
  });
  return { rows, errors, ran: results !== undefined, stale: results?.stale ?? false };
}

function stateOf(
  id: string,
  exceptions: ReadonlyMap<string, string>,
  cited: ReadonlySet<string>,
  results: RunIds | undefined,
): State {
  if (results?.failed.has(id)) return "failed";
  if (results?.proved.has(id)) return "proved";
  if (exceptions.has(id)) return "excepted";
  return cited.has(id) ? "cited" : "open";
}

export interface Tally {
  readonly total: number;
  readonly proved: number;
  readonly cited: number;
  readonly failed: number;
  readonly excepted: number;
  readonly open: number;
}

export function tally(rows: readonly Row[]): Tally {
  const counts = { total: rows.length, proved: 0, cited: 0, failed: 0, excepted: 0, open: 0 };
  for (const row of rows) counts[row.state]++;
  return counts;
}

export interface Line {
  readonly rfc: string;
  /** `undefined`: the whole RFC, each row once. */
  readonly role: string | undefined;
  readonly must: Tally;
  readonly should: Tally;
}

const ROLE_ORDER = ["codec", "FA", "MN", "HA"];

const isMust = (level: Level): boolean => level === "MUST" || level === "MUST NOT";
const isShould = (level: Level): boolean => level === "SHOULD" || level === "SHOULD NOT";

function lineOf(rfc: string, role: string | undefined, rows: readonly Row[]): Line {
  return {
    rfc,
    role,
    must: tally(rows.filter((row) => isMust(row.level))),
    should: tally(rows.filter((row) => isShould(row.level))),
  };
}

/** For each RFC in table order: a line for the whole, then one for each role. */
export function summarize(rows: readonly Row[]): Line[] {
  const lines: Line[] = [];
  for (const [rfc, ofRfc] of groupBy(rows, (row) => [row.rfc])) {
    lines.push(lineOf(rfc, undefined, ofRfc));
    const byRole = [...groupBy(ofRfc, (row) => row.roles)];
    byRole.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
    for (const [role, ofRole] of byRole) lines.push(lineOf(rfc, role, ofRole));
  }
  return lines;
}

function rank(role: string): number {
  const index = ROLE_ORDER.indexOf(role);
  return index < 0 ? ROLE_ORDER.length : index;
}

function groupBy(rows: readonly Row[], keys: (row: Row) => readonly string[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const key of keys(row)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
    }
  }
  return groups;
}

/** Rows a test still has to prove, MAYs left out (nobody has to do them). */
export function openRows(rows: readonly Row[], rfcs: readonly string[]): Row[] {
  return rows.filter(
    (row) =>
      rfcs.includes(row.rfc) &&
      row.level !== "MAY" &&
      row.state !== "proved" &&
      row.state !== "excepted",
  );
}
