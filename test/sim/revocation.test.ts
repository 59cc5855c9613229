/** Two agents and a bad network between them: a revocation comes through, or dies with the binding. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Effect, SendUdp } from "../../shared/protocol/core.ts";
import { ntpTimestamp } from "../../shared/security/replay.ts";
import { FA, HOME, oneSend } from "../fa/harness.ts";
import { RevocationBench as ForeignBench } from "../fa/revocation-bench.ts";
import { RevocationBench as HomeBench } from "../ha/revocation-bench.ts";
import { acknowledgments, revocations } from "../revocation.ts";

const SEEDS = 300;
/** Seconds; longer than all retransmissions. */
const LIFETIME = 300;
const STEP = 0.25;

class Pair {
  readonly foreign = ForeignBench.up();
  readonly home = HomeBench.up();
  readonly answers: boolean[] = [];
  /** Revocations and acknowledgments that arrived. */
  arrived = 0;
  /** Revocations that were sent. */
  sent = 0;
  #time = 0;
  #onTheWay: { readonly at: number; readonly deliver: () => Effect[] }[] = [];
  readonly #random;
  readonly #loss: number;

  constructor(seed: number, loss: number) {
    this.#random = seededRandom(seed);
    this.#loss = loss;
    const identification = ntpTimestamp(this.home.now.wall) + 1n;
    const relayed = this.foreign.request({ fields: { lifetime: LIFETIME, identification } });
    const reply = this.home.deliver(oneSend(relayed).payload);
    this.foreign.replyBytes(oneSend(reply).payload);
    assert.equal(this.foreign.visitors()[0]?.state, "registered");
    this.#pass(1);
  }

  run(seconds: number): void {
    for (let end = this.#time + seconds; this.#time < end; ) {
      this.#pass(STEP);
      for (const bench of [this.foreign, this.home]) {
        const due = bench.agent.nextDeadline();
        if (due !== undefined && due <= bench.now.monotonic) {
          this.take(bench.agent.handle({ type: "tick" }, bench.now));
        }
      }
      const due = this.#onTheWay.filter(({ at }) => at <= this.#time);
      this.#onTheWay = this.#onTheWay.filter(({ at }) => at > this.#time);
      for (const { deliver } of due) {
        this.arrived++;
        this.take(deliver());
      }
    }
  }

  /** Sends what an agent wants sent; each datagram may be lost, doubled or late. */
  take(effects: readonly Effect[]): void {
    this.sent += revocations(effects).length;
    const messages = [...revocations(effects), ...acknowledgments(effects)];
    for (const { send } of messages) {
      for (let copies = this.#copies(); copies > 0; copies--) this.#post(send);
    }
    for (const effect of effects) if (effect.type === "answer") this.answers.push(effect.ok);
  }

  #copies(): number {
    if (this.#random.next() < this.#loss) return 0;
    return this.#random.next() < 0.2 ? 2 : 1;
  }

  #post(send: SendUdp): void {
    const at = this.#time + 3 * this.#random.next();
    const toForeign = send.destination === FA;
    const deliver = () =>
      toForeign
        ? this.foreign.replyBytes(send.payload, send.source)
        : this.home.deliver(send.payload, { source: send.source });
    this.#onTheWay.push({ at, deliver });
  }

  #pass(seconds: number): void {
    this.#time += seconds;
    this.foreign.pass(seconds);
    this.home.pass(seconds);
  }
}

test("revocation converges: lost, doubled, late and reordered datagrams end the binding on both sides, or it expires", () => {
  let through = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const byHome = seed % 2 === 0;
    const pair = new Pair(seed, 0.1 * (seed % 8));
    pair.take(byHome ? pair.home.command(formatIpv4(HOME)) : pair.foreign.shutdown());
    pair.run(120);
    const other = byHome ? pair.foreign.visitors() : pair.home.bindings();
    assert.ok(pair.sent >= 1 && pair.sent <= 7);
    assert.equal(other.length === 0, pair.arrived > 0, `seed ${seed}: one arrival is enough`);
    if (byHome) assert.equal(pair.answers.length, 1, `seed ${seed}: the command has its answer`);
    if (pair.answers[0] === true) assert.deepEqual(other, [], `seed ${seed}: and it is true`);
    if (other.length === 0) through++;
    pair.run(LIFETIME);
    assert.deepEqual([pair.foreign.visitors(), pair.home.bindings()], [[], []]);
  }
  assert.ok(through > 0.9 * SEEDS, `${through} of ${SEEDS} came through`);
});
