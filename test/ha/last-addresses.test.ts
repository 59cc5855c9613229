/** Whose an assigned address was last: it may be at home with it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import { formatIpv4, type Ipv4, ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import { Bench, HA, homeContext, type RequestOptions } from "./harness.ts";

const POOL = { first: ipv4("10.1.0.100"), last: ipv4("10.1.0.101") };
const [ANN, BOB, CID] = ["ann@example.net", "bob@example.net", "cid@example.net"] as const;
const pooled = ["10.1.0.100", "10.1.0.101"];
const shown = (address: Ipv4): string => formatIpv4(address);

/** Three nodes for two addresses. */
const overrides: Partial<HaCoreConfig> = {
  addressPools: [POOL],
  mobileNodes: [ANN, BOB, CID].map((nai) => {
    return { homeAddress: undefined, nai, associations: [homeContext] };
  }),
};

function asking(nai: string, more: RequestOptions = {}) {
  const extensions = [{ name: "mobile-node-nai-extension", nai } as const];
  return { ...more, fields: { homeAddress: UNSPECIFIED, extensions, ...more.fields } };
}

/** An address for each. */
const roomy = { ...overrides, addressPools: [{ ...POOL, last: ipv4("10.1.0.102") }] };

test("RFC 5944 §3.8.1: nor does a reload or a restart give others an address with which its node may be at home", () => {
  const nothing = (): void => undefined;
  const between: Record<string, (bench: Bench) => void> = {
    nothing,
    reload: (bench) => bench.reconfigure(roomy),
    restart: (bench) => bench.restart(roomy),
    "both, twice": (bench) => {
      bench.restart(roomy);
      bench.reconfigure(roomy);
      bench.restart(roomy);
      bench.reconfigure(roomy);
    },
  };
  for (const [what, happens] of Object.entries(between)) {
    const bench = Bench.up(roomy);
    const { homeAddress } = bench.replyTo(asking(ANN));
    bench.replyTo(asking(ANN, { fields: { lifetime: 0 } }));
    happens(bench);
    assert.equal(shown(bench.replyTo(asking(BOB)).homeAddress), pooled[1], what);
    happens(bench);
    assert.equal(shown(bench.replyTo(asking(CID)).homeAddress), "10.1.0.102", what);
    bench.replyTo(asking(BOB, { fields: { lifetime: 0 } }));
    happens(bench);
    assert.equal(bench.replyTo(asking(ANN)).homeAddress, homeAddress, what);
    assert.equal(shown(bench.replyTo(asking(BOB)).homeAddress), pooled[1], what);
  }
});

test("a denied request leaves what it would have had to others, before what some node had", () => {
  const bench = Bench.up(roomy);
  bench.replyTo(asking(ANN));
  bench.replyTo(asking(ANN, { fields: { lifetime: 0 } }));
  const denied = { fields: { careOfAddress: HA } };
  for (let i = 0; i < 5; i++) assert.equal(bench.replyTo(asking(BOB, denied)).code, 134);
  const others = [BOB, CID].map((name) => shown(bench.replyTo(asking(name)).homeAddress));
  assert.deepEqual(others.sort(), [pooled[1], "10.1.0.102"]);
});

test("who had an address before its last node has it no more; a denied request takes nobody's", () => {
  const bench = Bench.up(overrides);
  const leave = { fields: { lifetime: 0 } };
  for (const name of [ANN, BOB]) bench.replyTo(asking(name));
  bench.replyTo(asking(ANN, leave));
  // None is left but Ann's: who is denied all the same has not had it.
  assert.equal(bench.replyTo(asking(CID, { fields: { careOfAddress: HA } })).code, 134);
  assert.equal(shown(bench.replyTo(asking(ANN)).homeAddress), pooled[0]);
  bench.replyTo(asking(ANN, leave));
  assert.equal(shown(bench.replyTo(asking(CID)).homeAddress), pooled[0]);
  bench.replyTo(asking(CID, leave));
  bench.replyTo(asking(BOB, leave));
  bench.restart(overrides);
  // The one that has been free longest, since neither is hers; and then Cid's is gone.
  assert.equal(bench.replyTo(asking(ANN)).code, 0);
  assert.deepEqual(
    [...bench.journal.keys()].filter((key) => key.startsWith("address/")).sort(),
    pooled.map((address) => `address/${address}`),
  );
});
