/** Two clocks out of three: sleep counts as time, and setting the wall clock does not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../../shared/service/runtime/clock.ts";

function machine() {
  const at = { monotonic: 5000, wall: 1.8e12, boot: 90 };
  let asked = 0;
  const clock = createClock({
    monotonic: () => at.monotonic,
    wall: () => at.wall,
    boot: () => {
      asked++;
      return at.boot;
    },
  });
  const start = clock.now().monotonic;
  return {
    passed: (): number => clock.now().monotonic - start,
    wall: (): number => clock.now().wall,
    asked: (): number => asked - 1,
    run: (ms: number): void => {
      at.monotonic += ms;
      at.wall += ms;
      at.boot += ms / 1000;
    },
    sleep: (ms: number): void => {
      at.wall += ms;
      at.boot += ms / 1000;
    },
    set: (ms: number): void => {
      at.wall += ms;
    },
  };
}

test("clock: time passes, and the third clock is not asked", () => {
  const it = machine();
  for (let i = 0; i < 100; i++) {
    it.run(1000);
    it.passed();
  }
  assert.equal(it.passed(), 100_000);
  assert.equal(it.asked(), 0);
});

test("clock: a sleep counts as time", () => {
  const it = machine();
  it.run(1000);
  it.sleep(3_600_000);
  assert.equal(it.passed(), 3_601_000);
  it.run(500);
  it.sleep(60_000);
  assert.equal(it.passed(), 3_661_500);
  assert.equal(it.asked(), 2);
});

test("clock: the wall clock that is set, forwards or back, is no time that passed", () => {
  const it = machine();
  const wall = it.wall();
  it.set(7_200_000);
  it.run(100);
  assert.equal(it.passed(), 100);
  assert.equal(it.wall() - wall, 7_200_100);
  it.set(-9_000_000);
  assert.equal(it.passed(), 100);
});

test("clock: set while it slept: each has its share", () => {
  const it = machine();
  it.sleep(600_000);
  it.set(-86_400_000);
  assert.equal(it.passed(), 600_000);
});
