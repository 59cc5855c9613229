/** How long a tunnel in UDP lasts, and what moves it: RFC 3519 §4.6, §4.7, §4.10, §5.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { HALF_BOUND } from "../../shared/forwarding/state.ts";
import { UdpTunnelRequestFlag } from "../../shared/wire/control/udp-tunnel.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { Bench, HA, HOME, oneSend, replyIn, reports } from "./harness.ts";
import {
  answerIn,
  ask,
  colocated,
  DIRECT,
  itemOf,
  NAT,
  NAT_PORT,
  OTHER_NAT,
  traversal,
  wish,
} from "./udp-tunnel-bench.ts";

const { D, T, S } = RequestFlag;
const { R } = UdpTunnelRequestFlag;

const keepalive = (remotePort: number, remote = NAT) =>
  ({ type: "tunnel-bound", homeAddress: HOME, local: HA, remote, remotePort }) as const;

test("RFC 3519 §4.6: with R nothing goes out before the first keepalive, and then to where that came from [3519-4.6-06, 3519-4.6-07, 3519-4.6-10]", () => {
  const { bench, answer } = ask(colocated(wish(R)));
  assert.equal(answer?.replyCode, 0);
  assert.equal(itemOf(bench).udpPort, HALF_BOUND);
  assert.equal(itemOf(bench).careOfAddress, NAT);
  const before = bench.agent.forwarding();
  // Of another address, or of another node: no tunnel waits for it.
  for (const other of [
    keepalive(5000, OTHER_NAT),
    { ...keepalive(5000), homeAddress: ipv4("10.1.0.8") },
    { ...keepalive(5000), local: ipv4("10.1.0.1") },
  ]) {
    assert.deepEqual(bench.handle(other), []);
  }
  assert.equal(bench.agent.forwarding(), before);
  const effects = bench.handle(keepalive(5000));
  assert.equal(itemOf(bench).udpPort, 5000);
  assert.equal(reports(effects, "binding-updated").length, 1);
  // A later one from another port moves nothing.
  assert.deepEqual(bench.handle(keepalive(6000)), []);
  assert.equal(itemOf(bench).udpPort, 5000);
  // It outlives a restart; a new registration begins anew.
  bench.restart();
  assert.equal(itemOf(bench).udpPort, 5000);
  bench.request(colocated(wish(R)));
  assert.equal(itemOf(bench).udpPort, HALF_BOUND);
  bench.restart();
  assert.equal(itemOf(bench).udpPort, HALF_BOUND);
});

test("RFC 3519 §4.4, §4.10: a new registration from another port or NAT moves the tunnel, and the keepalive interval stays [3519-4.4-08, 3519-4.10-06]", () => {
  const bench = Bench.up();
  bench.request(colocated(wish()));
  for (const [source, sourcePort] of [
    [NAT, 61_002],
    [OTHER_NAT, 1025],
  ] as const) {
    const reply = replyIn(
      oneSend(bench.request(colocated(wish(), { event: { source, sourcePort } }))),
    );
    assert.equal(reply.code, 0);
    assert.equal(answerIn(reply)?.keepaliveInterval, 110);
    assert.equal(bench.bindings().length, 1);
    assert.deepEqual([itemOf(bench).careOfAddress, itemOf(bench).udpPort], [source, sourcePort]);
  }
});

test("RFC 3519 §5.2, §6: a tunnel in UDP is granted for a short time, others as ever [3519-5.2-01, 3519-6-01]", () => {
  const { reply, row } = ask(colocated(wish()));
  assert.deepEqual([reply.lifetime, row?.lifetime], [60, 60]);
  assert.equal(ask(colocated(wish(), DIRECT)).reply.lifetime, 600);
  assert.equal(ask(colocated(wish()), traversal({ maxLifetime: 65535 })).reply.lifetime, 600);
  const capped = { maxLifetime: 30, ...traversal({ maxLifetime: 300 }) };
  assert.equal(ask(colocated(wish()), capped).reply.lifetime, 30);
});

test("RFC 3519 §4.7: each simultaneous binding has a tunnel of its own kind, and each ends with its lifetime [3519-4.7-03, 3519-4.7-04]", () => {
  const bench = Bench.up();
  bench.request({ fields: { flags: T | S, lifetime: 600 } });
  bench.request(colocated(wish(), { fields: { flags: D | T | S } }));
  const ports = () =>
    bench.forwarding().map((item) => (item.kind === "binding" ? item.udpPort : 0));
  assert.deepEqual(ports(), [undefined, NAT_PORT]);
  bench.run(61);
  assert.deepEqual(ports(), [undefined]);
});

test("RFC 5944 §3.8.2.2: a deregistration names the care-of address that the node has, not the NAT's; it needs no tunnel", () => {
  const bench = Bench.up();
  bench.request(colocated(wish()));
  const fields = { lifetime: 0, flags: D | T };
  const reply = replyIn(oneSend(bench.request(colocated(wish(0, 99), { fields }))));
  assert.deepEqual([reply.code, answerIn(reply)], [0, undefined]);
  assert.equal(bench.forwarding().length, 0);
});

test("a tunnel in UDP survives a restart", () => {
  const { bench } = ask(colocated(wish()));
  const item = itemOf(bench);
  bench.restart();
  assert.deepEqual(itemOf(bench), item);
});
