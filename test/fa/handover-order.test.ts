/** Fast handovers: what a node sends keeps its order when it is registered by the new router. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arrive,
  carry,
  fastHandover,
  itemOf,
  NEXT,
  nodeRouter,
  pair,
  predict,
} from "./handover-harness.ts";
import { HOME, oneSend } from "./harness.ts";

const OWN = "own/10.1.0.7";
const { limits } = fastHandover;
const own = (hold: boolean) => ({ kind: "outgoing", address: HOME, hold, limits });

/** A guest that has told so, whose previous router answers after so many seconds, registers. */
function register(seconds: number | undefined, flags = 0x02) {
  const { par, nar } = pair();
  predict(par, nar);
  const relayed = oneSend(arrive(nar));
  if (seconds !== undefined) {
    nar.run(seconds);
    par.pass(1);
    carry(nar, oneSend(carry(par, relayed)));
  }
  nar.pass(1);
  const fields = { careOfAddress: NEXT, flags };
  const event = { destination: NEXT };
  const request = oneSend(nar.request({ foreignContext: nodeRouter, fields, event }));
  assert.equal(itemOf(nar, OWN), undefined);
  nar.reply({ ...request, source: NEXT });
  return nar;
}

test("once it is registered, what a node sends by its own tunnel waits for what is on the detour: a round trip to the previous router and 5 ms", () => {
  const nar = register(0.02);
  assert.deepEqual(itemOf(nar, OWN), own(true));
  nar.run(0.024);
  assert.deepEqual(itemOf(nar, OWN), own(true));
  nar.run(0.001);
  assert.deepEqual(itemOf(nar, OWN), own(false));
  nar.run(10.1);
  assert.equal(itemOf(nar, OWN), undefined);
});

test("the detour is waited for 50 ms at most, and 5 ms where its length is not known", () => {
  for (const [seconds, wait] of [
    [undefined, 0.005],
    [0.3, 0.05],
  ] as const) {
    const nar = register(seconds);
    nar.run(wait - 0.001);
    assert.deepEqual(itemOf(nar, OWN), own(true), `${seconds}`);
    nar.run(0.001);
    assert.deepEqual(itemOf(nar, OWN), own(false), `${seconds}`);
  }
});

test("without a reverse tunnel the kernel forwards what a node sends, and nothing of it waits", () => {
  assert.equal(itemOf(register(0.02, 0), OWN), undefined);
});

test("RFC 4988 §4.2: a second registration while the handover lasts makes nothing wait again", () => {
  const nar = register(0.02);
  nar.run(0.025);
  const fields = { careOfAddress: NEXT, flags: 0x02 };
  const event = { destination: NEXT };
  nar.pass(1);
  const request = oneSend(nar.request({ foreignContext: nodeRouter, fields, event }));
  nar.reply({ ...request, source: NEXT });
  assert.deepEqual(itemOf(nar, OWN), own(false));
});
