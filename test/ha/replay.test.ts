import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../shared/base/result.ts";
import type { WallTime } from "../../shared/base/time.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { highBits, lowBits, ntpTimestamp } from "../../shared/security/replay.ts";
import {
  Bench,
  comingHome,
  FA2,
  homeContext,
  newerContext,
  nonceContext,
  oneSend,
  replyIn,
  reports,
  wrongKey,
} from "./harness.ts";

test("RFC 5944 §5.7.1: a good timestamp comes back whole [5944-5.7.1-08] [5944-5.7-04] [5944-5.7-01]", () => {
  const bench = Bench.up();
  const identification = ntpTimestamp(bench.now.wall) + 77n;
  const reply = bench.replyTo({ fields: { identification } });
  assert.equal(reply.code, 0);
  assert.equal(reply.identification, identification);
});

test("RFC 5944 §5.7.1: outside the window: 133 with the agent's clock and the node's low bits [5944-5.7.1-01] [5944-5.7.1-02] [5944-5.7.1-06] [5944-5.7.1-07] [5944-5.7.1-09] [5944-3.8.2.1-13] [5944-3.8.2.1-14] [5944-3.8.2.1-15] [5944-3.8.2.1-16]", () => {
  for (const [seconds, good] of [
    [-8, false],
    [-6, true],
    [6, true],
    [8, false],
    [-3_000_000_000, false],
  ] as const) {
    const bench = Bench.up();
    const wall = (bench.now.wall + seconds * 1000) as WallTime;
    const identification = ntpTimestamp(wall) + 5n;
    const effects = bench.request({ fields: { identification } });
    const reply = replyIn(oneSend(effects));
    assert.equal(reply.code, good ? 0 : 133);
    assert.equal(lowBits(reply.identification), lowBits(identification));
    const clock = good ? identification : ntpTimestamp(bench.now.wall);
    assert.equal(highBits(reply.identification), highBits(clock));
    assert.equal(reports(effects, "security-exception").length, good ? 0 : 1);
    assert.equal(bench.bindings().length, good ? 1 : 0);
    assert.equal(bench.counter("id-mismatch"), good ? 0 : 1);
  }
});

test("RFC 5944 §5.7.1: not greater than all accepted before: 133 [5944-5.7.1-07]", () => {
  const bench = Bench.up();
  const identification = ntpTimestamp(bench.now.wall);
  assert.equal(bench.replyTo({ fields: { identification } }).code, 0);
  assert.equal(bench.replyTo({ fields: { identification } }).code, 133);
  assert.equal(bench.replyTo({ fields: { identification: identification - 1n } }).code, 133);
  assert.equal(bench.replyTo({ fields: { identification: identification + 1n } }).code, 0);
  // Whatever the context: the bound belongs to the node.
  const old = { fields: { identification }, context: newerContext };
  assert.equal(bench.replyTo(old).code, 133);
});

test("RFC 5944 §3.8.2.2: a duplicate does not extend the lifetime [5944-3.8.2.2-13]", () => {
  const bench = Bench.up();
  const bytes = bench.requestBytes();
  bench.deliver(bytes);
  bench.pass(5);
  bench.deliver(bytes);
  assert.equal(bench.bindings()[0]?.lifetime_remaining, 595);
});

test("RFC 5944 §5.7.1: a request that was overtaken does not undo the newer one", () => {
  const bench = Bench.up();
  const overtaken = bench.requestBytes();
  bench.request({ fields: { careOfAddress: FA2 } });
  assert.equal(replyIn(oneSend(bench.deliver(overtaken))).code, 133);
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.65"]);
});

test("RFC 5944 §5.7.1: a replay is refused after a crash too", () => {
  const bench = Bench.up();
  const away = bench.requestBytes();
  bench.deliver(away);
  const home = bench.requestBytes(comingHome);
  bench.deliver(home, comingHome.event);
  bench.restart();
  assert.equal(replyIn(oneSend(bench.deliver(away))).code, 133);
  assert.equal(replyIn(oneSend(bench.deliver(home, comingHome.event))).code, 133);
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.replyTo().code, 0);
});

/** Learns the nonce and registers with it; the reply that carries the next one. */
function withNonce(bench: Bench, identification: bigint) {
  return bench.replyTo({ context: nonceContext, fields: { identification } });
}

test("RFC 5944 §5.7.2: every reply carries a new nonce, an unknown one is 133 and synchronises [5944-5.7.2-01] [5944-5.7.2-04] [5944-5.7.2-05] [5944-5.7-02] [5944-5.7-03] [5944-5.7-04]", () => {
  const bench = Bench.up();
  const first = withNonce(bench, 0x12345678_00000001n);
  assert.equal(first.code, 133);
  assert.equal(lowBits(first.identification), 1);
  const second = withNonce(bench, (BigInt(highBits(first.identification)) << 32n) | 2n);
  assert.equal(second.code, 0);
  assert.equal(lowBits(second.identification), 2);
  assert.notEqual(highBits(second.identification), highBits(first.identification));
  const replayed = withNonce(bench, (BigInt(highBits(first.identification)) << 32n) | 2n);
  assert.equal(replayed.code, 133);
  const third = withNonce(bench, (BigInt(highBits(replayed.identification)) << 32n) | 3n);
  assert.equal(third.code, 0);
});

