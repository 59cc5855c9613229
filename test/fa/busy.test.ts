/** The B bit: no further visitors, for want of room or under too many requests. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { flagsIn } from "./advertised.ts";
import { Bench, lan0, oneSend, replyIn, sends } from "./harness.ts";

const lan1 = { ...lan0, interface: "lan1" };

/** An agent with two links and two visitors at most, unless told otherwise. */
function open(limits: { maxVisitors?: number; maxRequestRate?: number }): Bench {
  const bench = Bench.up({ links: [lan0, lan1], ...limits });
  const addresses = [{ address: ipv4("192.0.2.65"), length: 26 }];
  const link = { up: true, mac: "02:00:00:00:00:02" as Mac, mtu: 1500, addresses };
  bench.agent.handle({ type: "link", interface: "lan1", link }, bench.now);
  return bench;
}

/** A solicitation of somebody on a link; is B in the answer? */
function isBusyOn(bench: Bench, name: string): boolean {
  const [effect] = bench.agent.handle(
    {
      type: "icmp",
      interface: name,
      linkSource: "02:00:00:00:00:55" as Mac,
      source: ipv4("192.0.2.5"),
      destination: ipv4("224.0.0.2"),
      ttl: 1,
      payload: Uint8Array.of(10, 0, 0xf5, 0xff, 0, 0, 0, 0),
    },
    bench.now,
  );
  return hasB(effect);
}

const hasB = (effect: Effect | undefined): boolean => (flagsIn(effect) & AdvertisementFlag.B) !== 0;

/** B of the next periodic advertisement. */
function isBusyNext(bench: Bench): boolean {
  const due = bench.agent.nextDeadline();
  assert(due !== undefined);
  bench.pass((due - bench.now.monotonic) / 1000);
  const effects = bench.agent.handle({ type: "tick" }, bench.now);
  return hasB(effects.find(({ type }) => type === "send-icmp"));
}

const node = (number: number) => ({
  fields: { homeAddress: (ipv4("10.2.0.0") + number) as Ipv4, lifetime: 60 },
  event: { linkSource: `02:00:00:00:01:${number.toString(16).padStart(2, "0")}` as Mac },
});

const busy = (bench: Bench): unknown =>
  (bench.agent.query("status", bench.now) as { busy: boolean }).busy;

test("RFC 5944 §2.1.1: at the visitor limit B is set on every link, solicited or not, and goes with the first visitor that leaves [5944-2.1.1-09]", () => {
  const bench = open({ maxVisitors: 2 });
  bench.register(node(1));
  assert.deepEqual([isBusyOn(bench, "lan0"), isBusyOn(bench, "lan1")], [false, false]);
  bench.register(node(2));
  assert.deepEqual([isBusyOn(bench, "lan0"), isBusyOn(bench, "lan1")], [true, true]);
  assert.equal(isBusyNext(bench), true);
  assert.equal(replyIn(oneSend(bench.request(node(3)))).code, 66);
  const leaving = node(1);
  bench.register({ ...leaving, fields: { ...leaving.fields, lifetime: 0 } });
  assert.deepEqual([isBusyOn(bench, "lan0"), isBusyOn(bench, "lan1")], [false, false]);
  assert.equal(isBusyNext(bench), false);
});

test("RFC 5944 §2.1.1: under a configured load B is set and newcomers get 66, while visitors renew and leave; then it is over [5944-2.1.1-09]", () => {
  const bench = open({ maxRequestRate: 5 });
  bench.register();
  bench.register(node(1));
  for (let i = 2; i < 9; i++) bench.register(node(i));
  assert.equal(isBusyOn(bench, "lan0"), false);
  bench.request(node(9)); // the tenth within two seconds
  assert.deepEqual(
    [isBusyOn(bench, "lan0"), isBusyOn(bench, "lan1"), busy(bench)],
    [true, true, true],
  );
  assert.equal(replyIn(oneSend(bench.request(node(10)))).code, 66);
  bench.register();
  bench.register({ fields: { lifetime: 0 } });
  assert.equal(bench.visitors().filter(({ state }) => state === "registered").length, 8);
  bench.pass(1.9);
  assert.equal(isBusyOn(bench, "lan0"), true, "until all is worked off");
  bench.pass(0.2);
  assert.deepEqual([isBusyOn(bench, "lan0"), busy(bench)], [false, false]);
  assert.equal(sends(bench.register(node(11))).length, 1);
  assert.equal(bench.visitors().filter(({ state }) => state === "registered").length, 9);
});

test("a load below the limit never makes the agent busy, and without a limit none does", () => {
  for (const [maxRequestRate, perSecond] of [
    [10, 9],
    [0, 400],
  ] as const) {
    const bench = open({ maxRequestRate });
    for (let i = 0; i < 10 * perSecond; i++) {
      bench.pass(1 / perSecond);
      bench.register();
      assert.equal(busy(bench), false);
    }
  }
});
