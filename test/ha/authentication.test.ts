import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { PeerAssociation } from "../../shared/security/association.ts";
import { appendAuthentication, checkAuthentication } from "../../shared/security/authenticator.ts";
import { appendExtension, decodeControl, RequestFlag } from "../../shared/wire/control.ts";
import {
  assertSilent,
  Bench,
  FA,
  FA2,
  FOREIGN_HOME,
  foreignHome,
  HOME,
  homeContext,
  MOBILE_HOME,
  newerContext,
  oneSend,
  type RequestOptions,
  replyIn,
  reports,
  sends,
  unknownContext,
  wrongKey,
} from "./harness.ts";

const withAssociation = { foreignAgents: [foreignHome] };

function names(bench: Bench, options: RequestOptions): string[] {
  return bench.replyTo(options).extensions.map(({ name }) => name);
}

test("RFC 5944 §3.8.2.1: nobody's request is silently discarded [5944-3.8.2.1-04] [5944-1.7-02]", () => {
  const bench = Bench.up();
  const effects = bench.request({ fields: { homeAddress: ipv4("10.1.0.200") } });
  assertSilent(effects);
  assert.equal(bench.counter("discarded-no-security-association"), 1);
  assert.equal(reports(effects, "dropped")[0]?.reason, "no-security-association");
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.8.2.1: without extension 32 silence [5944-3.8.2.1-05] [5944-3.8.2.1-02] [5944-3.2-02] [5944-3.5.2-01] [5944-1.6-01] [3024-4-02]", () => {
  const bench = Bench.up();
  assertSilent(bench.request({ context: null }));
  assertSilent(bench.request({ context: null, foreign: [foreignHome] }));
  assert.equal(bench.counter("discarded-no-authorization-extension"), 2);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.5.1: the SPI picks algorithm and key; the reply uses the same context [5944-3.5.1-04] [5944-3.2-01] [5944-3.5.1-05] [5944-3.8.2.1-03]", () => {
  const bench = Bench.up();
  for (const context of [homeContext, newerContext]) {
    const send = oneSend(bench.request({ context }));
    const decoded = decodeControl(send.payload);
    assert(decoded.ok);
    assert.equal(checkAuthentication(decoded.value, MOBILE_HOME, [context]).outcome, "valid");
    assert.equal(replyIn(send).code, 0);
  }
});

test("RFC 5944 §3.8.2.1: wrong authenticator without FA-HA association: 131, signed, no binding [5944-3.8.2.1-06] [5944-3.8.2.1-08] [5944-3.8.2.1-09] [5944-3.8.2.1-11] [5944-3.8.2.1-12]", () => {
  const bench = Bench.up();
  const effects = bench.request({ context: wrongKey });
  const send = oneSend(effects);
  assert.equal(replyIn(send).code, 131);
  const decoded = decodeControl(send.payload);
  assert(decoded.ok);
  assert.equal(checkAuthentication(decoded.value, MOBILE_HOME, [homeContext]).outcome, "valid");
  assert.equal(reports(effects, "security-exception").length, 1);
  assert.equal(reports(effects, "denied")[0]?.code, 131);
  assert.deepEqual(bench.bindings(), []);
  assert.deepEqual([...bench.journal], []);
  assert.equal(bench.counter("mn-authentication-failure"), 1);
});

test("RFC 5944 §3.8.2.1: an unknown SPI is answered with the oldest association [5944-3.8.2.1-10]", () => {
  const bench = Bench.up();
  const send = oneSend(bench.request({ context: unknownContext }));
  const decoded = decodeControl(send.payload);
  assert(decoded.ok);
  assert.equal(replyIn(send).code, 131);
  assert.equal(checkAuthentication(decoded.value, MOBILE_HOME, [homeContext]).outcome, "valid");
});

test("RFC 5944 §3.8.2.1: a changed octet fails the authenticator [5944-3.5.1-01]", () => {
  const bench = Bench.up();
  const bytes = bench.requestBytes();
  bytes[3] = (bytes[3] ?? 0) ^ 1; // the lifetime
  assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 131);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.6.2.1: two extensions 32 are not one [5944-F-01]", () => {
  const bench = Bench.up();
  const twice = appendAuthentication(bench.requestBytes(), MOBILE_HOME, homeContext);
  assert.equal(replyIn(oneSend(bench.deliver(twice))).code, 131);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.8.2.1: 131 to unknown senders at most once a second a node", () => {
  const bench = Bench.up();
  assert.equal(sends(bench.request({ context: wrongKey })).length, 1);
  for (let i = 0; i < 100; i++) assertSilent(bench.request({ context: wrongKey }));
  assert.equal(bench.counter("discarded-denials-over-rate"), 100);
  bench.pass(1);
  assert.equal(sends(bench.request({ context: wrongKey })).length, 1);
});

