/** Requests that wait for the home agent: how many, how long (RFC 5944 §3.7.1). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { Bench, denialOf, HA, oneSend, type RequestOptions, replyIn, sends } from "./harness.ts";

test("RFC 5944 §3.7.1: pending requests are bounded: 66 beyond [5944-3.7.1-05, 5944-3.7.1-06]", () => {
  const bench = Bench.up({ maxPending: 3 });
  const from = (i: number): RequestOptions => ({
    fields: { homeAddress: ipv4(`10.1.0.${i}`) },
    event: { source: ipv4(`10.1.0.${i}`), linkSource: `02:00:00:00:01:0${i}` as Mac },
  });
  for (const i of [1, 2, 3]) assert.equal(oneSend(bench.request(from(i))).destination, HA);
  assert.equal(denialOf(bench, from(4)).reply.code, 66);
  // A newer request of the same node takes the place of its older one.
  assert.equal(oneSend(bench.request(from(2))).destination, HA);
});

test("RFC 5944 §3.7.1: one home address from many link-layer addresses fills no table [5944-3.7.1-05]", () => {
  const bench = Bench.up();
  let relayed = 0;
  for (let i = 0; i < 100; i++) {
    const linkSource = `02:00:00:00:02:${i.toString(16).padStart(2, "0")}` as Mac;
    relayed += sends(bench.request({ event: { linkSource } })).filter(
      ({ link }) => link === undefined,
    ).length;
  }
  assert.equal(relayed, 5);
});

test("RFC 5944 §3.7.1: no reply within 7 s: 78, and the entry is gone [5944-3.7.1-07, 5944-3.7.1-08, 5944-3.7.2.2-09]", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request());
  assert.deepEqual(bench.run(6.9), []);
  const late = bench.run(0.2);
  assert.equal(replyIn(oneSend(late)).code, 78);
  assert.deepEqual(bench.visitors(), []);
  assert.deepEqual(sends(bench.reply(relayed)), [], "the late reply finds nothing");
  assert.equal(bench.counter("discarded-reply-unmatched"), 1);
});

test("RFC 5944 §3.7.2.2: a request is not kept beyond the Lifetime it asks for [5944-3.7.2.2-10]", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 2 } });
  bench.run(2.1);
  assert.deepEqual(bench.visitors(), []);
});
