/** Fast handovers: the new access router (RFC 4988, RFC 4068). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { AddressCode, addressIn, addressOption } from "../../shared/protocol/fast-handover.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  acknowledgmentIn,
  answers,
  arrive,
  carry,
  carryIcmp,
  itemOf,
  messageIn,
  NEXT,
  nodeRouter,
  oneRouted,
  pair,
  predict,
  routed,
  router,
  sendUpdate,
  updateBytes,
} from "./handover-harness.ts";
import { FA, HA, HOME, NODE_MAC, oneSend, reports } from "./harness.ts";

const HANDOVER = "handover/10.1.0.7";
const GUEST = "guest/10.1.0.7";

/** HI and HAck without authentication, so that a test can write them. */
function bare(next = {}) {
  return pair({ authenticate: false }, { authenticate: false, ...next });
}

test("RFC 4988 §5.5: a HI makes a guest, whose packets are kept until it is seen, without ARP [4988-5.5-05, 4988-5.6-01, 4988-5.6-05, 4988-4.2-19, 4068-4-15, 4068-6.2.2-02, 4068-6.2.2-03, 4068-5.2-01]", () => {
  const { par, nar } = pair();
  const sent = oneRouted(sendUpdate(par));
  const effects = carryIcmp(nar, sent);
  const answer = oneRouted(effects);
  assert.deepEqual([answer.source, answer.destination], [NEXT, FA]);
  assert.ok(answer.ttl > 1);
  const hack = messageIn(answer, "hack");
  assert.deepEqual([hack.code, hack.identifier], [0, messageIn(sent, "hi").identifier]);
  const guest = itemOf(nar, GUEST);
  assert(guest?.kind === "visitor");
  const { homeAddress, homeAgent, careOfAddress, mac, reverse } = guest;
  // The neighbour entry comes from the HI; the tunnel leads both ways.
  assert.deepEqual(
    [homeAddress, homeAgent, careOfAddress, mac, reverse],
    [HOME, FA, NEXT, NODE_MAC, true],
  );
  const item = itemOf(nar, HANDOVER);
  assert(item?.kind === "handover" && item.hold && !item.intercept);
  assert.deepEqual(item.limits, nar.agent.config.fastHandover?.limits);
});

test("RFC 4988 §4.2: the update on the new link lets the packets go and the waiting acknowledgment, and goes on unchanged [4988-4.2-12, 4988-4.2-13, 4988-4.2-14, 4988-4.2-16]", () => {
  const { par, nar } = pair();
  const { acknowledged } = predict(par, nar);
  const [towards] = answers(acknowledged).toRouter;
  assert(towards !== undefined);
  assert.deepEqual(carry(nar, towards), []);
  nar.pass(1);
  const bytes = updateBytes(nar);
  const effects = nar.deliver(bytes, { destination: NEXT, sourcePort: 5000 });
  const { toNode, toRouter } = answers(effects);
  assert.deepEqual(toRouter[0]?.payload, bytes);
  assert.deepEqual([toRouter[0]?.source, toRouter[0]?.destination], [NEXT, FA]);
  assert.deepEqual(toNode[0]?.payload, towards.payload);
  assert.deepEqual(
    [toNode[0]?.destination, toNode[0]?.destinationPort, toNode[0]?.link],
    [HOME, 5000, { interface: "lan0", destination: NODE_MAC }],
  );
  const item = itemOf(nar, HANDOVER);
  assert(item?.kind === "handover" && !item.hold);
  assert.equal(reports(effects, "handover-finished").length, 1);
});

test("RFC 4988 §4.2: in the reactive mode the acknowledgment of the relayed update goes to the node [4988-4.2-14, 4988-4.2-16, 4988-4.2-18]", () => {
  const { par, nar } = pair();
  const relayed = oneSend(arrive(nar));
  assert.equal(itemOf(nar, GUEST), undefined);
  const hi = oneRouted(carry(par, relayed));
  const hack = oneRouted(carryIcmp(nar, hi));
  assert.equal(messageIn(hack, "hack").code, 0);
  const item = itemOf(nar, HANDOVER);
  assert(item?.kind === "handover" && !item.hold);
  const answer = oneSend(carryIcmp(par, hack));
  const toNode = oneSend(carry(nar, answer));
  assert.deepEqual(toNode.link, { interface: "lan0", destination: NODE_MAC });
  assert.deepEqual(toNode.payload, answer.payload);
  assert.equal(acknowledgmentIn(toNode).code, 0);
  // It is not for anybody who has not asked.
  assert.deepEqual(answers(carry(nar, { ...answer, source: ipv4("192.0.2.70") })).toNode, []);
});

