/** The work of bringing the kernel to a state, turn by turn. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ForwardingError } from "../../shared/forwarding/driver.ts";
import { Turns } from "../../shared/forwarding/tun/turns.ts";

/** Turns that end when they are told to. */
function bench() {
  const done: (() => void)[] = [];
  const state = { failures: [] as string[], isMore: false, count: 0 };
  const turns: Turns = new Turns(
    async () => {
      state.count++;
      const inForce = turns.taken();
      await new Promise<void>((resolve) => done.push(resolve));
      inForce();
      return state.failures;
    },
    () => state.isMore,
  );
  const end = async (): Promise<void> => {
    done.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { turns, state, end };
}

test("turns: who waits for a state waits for the turn that takes it up, however many come after it", async () => {
  const { turns, state, end } = bench();
  const told: string[] = [];
  const first = turns.run();
  const tell = (what: string) => turns.inForce().then(() => told.push(what));
  void turns.run();
  void tell("second");
  await end();
  assert.deepEqual([told, state.count], [[], 2]);
  // Of the turn that is under way now: it has taken up no more than that.
  void turns.run();
  void tell("third");
  await end();
  assert.deepEqual([told, state.count], [["second"], 3]);
  await end();
  assert.deepEqual([told, turns.isWorking], [["second", "third"], false]);
  await first;
  await turns.inForce();
});

test("turns: one at a time; what fails rejects, is no reason to wait on, and the next call tries again", async () => {
  const { turns, state, end } = bench();
  state.failures = ["no route"];
  const run = turns.run();
  assert.equal(turns.run(), run);
  let isTold = false;
  void turns.inForce().then(() => {
    isTold = true;
  });
  const rejected = assert.rejects(run, new ForwardingError(["no route"]));
  await end();
  await end();
  await rejected;
  assert.deepEqual([isTold, state.count, turns.isWorking], [true, 2, false]);
  state.failures = [];
  const again = turns.run();
  await end();
  await again;
  assert.equal(state.count, 3);
  await turns.idle();
});

test("turns: one that breaks off lets nobody wait for ever", async () => {
  const turns: Turns = new Turns(
    () => Promise.reject(new Error("broken")),
    () => false,
  );
  const run = turns.run();
  const told = turns.inForce();
  await assert.rejects(run, /broken/);
  await told;
  assert.equal(turns.isWorking, false);
});
