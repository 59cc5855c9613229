/** The real cores on the virtual network, over a fixed set of seeds; `make sim` takes others. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "./plan.ts";
import { type RunResult, runSimulation } from "./simulation.ts";
import { FAULT_KINDS } from "./trouble.ts";

const SEEDS = 30;
const HANDOVER_SEEDS = 8;

test("simulation: safe at every step of the trouble, and at rest after it, for each seed", (t) => {
  const results: RunResult[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) results.push(runSimulation({ seed }));
  const accepted = results.reduce((sum, result) => sum + result.accepted, 0);
  const slowest = Math.max(...results.map((result) => result.restAfter));
  t.diagnostic(`seeds 1-${SEEDS}: ${accepted} registrations, at rest after at most ${slowest} s`);
  // Runs in which nothing happened would prove nothing.
  assert.ok(accepted > 10 * SEEDS, `only ${accepted} registrations`);
  const revoked = results.reduce((sum, result) => sum + result.revoked, 0);
  assert.ok(revoked > SEEDS / 2, `only ${revoked} revocations`);
  const handovers = results.reduce((sum, result) => sum + result.handovers, 0);
  assert.ok(handovers > SEEDS / 2, `only ${handovers} fast handovers`);
  for (const kind of FAULT_KINDS) {
    assert.ok(
      results.some(({ faults }) => (faults.get(kind) ?? 0) > 0),
      `no ${kind} in any run`,
    );
  }
});

test("simulation: one fast handover after the other, agents that crash and nodes that go on before they have arrived: no circle, nothing kept for ever, no packets for another node, and rest at the end [4988-7-03]", (t) => {
  const results: RunResult[] = [];
  for (let seed = 1; seed <= HANDOVER_SEEDS; seed++) {
    results.push(runSimulation({ seed, form: "handovers" }));
  }
  const handovers = results.reduce((sum, result) => sum + result.handovers, 0);
  t.diagnostic(`seeds 1-${HANDOVER_SEEDS}: ${handovers} fast handovers`);
  const happens = (is: (plan: Plan) => boolean): boolean =>
    results.some(({ plan, handovers: count }) => is(plan) && count > 0);
  assert.ok(happens(({ coLocatedHandovers }) => coLocatedHandovers === "given"));
  assert.ok(happens(({ assignsAddresses }) => assignsAddresses));
  assert.ok(handovers > 10 * HANDOVER_SEEDS, `only ${handovers} fast handovers`);
});

test("simulation: the same seed is the same run", () => {
  const [first, second] = [runSimulation({ seed: 4711 }), runSimulation({ seed: 4711 })];
  assert.deepEqual(first, second);
  assert.notEqual(first.steps, runSimulation({ seed: 4712 }).steps);
});