test("RFC 4988 §4.2: who is told to send packets here, or to come, is told when they find their way; nobody waits for that who is here [4988-4.2-14]", () => {
  const { par, nar } = pair();
  const { initiated, acknowledged } = predict(par, nar);
  const { toNode, toRouter } = answers(acknowledged);
  const told = [oneRouted(initiated), ...toNode, ...toRouter];
  assert.deepEqual(
    told.map(({ onceInForce }) => onceInForce),
    [true, true, true],
  );
  const again = pair();
  const hi = oneRouted(carry(again.par, oneSend(arrive(again.nar))));
  const hack = oneRouted(carryIcmp(again.nar, hi));
  const answer = oneSend(carryIcmp(again.par, hack));
  assert.deepEqual(
    [hi, hack, answer, oneSend(carry(again.nar, answer))].map(({ onceInForce }) => onceInForce),
    [undefined, undefined, true, true],
  );
});

test("RFC 4988 §4.2: a HI of code 1 for a guest is answered and disturbs nothing [4988-4.2-18, 4068-4-14]", () => {
  const { par, nar } = bare();
  const hi = oneRouted(sendUpdate(par));
  carryIcmp(nar, hi);
  arrive(nar);
  const before = nar.agent.forwarding();
  const code1 = { ...messageIn(hi, "hi"), code: 1, flags: 2, identifier: 77 };
  const effects = carryIcmp(nar, { ...hi, payload: encodeIcmp(code1) });
  const hack = messageIn(oneRouted(effects), "hack");
  assert.deepEqual([hack.code, hack.identifier, hack.extensions], [0, 77, []]);
  assert.equal(nar.agent.forwarding(), before);
});

test("only the node itself is given what was kept for it, by whoever its router said that it is", () => {
  const { par, nar } = pair();
  predict(par, nar);
  nar.pass(1);
  nar.deliver(updateBytes(nar), { destination: NEXT, linkSource: "02:00:00:00:00:66" as Mac });
  const item = itemOf(nar, HANDOVER);
  assert(item?.kind === "handover" && item.hold);
  assert.equal(nar.counter("handover-wrong-link-layer-address"), 1);
});

test("RFC 4988 §7: a guest that is never seen is forgotten, with what was kept [4988-7-03, 4068-5.5-04]", () => {
  const { par, nar } = pair();
  predict(par, nar);
  const ended = nar.run(10.1);
  assert.deepEqual([itemOf(nar, GUEST), itemOf(nar, HANDOVER)], [undefined, undefined]);
  const [finished] = reports(ended, "handover-finished");
  assert(finished?.type === "report" && finished.fields.outcome === "never-seen");
});

test("RFC 4988 §1: the new router is a foreign agent: once the guest is registered its own tunnel takes what it sends [4988-1-01]", () => {
  const { par, nar } = pair();
  predict(par, nar);
  nar.pass(1);
  arrive(nar);
  nar.pass(1);
  const event = { destination: NEXT };
  const fields = { careOfAddress: NEXT };
  const request = oneSend(nar.request({ foreignContext: nodeRouter, fields, event }));
  nar.reply({ ...request, source: NEXT });
  const visitor = itemOf(nar, "visitor/198.51.100.1/10.1.0.7");
  assert(visitor?.kind === "visitor" && visitor.homeAgent === HA);
  const guest = itemOf(nar, GUEST);
  assert(guest?.kind === "visitor" && !guest.reverse);
  nar.run(10.1);
  assert.equal(itemOf(nar, GUEST), undefined);
  assert.equal(itemOf(nar, "visitor/198.51.100.1/10.1.0.7")?.kind, "visitor");
});

