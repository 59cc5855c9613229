/** Fast handovers: the previous access router (RFC 4988, RFC 4068). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { checkAuthentication } from "../../shared/security/authenticator.ts";
import { ntpTimestamp } from "../../shared/security/replay.ts";
import { decodeControl } from "../../shared/wire/control.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  acknowledgmentIn,
  answers,
  carry,
  carryIcmp,
  fastHandover,
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
  THIRD,
  updateBytes,
} from "./handover-harness.ts";
import { FA, HOME, homeContext, NODE_MAC, oneSend, reports } from "./harness.ts";

const HANDOVER = "handover/10.1.0.7";
const tunnel = { local: FA, remote: NEXT };
const leaving = (hold: boolean, ends = tunnel): ForwardingItem => ({
  kind: "handover",
  address: HOME,
  hold,
  limits: fastHandover.limits,
  intercept: true,
  tunnel: ends,
});

test("RFC 4988 §4.2: an update on the old link asks the router that it names, and the tunnel stands once that has agreed [4988-1-02, 4988-4.1-04, 4988-4.2-07, 4988-4.2-17, 4988-5.5-02, 4988-5.5-07, 4988-5.5-08, 4988-5.5-09, 4068-3.1-01, 4068-4-10, 4068-5.3-01]", () => {
  const { par, nar } = pair();
  const updated = sendUpdate(par);
  const sent = oneRouted(updated);
  assert.deepEqual([sent.source, sent.destination], [FA, NEXT]);
  assert.ok(sent.ttl > 1);
  const hi = messageIn(sent, "hi");
  assert.deepEqual([hi.code, hi.flags], [0, 1]);
  const options = hi.extensions.map((option) => ("optionCode" in option ? option.optionCode : 0));
  assert.deepEqual(options.slice(0, 2), [2, 1]);
  const [mac, address] = hi.extensions;
  assert(mac?.name === "link-layer-address-option");
  assert.deepEqual([...mac.llaAndPadding.slice(0, 6)], [2, 0, 0, 0, 0, 7]);
  assert(address?.name === "new-ipv4-address-option" && address.newIpv4Address === HOME);
  // No tunnel, and nothing kept: the node waits for the answer on this link.
  assert.equal(itemOf(par, HANDOVER), undefined);
  assert.deepEqual(answers(updated), { toNode: [], toRouter: [] });
  const effects = carryIcmp(par, oneRouted(carryIcmp(nar, sent)));
  assert.deepEqual(itemOf(par, HANDOVER), leaving(false));
  const [started] = reports(effects, "handover-started");
  assert(started?.type === "report" && started.fields.mode === "predictive");
  assert.equal(started.fields.spi, nodeRouter.spi);
});

test("RFC 4988 §5.2: the acknowledgment comes after the HAck, on the old link and towards the new one, authenticated [4988-4.2-08, 4988-4.2-09, 4988-5.2-03, 4988-5.2-04, 4988-5.2-05, 4988-5.2-06, 4068-6.3.2-01, 4068-4-12, 4988-5.1-11, 4988-7-01]", () => {
  const { par, nar } = pair();
  const { acknowledged } = predict(par, nar);
  const { toNode, toRouter } = answers(acknowledged);
  const [answer] = toNode;
  assert(answer !== undefined && toNode.length === 1 && toRouter.length === 1);
  assert.deepEqual([answer.source, answer.destination, answer.destinationPort], [FA, HOME, 40_000]);
  assert.deepEqual(answer.link, { interface: "lan0", destination: NODE_MAC });
  const message = acknowledgmentIn(answer);
  const { code, lifetime, homeAddress, homeAgent, identification } = message;
  assert.deepEqual([code, lifetime, homeAddress, homeAgent], [0, 10, HOME, FA]);
  assert.equal(identification, ntpTimestamp(par.now.wall));
  const decoded = decodeControl(answer.payload);
  assert(decoded.ok);
  const name = "mn-par-auth-extension";
  assert.equal(checkAuthentication(decoded.value, name, [nodeRouter]).outcome, "valid");
  assert.deepEqual([toRouter[0]?.destination, toRouter[0]?.destinationPort], [NEXT, 434]);
  assert.deepEqual(toRouter[0]?.payload, answer.payload);
});

test("RFC 4988 §7: without the node's authenticator nothing moves and nothing is said; a wrong one is a security exception [4988-7-01, 4988-5.1-09, 4988-5.1-11, 4988-5.1-06, 4068-8-01]", () => {
  const { par } = pair();
  const silent = [
    sendUpdate(par, { context: null }),
    sendUpdate(par, { context: homeContext }),
    sendUpdate(par, { context: { ...nodeRouter, key: homeContext.key } }),
  ];
  for (const effects of silent) {
    assert.deepEqual([routed(effects), answers(effects).toNode], [[], []]);
    assert.equal(reports(effects, "security-exception").length, 1);
  }
  const other = { ...nodeRouter, peer: ipv4("10.1.0.8") };
  const foreign = sendUpdate(par, { fields: { homeAddress: other.peer }, context: other });
  const none = sendUpdate(par, { fields: { homeAddress: ipv4("0.0.0.0") } });
  for (const effects of [foreign, none]) {
    assert.deepEqual([routed(effects), answers(effects).toNode], [[], []]);
  }
  assert.equal(itemOf(par, HANDOVER), undefined);
});

test("RFC 4988 §5.1: an update is heard once, and never from before this start [4988-5.1-09]", () => {
  const { par, nar } = pair();
  const bytes = updateBytes(par);
  par.deliver(bytes, { destination: FA });
  par.pass(11);
  par.run(1);
  assert.equal(itemOf(par, HANDOVER), undefined);
  par.pass(-8);
  const again = par.deliver(bytes, { destination: FA });
  assert.equal(acknowledgmentIn(oneSend(again)).code, 128);
  assert.equal(itemOf(par, HANDOVER), undefined);
  assert.equal(par.counter("fbu-stale"), 1);
  const fresh = router();
  fresh.register({ foreignContext: nodeRouter });
  const before = ntpTimestamp(fresh.now.wall) - (62n << 32n);
  assert.deepEqual(routed(sendUpdate(fresh, { fields: { identification: before } })), []);
  assert.equal(nar.counter("hi-received"), 0);
});

test("RFC 4988 §7: traffic goes to a known router and nowhere else [4988-7-02, 4988-5.1-08]", () => {
  const { par } = pair();
  const stranger = sendUpdate(par, { fields: { careOfAddress: ipv4("192.0.2.70") } });
  assert.equal(acknowledgmentIn(oneSend(stranger)).code, 129);
  assert.deepEqual(routed(stranger), []);
  par.pass(1);
  // From neither the node itself nor a router of the neighbourhood.
  const from = { destination: FA, source: ipv4("192.0.2.70") };
  const wrong = par.deliver(updateBytes(par), from);
  assert.deepEqual([routed(wrong), answers(wrong).toNode], [[], []]);
  assert.equal(par.counter("discarded-fbu-wrong-source"), 1);
});

test("RFC 4988 §5.1: never for longer than 10 seconds, nor than configured; then everything is removed [4988-5.1-05, 4988-7-03, 4068-5.5-04]", () => {
  const { par, nar } = pair();
  const asked = sendUpdate(par, { fields: { lifetime: 900 } });
  const done = carryIcmp(par, oneRouted(carryIcmp(nar, oneRouted(asked))));
  assert.equal(acknowledgmentIn(answers(done).toNode[0] as never).lifetime, 10);
  par.run(9);
  assert.deepEqual(itemOf(par, HANDOVER), leaving(false));
  const ended = par.run(1.1);
  assert.equal(itemOf(par, HANDOVER), undefined);
  assert.equal(reports(ended, "handover-finished").length, 1);
  const short = pair({ lifetime: 3 });
  const { acknowledged } = predict(short.par, short.nar);
  assert.equal(acknowledgmentIn(answers(acknowledged).toNode[0] as never).lifetime, 3);
});

test("RFC 4068 §6.2.1: HI is repeated after 100 ms, then twice as late each time, HI_RETRIES times; then the node hears of the failure [4068-6.2.1-01, 4068-6.2.1-02, 4068-7-01]", () => {
  const { par } = pair();
  const first = messageIn(oneRouted(sendUpdate(par)), "hi");
  for (const wait of [0.1, 0.2, 0.4]) {
    assert.deepEqual(routed(par.run(wait - 0.001)), []);
    const repeated = oneRouted(par.run(0.001));
    assert.equal(messageIn(repeated, "hi").identifier, first.identifier);
  }
  const failed = par.run(0.9);
  assert.deepEqual(routed(failed), []);
  assert.equal(acknowledgmentIn(oneSend(failed)).code, 128);
  assert.deepEqual(itemOf(par, HANDOVER), {
    ...leaving(false),
    intercept: false,
    tunnel: undefined,
  });
  par.run(1.1);
  assert.equal(itemOf(par, HANDOVER), undefined);
});

test("RFC 4988 §4.2: a node that has told and goes before the answer is away from then on: its packets are kept [4988-4.2-15]", () => {
  const { par, nar } = pair();
  const hi = oneRouted(sendUpdate(par));
  par.pass(1);
  nar.pass(1);
  const relay = oneSend(nar.deliver(updateBytes(nar), { destination: NEXT, interface: "lan0" }));
  assert.deepEqual(routed(carry(par, relay)), []);
  assert.deepEqual(itemOf(par, HANDOVER), leaving(true));
  carryIcmp(par, oneRouted(carryIcmp(nar, hi)));
  assert.deepEqual(itemOf(par, HANDOVER), leaving(false));
});

test("RFC 4988 §5.6: a refusal makes no tunnel, and its code is the acknowledgment's [4988-5.6-06]", () => {
  for (const code of [128, 129, 130, 200]) {
    const refusing = pair({ authenticate: false }, { authenticate: false });
    const hi = oneRouted(sendUpdate(refusing.par));
    const hack = oneRouted(carryIcmp(refusing.nar, hi));
    const payload = encodeIcmp({ ...messageIn(hack, "hack"), code });
    const effects = carryIcmp(refusing.par, { ...hack, payload });
    const expected = code === 200 ? 128 : code;
    assert.equal(acknowledgmentIn(oneSend(effects)).code, expected);
    const item = itemOf(refusing.par, HANDOVER);
    assert(item?.kind === "handover" && item.tunnel === undefined && !item.hold);
  }
});

test("RFC 4988 §4.2: an update that another router relays is answered to it, with HI code 1 and neither S nor U [4988-4.2-15, 4988-4.2-17, 4988-5.5-04, 4988-5.5-06, 4988-5.2-03, 4988-5.2-04]", () => {
  const { par, nar } = pair();
  const relay = oneSend(
    nar.deliver(updateBytes(nar), { destination: NEXT, sourcePort: 5000, interface: "lan0" }),
  );
  const effects = carry(par, relay);
  const sent = oneRouted(effects);
  const hi = messageIn(sent, "hi");
  assert.deepEqual([hi.code, hi.flags], [1, 0]);
  // It is not on this link any more: kept until the other router agrees.
  assert.deepEqual(itemOf(par, HANDOVER), leaving(true));
  const done = carryIcmp(par, oneRouted(carryIcmp(nar, sent)));
  const answer = oneSend(done);
  assert.deepEqual(
    [answer.source, answer.destination, answer.destinationPort, answer.link],
    [FA, NEXT, 434, undefined],
  );
  assert.deepEqual(itemOf(par, HANDOVER), leaving(false));
});

test("RFC 4988 §4.2: an update again, from the new link, makes no second tunnel and is answered [4988-4.2-15, 4988-4.2-08]", () => {
  const { par, nar } = pair();
  predict(par, nar);
  const before = par.agent.forwarding();
  par.pass(1);
  nar.pass(1);
  const relay = oneSend(nar.deliver(updateBytes(nar), { destination: NEXT }));
  const effects = carry(par, relay);
  assert.deepEqual(routed(effects), []);
  assert.equal(acknowledgmentIn(oneSend(effects)).code, 0);
  assert.equal(par.agent.forwarding(), before);
});

test("RFC 4068 §5.5: a newer update takes the traffic to the router that it names [4068-5.5-06]", () => {
  const { par, nar } = pair();
  predict(par, nar);
  par.pass(1);
  const effects = sendUpdate(par, { fields: { careOfAddress: THIRD } });
  assert.equal(oneRouted(effects).destination, THIRD);
  // It is on this link, as it has just shown, and nothing goes to the former router any more.
  assert.equal(itemOf(par, HANDOVER), undefined);
  par.pass(1);
  const relayed = { destination: FA, source: THIRD, sourcePort: 434 };
  par.deliver(updateBytes(par, { fields: { careOfAddress: THIRD } }), relayed);
  assert.deepEqual(itemOf(par, HANDOVER), leaving(true, { local: FA, remote: THIRD }));
});

test("RFC 4068 §5.5: a lifetime of 0 takes the tunnel down, and the node is served on this link again [4068-5.5-02]", () => {
  const { par, nar } = pair();
  predict(par, nar);
  par.pass(1);
  const effects = sendUpdate(par, { fields: { lifetime: 0 } });
  const { code, lifetime } = acknowledgmentIn(oneSend(effects));
  assert.deepEqual([code, lifetime], [0, 0]);
  const item = itemOf(par, HANDOVER);
  assert(item?.kind === "handover" && !item.hold && !item.intercept && item.tunnel === undefined);
  assert.equal(itemOf(par, "visitor/198.51.100.1/10.1.0.7")?.kind, "visitor");
  par.run(1.1);
  assert.equal(itemOf(par, HANDOVER), undefined);
});

test("a node that registers here again is here; a reply that was on its way when it left changes nothing", () => {
  const { par, nar } = pair();
  const late = oneSend(par.request({ foreignContext: nodeRouter }));
  par.pass(1);
  nar.pass(1);
  predict(par, nar);
  par.reply(late);
  assert.deepEqual(itemOf(par, HANDOVER), leaving(false));
  par.pass(1);
  par.register({ foreignContext: nodeRouter });
  const item = itemOf(par, HANDOVER);
  assert(item?.kind === "handover" && item.tunnel === undefined);
});

test("RFC 4988 §7: no more nodes at a time than configured; beyond, code 130; who asked is told, with the SPI [4988-5.2-02, 4988-7-06]", () => {
  const { par } = pair({ maxHandovers: 0 });
  const effects = sendUpdate(par);
  assert.equal(acknowledgmentIn(oneSend(effects)).code, 130);
  const [refused] = reports(effects, "handover-refused");
  assert(refused?.type === "report");
  const { home_address, mac, spi, code } = refused.fields;
  assert.deepEqual([home_address, mac, spi, code], ["10.1.0.7", NODE_MAC, nodeRouter.spi, 130]);
});

test("RFC 4988 §7: a HAck from a stranger, without our authentication, or to another HI changes nothing [4988-7-03]", () => {
  const { par, nar } = pair();
  const hack = oneRouted(carryIcmp(nar, oneRouted(sendUpdate(par))));
  carryIcmp(par, { ...hack, source: ipv4("192.0.2.70") });
  const payload = hack.payload.slice();
  payload[payload.length - 8] = (payload[payload.length - 8] ?? 0) ^ 1;
  payload.set([0, 0], 2);
  carryIcmp(par, { ...hack, payload });
  const others = pair();
  const old = oneRouted(carryIcmp(others.nar, oneRouted(sendUpdate(others.par))));
  par.pass(11);
  par.run(1);
  carryIcmp(par, old);
  assert.notDeepEqual(itemOf(par, HANDOVER), leaving(false));
});

test("a reload that turns fast handover off forgets every handover", () => {
  const { par, nar } = pair();
  predict(par, nar);
  par.agent.reconfigure({ ...par.agent.config, fastHandover: undefined }, par.now);
  assert.equal(itemOf(par, HANDOVER), undefined);
  assert.equal(itemOf(par, "visitor/198.51.100.1/10.1.0.7")?.kind, "visitor");
});
