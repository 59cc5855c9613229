/** What `health` says of a home agent. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { healthHa, performanceHa } from "../../ha/health.ts";
import { ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { Bench, HOME, homeContext, ROAMER } from "./harness.ts";

const status = (bench: Bench): JsonObject => ({
  interfaces: [{ name: "home0", state: "up" }],
  ...(bench.agent.query("status", bench.now) as JsonObject),
});
const problems = (bench: Bench): string[] =>
  healthHa(status(bench)).map(({ severity, message }) => `${severity}: ${message}`);

test("health: nothing to say of a home agent with room that advertises", () => {
  const bench = Bench.up();
  bench.request();
  assert.deepEqual(problems(bench), []);
});

test("health: a binding list that is nearly full is a warning, a full one is critical", () => {
  const bench = Bench.up({ maxBindings: 2 });
  bench.request();
  bench.request({ fields: { homeAddress: ROAMER } });
  assert.deepEqual(problems(bench), ["critical: all 2 bindings are taken: code 130"]);
  const nearly = { ...status(Bench.up()), bindings: 90 };
  assert.deepEqual(healthHa(nearly), [
    { severity: "warning", message: "90 of 100 bindings are taken" },
  ]);
});

test("health: no address left to give out, those of others in the range not counted", () => {
  const name = "bob@example.net";
  const associations = [homeContext];
  const bench = Bench.up({
    addressPools: [{ first: HOME, last: ipv4("10.1.0.8") }],
    mobileNodes: [
      { homeAddress: HOME, associations },
      { homeAddress: undefined, nai: name, associations },
    ],
  });
  assert.deepEqual(problems(bench), []);
  const extensions = [{ name: "mobile-node-nai-extension", nai: name } as const];
  bench.request({ fields: { homeAddress: UNSPECIFIED, extensions } });
  assert.deepEqual(problems(bench), [
    "warning: all 1 home addresses of the pools are taken: code 130",
  ]);
  assert.deepEqual(performanceHa(status(bench)).slice(-2), [
    ["addresses", 1],
    ["addresses_taken", 1],
  ]);
});

test("health: a home link without advertisements, and a program too old to tell", () => {
  const bench = Bench.up();
  bench.linkUp(false);
  assert.match(problems(bench).join(), /^critical: home0: no advertisements/);
  assert.match(JSON.stringify(healthHa({})), /room: not known/);
});

test("health: a home agent that stands by advertises nothing, and is well", () => {
  const bench = new Bench();
  assert.notDeepEqual(problems(bench), []);
  assert.deepEqual(healthHa({ ...status(bench), active: false }), []);
});
