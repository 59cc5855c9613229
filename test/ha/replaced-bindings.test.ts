/** What a node had sent by its former care-of address: for a moment it is still taken. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SIMULTANEOUS_BINDINGS } from "../../ha/core/bindings.ts";
import { type Ipv4, toIpv4 } from "../../shared/base/address.ts";
import { realize } from "../../shared/forwarding/realize.ts";
import type { RealizeConfig } from "../../shared/forwarding/realized.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { fromPeer, openPath } from "../forwarding/fake-path.ts";
import { packet, ROOM } from "../forwarding/packets.ts";
import { Bench, FA, FA2, HA } from "./harness.ts";

const T = RequestFlag.T;
const HOST: RealizeConfig = { role: "ha", routeTable: 436, rulePriority: 4360, hasNft: false };

function register(
  bench: Bench,
  careOfAddress: Ipv4,
  more: { flags?: number; lifetime?: number } = {},
) {
  const fields = { careOfAddress, flags: T, ...more };
  bench.request({ fields, event: { source: careOfAddress } });
}

/** Where something may still come from. */
const former = (bench: Bench): readonly Ipv4[] =>
  bench
    .forwarding()
    .flatMap((item) => (item.kind === "replaced-binding" ? [item.careOfAddress] : []));

function moved(overrides: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = Bench.up(overrides);
  register(bench, FA);
  assert.deepEqual(former(bench), []);
  register(bench, FA2);
  return bench;
}

test("a replaced care-of address counts for two seconds more, and a node's own time begins with each", () => {
  const bench = moved();
  assert.deepEqual(former(bench), [FA]);
  bench.run(1.9);
  assert.deepEqual(former(bench), [FA]);
  bench.run(0.2);
  assert.deepEqual(former(bench), []);
  assert.equal(bench.agent.forwarding().size, 1);
});

test("RFC 3024 §4.3.2: for that time the home address is taken from it, nobody else's, and nothing goes there [3024-4.3.2-02] [3024-4.3.2-04]", () => {
  const bench = moved();
  const realized = bench.forwarding().map((item) => realize(item, HOST));
  const replaced = bench.forwarding().find(({ kind }) => kind === "replaced-binding");
  assert(replaced !== undefined);
  assert.deepEqual(realize(replaced, HOST).objects, []);
  const entries = realized.flatMap(({ tunnels }) => tunnels);
  const path = openPath({ entries });
  const from = (careOf: Ipv4, source: string): Uint8Array => {
    const inner = packet({ source, destination: "10.9.0.2" }).slice(ROOM);
    const bytes = Uint8Array.from(fromPeer({ encapsulation: "ipip" }, inner));
    new DataView(bytes.buffer).setUint32(12, careOf);
    new DataView(bytes.buffer).setUint32(16, HA);
    return bytes;
  };
  path.arrive(from(FA, "10.1.0.7"));
  path.arrive(from(FA2, "10.1.0.7"));
  assert.equal(path.delivered.length, 2);
  path.arrive(from(FA, "10.1.0.8"));
  path.arrive(from(toIpv4(FA + 9), "10.1.0.7"));
  assert.equal(path.delivered.length, 2);
  assert.deepEqual(path.strangers, ["tunnel-no-binding", "tunnel-no-binding"]);
  const out = entries.filter(({ direction }) => direction === "out");
  assert.deepEqual([...new Set(out.map(({ remote }) => remote))], [FA2]);
});

test("a node that deregisters, whose binding ends or is revoked, has no former care-of address", () => {
  const deregistered = moved();
  register(deregistered, FA2, { lifetime: 0 });
  const revoked = moved();
  const command = { type: "command", id: 1, name: "revoke" } as const;
  revoked.handle({ ...command, args: { home_address: "10.1.0.7" } });
  const expired = Bench.up();
  register(expired, FA);
  register(expired, FA2, { lifetime: 1 });
  expired.run(1.1);
  const changed = moved();
  changed.reconfigure({});
  const started = moved();
  started.restart();
  for (const [index, bench] of [deregistered, revoked, expired, changed, started].entries()) {
    assert.deepEqual(former(bench), [], `case ${index}`);
    assert.ok(bench.forwarding().every(({ kind }) => kind === "binding"));
  }
});

test("back at a former care-of address it has that once, and the one in between counts", () => {
  const bench = moved();
  register(bench, FA);
  assert.deepEqual(former(bench), [FA2]);
  bench.run(1);
  register(bench, FA2);
  assert.deepEqual(former(bench), [FA]);
});

test("without a reverse tunnel, kept beside others, or with replaced_grace = 0 there is none; a node has at most as many as bindings", () => {
  const bench = Bench.up();
  register(bench, FA, { flags: 0 });
  register(bench, FA2, { flags: 0 });
  assert.deepEqual(former(bench), []);
  const simultaneous = Bench.up();
  register(simultaneous, FA);
  register(simultaneous, FA2, { flags: T | RequestFlag.S });
  assert.deepEqual(former(simultaneous), []);
  assert.deepEqual(former(moved({ replacedGrace: 0 })), []);
  const busy = Bench.up();
  for (let i = 0; i < 20; i++) register(busy, toIpv4(FA + i));
  assert.deepEqual(
    [...former(busy)].sort((a, b) => a - b),
    [15, 16, 17, 18].map((i) => toIpv4(FA + i)),
  );
  assert.equal(former(busy).length, MAX_SIMULTANEOUS_BINDINGS);
});
