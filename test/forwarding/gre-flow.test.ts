/** The order of GRE packets with sequence numbers, on numbers instead of packets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  GreFlow,
  MAX_PERFLOW_BUFFER,
  OUTOFORDER_TIMER,
  type Turn,
} from "../../shared/forwarding/gre-flow.ts";

/** A flow whose packets are their own numbers. */
class Bench {
  readonly flow = new GreFlow<number>();
  now = 0;

  /** What goes out when this number comes. */
  come(sequence: number): number[] {
    const turn = this.flow.turnOf(sequence);
    if (turn === "late") return [];
    if (turn === "ahead") return this.flow.hold(sequence, sequence, this.now);
    return [sequence, ...this.flow.take(sequence)];
  }

  comeAll(...sequences: readonly number[]): number[] {
    return sequences.flatMap((sequence) => this.come(sequence));
  }

  wait(milliseconds: number): number[] {
    this.now += milliseconds;
    return this.flow.takeDue(this.now);
  }

  turns(...sequences: readonly number[]): Turn[] {
    return sequences.map((sequence) => this.flow.turnOf(sequence));
  }
}

/** A bench that has seen this number last. */
function after(sequence: number): Bench {
  const bench = new Bench();
  bench.flow.take(sequence);
  return bench;
}

test("RFC 2890 §2.2: the first number is 0, the next one is one more, modulo 2^32 [2890-2.2-03] [2890-2.2-04] [2890-2.2-06]", () => {
  assert.deepEqual(new Bench().comeAll(0, 1, 2), [0, 1, 2]);
  assert.deepEqual(new Bench().turns(1, 0xffffffff), ["ahead", "late"]);
  assert.deepEqual(after(0xfffffffe).comeAll(0xffffffff, 0, 1), [0xffffffff, 0, 1]);
});

test("RFC 2890 §2.2: the last number and the 2^31 - 1 before it are late, the others ahead [2890-2.2-05]", () => {
  assert.deepEqual(after(5).turns(5, 4, 0x80000006, 0x80000005), ["late", "late", "late", "ahead"]);
  assert.deepEqual(after(0xfffffffe).turns(0xfffffffd, 0x7fffffff, 1), ["late", "late", "ahead"]);
});

test("RFC 2890 §2.2: what has overtaken others waits for them, and goes behind them in its order [2890-2.2-01] [2890-2.2-07] [2890-2.2-08]", () => {
  const bench = new Bench();
  assert.deepEqual(bench.comeAll(0, 4, 2, 3), [0]);
  assert.deepEqual(bench.come(1), [1, 2, 3, 4]);
  assert.equal(bench.flow.nextDue(), undefined);
  assert.deepEqual(bench.comeAll(6, 8, 5), [5, 6]);
  assert.deepEqual(bench.comeAll(7, 9), [7, 8, 9]);
});

test("RFC 2890 §2.2: the same number twice is late the second time, while it waits too [2890-2.2-05]", () => {
  const bench = new Bench();
  assert.deepEqual(bench.comeAll(0, 2, 2, 1, 2), [0, 1, 2]);
});

test("RFC 2890 §2.2: nobody waits longer than OUTOFORDER_TIMER: then all before it go too, whatever is missing [2890-2.2-09] [2890-2.2-10]", () => {
  const bench = new Bench();
  bench.comeAll(0, 5);
  assert.equal(bench.flow.nextDue(), OUTOFORDER_TIMER);
  assert.deepEqual(bench.wait(OUTOFORDER_TIMER - 1), []);
  bench.comeAll(3, 6, 9);
  assert.deepEqual(bench.wait(1), [3, 5, 6]);
  // The last number is the one that went last: what was missing is late now.
  assert.deepEqual(bench.turns(4, 6, 7, 8), ["late", "late", "next", "ahead"]);
  assert.equal(bench.flow.nextDue(), 2 * OUTOFORDER_TIMER - 1);
  assert.deepEqual(bench.wait(OUTOFORDER_TIMER - 1), [9]);
  assert.deepEqual(bench.wait(10 * OUTOFORDER_TIMER), []);
});

test("RFC 2890 §2.2: when more than MAX_PERFLOW_BUFFER would wait, the first goes, whatever its number [2890-2.2-11] [2890-2.2-12]", () => {
  const bench = new Bench();
  bench.come(0);
  const waiting = Array.from({ length: MAX_PERFLOW_BUFFER }, (_, i) => 10 + 2 * i);
  assert.deepEqual(bench.comeAll(...waiting), []);
  assert.deepEqual(bench.come(100), [10]);
  assert.deepEqual(bench.turns(9, 10, 11), ["late", "late", "next"]);
  assert.deepEqual(bench.come(11), [11, 12]);
});

test("a peer that began anew, from 0, is heard, and nothing that waited is lost", () => {
  const bench = after(1000);
  assert.deepEqual(bench.comeAll(1002, 1005), []);
  assert.deepEqual(bench.comeAll(0, 1), [0, 1002, 1005, 1]);
});

test("whatever order: each number goes once at most, never behind a later one, and the bounds hold", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(60), fc.nat(2 * OUTOFORDER_TIMER)), { maxLength: 80 }),
      (steps) => {
        const bench = new Bench();
        const out = steps.flatMap(([sequence, wait]) => [
          ...bench.wait(wait),
          // 0 would begin anew.
          ...bench.come(1 + sequence),
        ]);
        out.push(...bench.wait(OUTOFORDER_TIMER));
        assert.deepEqual(
          out,
          [...new Set(out)].sort((a, b) => a - b),
        );
        assert.equal(bench.flow.nextDue(), undefined);
      },
    ),
  );
});
