/** `nodes`: how each node has been served, as the haCounterTable of RFC 2006 has it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { Bench, homeContext } from "./harness.ts";

const nodes = (bench: Bench): readonly JsonObject[] =>
  bench.agent.query("nodes", bench.now) as readonly JsonObject[];

test("RFC 2006 haCounterTable: requests accepted and denied, when last and why, and the time of service", () => {
  const bench = Bench.up();
  bench.request({ fields: { lifetime: 10 } });
  bench.run(5);
  bench.request({ fields: { careOfAddress: ipv4("0.0.0.0") } });
  bench.run(25);
  bench.request();
  bench.run(4);
  const [node, other] = nodes(bench);
  assert.deepEqual(node, {
    home_address: "10.1.0.7",
    nai: null,
    dynamic: false,
    bindings: 1,
    accepted: 2,
    accepted_ago: 4,
    denied: 1,
    denied_ago: 29,
    denied_code: 134,
    service_time: 14, // ten seconds until it expired, and four of the second binding
  });
  assert.deepEqual(
    [other?.home_address, other?.bindings, other?.accepted, other?.accepted_ago],
    ["10.2.0.9", 0, 0, null],
  );
});

test("a reload keeps what was counted; a dynamic node is there before it has an address", () => {
  const name = "bob@example.net";
  const bob = { homeAddress: undefined, nai: name, associations: [homeContext] };
  const addressPools = [{ first: ipv4("10.1.0.100"), last: ipv4("10.1.0.101") }];
  const bench = Bench.up({ addressPools, mobileNodes: [bob] });
  assert.deepEqual([nodes(bench)[0]?.home_address, nodes(bench)[0]?.nai], [null, name]);
  const extensions = [{ name: "mobile-node-nai-extension", nai: name } as const];
  bench.request({ fields: { homeAddress: ipv4("0.0.0.0"), extensions } });
  bench.reconfigure({ addressPools, mobileNodes: [bob] });
  const [node] = nodes(bench);
  assert.deepEqual([node?.home_address, node?.bindings, node?.accepted], ["10.1.0.100", 1, 1]);
});
