/** Proxy Router Advertisements of a foreign agent (RFC 4988 §5.3, §5.4; RFC 4068 §4, §6.1). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac, ZERO_MAC } from "../../shared/base/address.ts";
import type { Effect, LinkChanged, SendIcmp } from "../../shared/protocol/core.ts";
import { macOption, proxyAnswers } from "../../shared/protocol/fast-handover.ts";
import {
  AP1,
  AP2,
  AP3,
  AP4,
  fromNode,
  itemOf,
  messageIn,
  NEXT,
  nodeRouter,
  pair,
  predict,
  router,
} from "./handover-harness.ts";
import { type Bench, FA, HOME, NODE_MAC } from "./harness.ts";

function ask(bench: Bench, ...options: ReturnType<typeof macOption>[]): Effect[] {
  const extensions = options;
  return fromNode(bench, { name: "rtsolpr", code: 0, reserved: 0, identifier: 0x1234, extensions });
}

function oneAnswer(effects: readonly Effect[]): SendIcmp {
  const [one, ...more] = effects.filter((effect) => effect.type === "send-icmp");
  assert(one !== undefined && more.length === 0);
  return one;
}

const about = (mac: Mac) => macOption(1, mac);

test("RFC 4988 §5.4: the answer holds the tuple of the access point that was asked about, in the order of the RFC [4988-5.4-01, 4988-5.4-02, 4988-5.4-03, 4988-5.4-04, 4988-5.4-05, 4988-5.4-06, 4988-5.4-07, 4068-4-05, 4068-4-09]", () => {
  const bench = router();
  const answer = oneAnswer(ask(bench, about(AP2), macOption(4, NODE_MAC)));
  assert.deepEqual([answer.source, answer.destination], [FA, HOME]);
  assert.ok(answer.ttl >= 1);
  assert.deepEqual(answer.link, { interface: "lan0", destination: NODE_MAC });
  const { code, identifier, extensions } = messageIn(answer, "prrtadv");
  assert.deepEqual([code, identifier], [0, 0x1234]);
  assert.deepEqual(
    extensions.map((option) => [option.name, "optionCode" in option && option.optionCode]),
    [
      ["link-layer-address-option", 1],
      ["link-layer-address-option", 3],
      ["new-ipv4-address-option", 3],
      ["new-router-prefix-information-option", 0],
    ],
  );
  const [tuple] = proxyAnswers(extensions);
  const expected = { accessPoint: AP2, router: NEXT, routerMac: AP2, prefixLength: 26 };
  assert.deepEqual(tuple?.router, expected);
});

test("RFC 4068 §4, §6.1.2: an access point on this link, an unknown one, one without fast handover: each has its option code [4988-5.4-11, 4988-5.4-12, 4068-4-02, 4068-4-04, 4068-4-05]", () => {
  const bench = router();
  const unknown = "02:00:00:00:09:01" as Mac;
  const cases = [
    [AP1, 5],
    [unknown, 6],
    [AP4, 7],
  ] as const;
  for (const [mac, optionCode] of cases) {
    const { code, extensions } = messageIn(oneAnswer(ask(bench, about(mac))), "prrtadv");
    assert.equal(code, 2);
    assert.equal(extensions.length, 1, "no prefix information");
    const [option] = proxyAnswers(extensions);
    assert.deepEqual([option?.accessPoint, option?.outcome], [mac, optionCode]);
  }
  const some = messageIn(oneAnswer(ask(bench, about(AP2), about(unknown), about(AP3))), "prrtadv");
  assert.equal(some.code, 3);
  const outcomes = proxyAnswers(some.extensions).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes, [1, 6, 1]);
});

test("RFC 4988 §5.4: a wildcard asks for the neighbourhood, as much of it as fits the link [4988-5.4-15, 4068-4-06, 4988-5.4-04, 4068-6.1.1-02]", () => {
  const bench = router();
  const all = messageIn(oneAnswer(ask(bench, macOption(0, ZERO_MAC))), "prrtadv");
  assert.equal(all.code, 0);
  const points = proxyAnswers(all.extensions).map(({ accessPoint }) => accessPoint);
  assert.deepEqual(points, [AP2, AP3]);
  // An option that nobody knows is stepped over.
  const strange = { name: "unknown", type: 99, data: new Uint8Array(6) } as const;
  const asked = [strange, about(AP2)];
  const solicitation = { name: "rtsolpr", code: 0, reserved: 0, identifier: 7 } as const;
  const known = fromNode(bench, { ...solicitation, extensions: asked });
  assert.equal(messageIn(oneAnswer(known), "prrtadv").code, 0);
  const addresses = [{ address: FA, length: 26 }];
  const link = { up: true, mac: AP1, mtu: 100, addresses };
  bench.agent.handle({ type: "link", interface: "lan0", link }, bench.now);
  const narrow = messageIn(oneAnswer(ask(bench, macOption(0, ZERO_MAC))), "prrtadv");
  assert.equal(proxyAnswers(narrow.extensions).length, 1);
  const alone = router(FA, { neighbors: [] });
  const none = messageIn(oneAnswer(ask(alone, macOption(0, ZERO_MAC))), "prrtadv");
  assert.deepEqual([none.code, none.extensions.length], [2, 1]);
});

test("RFC 4068 §3.2: nothing is remembered of who asked, and who asks for nothing hears nothing [4068-3.2-01]", () => {
  const bench = router();
  const before = [bench.agent.forwarding(), bench.agent.nextDeadline()];
  ask(bench, about(AP2));
  assert.deepEqual([bench.agent.forwarding(), bench.agent.nextDeadline()], before);
  assert.deepEqual(
    ask(bench, macOption(4, NODE_MAC)).filter(({ type }) => type === "send-icmp"),
    [],
  );
  const off = router();
  off.agent.reconfigure({ ...off.agent.config, fastHandover: undefined }, off.now);
  assert.deepEqual(ask(off, about(AP2)), []);
});

test("RFC 4988 §5.4: the network orders a handover by code 1, unasked, and delivers here until the node says that it goes [4988-5.4-03, 4988-5.4-01, 4068-3.3-02]", () => {
  const { par } = pair();
  const order = (args: { home_address: string; access_point: string }) =>
    par.agent.handle({ type: "command", id: 3, name: "handover", args }, par.now);
  const effects = order({ home_address: "10.1.0.7", access_point: AP2 });
  const sent = oneAnswer(effects);
  assert.deepEqual([sent.destination, sent.link.destination], [HOME, NODE_MAC]);
  const message = messageIn(sent, "prrtadv");
  assert.deepEqual([message.code, message.identifier], [1, 0]);
  assert.equal(proxyAnswers(message.extensions)[0]?.router?.router, NEXT);
  assert.equal(itemOf(par, "handover/10.1.0.7"), undefined);
  const refused = [
    order({ home_address: "10.1.0.8", access_point: AP2 }),
    order({ home_address: "10.1.0.7", access_point: AP4 }),
  ];
  for (const [answer] of refused) assert(answer?.type === "answer" && !answer.ok);
});

test("beyond the RFC: what is for a node that left without a word is kept until it says where it is, or is back", () => {
  const { par } = pair();
  const tell = (name: string) =>
    par.agent.handle({ type: "command", id: 3, name, args: { mac: NODE_MAC } }, par.now);
  const item = () => itemOf(par, "handover/10.1.0.7");
  tell("node-left");
  let kept = item();
  assert(kept?.kind === "handover" && kept.hold && kept.intercept && kept.tunnel === undefined);
  tell("node-arrived");
  kept = item();
  assert(kept?.kind === "handover" && !kept.hold && !kept.intercept);
  par.run(1.1);
  assert.equal(item(), undefined);
  // Nobody came: it is looked for where it was.
  tell("node-left");
  par.run(1.05);
  kept = item();
  assert(kept?.kind === "handover" && !kept.hold);
  par.run(1.1);
  tell("node-left");
  par.register({ foreignContext: nodeRouter });
  kept = item();
  assert(kept?.kind === "handover" && !kept.hold);
  const strange = { mac: "02:00:00:00:00:99" };
  const [answer] = par.agent.handle(
    { type: "command", id: 4, name: "node-left", args: strange },
    par.now,
  );
  assert(answer?.type === "answer" && !answer.ok);
});

test("a message that is none is counted and meets silence", () => {
  const bench = router();
  const message = { name: "rtsolpr", code: 0, reserved: 0, identifier: 1, extensions: [] } as const;
  const payload = Uint8Array.of(41, 0, 0, 0, 6, 0, 0, 1);
  assert.deepEqual(
    fromNode(bench, message, { payload }).filter(({ type }) => type !== "report"),
    [],
  );
  const group = fromNode(
    bench,
    { ...message, extensions: [about(AP2)] },
    { source: ipv4("224.0.0.1") },
  );
  assert.deepEqual(
    group.filter(({ type }) => type !== "report"),
    [],
  );
  assert.equal(bench.counter("discarded-icmp-41-malformed"), 1);
});

test("beyond the RFC: a link that goes down has lost its visitors, and one that comes up again has those that did not move", () => {
  const { par, nar } = pair();
  const link = (up: boolean, name = "lan0") => {
    const addresses = [{ address: FA, length: 26 }];
    const event = { type: "link", interface: name, link: { up, mac: AP1, mtu: 1500, addresses } };
    return par.agent.handle(event as LinkChanged, par.now);
  };
  const holds = () => {
    const item = itemOf(par, "handover/10.1.0.7");
    return item?.kind === "handover" ? item.hold : undefined;
  };
  link(false, "lan1");
  assert.equal(holds(), undefined, "another link");
  link(false);
  assert.equal(holds(), true);
  link(true);
  assert.notEqual(holds(), true);
  predict(par, nar);
  assert.equal(holds(), false, "the tunnel stands");
  link(false);
  link(true);
  assert.equal(holds(), false, "who has said where it goes is not back with the link");
});
