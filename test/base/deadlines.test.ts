import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Deadlines } from "../../shared/base/deadlines.ts";
import type { Instant } from "../../shared/base/time.ts";

const at = (ms: number) => ms as Instant;

test("deadlines agree with a plain map, whatever is set, moved, dropped and taken", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("set" as const), key: fc.nat(20), at: fc.nat(100) }),
    fc.record({ op: fc.constant("delete" as const), key: fc.nat(20) }),
    fc.record({ op: fc.constant("take" as const), now: fc.nat(100) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const deadlines = new Deadlines<number>();
      const model = new Map<number, number>();
      for (const each of steps) {
        if (each.op === "set") {
          deadlines.set(each.key, at(each.at));
          model.set(each.key, each.at);
        } else if (each.op === "delete") {
          deadlines.delete(each.key);
          model.delete(each.key);
        } else {
          const due = [...model].filter(([, deadline]) => deadline <= each.now);
          assert.deepEqual(
            deadlines.takeDue(at(each.now)).sort((a, b) => a - b),
            due.map(([key]) => key).sort((a, b) => a - b),
          );
          for (const [key] of due) model.delete(key);
        }
        assert.equal(deadlines.size, model.size);
        const earliest = model.size === 0 ? undefined : Math.min(...model.values());
        assert.equal(deadlines.next(), earliest);
      }
    }),
  );
});

test("due keys come earliest first", () => {
  const deadlines = new Deadlines<string>();
  for (const [key, ms] of Object.entries({ c: 30, a: 10, d: 40, b: 20 })) {
    deadlines.set(key, at(ms));
  }
  deadlines.set("a", at(35));
  assert.deepEqual(deadlines.takeDue(at(35)), ["b", "c", "a"]);
  assert.equal(deadlines.next(), 40);
});

test("a deadline that only moves away, as with renewals, fires once and in its new place", () => {
  const deadlines = new Deadlines<string>();
  for (let round = 0; round < 100; round++) {
    for (const key of ["a", "b", "c"]) deadlines.set(key, at(10 + round));
  }
  deadlines.set("a", at(500));
  assert.deepEqual(deadlines.takeDue(at(108)), []);
  assert.deepEqual(deadlines.takeDue(at(109)).sort(), ["b", "c"]);
  assert.equal(deadlines.next(), 500);
  assert.deepEqual(deadlines.takeDue(at(500)), ["a"]);
  assert.equal(deadlines.next(), undefined);
});
