/** Nodes that are known by their NAI, and home addresses that are given out: RFC 2794. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import { BROADCAST, formatIpv4, type Ipv4, ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import {
  assertSilent,
  Bench,
  FA2,
  FOREIGN_HOME,
  foreignHome,
  HA,
  HA_ON_LINK,
  HOME,
  homeContext,
  MOBILE_HOME,
  oneSend,
  type RequestOptions,
  replyIn,
  STRANGER,
  unknownContext,
  wrongKey,
} from "./harness.ts";

const nai = (name: string): ControlExtension => ({ name: "mobile-node-nai-extension", nai: name });
const POOL = { first: ipv4("10.1.0.100"), last: ipv4("10.1.0.101") };
const NAMES = ["ann@example.net", "bob@example.net", "cid@example.net"];

/** Three nodes for two addresses; and one that has its own address and a NAI. */
const overrides: Partial<HaCoreConfig> = {
  addressPools: [POOL],
  mobileNodes: [
    ...NAMES.map((name) => ({ homeAddress: undefined, nai: name, associations: [homeContext] })),
    { homeAddress: HOME, nai: "eve@example.net", associations: [homeContext] },
    { homeAddress: STRANGER, associations: [homeContext] },
  ],
};

function asking(name: string, more: RequestOptions = {}, homeAddress = UNSPECIFIED) {
  return {
    ...more,
    fields: { homeAddress, extensions: [nai(name)], ...more.fields },
  } satisfies RequestOptions;
}

const [ANN, BOB, CID] = NAMES as [string, string, string];
const shown = (address: Ipv4): string => formatIpv4(address);
const pooled = ["10.1.0.100", "10.1.0.101"];

test("RFC 2794 §3: home address 0 with a NAI: one is assigned, and the reply has both [2794-3-03] [2794-3-05] [5944-3.8.1-04] [5944-3.8.1-05] [5944-3.8.3.2-06] [3024-A.4-11]", () => {
  const bench = Bench.up(overrides);
  const reply = bench.replyTo(asking(ANN));
  assert.equal(reply.code, 0);
  assert.equal(shown(reply.homeAddress), pooled[0]);
  assert.equal(reply.homeAgent, HA);
  assert.deepEqual(reply.extensions[0], nai(ANN));
  assert.equal(reply.extensions[1]?.name, MOBILE_HOME);
  const [row] = bench.bindings();
  assert.deepEqual([row?.home_address, row?.nai], [pooled[0], ANN]);
  assert.deepEqual(
    bench.forwarding().map((item) => item.kind === "binding" && shown(item.homeAddress)),
    [pooled[0]],
  );
});

test("RFC 2794 §3: a renewal keeps the address, named or asked for with 0, with a NAI or without", () => {
  const bench = Bench.up(overrides);
  const address = bench.replyTo(asking(ANN)).homeAddress;
  assert.equal(bench.replyTo(asking(ANN)).homeAddress, address);
  assert.equal(bench.replyTo(asking(ANN, {}, address)).code, 0);
  const plain = bench.replyTo({ fields: { homeAddress: address, careOfAddress: FA2 } });
  assert.deepEqual([plain.code, plain.homeAddress], [0, address]);
  assert.equal(plain.extensions.length, 1);
  assert.equal(bench.bindings().length, 1);
});

test("RFC 3024 A.4: no address is given twice; none left: 130; a lapsed one goes to who waits [3024-A.4-02]", () => {
  const bench = Bench.up(overrides);
  const ann = bench.replyTo(asking(ANN));
  const bob = bench.replyTo(asking(BOB));
  assert.deepEqual(
    [ann, bob].map((reply) => shown(reply.homeAddress)),
    pooled,
  );
  const cid = bench.replyTo(asking(CID));
  assert.deepEqual([cid.code, cid.homeAddress], [130, UNSPECIFIED]);
  assert.deepEqual(cid.extensions[0], nai(CID));
  bench.request(asking(ANN, { fields: { homeAddress: ann.homeAddress, lifetime: 0 } }));
  assert.equal(bench.replyTo(asking(CID)).homeAddress, ann.homeAddress);
  // The old holder's own address is another's now: it must ask for one again (RFC 5944 §3.8.3.2).
  const late = bench.replyTo(asking(ANN, {}, ann.homeAddress));
  assert.deepEqual([late.code, late.homeAddress], [129, ann.homeAddress]);
  assert.equal(bench.replyTo(asking(ANN)).code, 130);
});

