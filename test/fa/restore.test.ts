/** What the journal brings back after a crash. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant, WallTime } from "../../shared/base/time.ts";
import { Bench } from "./harness.ts";

const visitorKey = "visitor/198.51.100.1/10.1.0.7";

test("after a crash the journal brings registered visitors back, with what is left of their time", () => {
  const bench = Bench.up();
  const persisted = bench.register().filter((effect) => effect.type === "persist");
  const entries = persisted.map(({ key, value }) => [key, value] as const);
  const later = Bench.up();
  later.now = { monotonic: 5_000_000 as Instant, wall: bench.now.wall };
  later.pass(100);
  assert.deepEqual(later.agent.handle({ type: "restore", entries }, later.now), []);
  assert.equal(later.visitors()[0]?.lifetime_remaining, 500);
  assert.deepEqual(later.forwarded(), bench.forwarded());

  const tooLate = Bench.up();
  tooLate.pass(601);
  const dropped = tooLate.agent.handle({ type: "restore", entries }, tooLate.now);
  assert.deepEqual(dropped, [{ type: "persist", key: visitorKey, value: null }]);
  assert.deepEqual(tooLate.visitors(), []);
});

test("a wall clock that stepped back does not lengthen what the home agent granted", () => {
  const bench = Bench.up();
  const persisted = bench.register().filter((effect) => effect.type === "persist");
  const entries = persisted.map(({ key, value }) => [key, value] as const);
  const stepped = Bench.up();
  stepped.now = { ...stepped.now, wall: (bench.now.wall - 1000) as WallTime };
  const dropped = stepped.agent.handle({ type: "restore", entries }, stepped.now);
  assert.deepEqual(dropped, [{ type: "persist", key: visitorKey, value: null }]);
  assert.deepEqual(stepped.visitors(), []);
});

test("a journal that is not ours is dropped, never fatal", () => {
  const bench = Bench.up();
  for (const value of [null, 5, "x", [], {}, { home_address: "10.1.0.7" }]) {
    const entries = [[visitorKey, value]] as const;
    const effects = bench.agent.handle({ type: "restore", entries }, bench.now);
    assert.deepEqual(effects, [{ type: "persist", key: visitorKey, value: null }]);
  }
});

test("a record under the key that visitors had before is read, and written under today's", () => {
  const bench = Bench.up();
  const [record] = bench.register().flatMap((e) => (e.type === "persist" ? [e.value] : []));
  assert(record !== undefined);
  const later = Bench.up();
  const old = "visitor/10.1.0.7";
  const restore = { type: "restore", entries: [[old, record]] } as const;
  const effects = later.agent.handle(restore, bench.now);
  assert.deepEqual(
    effects.map((effect) => (effect.type === "persist" ? [effect.key, effect.value === null] : [])),
    [
      [old, true],
      [visitorKey, false],
    ],
  );
  assert.deepEqual(later.forwarded(), bench.forwarded());
});

test("a visitor of a link or a care-of address that is no longer served is not brought back", () => {
  const bench = Bench.up();
  const [value] = bench.register().flatMap((e) => (e.type === "persist" ? [e.value] : []));
  assert(value !== undefined && value !== null && typeof value === "object");
  for (const change of [{ interface: "lan9" }, { care_of_address: "192.0.2.99" }]) {
    const later = Bench.up();
    const entries = [[visitorKey, { ...value, ...change }]] as const;
    const effects = later.agent.handle({ type: "restore", entries }, later.now);
    assert.deepEqual(effects, [{ type: "persist", key: visitorKey, value: null }]);
    assert.equal(later.counter("journal-records-dropped"), 1);
  }
});
