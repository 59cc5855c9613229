/** The reference page of the wire: every table is in it, its tables are whole, its links lead somewhere. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { wirePage } from "../../scripts/docs/wire.ts";
import { anchor } from "../../scripts/docs/wire-headings.ts";
import { controlMessages } from "../../shared/wire/control.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";

const page = wirePage();
const lines = page.split("\n");
const headings = lines.filter((line) => line.startsWith("#"));

test("wire.md: every message and every extension has a heading with its RFC", () => {
  const messages = [controlMessages, icmpMessages].flatMap(({ byName }) => [...byName.values()]);
  const extensions = messages.flatMap(({ table }) =>
    (table.extensions?.byType ?? []).flatMap((known) => known ?? []),
  );
  for (const { table } of [...messages, ...extensions]) {
    const isAbout = (heading: string): boolean =>
      heading.includes(table.name) && heading.endsWith(`(${table.rfc})`);
    assert.ok(headings.some(isAbout), `${table.name} is missing`);
  }
});

test("wire.md: no two headings are the same, and every link within the page leads to one", () => {
  const anchors = headings.map((heading) => anchor(heading.replace(/^#+ /, "")));
  assert.equal(new Set(anchors).size, anchors.length);
  const targets = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, target = ""]) => target);
  assert.ok(targets.length > 100, "the test has gone blind");
  assert.deepEqual(
    targets.filter((target) => !anchors.includes(target)),
    [],
  );
});

test("wire.md: every row has as many cells as its table's head", () => {
  const cells = (line: string): number => line.split(/(?<!\\)\|/).length - 2;
  let width = 0;
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith("|")) continue;
    if (!lines[i - 1]?.startsWith("|")) width = cells(line);
    assert.equal(cells(line), width, line);
  }
});
