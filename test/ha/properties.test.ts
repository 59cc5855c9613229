import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_SIMULTANEOUS_BINDINGS } from "../../ha/core/bindings.ts";
import type { Ipv4, Mac } from "../../shared/base/address.ts";
import type { Event } from "../../shared/protocol/core.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import {
  Bench,
  config,
  FA,
  fromHomeLink,
  HA,
  homeAddress,
  homeContext,
  NODE_MAC,
  nonceContext,
  reports,
  wrongKey,
} from "./harness.ts";

const address = fc.oneof(
  fc.constantFrom(HA, FA, homeAddress(7), homeAddress(255), 0 as Ipv4, 0xffffffff as Ipv4),
  fc.nat(0xffffffff).map((value) => value as Ipv4),
);
const link = fc.constantFrom(undefined, "home0", "lan9");
const octets = fc.uint8Array({ maxLength: 120 });

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record(
    {
      type: fc.constant("udp" as const),
      interface: link,
      linkSource: fc.constantFrom(undefined, NODE_MAC),
      source: address,
      sourcePort: fc.nat(65535),
      destination: address,
      destinationPort: fc.constant(434),
      ttl: fc.constantFrom(undefined, 1, 255),
      payload: octets.map((bytes) => {
        const copy = bytes.slice();
        if (copy.length > 0) copy[0] = (copy[0] ?? 0) & 3;
        return copy;
      }),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant("icmp" as const),
      interface: link,
      linkSource: fc.constantFrom(undefined, NODE_MAC),
      source: address,
      destination: address,
      ttl: fc.nat(255),
      payload: octets,
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant("restore" as const),
      entries: fc.array(
        fc.tuple(
          fc.constantFrom("binding/10.1.0.7/192.0.2.1", "replay/10.1.0.7", "x"),
          fc.jsonValue() as fc.Arbitrary<never>,
        ),
        { maxLength: 3 },
      ),
    },
    { noNullPrototype: true },
  ),
  fc.constantFrom<Event>({ type: "tick" }, { type: "shutdown" }),
  fc.boolean().map<Event>((up) => ({
    type: "link",
    interface: "home0",
    link: up ? { up, mac: "02:00:00:00:00:0a" as Mac, mtu: 1500, addresses: [] } : undefined,
  })),
);

test("any events: never throws, never answers what is not signed", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const bench = Bench.up();
      for (const each of events) {
        for (const effect of bench.handle(each)) assert.notEqual(effect.type, "send-udp");
      }
    }),
    { numRuns: 500 },
  );
});

test("any change of a good request: never throws, never makes a binding", () => {
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bench = Bench.up();
      const bytes = bench.requestBytes();
      const i = at % bytes.length;
      bytes[i] = (bytes[i] ?? 0) ^ change;
      bench.deliver(bytes);
      bench.deliver(bytes.subarray(0, i));
      assert.deepEqual(bench.bindings(), []);
    }),
  );
});

interface Step {
  readonly node: number;
  readonly careOf: number;
  readonly lifetime: number;
  readonly flags: number;
  readonly context: typeof homeContext;
  readonly home: boolean;
  readonly wait: number;
  readonly restart: boolean;
  readonly replay: number;
}

const step: fc.Arbitrary<Step> = fc.record(
  {
    node: fc.integer({ min: 1, max: 4 }),
    careOf: fc.integer({ min: 0, max: 6 }),
    lifetime: fc.constantFrom(0, 1, 5, 600, 0xffff),
    flags: fc.constantFrom(0, RequestFlag.S, RequestFlag.S | RequestFlag.T, RequestFlag.G),
    context: fc.constantFrom(homeContext, homeContext, nonceContext, wrongKey),
    home: fc.boolean(),
    wait: fc.constantFrom(0, 0.1, 1, 8),
    restart: fc.boolean(),
    replay: fc.nat(30),
  },
  { noNullPrototype: true },
);

const mobileNodes = [1, 2, 3, 4].map((i) => ({
  homeAddress: homeAddress(i),
  associations: [homeContext, nonceContext],
}));

test("RFC 5944 §5.7: what was accepted once is never accepted again, across crashes; bounds hold", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const overrides = { ...config, mobileNodes, maxBindings: 6 };
      const bench = Bench.up(overrides);
      const accepted: Uint8Array[] = [];
      for (const each of steps) {
        bench.run(each.wait);
        const node = homeAddress(each.node);
        const bytes = bench.requestBytes({
          context: each.context,
          fields: {
            homeAddress: node,
            careOfAddress: each.careOf === 0 ? node : ((FA + each.careOf) as Ipv4),
            lifetime: each.lifetime,
            flags: each.flags,
          },
        });
        const before = bench.counter("registration-accepted");
        bench.deliver(bytes, each.home ? { ...fromHomeLink, source: node } : {});
        if (bench.counter("registration-accepted") > before) accepted.push(bytes);
        if (each.restart) bench.restart(overrides);
        const old = accepted[each.replay % Math.max(1, accepted.length)];
        if (old !== undefined) {
          const effects = bench.deliver(old);
          for (const name of ["binding-added", "binding-updated"]) {
            assert.deepEqual(reports(effects, name), []);
          }
          const count = bench.counter("registration-accepted");
          bench.deliver(old, fromHomeLink);
          assert.equal(bench.counter("registration-accepted"), count);
        }
        assertBounds(bench);
      }
    }),
    { numRuns: 300 },
  );
});

function assertBounds(bench: Bench): void {
  const rows = bench.bindings();
  assert(rows.length <= 6);
  const declared = bench.forwarding().filter(({ kind }) => kind === "binding");
  assert.equal(declared.length, rows.length);
  const perNode = new Map<unknown, number>();
  for (const row of rows) {
    const count = (perNode.get(row.home_address) ?? 0) + 1;
    perNode.set(row.home_address, count);
    assert(count <= MAX_SIMULTANEOUS_BINDINGS);
  }
  const kept = [...bench.journal.keys()].filter((key) => key.startsWith("binding/"));
  assert.equal(kept.length, rows.length);
}

test("a tick that nobody asked for does nothing", () => {
  const bench = Bench.up();
  bench.request();
  bench.run(5);
  assert.deepEqual(bench.handle({ type: "tick" }), []);
});
