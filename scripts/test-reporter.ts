/**
 * A reporter for `node --test`: the usual readable output, one closing line of counts, and a JSON
 * line for each test in build/test-results.jsonl, from which `make conformance` takes its proofs.
 */

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { pipeline, Readable } from "node:stream";
import { spec } from "node:test/reporters";

/** The part of a node:test event that is read here; the same in Node 20 to 24. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string | undefined;
    readonly skip?: string | boolean | undefined;
    readonly todo?: string | boolean | undefined;
    readonly details?: { readonly duration_ms?: number; readonly type?: string | undefined };
  };
}

/** One line of the results file. */
export interface TestResult {
  readonly name: string;
  /** Relative to the working directory; `null` when Node does not say. */
  readonly file: string | null;
  readonly status: "pass" | "fail" | "skip" | "todo";
  readonly duration_ms: number;
}

export const RESULTS_FILE = process.env.MIP4_TEST_RESULTS ?? "build/test-results.jsonl";

/** When a run of several parts began, in milliseconds since 1970; each part tells of all so far. */
const SINCE = Number(process.env.MIP4_TEST_SINCE ?? Number.NaN);

/** What a run has written to its results file. */
export function parseResults(text: string): TestResult[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as TestResult);
}

/** What earlier parts of this run have written. */
function earlierResults(): TestResult[] {
  const written = statSync(RESULTS_FILE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (!(written >= SINCE)) return [];
  return parseResults(readFileSync(RESULTS_FILE, "utf8"));
}

/** `undefined` for everything but the end of a test; a `describe` is no test. */
export function resultOf(event: TestEvent): TestResult | undefined {
  const { type, data } = event;
  if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") {
    return undefined;
  }
  return {
    name: data.name ?? "",
    file: data.file === undefined ? null : relative(process.cwd(), data.file),
    status: statusOf(event),
    duration_ms: Math.round(data.details?.duration_ms ?? 0),
  };
}

// Node marks what is skipped or to do with `true` or a reason; a bare `{ skip: "" }` counts too.
const marked = (mark: string | boolean | undefined): boolean =>
  mark !== undefined && mark !== false;

function statusOf({ type, data }: TestEvent): TestResult["status"] {
  if (marked(data.skip)) return "skip";
  if (marked(data.todo)) return "todo";
  return type === "test:pass" ? "pass" : "fail";
}

const isHelper = (file: string | null): boolean => file?.includes(".test.") === false;

export function closingLine(results: readonly TestResult[], milliseconds: number): string {
  const count = (status: TestResult["status"]): number =>
    results.filter((result) => result.status === status).length;
  // A subtest may stand in a file that is no test by itself.
  const files = new Set(results.flatMap(({ file }) => (isHelper(file) ? [] : [file]))).size;
  const todo = count("todo");
  return [
    `${results.length} tests in ${files} files: ${count("pass")} passed, ${count("fail")} failed`,
    `${count("skip")} skipped${todo > 0 ? `, ${todo} to do` : ""}`,
    `${(milliseconds / 1000).toFixed(1)} s`,
  ].join(", ");
}

export default async function* report(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  const started = Number.isNaN(SINCE) ? Date.now() : SINCE;
  const results = earlierResults();
  async function* recorded(): AsyncGenerator<TestEvent, void> {
    for await (const event of source) {
      const result = resultOf(event);
      if (result !== undefined) results.push(result);
      yield event;
    }
  }
  const human = new spec();
  // The iteration below sees a failure of either stream; the callback only has to exist.
  pipeline(Readable.from(recorded()), human, () => {});
  for await (const chunk of human) yield String(chunk);
  mkdirSync(dirname(RESULTS_FILE), { recursive: true });
  writeFileSync(RESULTS_FILE, results.map((result) => `${JSON.stringify(result)}\n`).join(""));
  yield `${closingLine(results, Date.now() - started)}\n`;
}