test("RFC 5944 §3.8.2.1: wrong authenticator behind a valid extension 34 always gets 131 [5944-3.8.2.1-07]", () => {
  const bench = Bench.up(withAssociation);
  for (let i = 0; i < 3; i++) {
    const send = oneSend(bench.request({ context: wrongKey, foreign: [foreignHome] }));
    assert.equal(replyIn(send).code, 131);
    const decoded = decodeControl(send.payload);
    assert(decoded.ok);
    assert.equal(checkAuthentication(decoded.value, FOREIGN_HOME, [foreignHome]).outcome, "valid");
  }
});

test("RFC 5944 §3.8.2.1: wrong authenticator, and the known agent did not vouch: silence [5944-3.8.2.1-07] [5944-3.8.2.1-11]", () => {
  const bench = Bench.up(withAssociation);
  const effects = bench.request({ context: wrongKey });
  assertSilent(effects);
  assert.equal(reports(effects, "security-exception").length, 1);
  assert.equal(bench.counter("discarded-mn-authentication-failure"), 1);
  assertSilent(bench.request({ context: wrongKey, foreign: [{ ...foreignHome, spi: 1001 }] }));
});

test("RFC 5944 §3.8.2.1: with an FA-HA association exactly one valid extension 34, and one in the reply [5944-3.8.2.1-17] [5944-3.8.1-07] [5944-3.8.1-09] [5944-3.8.3.3-03] [5944-3.8.3.3-01] [5944-3.8.3.3-02] [5944-3.5.4-04] [5944-3.5.4-06] [3024-4-01]", () => {
  const bench = Bench.up(withAssociation);
  const send = oneSend(bench.request({ foreign: [foreignHome] }));
  const reply = replyIn(send);
  assert.equal(reply.code, 0);
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    [MOBILE_HOME, FOREIGN_HOME],
  );
  assert.equal(send.destination, FA);
  const decoded = decodeControl(send.payload);
  assert(decoded.ok);
  assert.equal(checkAuthentication(decoded.value, FOREIGN_HOME, [foreignHome]).outcome, "valid");
});

test("RFC 5944 §3.8.2.1: 34 missing, repeated or wrong: 132, no binding, security exception [5944-3.8.2.1-18] [5944-3.8.2.1-19]", () => {
  const wrong = { ...foreignHome, key: new Uint8Array(16) };
  const otherSpi = { ...foreignHome, spi: 1001 };
  for (const foreign of [[], [foreignHome, foreignHome], [wrong], [otherSpi]]) {
    const bench = Bench.up(withAssociation);
    const effects = bench.request({ foreign });
    const reply = replyIn(oneSend(effects));
    assert.equal(reply.code, 132);
    assert.deepEqual(
      reply.extensions.map(({ name }) => name),
      [MOBILE_HOME, FOREIGN_HOME],
    );
    assert.equal(reports(effects, "security-exception").length, 1);
    assert.deepEqual(bench.bindings(), []);
    assert.equal(bench.counter("fa-authentication-failure"), 1);
  }
});

test("RFC 5944 §3.8.2.1: a copy without extension 34 does not use up the true request", () => {
  const bench = Bench.up(withAssociation);
  const bytes = bench.requestBytes();
  assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 132);
  const whole = appendAuthentication(bytes, FOREIGN_HOME, foreignHome);
  assert.equal(replyIn(oneSend(bench.deliver(whole))).code, 0);
});

test("RFC 5944 §3.5.4: a deregistration needs no extension 34 and its reply has none [5944-3.5.4-02] [5944-3.5.4-09] [5944-3.8.1-08]", () => {
  const bench = Bench.up(withAssociation);
  bench.request({ foreign: [foreignHome] });
  const leaving = { lifetime: 0, careOfAddress: HOME };
  assert.deepEqual(names(bench, { fields: leaving }), [MOBILE_HOME]);
  bench.request({ foreign: [foreignHome] });
  assert.equal(bench.bindings().length, 1);
  assert.deepEqual(names(bench, { fields: { lifetime: 0 } }), [MOBILE_HOME]);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.5.4: no agent may vouch for a care-of address that it does not advertise, so a co-located one through an agent needs no extension 34, and a wrong one is still refused [5944-3.5.4-07]", () => {
  const bench = Bench.up(withAssociation);
  const own = { flags: RequestFlag.D, careOfAddress: ipv4("192.0.2.50") };
  const through = (foreign: readonly PeerAssociation[]) =>
    bench.request({ fields: own, foreign, event: { source: FA } });
  const reply = replyIn(oneSend(through([])));
  assert.equal(reply.code, 0);
  assert.equal(bench.bindings()[0]?.care_of_address, "192.0.2.50");
  const wrong = { ...foreignHome, key: new Uint8Array(16) };
  assert.equal(replyIn(oneSend(through([wrong]))).code, 132);
  assert.equal(replyIn(oneSend(through([foreignHome, foreignHome]))).code, 132);
  // With the agent's own care-of address the D bit is no way round it.
  const agents = { flags: RequestFlag.D };
  const bare = bench.request({ fields: agents, event: { source: FA } });
  assert.equal(replyIn(oneSend(bare)).code, 132);
});

