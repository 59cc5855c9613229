/** `make conformance`: which of the RFCs' requirements the tests prove, and which are open. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gatherCitations, loadResults } from "./conformance/citations.ts";
import { printMarkdown, printOpen, printSummary } from "./conformance/print.ts";
import { assess, openRows, summarize } from "./conformance/report.ts";
import { loadExceptions, loadRequirements } from "./conformance/tables.ts";

const USAGE = `usage: conformance [--open RFC[,RFC...]] [--all] [--json] [--markdown FILE]
                   [--results FILE] [--root FOLDER]
  --open      list the rows of these RFCs that are not proved
  --all       show the RFCs no test touches, too
  --json      everything as one JSON object
  --markdown  write the reference page instead (from the sources, not from a run)
  --results   what the last run wrote (default: build/test-results.jsonl)`;

const { values } = parseArgs({
  options: {
    open: { type: "string" },
    all: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    markdown: { type: "string" },
    results: { type: "string", default: "build/test-results.jsonl" },
    root: { type: "string", default: "." },
    help: { type: "boolean", default: false },
  },
});

function main(): number {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { root } = values;
  const results = values.markdown === undefined ? loadResults(root, values.results) : undefined;
  const requirements = loadRequirements(root);
  const assessment = assess(requirements, loadExceptions(root), gatherCitations(root), results);
  const rfcs = values.open?.split(",") ?? [];
  const unknown = rfcs.filter((rfc) => !assessment.rows.some((row) => row.rfc === rfc));
  if (unknown.length > 0) {
    console.error(`no requirements of: ${unknown.join(", ")}`);
    return 2;
  }

  if (values.markdown !== undefined) {
    const file = join(root, values.markdown);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, printMarkdown(assessment));
  } else if (values.json) {
    const open = openRows(assessment.rows, rfcs);
    console.log(JSON.stringify({ ...assessment, summary: summarize(assessment.rows), open }));
  } else {
    console.log(printSummary(assessment, values.all));
    if (rfcs.length > 0) console.log(`\n${printOpen(assessment, rfcs)}`);
  }
  for (const error of assessment.errors) console.error(`error: ${error}`);
  return assessment.errors.length > 0 ? 1 : 0;
}

process.exitCode = main();
