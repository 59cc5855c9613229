/** The documents agree with the code: generated pages, links, counters, keys without a meaning. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
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

const WRITTEN = [
  "README.md",
  "CONTRIBUTING.md",
  "fa/README.md",
  "mn/README.md",
  "ha/README.md",
  "docs/README.md",
  "docs/start/quick-start.md",
  "docs/operating/running.md",
  "docs/operating/monitoring.md",
  "docs/operating/troubleshooting.md",
  "docs/operating/hooks.md",
  "docs/operating/fast-handover.md",
  "docs/operating/host-changes.md",
  "docs/internals/architecture.md",
  "docs/internals/forwarding.md",
  "docs/internals/wire.md",
  "packaging/wireshark/README.md",
];

test("documents: every link to a file of the project leads somewhere", () => {
  const broken = WRITTEN.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(broken, []);
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
