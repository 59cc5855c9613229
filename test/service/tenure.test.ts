/** What another machine has kept is taken over in portions, between which the loop goes on. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Journal } from "../../shared/service/runtime/journal.ts";
import { Problems } from "../../shared/service/runtime/problems.ts";
import { Tenure } from "../../shared/service/runtime/tenure.ts";
import { temporaryDirectory } from "./support.ts";
import { ToyClock } from "./toy-clock.ts";
import { ToyCore } from "./toy-core.ts";

const log = { takes: () => true, write: () => undefined, setConfig: () => undefined };
const ENTRIES = Array.from({ length: 5001 }, (_, i) => [`key/${i}`, i] as const);

function tenureOf(directory: string) {
  const core = new ToyCore();
  const tenure = new Tenure({
    core,
    store: new Journal(join(directory, "toy.journal")),
    problems: new Problems(log),
    clock: new ToyClock(),
    waitsForDisk: true,
    carryOut: () => undefined,
    forward: () => undefined,
    overslept: undefined,
  });
  const portions = () => core.events.flatMap((event) => (event.type === "restore" ? [event] : []));
  return { tenure, portions };
}

test("a takeover: portions, a turn each, the last of which says that it is one", async (t) => {
  const { tenure, portions } = tenureOf(temporaryDirectory(t));
  let turns = 0;
  const immediate = setImmediate(() => turns++);
  assert.equal(await tenure.restore(ENTRIES, true), true);
  clearImmediate(immediate);
  assert.equal(turns, 1);
  assert.deepEqual(
    portions().flatMap(({ entries }) => entries),
    ENTRIES,
  );
  assert.ok(portions().length > 2);
  assert.deepEqual(
    portions().map(({ isTakeover }) => isTakeover === true),
    portions().map((_, i) => i === portions().length - 1),
  );
});

test("what this machine itself has kept comes at once, before anything else can", (t) => {
  const { tenure, portions } = tenureOf(temporaryDirectory(t));
  void tenure.restore(ENTRIES, false);
  assert.deepEqual(
    portions().map(({ entries }) => entries.length),
    [ENTRIES.length],
  );
});

test("a tenure that ends in the midst of it takes no more", async (t) => {
  const { tenure, portions } = tenureOf(temporaryDirectory(t));
  const restored = tenure.restore(ENTRIES, true);
  tenure.end();
  assert.equal(await restored, false);
  assert.equal(portions().length, 1);
});
