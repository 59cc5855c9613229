/** The layers of docs/architecture.md, and what must not stand in a source file. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { countCodeLines } from "../../scripts/source-tokens.ts";
import { judgeFile, MAX_CODE_LINES } from "./bans.ts";
import { judgeEdge, layerOf, PURE_LAYERS } from "./layers.ts";
import { importsOf, parseSource, readSourceTree } from "./source-tree.ts";

const files = readSourceTree(".");
const edges = files.flatMap(importsOf);

/** Fewer would mean that the test has gone blind, not that the project has shrunk. */
const LEAST_EDGES = 200;
const WORTH_A_LOOK = 200;

const none = (violations: readonly (string | undefined)[]): void =>
  assert.deepEqual(
    violations.filter((violation) => violation !== undefined),
    [],
  );

test("architecture: imports go downwards only", () => {
  assert.ok(edges.length >= LEAST_EDGES, `only ${edges.length} imports found`);
  none(edges.map(judgeEdge));
});

test("architecture: every import of a project file names a file that exists", () => {
  const local = edges.filter(({ to }) => to.endsWith(".ts"));
  none(local.map(({ from, to }) => (existsSync(to) ? undefined : `${from}: no such file: ${to}`)));
});

test("architecture: every layer has files, and every file a layer", () => {
  const seen = new Set(files.map((file) => layerOf(file.path)));
  assert.ok(!seen.has(undefined));
  for (const layer of PURE_LAYERS) assert.ok(seen.has(layer), layer);
});

test("architecture: no file holds what is banned, or more than it should", (t) => {
  for (const file of files) {
    const lines = countCodeLines(file.tokens);
    if (lines > WORTH_A_LOOK)
      t.diagnostic(`${file.path}: ${lines} of ${MAX_CODE_LINES} code lines`);
  }
  none(files.flatMap(judgeFile));
});

/** Files that break one rule each, and what must be said about them. */
const BAD_IMPORTS: readonly (readonly [path: string, text: string, complaint: RegExp])[] = [
  ["shared/wire/a.ts", 'import { x } from "../security/x.ts";', /wire must not import security/],
  ["shared/base/a.ts", 'export * from "../wire/x.ts";', /base must not import wire/],
  [
    "fa/core/a.ts",
    'import type { X } from "../../shared/linux/x.ts";',
    /core must not import linux/,
  ],
  ["fa/core/a.ts", 'import { x } from "../../mn/core/x.ts";', /must not import one another/],
  ["fa/a.ts", 'import { x } from "../ha/x.ts";', /must not import one another/],
  ["ha/core/a.ts", 'import { readFileSync } from "node:fs";', /pure code has no packages/],
  ["shared/protocol/a.ts", 'import * as z from "zod";', /pure code has no packages/],
  [
    "shared/wire/a.ts",
    'import { createHash } from "node:crypto";',
    /wire must not import node:cry/,
  ],
  [
    "shared/service/a.ts",
    'const x = await import("../../fa/core/x.ts");',
    /service must not import/,
  ],
  ["shared/forwarding/plan.ts", 'import "./tun/x.ts";', /forwarding must not import driver/],
  ["shared/linux/a.ts", 'import { x } from "../../test/x.ts";', /nothing that ships depends/],
  ["shared/elsewhere/a.ts", 'import { x } from "../base/x.ts";', /belongs to no layer/],
];

test("architecture: a wrong import is found, and the reason is given", () => {
  for (const [path, text, complaint] of BAD_IMPORTS) {
    const found = importsOf(parseSource(path, `// from "x"\n${text}`));
    assert.equal(found.length, 1, text);
    assert.match(found.map(judgeEdge).join(), complaint);
  }
  const fine = parseSource("shared/security/a.ts", 'import { createHmac } from "node:crypto";');
  assert.deepEqual(importsOf(fine).map(judgeEdge), [undefined]);
});

const BAD_FILES: readonly (readonly [path: string, text: string, complaint: RegExp])[] = [
  ["fa/core/a.ts", "const t = Date.now();", /fa\/core\/a\.ts:1: Date: time comes in/],
  ["mn/core/a.ts", "const t = new Date();", /Date: /],
  ["shared/wire/a.ts", "setTimeout(f, 1);", /setTimeout: a deadline is state/],
  ["shared/base/a.ts", "const r = Math.random();", /Math\.random: dice/],
  ["shared/forwarding/plan.ts", "if (process.env.X) f();", /process: pure code/],
  ["ha/core/a.ts", "Buffer.alloc(1);", /Buffer: octets/],
  ["shared/protocol/a.ts", "console.log(performance.now());", /console: .*\n.*performance: /],
  ["shared/security/a.ts", 'import { createHash, randomBytes } from "node:crypto";', /randomBytes/],
  ["mn/main.ts", "const x = y as any;", /as any: /],
  ["mn/main.ts", `// ${"TO"}DO: later`, /belongs in an issue/],
  ["mn/main.ts", `// @ts-${"ignore"}`, /hides every error/],
  ["test/a.ts", `const x = "/${"home"}/me/x";`, /a path of one machine/],
  ["test/a.test.ts", 'test.only("x", f);', /only: a test that does not run/],
  ["test/a.test.ts", 'test("x", { skip: true }, f);', /skip: a test that does not run/],
  ["fa/a.ts", "f();\n".repeat(MAX_CODE_LINES + 1), /301 code lines/],
];

test("architecture: what is banned is found, and the reason is given", () => {
  for (const [path, text, complaint] of BAD_FILES) {
    assert.match(judgeFile(parseSource(path, text)).join("\n"), complaint, text);
  }
});

test("architecture: words in comments, in strings and as members are no offence", () => {
  const innocent = [
    "// Date.now() and process.env",
    'const a = "Date.now() /homely as any";',
    "const b = `setTimeout as any`;",
    "const c = packet.process + x?.fetch;",
    "const d = 6 / 2 / 1;",
    "// \n".repeat(MAX_CODE_LINES + 1),
  ];
  assert.deepEqual(judgeFile(parseSource("fa/core/a.ts", innocent.join("\n"))), []);
});