test("RFC 5944 §3.8.2.1: 34 from an agent without association: discarded [5944-3.8.2.1-20] [5944-3.8.2.1-21]", () => {
  const bench = Bench.up(withAssociation);
  const there = { fields: { careOfAddress: FA2 }, event: { source: FA2 } };
  const effects = bench.request({ foreign: [foreignHome], ...there });
  assertSilent(effects);
  assert.equal(reports(effects, "security-exception").length, 1);
  assert.equal(bench.counter("discarded-unexpected-foreign-home-extension"), 1);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §3.8.1: an agent without association needs no extension 34 [5944-3.8.1-06] [5944-3.5.4-01]", () => {
  const bench = Bench.up(withAssociation);
  const options = { fields: { careOfAddress: FA2 }, event: { source: FA2 } };
  assert.deepEqual(names(bench, options), [MOBILE_HOME]);
});

test("RFC 5944 §3.2: the authorization-enabling extension comes first, else 134 [5944-3.2-03]", () => {
  const bench = Bench.up();
  const bare = bench.requestBytes({ context: null });
  const name = "mobile-foreign-authentication-extension";
  const foreign = appendAuthentication(bare, name, foreignHome);
  const bytes = appendAuthentication(foreign, MOBILE_HOME, homeContext);
  assert.equal(replyIn(oneSend(bench.deliver(bytes))).code, 134);
  assert.deepEqual(bench.bindings(), []);
});

test("RFC 5944 §1.8: unknown extension: skipped from 128 on, fatal below [5944-1.8-05] [5944-1.8-06]", () => {
  for (const [type, good] of [
    [200, true],
    [100, false],
  ] as const) {
    const bench = Bench.up();
    const bare = bench.requestBytes({ context: null });
    const unknown = { name: "unknown", type, data: Uint8Array.of(1, 2, 3) } as const;
    const bytes = appendAuthentication(appendExtension(bare, unknown), MOBILE_HOME, homeContext);
    const effects = bench.deliver(bytes);
    if (good) assert.equal(replyIn(oneSend(effects)).code, 0);
    else assertSilent(effects);
    assert.equal(bench.bindings().length, good ? 1 : 0);
    const counter = "discarded-request-unknown-mandatory-extension";
    assert.equal(bench.counter(counter), good ? 0 : 1);
  }
});

test("RFC 5944 §3.8: a reply only answers a request; anything else is silence [5944-3.8-01]", () => {
  const bench = Bench.up();
  const reply = oneSend(bench.request()).payload;
  assertSilent(bench.deliver(reply));
  assertSilent(bench.deliver(new Uint8Array(0)));
  assertSilent(bench.deliver(bench.requestBytes().subarray(0, 20)));
  assertSilent(bench.request({ event: { source: ipv4("0.0.0.0") } }));
  assertSilent(bench.request({ event: { source: ipv4("224.0.0.1") } }));
  assertSilent(bench.request({ event: { sourcePort: 0 } }));
  assert.equal(bench.counter("discarded-unexpected-message"), 1);
  assert.equal(bench.counter("discarded-request-truncated"), 2);
  assert.equal(bench.counter("discarded-unusable-source"), 3);
});

test("RFC 5944 §3.5.2: what stands behind extension 32 is not the node's, and changes nothing [5944-3.5.2-03] [5944-3.5.1-02]", () => {
  const plain = Bench.up();
  const expected = oneSend(plain.request());
  const bench = Bench.up();
  const unknown = { name: "unknown", type: 200, data: Uint8Array.of(1, 2, 3) } as const;
  const send = oneSend(bench.deliver(appendExtension(bench.requestBytes(), unknown)));
  assert.deepEqual(send, expected);
  assert.deepEqual(bench.bindings(), plain.bindings());
});
