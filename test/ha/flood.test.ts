/** Floods of requests that nobody authorised: state stays bounded, nodes go on being served. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, toIpv4 } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { Bench, FA, HOME, homeContext, reports, sends, wrongKey } from "./harness.ts";

const REQUESTS_A_SECOND = 10_000;
const BATCH = 100;

interface Flood {
  readonly seconds: number;
  readonly homeAddress?: (random: number) => Ipv4;
  readonly source?: (random: number) => Ipv4;
}

/** Requests with a wrong key; what came of them. */
function flood(bench: Bench, { seconds, homeAddress, source }: Flood): Effect[] {
  const random = seededRandom(5);
  const template = bench.requestBytes({ context: wrongKey });
  const effects: Effect[] = [];
  for (let i = 0; i < REQUESTS_A_SECOND * seconds; i++) {
    if (i % BATCH === 0) effects.push(...bench.run(BATCH / REQUESTS_A_SECOND));
    const payload = template.slice();
    const view = new DataView(payload.buffer);
    view.setUint32(4, homeAddress?.(random.u32()) ?? HOME);
    view.setUint32(20, random.u32());
    effects.push(...bench.deliver(payload, { source: source?.(random.u32()) ?? FA }));
  }
  return effects;
}

const anyAddress = (random: number): Ipv4 => toIpv4((0xc0000000 | (random >>> 8)) >>> 0);

test("flood: 10,000 requests a second for invented nodes: nothing is sent, kept or logged", () => {
  const bench = Bench.up();
  bench.request();
  const journal = bench.journal.size;
  const effects = flood(bench, { seconds: 3, homeAddress: anyAddress, source: anyAddress });
  assert.deepEqual(sends(effects), []);
  assert.equal(bench.journal.size, journal);
  assert.deepEqual(
    effects.filter((effect) => effect.type === "report" && effect.level !== "debug"),
    [],
  );
  assert.equal(bench.counter("discarded-no-security-association"), 3 * REQUESTS_A_SECOND);
  assert.equal(bench.replyTo({ fields: { lifetime: 60 } }).code, 0);
});

test("flood: forged requests for a known node: a denial a second, few words in the log, and it goes on", () => {
  const bench = Bench.up();
  bench.request();
  const before = bench.agent.forwarding();
  const effects = flood(bench, { seconds: 3 });
  assert.ok(sends(effects).length <= 4, `${sends(effects).length} denials`);
  const told = reports(effects, "security-exception").length;
  assert.ok(told > 100 && told <= 100 + 20 * 4, `${told} exceptions told`);
  assert.equal(bench.agent.forwarding(), before);
  assert.ok(bench.counter("discarded-denials-over-rate") > 2.9 * REQUESTS_A_SECOND);
  const other = { source: toIpv4(0xc0000299) };
  assert.equal(bench.replyTo({ context: homeContext, event: other }).code, 0);
  assert.equal(bench.replyTo({ context: homeContext }).code, 0, "also from the flooder's address");
});

test("flood: forged requests from ever new sources fill no table and no log", () => {
  const bench = Bench.up();
  const effects = flood(bench, { seconds: 3, source: anyAddress });
  assert.ok(sends(effects).length <= 4);
  assert.ok(reports(effects, "security-exception").length <= 256);
  assert.equal(bench.replyTo().code, 0);
});

test("flood: a request that was recorded and is sent again and again is answered and told so often, no more", () => {
  const bench = Bench.up();
  const request = bench.requestBytes();
  bench.deliver(request);
  const effects: Effect[] = [];
  for (let i = 0; i < 3000; i++) effects.push(...bench.deliver(request));
  assert.equal(sends(effects).length, 100);
  assert.equal(reports(effects, "security-exception").length, 100);
  assert.equal(bench.bindings().length, 1);
  bench.pass(1);
  assert.equal(bench.replyTo().code, 0);
});
