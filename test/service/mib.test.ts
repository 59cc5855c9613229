/** The Mobile IP MIB (RFC 2006): each scalar has a counter, a key of the status, or another place. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FA_MIB } from "../../fa/mib.ts";
import { HA_MIB } from "../../ha/mib.ts";
import { MN_MIB } from "../../mn/mib.ts";
import type { MibObject } from "../../shared/service/metrics/mib.ts";

/** Name, kind, syntax and roles of each object. */
const OBJECTS = readFileSync("test/conformance/requirements/mib-objects.tsv", "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [, name = "", , kind = "", syntax = "", , , , , roles = ""] = line.split("\t");
    return { name, kind, syntax, roles: roles.split(",") };
  });
const TABLES = { FA: FA_MIB, HA: HA_MIB, MN: MN_MIB } as const;

for (const role of ["FA", "HA", "MN"] as const) {
  const table: readonly MibObject[] = TABLES[role];

  test(`RFC 2006: the table of the ${role} has every scalar of its groups, once, and no other`, () => {
    const scalars = OBJECTS.filter((row) => row.kind === "scalar" && row.roles.includes(role));
    assert.ok(scalars.length > 10);
    const names = table.map(({ object }) => object);
    assert.deepEqual([...names].sort(), scalars.map(({ name }) => name).sort());
  });

  test(`RFC 2006: what counts at the ${role} is told by counters`, () => {
    const counted = new Set(
      OBJECTS.filter(({ syntax }) => syntax === "Counter32").map(({ name }) => name),
    );
    for (const row of table) {
      if ("counters" in row) {
        assert.ok(row.counters.length > 0 && counted.has(row.object), row.object);
      } else if (role === "FA") {
        assert.ok(!counted.has(row.object), `${row.object} is a counter`);
      }
    }
  });
}
