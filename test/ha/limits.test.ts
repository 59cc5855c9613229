/** What a single node may have, where it differs from the others: RFC 5944 §3.8.2.3, §3.8.3.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HaCoreConfig, MobileNodeConfig } from "../../ha/core/config.ts";
import { ipv4 } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { Bench, FA, FA2, HOME, homeContext, ROAMER } from "./harness.ts";

/** The node of the bench with these, and another one without. */
function limited(own: Partial<MobileNodeConfig>, all: Partial<HaCoreConfig> = {}): Bench {
  const associations = [homeContext];
  const mobileNodes = [
    { homeAddress: HOME, associations, ...own },
    { homeAddress: ROAMER, associations },
  ];
  return Bench.up({ ...all, mobileNodes });
}

const code = (bench: Bench, flags: number, homeAddress = HOME, careOfAddress = FA): number =>
  bench.replyTo({ fields: { flags, homeAddress, careOfAddress } }).code;
const { G, M, T } = RequestFlag;

test("RFC 5944 §3.8.3.2: a node's own longest lifetime, also one above that of all [5944-3.8.3.2-03]", () => {
  for (const [maxLifetime, granted] of [
    [60, 60],
    [7200, 3600],
  ] as const) {
    const bench = limited({ limits: { maxLifetime } });
    assert.equal(bench.replyTo({ fields: { lifetime: 3600 } }).lifetime, granted);
    const other = { lifetime: 3600, homeAddress: ROAMER };
    assert.equal(bench.replyTo({ fields: other }).lifetime, 1800);
  }
});

test("RFC 3024 §4.3.1: a reverse tunnel that one node must have, or cannot have", () => {
  const forced = limited({ limits: { reverseTunnel: "require" } });
  assert.deepEqual([code(forced, 0), code(forced, T), code(forced, 0, ROAMER)], [138, 0, 0]);
  const refused = limited({ limits: { reverseTunnel: "refuse" } });
  assert.deepEqual([code(refused, 0), code(refused, T), code(refused, T, ROAMER)], [0, 137, 0]);
  const freed = limited({ limits: { reverseTunnel: "allow" } }, { reverseTunnel: "require" });
  assert.deepEqual([code(freed, 0), code(freed, 0, ROAMER)], [0, 138]);
});

test("RFC 3024 §4.3.1: encapsulations of one node", () => {
  const bench = limited({ limits: { encapsulations: ["minimal"] } });
  assert.deepEqual([code(bench, 0), code(bench, G), code(bench, M)], [139, 139, 0]);
  assert.deepEqual([code(bench, G, ROAMER), code(bench, M, ROAMER)], [0, 139]);
});

test("RFC 5944 §3.8.2.3: outside the networks where it is served: 129, and it may always come home [5944-3.8.2.3-03]", () => {
  const careOfNetworks = [{ address: ipv4("192.0.2.0"), length: 26 }];
  const bench = limited({ careOfNetworks });
  assert.deepEqual([code(bench, 0, HOME, FA2), code(bench, 0, ROAMER, FA2)], [129, 0]);
  assert.equal(code(bench, 0), 0);
  assert.equal(bench.replyTo({ fields: { lifetime: 0, careOfAddress: HOME } }).code, 0);
});

test("a reload with stricter limits drops no binding; the next registration meets them", () => {
  const bench = limited({});
  assert.equal(code(bench, 0), 0);
  const strict = { homeAddress: HOME, associations: [homeContext] };
  bench.reconfigure({ mobileNodes: [{ ...strict, limits: { reverseTunnel: "require" } }] });
  assert.equal(bench.bindings().length, 1);
  assert.equal(code(bench, 0), 138);
});
