/** GRE tunnels and their keys: RFC 6245. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { SendUdp } from "../../shared/protocol/core.ts";
import { decodeControl, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { advertisedFlags } from "./advertised.ts";
import { Bench, denialOf, foreignHome, lan0, oneSend, type RequestOptions } from "./harness.ts";

const { T, G, D } = RequestFlag;
const encapsulations = ["ipip", "gre"] as const;
const GRE = { encapsulations, greKeys: "requested" } as const;
const withGre: RequestOptions = { fields: { flags: T | G } };
const keyExtension = (keyIdentifier: number): ControlExtension => ({
  name: "gre-key-extension",
  keyIdentifier,
});

function extensionsOf(send: SendUdp): readonly ControlExtension[] {
  const decoded = decodeControl(send.payload);
  assert(decoded.ok && decoded.value.message.name === "registration-request");
  return decoded.value.message.extensions;
}

function keyIn(send: SendUdp): number | undefined {
  const found = extensionsOf(send).find(({ name }) => name === "gre-key-extension");
  return found?.name === "gre-key-extension" ? found.keyIdentifier : undefined;
}

function formOf(bench: Bench) {
  const [item] = bench.agent.forwarding().values();
  assert(item?.kind === "visitor");
  const { encapsulation, greKeyIn, greKeyOut } = item;
  return { encapsulation, greKeyIn, greKeyOut };
}

test("RFC 6245 §4.1: an agent with GRE advertises G, one without does not and denies it with 72 [6245-4.1-02, 6245-4.1-06, 6245-4.1-07, 6245e-4.1-02, 6245e-4.1-06]", () => {
  const gre = { ...lan0, encapsulations };
  assert.notEqual(advertisedFlags({ links: [gre], encapsulations }) & AdvertisementFlag.G, 0);
  assert.equal(advertisedFlags({}) & AdvertisementFlag.G, 0);
  assert.equal(denialOf(Bench.up(), withGre).reply.code, 72);
});

test("RFC 6245 §4.1: IP-in-IP is there whatever is said about GRE, and is what a node without G gets [6245-4.1-01, 6245-4.1-03, 6245e-4.1-01]", () => {
  for (const greKeys of ["never", "requested"] as const) {
    const bench = Bench.up({ encapsulations, greKeys });
    const relayed = oneSend(bench.request());
    assert.equal(keyIn(relayed), undefined);
    bench.reply(relayed);
    assert.equal(formOf(bench).encapsulation, "ipip");
  }
});

test("RFC 6245 §4.1, §5: with GRE every request bears this agent's key: initial, renewal, deregistration; the keys of the two directions differ [6245-4.1-08, 6245-5-01, 6245-5-02, 6245e-4.1-07, 6245e-5-01]", () => {
  const bench = Bench.up(GRE);
  const relayed = oneSend(bench.request(withGre));
  const key = keyIn(relayed);
  assert(key !== undefined && key !== 0);
  bench.reply(relayed, {}, undefined, [keyExtension(77)]);
  assert.deepEqual(formOf(bench), { encapsulation: "gre", greKeyIn: key, greKeyOut: 77 });
  const renewal = oneSend(bench.request(withGre));
  assert.equal(keyIn(renewal), key, "a renewal keeps the key");
  bench.reply(renewal, {}, undefined, [keyExtension(78)]);
  assert.deepEqual(formOf(bench), { encapsulation: "gre", greKeyIn: key, greKeyOut: 78 });
  const fields = { flags: T | G, lifetime: 0 };
  assert.equal(keyIn(oneSend(bench.request({ fields }))), key);
});

test("RFC 6245 §4.1: the home agent's key is taken on either side of extension 32 [6245-5-01]", () => {
  const bench = Bench.up(GRE);
  const relayed = oneSend(bench.request(withGre));
  bench.reply(relayed, { extensions: [keyExtension(77)] });
  assert.equal(formOf(bench).greKeyOut, 77);
});

test("RFC 6245 §4.1: by policy GRE is asked for by the extension alone; the G bit stays as the node signed it [6245-4.1-04, 6245-4.1-05, 6245e-4.1-04, 6245e-4.1-05]", () => {
  const bench = Bench.up({ encapsulations, greKeys: "always" });
  const original = bench.requestBytes({ fields: { flags: T } });
  const relayed = oneSend(bench.deliver(original));
  assert.deepEqual(relayed.payload.subarray(0, original.length), original);
  const key = keyIn(relayed);
  assert(key !== undefined);
  bench.reply(relayed, {}, undefined, [keyExtension(9)]);
  assert.deepEqual(formOf(bench), { encapsulation: "gre", greKeyIn: key, greKeyOut: 9 });
  bench.reply(oneSend(bench.request({ fields: { flags: T } })));
  assert.equal(formOf(bench).encapsulation, "ipip", "a home agent that gave no key took the bits");
});

test("RFC 6245 §4.1: a node that decapsulates itself is left out [6245-4.1-08]", () => {
  const bench = Bench.up({ encapsulations, greKeys: "always" });
  const own = ipv4("192.0.2.40");
  const fields = { flags: T | D | G, careOfAddress: own };
  assert.equal(keyIn(oneSend(bench.request({ fields, event: { source: own } }))), undefined);
});

test("RFC 6245 §4.1: the key stands behind extension 32 and before extension 34 [6245-4.1-10, 5944-3.7.2.2-04, 6245e-4.1-09]", () => {
  const bench = Bench.up({ ...GRE, homeAgents: [foreignHome] });
  const names = extensionsOf(oneSend(bench.request(withGre))).map(({ name }) => name);
  assert.deepEqual(names, [
    "mobile-home-authentication-extension",
    "gre-key-extension",
    "foreign-home-authentication-extension",
  ]);
});

test("RFC 6245 §1: two visitors have two keys, and a key outlives a restart", () => {
  const bench = Bench.up(GRE);
  const first = oneSend(bench.request(withGre));
  const effects = bench.reply(first, {}, undefined, [keyExtension(1)]);
  const other = { homeAddress: ipv4("10.1.0.8"), flags: T | G };
  const second = oneSend(bench.request({ fields: other, event: { source: other.homeAddress } }));
  assert.notEqual(keyIn(first), keyIn(second));
  const entries = effects.flatMap((e) => (e.type === "persist" ? [[e.key, e.value] as const] : []));
  const later = Bench.up(GRE);
  later.agent.handle({ type: "restore", entries }, later.now);
  assert.deepEqual(formOf(later), formOf(bench));
});
