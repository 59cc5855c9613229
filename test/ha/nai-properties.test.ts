/** Home addresses that are given out, whatever the nodes do and whenever the home agent crashes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import { type Ipv4, ipv4, parseIpv4, UNSPECIFIED } from "../../shared/base/address.ts";
import { Bench, FA, homeContext, wrongKey } from "./harness.ts";

const POOL = { first: ipv4("10.1.0.100"), last: ipv4("10.1.0.102") };
const STATIC = ipv4("10.1.0.101");
const nameOf = (node: number): string => `node${node}@example.net`;

/** Five nodes for two addresses; the one between them is another node's own. */
const overrides: Partial<HaCoreConfig> = {
  addressPools: [POOL],
  mobileNodes: [
    ...[0, 1, 2, 3, 4].map((node) => ({
      homeAddress: undefined,
      nai: nameOf(node),
      associations: [homeContext],
    })),
    { homeAddress: STATIC, associations: [wrongKey] }, // a key of its own
  ],
};
/** The same without the first node and the last address. */
const fewer: Partial<HaCoreConfig> = {
  addressPools: [{ first: POOL.first, last: STATIC }],
  mobileNodes: overrides.mobileNodes?.slice(1) ?? [],
};

const step = fc.record(
  {
    node: fc.integer({ min: 0, max: 4 }),
    wanted: fc.constantFrom(UNSPECIFIED, UNSPECIFIED, POOL.first, STATIC, POOL.last),
    careOf: fc.integer({ min: 0, max: 2 }),
    lifetime: fc.constantFrom(0, 5, 600),
    flags: fc.constantFrom(0, 0x80),
    wait: fc.constantFrom(0, 1, 6),
    next: fc.constantFrom("nothing", "nothing", "restart", "fewer", "all"),
  },
  { noNullPrototype: true },
);

test("RFC 3024 A.4: no home address is two nodes', none is lost, and none is held without a binding [3024-A.4-02]", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const bench = Bench.up(overrides);
      let current = overrides;
      for (const each of steps) {
        bench.run(each.wait);
        bench.request({
          fields: {
            homeAddress: each.wanted,
            careOfAddress: (FA + each.careOf) as Ipv4,
            lifetime: each.lifetime,
            flags: each.flags,
            extensions: [{ name: "mobile-node-nai-extension", nai: nameOf(each.node) }],
          },
        });
        if (each.next === "restart") bench.restart(current);
        if (each.next === "fewer" || each.next === "all") {
          current = each.next === "all" ? overrides : fewer;
          bench.reconfigure(current);
        }
        assertConsistent(bench);
      }
    }),
    { numRuns: 300 },
  );
});

function assertConsistent(bench: Bench): void {
  const owners = new Map<unknown, unknown>();
  for (const { home_address: address, nai } of bench.bindings()) {
    assert.equal(owners.get(address) ?? nai, nai, `${String(address)} is two nodes'`);
    owners.set(address, nai);
    const node = bench.agent.directory.node(parseIpv4(String(address)) ?? UNSPECIFIED);
    assert.equal(node?.nai, nai);
  }
  assert.equal(owners.has("10.1.0.101"), false, "a node's own address was given out");
  const held = bench.agent.directory.addresses();
  assert.equal(held.addresses_taken, owners.size);
}
