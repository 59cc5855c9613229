/** What `health` and `status` say of the foreign agent's advertising and of its home agents. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Upstream } from "../../fa/core/registration/upstream.ts";
import { healthFa, performanceFa } from "../../fa/health.ts";
import { ipv4, toIpv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import { clockProblems } from "../../shared/service/health.ts";
import { Bench, config, oneSend } from "./harness.ts";

const HA = ipv4("198.51.100.1");
const at = (seconds: number): Now => ({
  monotonic: (seconds * 1000) as Instant,
  wall: 1.8e12 as WallTime,
});
const GOOD: JsonObject = {
  visitors: 2,
  pending: 1,
  uptime: 60,
  interfaces: [
    { name: "lan0", address: "192.0.2.1", state: "up" },
    { name: "lan1", address: "192.0.2.65", state: "up" },
  ],
  advertising: [
    { interface: "lan0", age: 9.9, max_interval: 10 },
    { interface: "lan1", age: 0, max_interval: 10 },
  ],
  home_agents: [
    { address: "198.51.100.1", answered_ago: 5, unanswered: 2, identification_mismatches: 1 },
  ],
};

/** Severities and messages. */
function said(more: JsonObject): string[] {
  return healthFa({ ...GOOD, ...more }).map(({ severity, message }) => `${severity}: ${message}`);
}

test("health: advertising on every link and a home agent that answers is no problem", () => {
  assert.deepEqual(said({}), []);
  assert.deepEqual(Object.fromEntries(performanceFa(GOOD)), {
    visitors: 2,
    pending: 1,
    uptime: 60,
    home_agents: 1,
    home_agents_silent: 0,
  });
});

test("health: a link that is not advertised on is a warning, all of them are critical", () => {
  const [lan0, lan1] = GOOD.advertising as [JsonObject, JsonObject];
  const [up0, up1] = GOOD.interfaces as [JsonObject, JsonObject];
  assert.deepEqual(said({ interfaces: [up0, { ...up1, state: "down" }] }), [
    "warning: lan1: no advertisements, the link is down",
  ]);
  assert.deepEqual(said({ advertising: [lan0, { ...lan1, age: null }] }), [
    "warning: lan1: no advertisements, the link has no address",
  ]);
  assert.deepEqual(said({ interfaces: [{ ...up0, send_error: "ENOBUFS" }, up1] }), [
    "warning: lan0: sending fails (ENOBUFS)",
  ]);
  assert.deepEqual(
    said({
      advertising: [
        { ...lan0, age: 17 },
        { ...lan1, age: 40.4 },
      ],
    }),
    ["critical: lan0: no advertisement for 17 s", "critical: lan1: no advertisement for 40 s"],
  );
});

test("health: a home agent that does not answer is a warning, critical if none answers", () => {
  const row = { address: "198.51.100.1", answered_ago: 50, unanswered: 3 };
  const other = { address: "198.51.100.2", answered_ago: 1, unanswered: 0 };
  const message = "home agent 198.51.100.1: 3 requests in a row without a reply";
  assert.deepEqual(said({ home_agents: [row, other] }), [`warning: ${message}`]);
  assert.deepEqual(said({ home_agents: [row] }), [`critical: ${message}`]);
  assert.deepEqual(said({ home_agents: [] }), [], "nobody was asked");
  assert.match(
    said({ home_agents: [{ ...other, identification_mismatches: 5 }] }).join(),
    /^warning: .*5 timestamps in a row \(133\)/,
  );
});

test("health: what the program does not tell is UNKNOWN, and a clock that was never set is critical", () => {
  assert.deepEqual(
    healthFa({ visitors: 0 }).map(({ severity }) => severity),
    ["unknown", "unknown"],
  );
  assert.equal(clockProblems(0)[0]?.severity, "critical");
  assert.match(clockProblems(0)[0]?.message ?? "", /1970-01-01/);
  assert.deepEqual(clockProblems(Date.now()), []);
});

test("home agents: replies, silence and refused timestamps are told of each", () => {
  const upstream = new Upstream(() => ({ ...config, dynamicHomeAgents: [] }));
  upstream.answered(HA, 133, at(1));
  upstream.answered(HA, 133, at(2));
  upstream.unanswered(HA);
  const row = { address: "198.51.100.1", answered_ago: 3, unanswered: 1 };
  assert.deepEqual(upstream.rows(at(5.5)), [{ ...row, identification_mismatches: 2 }]);
  upstream.answered(HA, 0, at(6));
  assert.deepEqual(upstream.rows(at(6)), [
    { ...row, answered_ago: 0, unanswered: 0, identification_mismatches: 0 },
  ]);
});

test("home agents: one that nodes invented is not told of; the configuration's own is; the list has a bound", () => {
  const unconfigured = new Upstream(() => ({ homeAgents: [], dynamicHomeAgents: [] }));
  unconfigured.unanswered(HA);
  assert.deepEqual(unconfigured.rows(at(1)), []);
  const named = { dynamicHomeAgents: [{ address: HA, realms: [] }], homeAgents: [] };
  const upstream = new Upstream(() => named);
  upstream.unanswered(HA);
  assert.deepEqual(upstream.rows(at(1)), [
    { address: "198.51.100.1", answered_ago: null, unanswered: 1, identification_mismatches: 0 },
  ]);
  for (let i = 0; i < 1000; i++) upstream.answered(toIpv4(HA + 1 + i), 0, at(i));
  assert.equal(upstream.rows(at(1000)).length, 64);
});

test("status: since when each link was advertised on, and whether home agents answer", () => {
  const bench = Bench.up({ dynamicHomeAgents: [{ address: HA, realms: [] }] });
  const status = (): JsonObject => bench.agent.query("status", bench.now) as JsonObject;
  bench.pass(2.5);
  assert.deepEqual(status().advertising, [{ interface: "lan0", age: 2.5, max_interval: 10 }]);
  const agent = (): JsonObject | undefined => (status().home_agents as JsonObject[])[0];
  assert.equal(agent(), undefined);
  bench.request();
  bench.run(8);
  assert.deepEqual(
    [agent()?.address, agent()?.answered_ago, agent()?.unanswered],
    ["198.51.100.1", null, 1],
  );
  bench.register();
  bench.reply(oneSend(bench.request()), { code: 133 });
  const { identification_mismatches, unanswered } = agent() ?? {};
  assert.deepEqual([identification_mismatches, unanswered], [1, 0]);
  assert.deepEqual([bench.counter("replies-received"), bench.counter("replies-relayed")], [2, 2]);
  bench.agent.handle({ type: "link", interface: "lan0", link: undefined }, bench.now);
  assert.deepEqual(status().advertising, [{ interface: "lan0", age: null, max_interval: 10 }]);
});

test("visitors: a node that asks for an address and a home agent shows null and the home agent that was chosen", () => {
  const bench = Bench.up({ dynamicHomeAgents: [{ address: HA, realms: [] }] });
  const extensions = [{ name: "mobile-node-nai-extension", nai: "bob@example.net" } as const];
  bench.request({ fields: { homeAddress: UNSPECIFIED, homeAgent: UNSPECIFIED, extensions } });
  const [row] = bench.visitors();
  assert.deepEqual(
    [row?.home_address, row?.home_agent, row?.nai, row?.state, row?.renewing],
    [null, "198.51.100.1", "bob@example.net", "pending", false],
  );
});