test("RFC 5944 §5.7.2: the nonce given with an acceptance survives a crash", () => {
  const bench = Bench.up();
  const first = withNonce(bench, 1n);
  const second = withNonce(bench, (BigInt(highBits(first.identification)) << 32n) | 2n);
  bench.restart();
  const used = withNonce(bench, (BigInt(highBits(first.identification)) << 32n) | 2n);
  assert.equal(used.code, 133);
  bench.restart();
  const third = withNonce(bench, (BigInt(highBits(second.identification)) << 32n) | 3n);
  assert.equal(third.code, 0);
});

test("RFC 5944 §5.7.2: forged requests cannot spoil the nonce", () => {
  const bench = Bench.up({
    mobileNodes: [{ homeAddress: 0x0a010007 as never, associations: [nonceContext] }],
  });
  const first = withNonce(bench, 1n);
  const forged = { ...wrongKey, spi: nonceContext.spi };
  const denied = bench.replyTo({ context: forged, fields: { identification: 9n } });
  assert.equal(denied.code, 131);
  assert.equal(highBits(denied.identification), highBits(first.identification));
  const good = withNonce(bench, (BigInt(highBits(first.identification)) << 32n) | 2n);
  assert.equal(good.code, 0);
});

test("RFC 5944 §5.7: nonces of one context do not lock out the timestamps of another", () => {
  const bench = Bench.up();
  const first = withNonce(bench, 0xffffffff_00000001n);
  withNonce(bench, (BigInt(highBits(first.identification)) << 32n) | 2n);
  assert.equal(bench.replyTo({ context: homeContext }).code, 0);
});

test("RFC 5944 §5.7.1: while there is a binding its own record tells what was accepted, and nothing else is written", () => {
  const bench = Bench.up();
  for (let i = 0; i < 3; i++) {
    const effects = bench.request();
    const written = effects.flatMap((effect) => (effect.type === "persist" ? [effect.key] : []));
    assert.deepEqual(written, ["binding/10.1.0.7/192.0.2.1"]);
  }
  const last = bench.requestBytes();
  bench.deliver(last);
  bench.restart();
  assert.equal(replyIn(oneSend(bench.deliver(last))).code, 133);
  assert.equal(bench.replyTo().code, 0);
});

test("RFC 5944 §5.7.1: a binding that ends leaves behind what was accepted, and that is written first", () => {
  const revoke = {
    type: "command",
    id: 1,
    name: "revoke",
    args: { home_address: "10.1.0.7" },
  } as const;
  const ends: Record<string, (bench: Bench) => readonly Effect[]> = {
    expires: (bench) => bench.run(3),
    "is revoked": (bench) => bench.handle(revoke),
    "is over at a start": (bench) => {
      bench.pass(3);
      return bench.restart();
    },
  };
  for (const [end, happens] of Object.entries(ends)) {
    const bench = Bench.up({ maxLifetime: 3 });
    const bytes = bench.requestBytes();
    bench.deliver(bytes);
    const effects = happens(bench);
    const written = effects.flatMap((effect) => (effect.type === "persist" ? [effect.key] : []));
    assert.deepEqual(written, ["replay/10.1.0.7", "binding/10.1.0.7/192.0.2.1"], end);
    bench.restart();
    assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 133, end);
    assert.deepEqual(bench.bindings(), []);
  }
});

test("RFC 5944 §5.7.1: of two records of what was accepted the greater counts, in whatever order they come", () => {
  for (const isReversed of [false, true]) {
    const bench = Bench.up();
    bench.request({ fields: { lifetime: 0 } }); // leaves a record of its own, older than the binding's
    const bytes = bench.requestBytes();
    bench.deliver(bytes);
    const entries = [...bench.journal];
    assert.equal(entries.length, 2);
    bench.journal.clear();
    for (const [key, value] of isReversed ? entries.reverse() : entries)
      bench.journal.set(key, value);
    bench.restart();
    assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 133);
  }
});

test("journal: what an earlier version wrote, where each node has a record of its own, is read as it was", () => {
  const bench = Bench.up();
  const bytes = bench.requestBytes();
  bench.deliver(bytes);
  const [[key, value] = ["", null]] = [...bench.journal];
  const { replay: _, identification, ...record } = value as JsonObject;
  bench.journal.set(key, { ...record, identification: identification ?? null });
  bench.journal.set("replay/10.1.0.7", { last_timestamp: identification ?? null, nonce: null });
  bench.restart();
  assert.equal(bench.bindings().length, 1);
  assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 133);
});

test("journal: bindings come back with what is left of them, the dead do not", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 60 } });
  bench.pass(20);
  bench.restart();
  assert.equal(bench.bindings()[0]?.lifetime_remaining, 40);
  assert.equal(bench.agent.forwarding().size, 1);
  bench.pass(40);
  bench.restart();
  assert.deepEqual(bench.bindings(), []);
  assert.deepEqual([...bench.journal.keys()], ["replay/10.1.0.7"]);
});

test("journal: a binding whose node is gone, or beyond the limit, is forgotten", () => {
  const bench = Bench.up();
  bench.request();
  bench.restart({ mobileNodes: [] });
  assert.deepEqual([...bench.journal.keys()], ["replay/10.1.0.7"]);
  const full = Bench.up();
  full.request();
  full.restart({ maxBindings: 0 });
  assert.deepEqual(full.bindings(), []);
});

test("journal: a wall clock set back lengthens nothing", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 60 } });
  bench.now = { ...bench.now, wall: (bench.now.wall - 3_600_000) as WallTime };
  bench.restart();
  assert.deepEqual(bench.bindings(), []);
});