test("a guest was elsewhere: an old visit ends, and the home agent's tunnel is taken as soon as it is asked", () => {
  const { par, nar } = pair();
  const event = { destination: NEXT };
  const fields = { careOfAddress: NEXT };
  const options = { foreignContext: nodeRouter, fields, event };
  const register = () => oneSend(nar.request(options));
  nar.reply({ ...register(), source: NEXT });
  nar.pass(1);
  par.pass(1);
  const { initiated } = predict(par, nar);
  assert.equal(reports(initiated, "visitor-removed").length, 1);
  assert.equal(itemOf(nar, "visitor/198.51.100.1/10.1.0.7"), undefined);
  nar.pass(1);
  arrive(nar);
  const request = register();
  const expected = itemOf(nar, "expected/10.1.0.7");
  assert(expected?.kind === "visitor");
  assert.deepEqual(
    [expected.homeAgent, expected.careOfAddress, expected.reverse],
    [HA, NEXT, false],
  );
  nar.reply({ ...request, source: NEXT });
  assert.equal(itemOf(nar, "expected/10.1.0.7"), undefined);
  // Told late: one that has registered since it came stays.
  const late = oneRouted(sendUpdate(pair().par));
  assert.equal(reports(carryIcmp(nar, late), "visitor-removed").length, 0);
});

test("RFC 4068 §5.5: a node that another router announces is not sent on to it: no loop", () => {
  const { par, nar } = pair();
  predict(par, nar);
  par.pass(1);
  nar.pass(1);
  // It has registered there, and goes back to where it came from.
  arrive(nar);
  const fields = { careOfAddress: NEXT };
  const options = { foreignContext: nodeRouter, fields, event: { destination: NEXT } };
  nar.reply({ ...oneSend(nar.request(options)), source: NEXT });
  nar.pass(1);
  const back = { fields: { homeAgent: NEXT, careOfAddress: FA } };
  const hi = oneRouted(nar.deliver(updateBytes(nar, back), { destination: NEXT }));
  assert.deepEqual([hi.source, hi.destination], [NEXT, FA]);
  const hack = oneRouted(carryIcmp(par, hi));
  const item = itemOf(par, HANDOVER);
  assert(item?.kind === "handover" && item.tunnel === undefined && item.hold);
  carryIcmp(nar, hack);
  const onward = itemOf(nar, HANDOVER);
  assert(onward?.kind === "handover" && onward.tunnel?.remote === FA);
});

test("a guest that comes again within the lifetime of its last handover is waited for again", () => {
  const { par, nar } = bare();
  const hi = oneRouted(sendUpdate(par));
  carryIcmp(nar, hi);
  arrive(nar);
  const isHeld = (): boolean => {
    const item = itemOf(nar, HANDOVER);
    return item?.kind === "handover" && item.hold;
  };
  carryIcmp(nar, hi);
  assert.equal(isHeld(), false, "the same HI again");
  const message = messageIn(hi, "hi");
  const payload = encodeIcmp({ ...message, identifier: message.identifier ^ 1 });
  carryIcmp(nar, { ...hi, payload });
  assert.equal(isHeld(), true);
});

test("RFC 4988 §7: HI is taken from a router of the neighbourhood that proves who it is, once [4988-7-04]", () => {
  const { par, nar } = pair();
  const hi = oneRouted(sendUpdate(par));
  const quiet = (packet: typeof hi): void => {
    const effects = carryIcmp(nar, packet);
    assert.deepEqual(routed(effects), []);
    assert.equal(reports(effects, "security-exception").length, 1);
    assert.equal(itemOf(nar, GUEST), undefined);
  };
  quiet({ ...hi, source: ipv4("192.0.2.70") });
  quiet({ ...hi, source: ipv4("192.0.2.129") });
  const { extensions, ...rest } = messageIn(hi, "hi");
  quiet({ ...hi, payload: encodeIcmp({ ...rest, extensions: extensions.slice(0, 2) }) });
  const other = { ...rest, identifier: rest.identifier ^ 1 };
  quiet({ ...hi, payload: encodeIcmp({ ...other, extensions }) });
  assert.equal(routed(carryIcmp(nar, hi)).length, 1);
  nar.run(10.5);
  quiet(hi);
});

