/** What only the start has needed is given back (shared/service/runtime/give-back.ts). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { giveBack } from "../../shared/service/runtime/give-back.ts";

/** Of many small objects one in 64: every page of memory is still in use, and nearly empty. */
function rest(): object[] {
  const all = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `x${index}` }));
  return all.filter(({ index }) => index % 64 === 0);
}

/** Octets of the old generation: had from the system, and in use. */
function oldGeneration() {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space");
  assert.ok(space !== undefined);
  return { size: space.space_size, used: space.space_used_size };
}

test("memory of objects that have gone is the system's again, though others stood between them", async () => {
  const kept = rest();
  await setImmediate();
  const before = oldGeneration();
  giveBack();
  const after = oldGeneration();
  assert.equal(kept.length, 6250);
  assert.ok(after.used < before.used / 2, `in use: ${before.used}, then ${after.used}`);
  // A collection that moves nothing leaves 16 MB.
  assert.ok(after.size - after.used < 4e6, `in use: ${after.used} of ${after.size}`);
});