test("RFC 5944 §3.8.1: who comes back gets the address that it had, while others get fresh ones", () => {
  const last = ipv4("10.1.0.110");
  const bench = Bench.up({ ...overrides, addressPools: [{ ...POOL, last }] });
  const { homeAddress } = bench.replyTo(asking(ANN, { fields: { lifetime: 10 } }));
  bench.run(11);
  assert.deepEqual(bench.bindings(), []);
  assert.equal(shown(bench.replyTo(asking(BOB)).homeAddress), pooled[1]);
  assert.equal(bench.replyTo(asking(ANN)).homeAddress, homeAddress);
});

test("RFC 5944 §3.8.3.2: a home address of its own choice: of the pool and free, or 129", () => {
  const bench = Bench.up(overrides);
  const wanted = POOL.last;
  assert.equal(bench.replyTo(asking(ANN, {}, wanted)).homeAddress, wanted);
  for (const address of [wanted, HOME, HA_ON_LINK, ipv4("10.1.0.99"), ipv4("10.1.0.102")]) {
    const reply = bench.replyTo(asking(BOB, {}, address));
    assert.deepEqual([reply.code, reply.homeAddress], [129, address]);
  }
  assert.equal(bench.bindings().length, 1);
});

test("RFC 2794: a node with an address of its own may ask for it by its NAI, and for no other", () => {
  const bench = Bench.up(overrides);
  const reply = bench.replyTo(asking("eve@EXAMPLE.net"));
  assert.deepEqual([reply.code, reply.homeAddress], [0, HOME]);
  assert.equal(bench.bindings()[0]?.nai, "eve@example.net");
  assert.equal(bench.replyTo(asking("eve@example.net", {}, POOL.first)).code, 129);
  assert.equal(bench.replyTo().code, 0); // without its NAI
  assert.equal(bench.replyTo(asking("a@other.org", {}, STRANGER)).code, 129); // it has none here
});

test("RFC 5944 §3.8.2.1: a NAI that nobody has, or of somebody else, is met with silence", () => {
  const bench = Bench.up(overrides);
  assertSilent(bench.request(asking("mallory@example.net")));
  assertSilent(bench.request(asking("mallory@example.net", {}, HOME)));
  assertSilent(bench.request({ fields: { homeAddress: UNSPECIFIED } }));
  assertSilent(bench.request({ fields: { homeAddress: POOL.first } }));
  assert.equal(bench.counter("discarded-no-security-association"), 4);
  assert.equal(bench.journal.size, 0);
});

test("RFC 5944 §3.8.2.1: without proof of the node no address is given out: 131 with what is known", () => {
  const bench = Bench.up(overrides);
  const denied = bench.replyTo(asking(ANN, { context: wrongKey }));
  assert.deepEqual([denied.code, denied.homeAddress], [131, UNSPECIFIED]);
  assert.equal(bench.replyTo(asking(BOB, { context: unknownContext })).code, 131);
  const stale = bench.requestBytes(asking(ANN));
  bench.pass(60);
  const late = replyIn(oneSend(bench.deliver(stale)));
  assert.deepEqual([late.code, shown(late.homeAddress)], [133, pooled[0]]);
  assert.equal(bench.replyTo(asking(CID)).code, 0);
  assert.equal(bench.replyTo(asking(BOB)).code, 0); // both were still to be had
});

test("RFC 5944 §5.7: after a crash a node known by NAI has its address, and a replay is refused", () => {
  const bench = Bench.up(overrides);
  const request = bench.requestBytes(asking(ANN));
  const { homeAddress } = replyIn(oneSend(bench.deliver(request)));
  const keys = [`address/${pooled[0]}`, `binding/${pooled[0]}/192.0.2.1`];
  assert.deepEqual([...bench.journal.keys()], keys);
  bench.restart(overrides);
  assert.deepEqual([bench.bindings()[0]?.nai, bench.bindings()[0]?.home_address], [ANN, pooled[0]]);
  assert.equal(replyIn(oneSend(bench.deliver(request))).code, 133);
  assert.equal(shown(bench.replyTo(asking(BOB)).homeAddress), pooled[1]);
  assert.equal(bench.replyTo(asking(ANN)).homeAddress, homeAddress);
});

