import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { Bench, config, FA2, HOME, home0, oneSend, ROAMER, replyIn, reports } from "./harness.ts";

test("reconfigure: bindings that still fit stay, and their forwarding is the same object", () => {
  const bench = Bench.up();
  bench.request();
  const before = bench.agent.forwarding();
  const effects = bench.reconfigure({ maxLifetime: 60 });
  assert.deepEqual(effects, []);
  assert.equal(bench.agent.forwarding(), before);
  assert.equal(bench.replyTo().lifetime, 60);
});

test("reconfigure: a node that is gone loses its binding and its replay state", () => {
  const bench = Bench.up();
  // Each has a record of its replay state beside that of its binding.
  for (const lifetime of [0, 600]) {
    bench.request({ fields: { lifetime } });
    bench.request({ fields: { homeAddress: ROAMER, lifetime } });
  }
  assert.equal(bench.journal.size, 4);
  bench.pass(8); // what they sent is too old for anybody
  const mobileNodes = config.mobileNodes.filter(({ homeAddress }) => homeAddress !== HOME);
  const effects = bench.reconfigure({ mobileNodes });
  assert.equal(reports(effects, "binding-removed")[0]?.reason, "reconfigured");
  assert.equal(bench.agent.forwarding().size, 1);
  assert.deepEqual([...bench.journal.keys()].sort(), [
    "binding/10.2.0.9/192.0.2.1",
    "replay/10.2.0.9",
  ]);
});

test("reconfigure: replay protection survives it", () => {
  const bench = Bench.up();
  const bytes = bench.requestBytes();
  bench.deliver(bytes);
  bench.reconfigure({});
  bench.deliver(bytes);
  assert.equal(bench.counter("id-mismatch"), 1);
});

test("RFC 5944 §5.7.1: what a node has sent is not taken again when it is removed and added back within the window of the clock", () => {
  const bench = Bench.up();
  const bytes = bench.requestBytes();
  bench.deliver(bytes);
  for (const mobileNodes of [[], [], config.mobileNodes]) {
    bench.reconfigure({ mobileNodes });
    bench.pass(1);
  }
  assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 133);
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.replyTo().code, 0);
  // When its requests are too old for anybody, nothing is kept of it.
  bench.reconfigure({ mobileNodes: [] });
  bench.pass(8);
  bench.reconfigure({});
  assert.equal(bench.replyTo().code, 0);
});

test("RFC 5944 §5.7.1: nor when the home agent is started anew meanwhile, whichever of the two removes it", () => {
  const none = { mobileNodes: [] };
  const removals: Record<string, (bench: Bench) => void> = {
    reload: (bench) => bench.reconfigure(none),
    start: (bench) => bench.restart(none),
    "reload, start": (bench) => {
      bench.reconfigure(none);
      bench.restart(none);
    },
    "start, start": (bench) => {
      bench.restart(none);
      bench.restart(none);
    },
  };
  for (const [how, remove] of Object.entries(removals)) {
    for (const lifetime of [600, 0]) {
      for (const isStarted of [false, true]) {
        const bench = Bench.up();
        const bytes = bench.requestBytes({ fields: { lifetime } });
        bench.deliver(bytes);
        remove(bench);
        assert.deepEqual([...bench.journal.keys()], ["replay/10.1.0.7"], how);
        bench.pass(6);
        if (isStarted) bench.restart();
        else bench.reconfigure({});
        assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 133, how);
        assert.equal(bench.replyTo().code, 0);
      }
    }
  }
});

test("what is remembered of a node that was removed goes with the window of the clock, at the next reload or start", () => {
  const none = { mobileNodes: [] };
  for (const happens of [
    (bench: Bench) => bench.reconfigure(none),
    (bench: Bench) => bench.restart(none),
  ]) {
    const bench = Bench.up();
    bench.request();
    bench.reconfigure(none);
    bench.pass(6);
    happens(bench);
    assert.deepEqual([...bench.journal.keys()], ["replay/10.1.0.7"]);
    bench.pass(2);
    happens(bench);
    assert.deepEqual([...bench.journal.keys()], []);
  }
});

test("reconfigure: a home network that becomes virtual changes the binding's forwarding", () => {
  const bench = Bench.up();
  bench.request();
  bench.reconfigure({
    homeNetworks: [{ prefix: { address: ipv4("10.1.0.0"), length: 24 }, interface: undefined }],
    links: [],
  });
  const [item] = bench.forwarding();
  assert(item?.kind === "binding");
  assert.equal(item.homeInterface, undefined);
});

test("reconfigure: tunnels cannot keep an address that the agent gives up", () => {
  const bench = Bench.up();
  bench.request();
  bench.reconfigure({ address: ipv4("198.51.100.2") });
  assert.deepEqual(bench.bindings(), []);
});

test("reconfigure: a link that is no longer named says goodbye [1256-4.3-15]", () => {
  const bench = Bench.up();
  const effects = bench.reconfigure({ links: [] });
  assert.deepEqual(
    effects.map(({ type }) => type),
    ["send-icmp"],
  );
  assert.deepEqual(bench.reconfigure({ links: [home0] }), []);
  assert.equal(bench.linkUp().length, 1);
});

test("the longest prefix decides on which link a home address is", () => {
  const bench = Bench.up({
    homeNetworks: [
      { prefix: { address: ipv4("10.0.0.0"), length: 8 }, interface: undefined },
      { prefix: { address: ipv4("10.1.0.0"), length: 24 }, interface: "home0" },
    ],
  });
  bench.request();
  const [item] = bench.forwarding();
  assert(item?.kind === "binding");
  assert.equal(item.homeInterface, "home0");
});

test("forwarding: the same object while nothing changed", () => {
  const bench = Bench.up();
  bench.request();
  const before = bench.agent.forwarding();
  bench.run(20);
  bench.request({ context: null });
  assert.equal(bench.agent.forwarding(), before);
  bench.request({ fields: { careOfAddress: FA2 } });
  assert.notEqual(bench.agent.forwarding(), before);
  assert.equal(before.size, 1);
  assert(before.has("binding/10.1.0.7/192.0.2.1"), "an older state does not change");
});

test("query: status, bindings, and nothing under another name", () => {
  const bench = Bench.up();
  bench.request();
  const status = bench.agent.query("status", bench.now) as { bindings: number; pending: number };
  assert.equal(status.bindings, 1);
  assert.equal(status.pending, 0);
  assert.equal(bench.agent.query("visitors", bench.now), undefined);
});

test("commands that it does not have are refused, not ignored", () => {
  const bench = Bench.up();
  const [answer] = bench.handle({ type: "command", id: 7, name: "fly", args: {} });
  assert(answer?.type === "answer");
  assert.deepEqual([answer.id, answer.ok], [7, false]);
});
