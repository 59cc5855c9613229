/** Home agents that share their addresses: what the one that acts declares and announces. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeAgent } from "../../ha/core/home-agent.ts";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Json } from "../../shared/base/result.ts";
import type { LinkChanged } from "../../shared/protocol/core.ts";
import { arps, Bench, config, FA2, HA, HA_ON_LINK, HOME, homeAddress, ROAMER } from "./harness.ts";

const sharing = {
  addresses: [
    { interface: "wan0", prefix: { address: HA, length: 24 } },
    { interface: "home0", prefix: { address: ipv4("10.1.0.254"), length: 24 } },
  ],
  lifetime: 1,
};
const shared = { ...config, sharing };

function wanUp(): LinkChanged {
  const mac = "02:00:00:00:00:0b" as Mac;
  const addresses = [{ address: ipv4("198.51.100.11"), length: 24 }];
  return { type: "link", interface: "wan0", link: { up: true, mac, mtu: 1500, addresses } };
}

/** An agent that takes over what another one has kept. */
function takeover(entries: readonly (readonly [string, Json])[]) {
  const bench = new Bench({ sharing });
  bench.agent = new HomeAgent(shared, seededRandom(2));
  const restored = bench.handle({ type: "restore", isTakeover: true, entries });
  return { bench, restored };
}

function keptByAnother(): readonly (readonly [string, Json])[] {
  const other = Bench.up({ sharing });
  other.handle({ type: "restore", entries: [] });
  other.request();
  other.request({ fields: { homeAddress: ROAMER } });
  return [...other.journal];
}

test("before it may act an agent declares nothing; then the shared addresses, and bindings that depend on them", () => {
  const bench = Bench.up({ sharing });
  assert.equal(bench.agent.forwarding().size, 0);
  bench.handle({ type: "restore", entries: [] });
  assert.deepEqual(
    bench.forwarding().map((item) => item.kind),
    ["shared-address", "shared-address"],
  );
  bench.request();
  const binding = bench.forwarding().find((item) => item.kind === "binding");
  assert.equal(binding?.dependsOn, HA);
});

test("RFC 5944 §4.6: a takeover is announced as soon as the links are there: the shared addresses, and each home address that is away from a real home link", () => {
  const { bench, restored } = takeover(keptByAnother());
  assert.deepEqual(arps(restored), []);
  assert.equal(bench.bindings().length, 2);
  const onHomeLink = [...arps(bench.linkUp()), ...arps(bench.run(0.01))];
  assert.deepEqual(
    onHomeLink.map(({ senderAddress }) => senderAddress),
    [ipv4("10.1.0.254"), HOME],
  );
  const onUplink = [...arps(bench.handle(wanUp())), ...arps(bench.run(0.01))];
  assert.deepEqual(
    onUplink.map(({ senderAddress, link }) => [senderAddress, link.interface]),
    [[HA, "wan0"]],
  );
  assert.equal(arps(bench.run(5)).length, 2 * 3);
  assert.equal(bench.counter("gratuitous-arps-without-link"), 0);
});

test("a restart on one machine announces nothing: nobody else has answered meanwhile", () => {
  const bench = Bench.up();
  bench.request();
  bench.run(5);
  assert.deepEqual(arps(bench.restart()), []);
  assert.deepEqual(arps(bench.run(5)), []);
});

test("a thousand addresses are announced over a tenth of a second, not at once", () => {
  const mobileNodes = Array.from({ length: 1000 }, (_, i) => ({
    homeAddress: homeAddress(i + 1),
    associations: config.mobileNodes[0]?.associations ?? [],
  }));
  const prefix = { address: ipv4("10.1.0.0"), length: 16 };
  const wide = { sharing, mobileNodes, homeNetworks: [{ prefix, interface: "home0" }] };
  const other = Bench.up({ ...wide, maxBindings: 2000 });
  other.handle({ type: "restore", entries: [] });
  for (const node of mobileNodes) other.request({ fields: { homeAddress: node.homeAddress } });
  const bench = new Bench({ ...wide, maxBindings: 2000 });
  bench.handle({ type: "restore", isTakeover: true, entries: [...other.journal] });
  assert.ok(arps(bench.linkUp()).length < 20);
  assert.equal(arps(bench.run(0.11)).length > 950, true);
});

test("a request that names an address of this machine alone is denied with code 136 and the shared one", () => {
  const bench = Bench.up({ sharing });
  bench.handle({ type: "restore", entries: [] });
  const reply = bench.replyTo({ fields: { homeAgent: HA_ON_LINK } });
  assert.deepEqual([reply.code, reply.homeAgent], [136, HA]);
  assert.equal(bench.replyTo({ fields: { careOfAddress: FA2 } }).code, 0);
});

test("RFC 5944 §5.7: a request that the agent before has accepted is not accepted after a takeover", () => {
  const other = Bench.up({ sharing });
  other.handle({ type: "restore", entries: [] });
  const bytes = other.requestBytes();
  other.deliver(bytes);
  const { bench } = takeover([...other.journal]);
  bench.now = other.now;
  bench.deliver(bytes);
  assert.equal(bench.counter("id-mismatch"), 1);
  assert.equal(bench.counter("registration-accepted"), 0);
});
