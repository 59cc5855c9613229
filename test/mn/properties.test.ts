/** Whatever comes in: nothing throws, and every bound holds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_AGENTS } from "../../mn/core/movement/agents.ts";
import type { MnState } from "../../mn/core/state.ts";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect, Event } from "../../shared/protocol/core.ts";
import {
  advertisement,
  arpRequest,
  FA2,
  HOME_CONTEXT,
  homeAdvertisement,
  makeConfig,
  replyTo,
  Timeline,
} from "./bench.ts";

const addresses = [FA2, ipv4("192.0.2.1"), ipv4("198.51.100.1"), ipv4("255.255.255.255")];
const anyAddress = fc.constantFrom(...addresses, ipv4("10.1.0.7"), ipv4("0.0.0.0"));
const anyMac = fc.constantFrom("02:00:00:00:00:07", "ff:ff:ff:ff:ff:ff", "02:00:00:00:01:01");
const anyInterface = fc.constantFrom("wlan0", "eth0", "other0");
const octets = fc.oneof(
  fc.uint8Array({ maxLength: 120 }),
  fc
    .tuple(
      fc.constantFrom(advertisement().payload, homeAdvertisement().payload),
      fc.nat(),
      fc.nat(),
    )
    .map(([payload, at, value]) => {
      const bytes = payload.slice();
      bytes[at % bytes.length] = value;
      return bytes;
    }),
);

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record(
    {
      type: fc.constant("udp" as const),
      interface: fc.option(anyInterface, { nil: undefined }),
      linkSource: fc.option(anyMac as fc.Arbitrary<Mac>, { nil: undefined }),
      source: anyAddress,
      sourcePort: fc.constantFrom(434, 5000),
      destination: anyAddress,
      destinationPort: fc.constantFrom(434, 5000),
      ttl: fc.constant(64),
      payload: octets,
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant("icmp" as const),
      interface: fc.option(anyInterface, { nil: undefined }),
      linkSource: fc.option(anyMac as fc.Arbitrary<Mac>, { nil: undefined }),
      source: anyAddress,
      destination: anyAddress,
      ttl: fc.nat(255),
      payload: octets,
    },
    { noNullPrototype: true },
  ),
  fc
    .tuple(anyMac as fc.Arbitrary<Mac>, anyMac as fc.Arbitrary<Mac>, anyAddress)
    .map(([linkSource, linkDestination, targetAddress]) =>
      arpRequest({ linkSource, linkDestination, targetAddress }),
    ),
  fc.tuple(anyInterface, fc.boolean(), anyMac as fc.Arbitrary<Mac>).map(([name, up, mac]) => ({
    type: "link" as const,
    interface: name,
    link: { up, mac, mtu: 1500, addresses: [] },
  })),
  fc.tuple(fc.nat(99), fc.constantFrom("register", "deregister", "x")).map(([id, name]) => ({
    ...{ type: "command" as const, id, name, args: {} },
  })),
  fc.jsonValue().map((value) => ({
    type: "restore" as const,
    entries: [["identification", value as never] as const],
  })),
  fc.constant({ type: "tick" as const }),
);

test("Any octets in any event: never throws, deadlines move on", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.nat(3000)), { maxLength: 40 }), (events) => {
      const line = new Timeline();
      for (const [event, wait] of events) {
        line.event(event);
        line.until(line.now + wait);
        line.status();
        line.node.query("agents", line.clock());
      }
      line.event({ type: "shutdown" });
      line.until(line.now + 10_000);
      assert.equal(line.node.nextDeadline(), undefined);
    }),
    { numRuns: 300 },
  );
});

type Step = (line: Timeline) => void;
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(2500).map((ms) => (line: Timeline) => line.until(line.now + ms)) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat(40), fc.constantFrom(0, 1, 3, 30), fc.nat(2000), fc.boolean())
      .map(([host, lifetime, sequenceNumber, home]) => (line: Timeline) => {
        const source = ipv4(`192.0.2.${host + 1}`);
        const options = { lifetime, sequenceNumber };
        line.event(home ? homeAdvertisement(options) : advertisement({ ...options, source }));
      }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 0, 0, 1, 66, 69, 77, 128, 131, 133, 136, 200), fc.nat(400))
      .map(([code, lifetime]) => (line: Timeline) => {
        const request = line.requests().at(-1);
        if (request !== undefined) line.event(replyTo(request, { code, lifetime }));
      }),
  },
  fc.boolean().map((up) => (line: Timeline) => (up ? line.linkUp() : line.linkDown())),
  fc
    .constantFrom("register", "deregister")
    .map((name) => (line: Timeline) => line.command(name, 1)),
);

function check(line: Timeline, before: MnState, effects: readonly Effect[]): void {
  const rows = line.node.query("agents", line.clock()) as unknown[];
  assert.ok(rows.length <= MAX_AGENTS);
  const status = line.status();
  assert.equal(status.state, line.node.state, `after ${before}`);
  const items = line.items();
  assert.ok(items.length <= 3);
  if (items.some((key) => key.startsWith("visiting/"))) assert.equal(status.mode, "foreign-agent");
  for (const effect of effects) {
    if (effect.type === "send-arp" && effect.link.destination === "ff:ff:ff:ff:ff:ff") {
      assert.equal(status.mode, "home", "[5944-4.6-13]");
    }
  }
}

test("Whatever happens: bounds hold, requests keep their pace, Identification increases [5944-2.4.2-03] [5944-5.7-07] [5944-2.4-04] [5944-4.6-13]", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80 }), fc.nat(), (list, seed) => {
      const line = new Timeline(makeConfig({ homeAssociation: HOME_CONTEXT }), seed);
      line.linkUp();
      for (const step of list) {
        const before = line.node.state;
        const seen = line.log.length;
        step(line);
        check(
          line,
          before,
          line.log
            .slice(seen)
            .filter(({ at }) => at === line.now)
            .map(({ effect }) => effect),
        );
      }
      const requests = line.requests();
      requests.forEach((request, i) => {
        const earlier = requests[i - 3];
        if (earlier !== undefined) assert.ok(request.at - earlier.at >= 1000, "pace");
        const { identification } = requests[i - 1]?.message ?? {};
        assert.notEqual(request.message.identification, identification);
      });
      const asked = line.solicitations();
      asked.forEach((at, i) => {
        if (i > 0) assert.ok(at - (asked[i - 1] ?? 0) >= 1000);
      });
    }),
    { numRuns: 400 },
  );
});
