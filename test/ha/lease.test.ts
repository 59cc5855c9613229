/** The lease under everything that may go wrong between home agents and their store, by seeds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { heldFor, Lease, type LeaseRecord, type LeaseStore, stepOf } from "../../ha/store/lease.ts";
import { type Random, seededRandom } from "../../shared/base/random.ts";
import type { Instant, WallTime } from "../../shared/base/time.ts";
import type { Clock } from "../../shared/service/runtime/parts.ts";

const DURATION = 1500;
/** Whole seconds for which a kernel keeps an address, and how late it may look. */
const KERNEL_MS = Math.floor(heldFor(DURATION) / 1000) * 1000 + 250;
const SEEDS = 40;

/** True time, and what happens in it. */
class World {
  now = 0;
  /** Of a thousand messages. */
  losses = 50;
  readonly #random: Random;
  readonly #events: { readonly at: number; readonly run: () => void }[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number, both ends included. */
  range(low: number, high: number): number {
    return low + (this.#random.u32() % (high - low + 1));
  }

  isLost(): boolean {
    return this.range(1, 1000) <= this.losses;
  }

  after(milliseconds: number, run: () => void): () => void {
    const event = { at: this.now + milliseconds, run };
    this.#events.push(event);
    return () => {
      const index = this.#events.indexOf(event);
      if (index >= 0) this.#events.splice(index, 1);
    };
  }

  async run(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      this.#events.sort((a, b) => a.at - b.at);
      const [next] = this.#events;
      if (next === undefined || next.at > end) break;
      this.#events.shift();
      this.now = next.at;
      next.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.now = end;
  }
}

/** The record, with the older one that a replica may still have. */
class Server {
  run = 0;
  holder: string | undefined;
  renewals = 0;

  record(): LeaseRecord {
    return { holder: this.holder, state: `${this.holder} ${this.renewals} ${this.run}` };
  }
}

/** A home agent, as far as the lease goes. */
class Machine implements LeaseStore {
  readonly name: string;
  readonly lease: Lease;
  isCut = false;
  /** Nothing of this process runs until then. */
  frozenUntil = 0;
  /** When it began, and until when its kernel has the address. */
  acts: { readonly since: number; kernelUntil: number } | undefined;
  readonly #world: World;
  readonly #server: Server;

  constructor(name: string, world: World, server: Server, tookOver: (who: Machine) => void) {
    this.name = name;
    this.#world = world;
    this.#server = server;
    // No two clocks are alike: they differ in what they show and by a thousandth in how they run.
    const offset = world.range(0, 1_000_000);
    const rate = 1 + world.range(-1, 1) / 1000;
    const monotonic = () => (offset + world.now * rate) as Instant;
    const clock: Clock = {
      now: () => ({ monotonic: monotonic(), wall: 0 as WallTime }),
      setTimer: (milliseconds, handler) => this.#timer(milliseconds / rate, handler),
    };
    this.lease = new Lease({
      store: this,
      clock,
      duration: DURATION,
      holder: name,
      taken: () => {
        this.acts = { since: world.now, kernelUntil: world.now + KERNEL_MS };
        tookOver(this);
      },
      renewed: () => {
        if (this.acts !== undefined) this.acts.kernelUntil = world.now + KERNEL_MS;
      },
      lost: () => {
        this.acts = undefined;
      },
      troubled: () => undefined,
    });
    void this.lease.step();
  }

  get isOnTheAir(): boolean {
    return this.acts !== undefined && this.#world.now < this.acts.kernelUntil;
  }

  look = () => this.#ask(() => this.#server.record());

  take = (seen: LeaseRecord, holder: string) =>
    this.#ask(() => {
      if (this.#server.record().state !== seen.state) return false;
      this.#server.holder = holder;
      this.#server.renewals = 0;
      return true;
    });

  renew = (holder: string) =>
    this.#ask(() => {
      if (this.#server.holder !== holder) return false;
      this.#server.renewals++;
      return true;
    });

  release = (holder: string) =>
    this.#ask(() => {
      if (this.#server.holder === holder) this.#server.holder = "";
    });

  #timer(milliseconds: number, handler: () => void): () => void {
    let cancel = () => {};
    const attempt = (wait: number): void => {
      cancel = this.#world.after(wait, () => {
        const frozen = this.frozenUntil - this.#world.now;
        if (frozen > 0) attempt(frozen);
        else handler();
      });
    };
    attempt(milliseconds);
    return () => cancel();
  }

  /** Slow, lost on the way there, or lost on the way back: done all the same. */
  #ask<T>(what: () => T): Promise<T> {
    const world = this.#world;
    const [there, back] = [world.range(0, 60), world.range(0, 60)];
    return new Promise((resolve, reject) => {
      const late = this.#timer(stepOf(DURATION), () => reject(new Error("no answer")));
      world.after(there, () => {
        if (this.isCut || world.isLost()) return;
        const answer = what();
        if (this.isCut || world.isLost()) return;
        this.#timer(back, () => {
          late();
          resolve(answer);
        });
      });
    });
  }
}

function trouble(world: World, server: Server, machines: readonly Machine[]): void {
  const machine = machines[world.range(0, machines.length - 1)];
  if (machine === undefined) return;
  const kind = world.range(0, 3);
  if (kind === 0) machine.isCut = !machine.isCut;
  else if (kind === 1) machine.frozenUntil = world.now + world.range(100, 5000);
  else if (kind === 2) for (const one of machines) one.isCut = false;
  else {
    // Another server takes over, with a record of a while ago.
    const { renewals, holder } = server;
    world.after(world.range(100, 800), () => {
      server.run++;
      server.renewals = renewals;
      server.holder = world.range(0, 3) === 0 ? undefined : holder;
    });
  }
}

test("whatever is slow, lost, cut off, frozen or set back: two home agents never act at a time, and when all is well again one does", async () => {
  let takeovers = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    const server = new Server();
    const machines: Machine[] = [];
    const tookOver = (who: Machine): void => {
      takeovers++;
      const other = machines.find((one) => one !== who && one.isOnTheAir);
      assert.equal(other?.name, undefined, `seed ${seed}, at ${world.now}: ${who.name} too`);
    };
    for (const name of ["a", "b", "c"]) machines.push(new Machine(name, world, server, tookOver));
    for (let i = 0; i < 30; i++) {
      await world.run(world.range(100, 2500));
      trouble(world, server, machines);
    }
    world.losses = 0;
    for (const machine of machines) machine.isCut = false;
    await world.run(10_000);
    const acting = machines.filter(({ lease, acts }) => lease.isHeld && acts !== undefined);
    assert.equal(acting.length, 1, `seed ${seed}: ${acting.length} act in the end`);
  }
  assert.ok(takeovers > SEEDS * 3, `${takeovers}`);
});

test("one that gives the lease back is followed at the next look, not a lease later", async () => {
  const world = new World(7);
  world.losses = 0;
  const server = new Server();
  const a = new Machine("a", world, server, () => undefined);
  await world.run(4000);
  assert.ok(a.lease.isHeld);
  const b = new Machine("b", world, server, () => undefined);
  await world.run(2000);
  assert.equal(b.lease.isHeld, false);
  assert.equal(b.lease.holder, "a");
  void a.lease.close().catch(() => undefined);
  await world.run(700);
  assert.ok(b.lease.isHeld);
});
