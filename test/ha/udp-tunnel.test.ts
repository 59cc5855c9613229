/** NAT traversal at the home agent, as requests are answered: RFC 3519 §3, §4.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../shared/base/address.ts";
import { UdpTunnelReplyFlag, UdpTunnelRequestFlag } from "../../shared/wire/control/udp-tunnel.ts";
import { appendExtension, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import {
  Bench,
  FA,
  foreignHome,
  fromHomeLink,
  HA,
  MOBILE_HOME,
  oneSend,
  replyIn,
} from "./harness.ts";
import {
  answerIn,
  ask,
  byAgent,
  colocated,
  DIRECT,
  itemOf,
  NAT,
  NAT_PORT,
  PRIVATE,
  traversal,
  wish,
} from "./udp-tunnel-bench.ts";

const { D, T, M, G } = RequestFlag;
const { F, R } = UdpTunnelRequestFlag;
const ALL = { encapsulations: ["ipip", "gre", "minimal"] } as const;

test("RFC 3519 §4.6: another source than the care-of address tells of a NAT, and the tunnel goes to the source of the request, its port included [3519-2-02, 3519-4.6-01, 3519-4.6-02, 3519-4.6-03, 3519-4.6-05, 3519-3.2.1-01, 3519-4.2-01]", () => {
  const { bench, send, reply, answer, row } = ask(colocated(wish()));
  assert.equal(reply.code, 0);
  assert.deepEqual(answer, {
    name: "regular-udp-tunnel-reply-extension",
    replyCode: 0,
    flags: 0,
    keepaliveInterval: 110,
  });
  // Before extension 32, which covers it.
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    ["regular-udp-tunnel-reply-extension", MOBILE_HOME],
  );
  // The reply is signalling: it goes as it came, beside the tunnel.
  assert.deepEqual([send.destination, send.destinationPort, send.sourcePort], [NAT, NAT_PORT, 434]);
  assert.equal(row?.udp_tunnel, true);
  assert.equal(row?.care_of_address, formatIpv4(NAT));
  assert.equal(row?.requested_care_of_address, formatIpv4(PRIVATE));
  const { careOfAddress, udpPort, encapsulation, reverse, homeAgent } = itemOf(bench);
  assert.deepEqual(
    [careOfAddress, udpPort, encapsulation, reverse, homeAgent],
    [NAT, NAT_PORT, "ipip", true, HA],
  );
});

test("RFC 3519 §4.6: where no NAT is indicated the answer declines, and the tunnel is an ordinary one; every time [3519-4.6-04, 3519-4.6-11, 3519-4.6-13, 3519-3.1.4-02]", () => {
  // Encapsulation counts for a tunnel in UDP alone.
  const { bench, answer, row } = ask(colocated(wish(0, 47), DIRECT), ALL);
  assert.deepEqual([answer?.replyCode, answer?.flags, answer?.keepaliveInterval], [64, 0, 0]);
  assert.equal(row?.udp_tunnel, false);
  assert.equal(itemOf(bench).udpPort, undefined);
  assert.equal(itemOf(bench).encapsulation, "ipip");
  assert.equal(itemOf(bench).careOfAddress, PRIVATE);
  const again = replyIn(oneSend(bench.request(colocated(wish(0, 47), DIRECT))));
  assert.deepEqual(answerIn(again), answer);
});

test("RFC 3519 §4.7: no tunnel in UDP without the extension, whatever the source is [3519-4.7-01]", () => {
  const { bench, reply, answer } = ask(colocated(undefined));
  assert.equal(reply.code, 0);
  assert.equal(answer, undefined);
  assert.equal(itemOf(bench).udpPort, undefined);
  assert.equal(itemOf(bench).careOfAddress, PRIVATE);
});

test("RFC 3519 §3.1.1, §4.6.1: F makes a tunnel without a NAT where that is allowed, and says so; otherwise code 129 [3519-3.1.1-01, 3519-3.1.1-02, 3519-3.2-05, 3519-4.6.1-03]", () => {
  const denied = ask(colocated(wish(F), DIRECT));
  assert.equal(denied.reply.code, 129);
  assert.equal(denied.answer, undefined);
  assert.equal(denied.bench.forwarding().length, 0);
  const forced = ask(colocated(wish(F), DIRECT), traversal({ force: true }));
  assert.deepEqual([forced.answer?.replyCode, forced.answer?.flags], [0, UdpTunnelReplyFlag.F]);
  assert.deepEqual(
    [itemOf(forced.bench).careOfAddress, itemOf(forced.bench).udpPort],
    [PRIVATE, 434],
  );
  // Behind a NAT nothing had to be forced, but F was set.
  const natted = ask(colocated(wish(F)));
  assert.deepEqual([natted.answer?.replyCode, natted.answer?.flags], [0, UdpTunnelReplyFlag.F]);
});

test("RFC 3519 §4.6.1: with NAT traversal off, code 129 behind a NAT or with F, and a declining answer elsewhere [3519-4.6.1-02]", () => {
  const off = traversal({ enabled: false, force: true });
  assert.equal(ask(colocated(wish()), off).reply.code, 129);
  assert.equal(ask(colocated(wish(F), DIRECT), off).reply.code, 129);
  const elsewhere = ask(colocated(wish(), DIRECT), off);
  assert.deepEqual([elsewhere.reply.code, elsewhere.answer?.replyCode], [0, 64]);
  const without = ask(colocated(undefined), off);
  assert.deepEqual([without.reply.code, without.answer], [0, undefined]);
});

test("RFC 3519 §4.6.1: the node's extension without D, or the agent's with D: code 134 [3519-4.6.1-04, 3519-4.6.1-05]", () => {
  assert.equal(ask(colocated(wish(), { fields: { flags: T } })).reply.code, 134);
  const bench = Bench.up();
  assert.equal(replyIn(oneSend(byAgent(bench, wish(), D | T))).code, 134);
  assert.equal(bench.forwarding().length, 0);
});

test("RFC 3519 §3.1.3: with a reserved 3 that is not 0 the extension is skipped, and the other reserved bits count for nothing [3519-3.1-03]", () => {
  const { reply, answer } = ask(colocated(wish(0, 0, 1)));
  assert.equal(reply.code, 0);
  assert.equal(answer, undefined);
  const odd = { ...wish(0x3f), reserved1: 255 } as ControlExtension;
  assert.equal(ask(colocated(odd)).answer?.replyCode, 0);
});

test("RFC 3519 §3.1.4, §4.1: the Encapsulation field says how, 0 leaves it to M and G [3519-3.1.4-01, 3519-3.1.4-02, 3519-4.1-02, 3519-4.1-03, 3519-4.1-04, 3519-4.1-05]", () => {
  for (const [bits, field, expected] of [
    [0, 0, "ipip"],
    [M, 0, "minimal"],
    [G, 0, "gre"],
    [0, 4, "ipip"],
    [0, 47, "gre"],
    [0, 55, "minimal"],
    [G, 4, "ipip"],
    [M, 47, "gre"],
  ] as const) {
    const options = colocated(wish(0, field), { fields: { flags: D | T | bits } });
    const { bench, row, answer } = ask(options, ALL);
    assert.equal(answer?.replyCode, 0);
    assert.equal(row?.encapsulation, expected);
    assert.deepEqual([itemOf(bench).encapsulation, itemOf(bench).udpPort], [expected, NAT_PORT]);
  }
});

test("RFC 3519 §3.5, §4.6.1: an encapsulation that there is not, or is not offered: code 142; 139 stays for ordinary tunnels [3519-3.5-01, 3519-4.6.1-07, 3519-4.1-05]", () => {
  for (const field of [1, 17, 55, 255]) {
    const { bench, reply } = ask(colocated(wish(0, field)));
    assert.equal(reply.code, 142);
    assert.equal(bench.counter("udp-encapsulation-unavailable"), 1);
    assert.equal(bench.forwarding().length, 0);
  }
  const byBits = { fields: { flags: D | T | M } };
  assert.equal(ask(colocated(wish(), byBits)).reply.code, 142);
  assert.equal(ask(colocated(wish(), { ...DIRECT, ...byBits })).reply.code, 139);
});

test("RFC 3519 §4.5, §4.6: a foreign agent behind a NAT: its extension behind extension 32, and the answer there too", () => {
  const bench = Bench.up();
  const reply = replyIn(oneSend(byAgent(bench, wish())));
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    [MOBILE_HOME, "regular-udp-tunnel-reply-extension"],
  );
  assert.deepEqual([itemOf(bench).careOfAddress, itemOf(bench).udpPort], [NAT, NAT_PORT]);
  // R is about a node's tunnel that does not go to its agent: an agent has nothing to say by it.
  const again = Bench.up();
  byAgent(again, wish(R));
  assert.equal(itemOf(again).udpPort, NAT_PORT);
});

test("RFC 5944 §3.8.2.1: an agent behind a NAT is known by its care-of address: its extension 34 is checked, and the answer is before ours", () => {
  const overrides = { foreignAgents: [{ ...foreignHome, peer: PRIVATE }] };
  const bench = Bench.up(overrides);
  const reply = replyIn(oneSend(byAgent(bench, wish(), T, true)));
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    [MOBILE_HOME, "regular-udp-tunnel-reply-extension", "foreign-home-authentication-extension"],
  );
  const unsigned = Bench.up(overrides);
  assert.equal(replyIn(oneSend(byAgent(unsigned, wish()))).code, 132);
});

test("RFC 5944 §3.8.2.1: what stands behind a valid extension 34 is nobody's, and is passed over", () => {
  const bench = Bench.up({ foreignAgents: [foreignHome] });
  const signed = bench.requestBytes({ fields: { flags: T }, foreign: [foreignHome] });
  const reply = replyIn(oneSend(bench.deliver(appendExtension(signed, wish(F)), { source: FA })));
  assert.equal(reply.code, 0);
  assert.equal(answerIn(reply), undefined);
});

test("a source that is the home address, or our own, is no end for a tunnel: code 134", () => {
  for (const event of [fromHomeLink, { source: HA }]) {
    const { bench, reply } = ask(colocated(wish(), { event }));
    assert.equal(reply.code, 134);
    assert.equal(bench.forwarding().length, 0);
  }
});

test("an extension of another sub-type is passed over", () => {
  const data = new Uint8Array(5);
  const { reply, answer } = ask(
    colocated({ name: "udp-tunnel-request-extension", subtype: 7, data }),
  );
  assert.deepEqual([reply.code, answer], [0, undefined]);
});
