/** A simulator that finds nothing may be blind: nodes that break a rule must be found out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HANDOVER_MISBEHAVIOURS } from "./handover-misbehaviour.ts";
import { MISBEHAVIOURS } from "./misbehaviour.ts";
import { runSimulation, SimulationFailure } from "./simulation.ts";

/** How many seeds a rare one may take to be found. */
const MOST_SEEDS = 1000;

for (const { what, tamper, verdict, form, from = 1 } of [
  ...MISBEHAVIOURS,
  ...HANDOVER_MISBEHAVIOURS,
]) {
  test(`simulation: a node that ${what} is found out`, (t) => {
    for (let seed = from; seed < from + MOST_SEEDS; seed++) {
      try {
        runSimulation({ seed, tamper, form });
      } catch (error) {
        assert.ok(error instanceof SimulationFailure, String(error));
        assert.match(error.message, verdict);
        assert.match(error.message, new RegExp(`replay with: make sim SEED=${seed}[ \n]`));
        t.diagnostic(`seed ${seed}`);
        return;
      }
    }
    assert.fail(`not found in ${MOST_SEEDS} runs`);
  });
}