test("RFC 4988 §5.6: what makes no sense or has no room is refused with its code [4988-5.6-01, 4068-6.2.2-04, 4988-5.6-02]", () => {
  const { par, nar } = bare();
  const hi = oneRouted(sendUpdate(par));
  const message = messageIn(hi, "hi");
  const codeOf = (bench: typeof nar, changed: Partial<typeof message>): number => {
    const payload = encodeIcmp({ ...message, ...changed });
    return messageIn(oneRouted(carryIcmp(bench, { ...hi, payload })), "hack").code;
  };
  assert.equal(codeOf(nar, { extensions: [] }), 128);
  assert.equal(codeOf(nar, { extensions: message.extensions.slice(0, 1) }), 128);
  const own = [...message.extensions.slice(0, 1), addressOption(AddressCode.previous, NEXT)];
  assert.equal(codeOf(nar, { extensions: own }), 128);
  assert.equal(codeOf(bare({ maxHandovers: 0 }).nar, {}), 130);
  // Another node here has the address.
  const taken = router(NEXT, { authenticate: false });
  const linkSource = "02:00:00:00:00:08" as Mac;
  const event = { destination: NEXT, linkSource };
  const fields = { careOfAddress: NEXT };
  const request = oneSend(taken.request({ foreignContext: nodeRouter, fields, event }));
  taken.reply({ ...request, source: NEXT });
  assert.equal(codeOf(taken, {}), 128);
});

test("RFC 4988 §4.2: an address of the pool for a node that needs one; the codes tell [4988-4.2-20, 4988-5.5-03, 4988-5.5-10, 4988-5.5-11, 4988-5.6-03, 4988-5.6-04, 4988-5.6-05, 4068-6.2.2-01, 4988-5.4-16]", () => {
  const first = ipv4("192.0.2.100");
  const pool = { first, last: first };
  const { par, nar } = bare({ pool });
  const hi = oneRouted(sendUpdate(par));
  const message = messageIn(hi, "hi");
  const ask = (bench: typeof nar, flags: number, last: number, wish?: string) => {
    const [mac] = message.extensions;
    assert(mac !== undefined);
    const previous = addressOption(AddressCode.previous, ipv4(`10.1.0.${last}`));
    const wished = wish === undefined ? [] : [addressOption(AddressCode.new, ipv4(wish))];
    const payload = encodeIcmp({ ...message, flags, extensions: [mac, previous, ...wished] });
    const hack = messageIn(oneRouted(carryIcmp(bench, { ...hi, payload })), "hack");
    return [hack.code, addressIn(hack.extensions, AddressCode.new)];
  };
  assert.deepEqual(ask(nar, 2, 7), [3, first]);
  assert.deepEqual(ask(nar, 2, 7), [3, first]);
  assert.deepEqual(ask(nar, 2, 8), [4, undefined]);
  assert.deepEqual(ask(nar, 0, 8), [0, undefined]);
  assert.deepEqual(ask(nar, 0, 8, "192.0.2.100"), [2, undefined]);
  assert.deepEqual(ask(nar, 0, 8, "192.0.2.101"), [1, undefined]);
  assert.deepEqual(ask(bare().nar, 2, 7), [4, undefined]);
  // Held for the handover and a little longer.
  nar.run(11.6);
  assert.deepEqual(ask(nar, 0, 8, "192.0.2.100"), [3, first]);
});

test("RFC 4988 §4.2: the address that the new router gives is in the acknowledgment, of code 1 [4988-4.2-21, 4988-5.2-07, 4068-4-11]", () => {
  const first = ipv4("192.0.2.100");
  const { par, nar } = bare();
  const hack = oneRouted(carryIcmp(nar, oneRouted(sendUpdate(par))));
  const assigned = {
    ...messageIn(hack, "hack"),
    code: 3,
    extensions: [addressOption(AddressCode.new, first)],
  };
  const [answer] = answers(carryIcmp(par, { ...hack, payload: encodeIcmp(assigned) })).toNode;
  assert(answer !== undefined);
  const { code, extensions } = acknowledgmentIn(answer);
  assert.equal(code, 1);
  const names = extensions.map(({ name }) => name);
  assert.deepEqual(names, ["new-ipv4-address-option", "mn-par-auth-extension"]);
});

test("an update to a router that nobody knows goes nowhere", () => {
  const { nar } = pair();
  const effects = arrive(nar, { fields: { homeAgent: ipv4("192.0.2.70") } });
  assert.deepEqual(answers(effects), { toNode: [], toRouter: [] });
  assert.equal(nar.counter("discarded-fbu-unknown-router"), 1);
});