test("a reload keeps assigned addresses; one that has left the pool, or became another's, ends", () => {
  const bench = Bench.up(overrides);
  bench.request(asking(ANN));
  bench.request(asking(BOB));
  bench.reconfigure({ ...overrides, addressPools: [{ first: POOL.last, last: POOL.last }] });
  assert.deepEqual(
    bench.bindings().map((row) => row.nai),
    [BOB],
  );
  const others = overrides.mobileNodes ?? [];
  const fixed = { homeAddress: POOL.last, associations: [homeContext] };
  bench.reconfigure({ ...overrides, mobileNodes: [...others, fixed] });
  assert.deepEqual(bench.bindings(), []);
  assert.deepEqual(bench.forwarding(), []);
  assert.equal(bench.journal.has(`binding/${pooled[1]}/192.0.2.1`), false);
  bench.pass(8);
  bench.reconfigure({});
  assert.deepEqual([...bench.journal.keys()], []);
});

test("RFC 5944 §5.7.1: a node known by NAI that was removed is remembered across a start, by its binding or by itself", () => {
  for (const lifetime of [600, 0]) {
    const bench = Bench.up(overrides);
    const request = bench.requestBytes(asking(ANN, { fields: { lifetime } }));
    bench.deliver(request);
    bench.restart({});
    bench.reconfigure(overrides);
    assert.equal(replyIn(oneSend(bench.deliver(request))).code, 133);
    assert.equal(bench.replyTo(asking(ANN)).code, 0);
  }
});

test("RFC 4721 §3.4: a challenge comes back behind extension 32 and under extension 34 [4721-3.4-01] [4721-3.4-02] [4721-3.4-03] [4721-6-05] [4721-6-06]", () => {
  const bench = Bench.up({ foreignAgents: [foreignHome] });
  const challenge = Uint8Array.of(1, 2, 3, 4);
  const extensions: ControlExtension[] = [
    { name: "mobile-foreign-challenge-extension", challenge },
  ];
  const reply = bench.replyTo({ fields: { extensions }, foreign: [foreignHome] });
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    [MOBILE_HOME, "mobile-foreign-challenge-extension", FOREIGN_HOME],
  );
  assert.deepEqual(reply.extensions[1], extensions[0]);
});

const requested = (haAddress: Ipv4): ControlExtension => ({
  name: "requested-ha-extension",
  haAddress,
});
const OTHER_HA = ipv4("198.51.100.2");

test("RFC 4433 §5.3.1: a Home Agent field left open: who is asked is the home agent [4433-4.1-02] [4433-5.3.1-01] [4433-5.3.1-02]", () => {
  for (const homeAgent of [UNSPECIFIED, BROADCAST]) {
    const bench = Bench.up(overrides);
    const send = oneSend(bench.request(asking(ANN, { fields: { homeAgent } })));
    assert.equal(send.source, HA);
    assert.deepEqual([replyIn(send).code, replyIn(send).homeAgent], [0, HA]);
    assert.equal(bench.bindings().length, 1);
    assert.equal(bench.bindings()[0]?.home_agent, formatIpv4(HA));
    const subnet = ipv4("10.1.0.255");
    assert.equal(bench.replyTo(asking(ANN, { fields: { homeAgent: subnet } })).code, 136);
    const broadcast = asking(ANN, { fields: { homeAgent }, event: { destination: subnet } });
    assert.equal(bench.replyTo(broadcast).code, 136);
  }
});

