/** The documents agree with the code: generated pages, links, counters, keys without a meaning. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { generatedPages } from "../../scripts/docs/pages.ts";
import { programs } from "../../scripts/docs/programs.ts";
import { readSourceTree } from "../architecture/source-tree.ts";

for (const [path, text] of generatedPages()) {
  test(`${path} is what the code says`, () => {
    const committed = existsSync(path) ? readFileSync(path, "utf8") : "";
    assert.ok(committed === text, `${path} differs from the code: run make docs`);
  });
}

type Schema = z.core.JSONSchema.JSONSchema;

/** Paths of keys that say nothing about themselves. */
function mute(schema: Schema, path: string): string[] {
  const inner = [schema.items, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  const nested = inner.flatMap((each) => (isSchema(each) ? mute(each, path) : []));
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    if (!isSchema(value)) return [];
    const here = `${path}.${key}`;
    return [...(value.description ? [] : [here]), ...mute(value, here)];
  });
  return [...own, ...nested];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

test("schema: every key says what it means", () => {
  for (const { role, schema } of programs) {
    assert.deepEqual(mute(z.toJSONSchema(schema, { io: "input" }), role), []);
  }
});

/** Pages that people write or that are made from the code, of the whole project. */
const PAGES = [
  ...readdirSync(".").filter((name) => name.endsWith(".md")),
  ...["fa", "mn", "ha", "docs", "packaging", "board-configs"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name)),
  ),
];

test("documents: every link to a file of the project leads somewhere", () => {
  const broken = PAGES.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

/** As they stand in code quotes: from the project's top, or from the folder of a program's page. */
const CODE_PATH = /`((?:core|fa|mn|ha|shared|test|scripts|packaging|board-configs)\/[\w./-]+)`/g;

test("documents: every file of the code that is named is there", () => {
  const named = PAGES.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(CODE_PATH)].map(([, path = ""]) => ({ page, path })),
  );
  assert.ok(named.length > 30, "the test has gone blind");
  assert.deepEqual(
    named.filter(({ page, path }) => !existsSync(path) && !existsSync(join(dirname(page), path))),
    [],
  );
});

/** Names given to `counters.add` or to reports; of a template the part before what varies. */
function namesIn(text: string): string[] {
  const counted = [...text.matchAll(/ounters\.add\(\s*["`]([^"`$]+)/g)];
  const reported = [...text.matchAll(/(?:\breport\(|event: )"([a-z-]+)"/g)];
  return [...counted, ...reported].map(([, name = ""]) => name);
}

test("monitoring.md: every counter and every event has its meaning there", () => {
  const page = readFileSync("docs/operating/monitoring.md", "utf8");
  const code = readSourceTree(".").filter(({ path }) =>
    /^(?:fa|mn|ha|shared\/(?!linux))/.test(path),
  );
  const names = new Set(code.flatMap(({ path }) => namesIn(readFileSync(path, "utf8"))));
  assert.ok(names.size > 50, "the test has gone blind");
  assert.deepEqual(
    [...names].filter((name) => !page.includes(`\`${name}`)),
    [],
  );
});
