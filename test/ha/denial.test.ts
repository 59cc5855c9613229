/** What the home agent denies, and with which code: RFC 5944 §3.8.2.3, §3.8.3.2, RFC 3024 §4.3.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import {
  Bench,
  FA,
  FA2,
  HA,
  HA_ON_LINK,
  HOME,
  oneSend,
  ROAMER,
  replyIn,
  reports,
  STRANGER,
} from "./harness.ts";

test("RFC 5944 §3.8.2.1: a broadcast request is denied with 136 and the unicast address [5944-3.8.2.1-22] [5944-3.8.2.1-23] [5944-3.8.2.1-24] [5944-3.6.1.2-20] [5944-3.6.1.2-21] [5944-3.8.3.1-01]", () => {
  for (const destination of ["10.1.0.255", "10.2.0.255", "255.255.255.255"].map(ipv4)) {
    const bench = Bench.up();
    const event = { destination, interface: "home0" };
    const send = oneSend(bench.request({ fields: { homeAgent: destination }, event }));
    assert.equal(replyIn(send).code, 136);
    assert.equal(replyIn(send).homeAgent, HA);
    assert.equal(send.source, HA);
    assert.deepEqual(bench.bindings(), []);
    assert.equal(bench.replyTo({ event }).code, 136); // even with the right Home Agent field
  }
});

test("RFC 5944 §3.8.3.2: a Home Agent field that is not ours: 136, and ours in the reply [5944-3.8.3.2-08] [5944-3.8.2.3-01]", () => {
  for (const homeAgent of ["203.0.113.9", "224.0.0.11"].map(ipv4)) {
    const bench = Bench.up();
    const reply = bench.replyTo({ fields: { homeAgent } });
    assert.equal(reply.code, 136);
    assert.equal(reply.homeAgent, HA);
    assert.deepEqual(bench.bindings(), []);
  }
});

test("RFC 5944 §3.8.3.2: the home address is copied; one that is in no home network: 129 [5944-3.8.3.2-04] [5944-3.8.3.2-05]", () => {
  const bench = Bench.up();
  const effects = bench.request({ fields: { homeAddress: STRANGER } });
  const reply = replyIn(oneSend(effects));
  assert.deepEqual([reply.code, reply.homeAddress], [129, STRANGER]);
  const [report] = reports(effects, "denied");
  assert.equal(report?.code, 129);
  assert.equal(report?.reason, "administratively prohibited");
  assert.equal(bench.replyTo().homeAddress, HOME);
});

test("RFC 5944 §3.8.2.3: r and x are ignored, and so is B [5944-3.8.2.3-04] [5944-3.8.2-03]", () => {
  const bench = Bench.up();
  assert.equal(bench.replyTo({ fields: { flags: 0x04 | 0x01 | RequestFlag.B } }).code, 0);
});

test("RFC 5944 §3.8.2.3: a care-of address that cannot be one: 134", () => {
  const bench = Bench.up();
  for (const careOfAddress of [HOME, HA, HA_ON_LINK, ipv4("224.0.0.1"), ipv4("0.0.0.0")]) {
    assert.equal(bench.replyTo({ fields: { careOfAddress } }).code, 134);
  }
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.8.2.3: a full binding list: 130 for new nodes, the old ones go on", () => {
  const bench = Bench.up({ maxBindings: 1 });
  bench.request();
  assert.equal(bench.replyTo({ fields: { homeAddress: ROAMER } }).code, 130);
  assert.equal(bench.replyTo({ fields: { careOfAddress: FA2 } }).code, 0);
  const another = { careOfAddress: FA, flags: RequestFlag.S };
  assert.equal(bench.replyTo({ fields: another }).code, 130);
  assert.deepEqual(bench.careOfAddresses(), ["192.0.2.65"]);
  assert.equal(bench.counter("insufficient-resource"), 2);
});

test("RFC 3024 §4.3.1: an encapsulation that is not offered: 139, with T or without [3024-4.3.1-01] [3024-3.4-08] [3024-3.4-01] [5944-4.1-04]", () => {
  const bench = Bench.up();
  for (const flags of [RequestFlag.M, RequestFlag.M | RequestFlag.T]) {
    assert.equal(bench.replyTo({ fields: { flags } }).code, 139);
  }
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.replyTo({ fields: { flags: RequestFlag.G } }).code, 0);
  assert.equal(bench.bindings()[0]?.encapsulation, "gre");
});

test("RFC 3024 §4.3.1: reverse tunnel mandatory: 138 without T [3024-4.3.1-02] [3024-3.4-07]", () => {
  const bench = Bench.up({ reverseTunnel: "require" });
  assert.equal(bench.replyTo().code, 138);
  assert.equal(bench.replyTo({ fields: { flags: RequestFlag.T } }).code, 0);
  assert.equal(bench.replyTo({ fields: { lifetime: 0 } }).code, 0);
});

test("RFC 3024 §4.3.1: no reverse tunnel to be had: 137, as the last check [3024-4.3.1-03] [3024-3.2-01] [3024-3.4-04]", () => {
  const bench = Bench.up({ reverseTunnel: "refuse" });
  assert.equal(bench.replyTo({ fields: { flags: RequestFlag.T } }).code, 137);
  assert.equal(bench.replyTo({ fields: { flags: RequestFlag.T | RequestFlag.M } }).code, 139);
  assert.equal(bench.replyTo().code, 0);
});

test("RFC 3024 §4.3.1: the binding records the granted reverse tunnel and its encapsulation [3024-4.3.1-04] [3024-1.2-01] [3024-3.2-02] [3024-A.4-10]", () => {
  const bench = Bench.up();
  bench.request({ fields: { flags: RequestFlag.T | RequestFlag.G } });
  const [item] = bench.forwarding();
  assert(item?.kind === "binding");
  assert.deepEqual([item.reverse, item.encapsulation], [true, "gre"]);
  assert.equal(bench.bindings()[0]?.reverse_tunnel, true);
});