test("RFC 4433 §5.3: a Requested HA Extension names who is asked, or 136 [4433-5.3-02]", () => {
  const bench = Bench.up(overrides);
  const ask = (haAddress: Ipv4, homeAgent: Ipv4): number => {
    const extensions = [nai(ANN), requested(haAddress)];
    return bench.replyTo(asking(ANN, { fields: { homeAgent, extensions } })).code;
  };
  assert.equal(ask(HA, UNSPECIFIED), 0);
  assert.equal(ask(HA, HA), 0);
  assert.equal(ask(OTHER_HA, UNSPECIFIED), 136);
  assert.equal(ask(HA_ON_LINK, HA), 136);
});

test("RFC 4433 §4.2: who leaves it open and has no binding here is redirected [4433-3.4.2-01] [4433-4.2-01] [4433-5.3-01]", () => {
  const bench = Bench.up({ ...overrides, redirection: { homeAgent: OTHER_HA, above: 1 } });
  const open = { fields: { homeAgent: UNSPECIFIED } };
  assert.equal(bench.replyTo(asking(ANN, open)).code, 0); // there was no binding yet
  const reply = bench.replyTo(asking(BOB, open));
  assert.deepEqual([reply.code, reply.homeAgent], [143, HA]);
  assert.deepEqual(reply.extensions.slice(0, 2), [
    nai(BOB),
    { name: "redirected-ha-extension", haAddress: OTHER_HA },
  ]);
  assert.equal(reply.extensions[2]?.name, MOBILE_HOME);
  assert.equal(bench.bindings().length, 1);
  assert.equal(bench.counter("redirected"), 1);
  assert.equal(bench.replyTo(asking(ANN, open)).code, 0); // its binding stays here
  assert.equal(bench.replyTo(asking(BOB)).code, 0); // it has chosen
});

test("RFC 4433 §3.4, erratum 898: the Redirected HA Extension that is sent has the short form, never the printed one [4433-3.4-03]", () => {
  const bench = Bench.up({ ...overrides, redirection: { homeAgent: OTHER_HA, above: 0 } });
  const { payload } = oneSend(bench.request(asking(BOB, { fields: { homeAgent: UNSPECIFIED } })));
  const octets = Buffer.from(payload).toString("hex");
  const address = OTHER_HA.toString(16).padStart(8, "0");
  assert.ok(octets.includes(`8b0502${address}`));
  assert.equal(octets.includes(`8b020004${address}`), false);
});

test("RFC 4433 §5.3.1: the checks of RFC 5944 come before redirection, authentication above all [4433-5.3.1-03]", () => {
  const bench = Bench.up({ ...overrides, redirection: { homeAgent: OTHER_HA, above: 0 } });
  const open = { homeAgent: UNSPECIFIED };
  assert.equal(bench.replyTo(asking(ANN, { fields: open, context: wrongKey })).code, 131);
  const flags = RequestFlag.M;
  assert.equal(bench.replyTo(asking(ANN, { fields: { ...open, flags } })).code, 139);
  assert.equal(bench.replyTo(asking(ANN, { fields: { ...open, careOfAddress: HA } })).code, 134);
  assert.equal(bench.replyTo(asking(ANN, { fields: open })).code, 143);
  assert.equal(bench.replyTo(asking(ANN, { fields: { ...open, lifetime: 0 } })).code, 0);
  assert.deepEqual(bench.bindings(), []);
  assert.equal(bench.agent.directory.node(POOL.first), undefined); // and nothing is held
});

test("revoke by NAI ends the bindings of a node whose address changes; one without a binding is told so", () => {
  const bench = Bench.up(overrides);
  bench.request(asking(ANN));
  const revoke = (home_address: string) =>
    bench
      .handle({ type: "command", id: 1, name: "revoke", args: { home_address } })
      .flatMap((effect) => (effect.type === "answer" ? [[effect.ok, effect.message]] : []));
  assert.match(String(revoke(ANN)), /^true,revoked/);
  assert.deepEqual(bench.bindings(), []);
  assert.deepEqual(revoke(ANN), [[false, `no binding of ${ANN}`]]);
  assert.match(String(revoke(BOB)), /^false,.*neither a home address nor the NAI of a node/);
  bench.request(asking(BOB));
  bench.request(asking(CID));
  assert.deepEqual(revoke(ANN), [[false, `no binding of ${ANN}`]]); // its address is another's now
  assert.equal(bench.bindings().length, 2);
});
