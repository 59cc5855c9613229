/** Mobile networks at the home agent: RFC 5177 §6, RFC 6626 §3.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HaCoreConfig, MobileNodeConfig } from "../../ha/core/config.ts";
import { formatPrefix, ipv4, parsePrefix } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import {
  arps,
  Bench,
  FA,
  FA2,
  FOREIGN_HOME,
  foreignHome,
  HOME,
  homeContext,
  type RequestOptions,
  ROAMER,
  reports,
  sends,
  wrongKey,
} from "./harness.ts";

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert(parsed !== undefined);
  return parsed;
};
const TRAIN = "10.20.0.0/24";
const CARRIAGE = "10.20.4.0/22";

const router = (home = HOME, row: Partial<MobileNodeConfig> = {}): MobileNodeConfig => ({
  homeAddress: home,
  associations: [homeContext],
  networks: [prefix(TRAIN), prefix(CARRIAGE)],
  ...row,
});
const bench = (overrides: Partial<HaCoreConfig> = {}) =>
  Bench.up({ mobileNodes: [router()], ...overrides });

/** A Mobile Network Request extension. */
function wish(text: string): ControlExtension {
  const [address = "", length] = text.split("/");
  const name = "mobile-network-request-extension";
  return { name, prefix: ipv4(address), prefixLength: Number(length) };
}

const asking = (texts: readonly string[], options: RequestOptions = {}): RequestOptions => ({
  ...options,
  fields: { flags: RequestFlag.T, extensions: texts.map(wish), ...options.fields },
});

/** The reply's code and its acknowledgements: `sub-type/code prefix`. */
function answers(on: Bench, options: RequestOptions): string[] {
  const reply = on.replyTo(options);
  const lines = reply.extensions.flatMap((extension) => {
    const subtype = {
      "explicit-mode-acknowledgement-extension": 1,
      "implicit-mode-acknowledgement-extension": 2,
    }[extension.name as string];
    if (subtype === undefined || !("prefixLength" in extension)) return [];
    const {
      prefix: address,
      prefixLength: length,
      code,
    } = extension as typeof extension & {
      readonly prefix: ReturnType<typeof ipv4>;
      readonly code: number;
    };
    return [`${subtype}/${code} ${formatPrefix({ address, length })}`];
  });
  return [String(reply.code), ...lines];
}

const networks = (on: Bench) => on.bindings().map((row) => row.networks);
const forwarded = (on: Bench) =>
  on
    .forwarding()
    .map((item) => (item.kind === "binding" ? (item.networks ?? []).map(formatPrefix) : []));

test("RFC 5177 §6.3: explicit mode: what is authorised is forwarded and acknowledged, each prefix for itself [5177-6.1-01] [5177-6.1-02] [5177-6.3-02] [5177-6.3-03] [5177-6.3-04] [5177-6.3-05] [5177-6.2.1-01] [5177-4.2-03] [5177-6.6-01] [5177-6.6-03] [5177-6.5-01]", () => {
  const on = bench();
  assert.deepEqual(answers(on, asking([TRAIN, "10.99.0.0/24"])), [
    "0",
    "1/0 10.20.0.0/24",
    "1/2 10.99.0.0/24",
  ]);
  assert.deepEqual(networks(on), [[TRAIN]]);
  assert.deepEqual(forwarded(on), [[TRAIN]]);
  const kept = on.journal.get("binding/10.1.0.7/192.0.2.1") as { networks: string[] };
  assert.deepEqual(kept.networks, [TRAIN]);
});

test("RFC 5177 §6.3: when no prefix can be had code 147 tells why, and nothing is forwarded [5177-6.3-05] [5177-10-01] [5177-6.6-02]", () => {
  const on = bench();
  // A part of an authorised network is another network; host bits do not make it another one.
  const wishes = ["10.20.0.0/25", "10.20.0.0/33", "10.20.0.0/0"];
  assert.deepEqual(answers(on, asking(wishes)), [
    "147",
    "1/2 10.20.0.0/25",
    "1/1 10.20.0.0/33",
    "1/1 10.20.0.0/0",
  ]);
  assert.deepEqual(on.bindings(), []);
  assert.deepEqual(on.forwarding(), []);
  assert.equal(on.counter("mobile-network-error"), 1);
  assert.deepEqual(answers(on, asking(["10.20.0.9/24"])), ["0", "1/0 10.20.0.9/24"]);
  assert.deepEqual(networks(on), [[TRAIN]]);
});

test("RFC 5177 §6.1: who is no mobile router gets code 148, and stays what it was [5177-6.1-04] [5177-11-01]", () => {
  const on = bench({ mobileNodes: [router(HOME, { networks: [] })] });
  assert.deepEqual(answers(on, {}), ["0"]);
  assert.deepEqual(answers(on, asking([TRAIN])), ["148"]);
  assert.deepEqual(networks(on), [[]]);
  assert.equal(on.counter("mobile-network-disallowed"), 1);
});

test("RFC 5177 §6.3: implicit mode: the Prefix Table says what is forwarded, and sub-type 2 tells it [5177-3-01] [5177-4.2-05] [5177-6.2.2-01] [5177-6.3-06] [5177-6.1-01]", () => {
  const on = bench();
  assert.deepEqual(answers(on, { fields: { flags: RequestFlag.T } }), [
    "0",
    "2/0 10.20.0.0/24",
    "2/0 10.20.4.0/22",
  ]);
  assert.deepEqual(networks(on), [[TRAIN, CARRIAGE]]);
  assert.deepEqual(forwarded(on), [[TRAIN, CARRIAGE]]);
});

test("RFC 5177 §6.3: a prefix that a renewal no longer names is no longer forwarded [5177-6.3-07] [5177-6.1-03]", () => {
  const on = bench();
  on.request(asking([TRAIN, CARRIAGE]));
  assert.deepEqual(forwarded(on), [[TRAIN, CARRIAGE]]);
  on.request(asking([CARRIAGE]));
  assert.deepEqual(networks(on), [[CARRIAGE]]);
  assert.deepEqual(forwarded(on), [[CARRIAGE]]);
  // A denial changes nothing about the binding that there is.
  on.request(asking(["10.99.0.0/24"]));
  assert.deepEqual(forwarded(on), [[CARRIAGE]]);
});

test("RFC 5177 §6.7: a deregistration takes the networks along, and what it asks for is ignored [5177-6.7-01] [5177-6.1-05]", () => {
  const on = bench();
  on.request(asking([TRAIN]));
  const reply = answers(on, asking(["10.99.0.0/24"], { fields: { lifetime: 0, flags: 0 } }));
  assert.deepEqual(reply, ["0"]);
  assert.deepEqual(on.bindings(), []);
  assert.deepEqual(on.forwarding(), []);
});

test("RFC 5177 §6.7: expiry and revocation end the forwarding for the networks with the binding [6626-3.2-05]", () => {
  const on = bench();
  on.request(asking([TRAIN], { fields: { lifetime: 60 } }));
  const effects = on.run(60);
  assert.deepEqual(reports(effects, "binding-removed")[0]?.networks, [TRAIN]);
  assert.deepEqual(on.forwarding(), []);
  on.request(asking([TRAIN]));
  on.handle({ type: "command", id: 1, name: "revoke", args: { home_address: "10.1.0.7" } });
  assert.deepEqual(on.forwarding(), []);
});

test("RFC 5177 §10: extensions behind extension 32, or under a wrong key, count for nothing [5177-10-02] [5177-10-01]", () => {
  const closed = bench();
  assert.deepEqual(answers(closed, asking([TRAIN], { context: wrongKey })), ["131"]);
  assert.deepEqual(closed.forwarding(), []);
  const on = bench({ foreignAgents: [foreignHome] });
  // 148 of an agent, signed by the agent: the node asked for nothing.
  const foreign = [foreignHome];
  const late = on.replyTo({ foreign, behind: [wish("10.20.0.0/24")] });
  assert.equal(late.code, 0);
  assert.ok(late.extensions.some(({ name }) => name === FOREIGN_HOME));
  assert.deepEqual(networks(on), [[TRAIN, CARRIAGE]]);
});

test("RFC 5177 §10: acknowledgements stand before extension 32 of the reply [5177-10-02] [5177-6.3-08]", () => {
  const on = bench();
  const reply = on.replyTo(asking([TRAIN], { event: { source: FA, sourcePort: 434 } }));
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    ["explicit-mode-acknowledgement-extension", "mobile-home-authentication-extension"],
  );
});

test("RFC 5177 §7: at a foreign agent what is for the networks is encapsulated twice, otherwise once [5177-7-01] [5177-7-02]", () => {
  const on = bench();
  on.request(asking([TRAIN]));
  const [atAgent] = on.forwarding();
  assert(atAgent?.kind === "binding");
  assert.equal(atAgent.byAgent, true);
  const own = ipv4("192.0.2.77");
  const flags = RequestFlag.T | RequestFlag.D;
  on.request(asking([TRAIN], { fields: { flags, careOfAddress: own }, event: { source: own } }));
  const item = on.forwarding().find(({ kind }) => kind === "binding");
  assert(item?.kind === "binding");
  assert.equal(item.byAgent, false);
});

test("RFC 5177 §6.3: a router's home address may be of any home network, and ARP is answered for it on its own link alone [5177-6.3-01] [5177-6.3-09]", () => {
  const on = bench({ mobileNodes: [router(ROAMER)] });
  const effects = on.request(asking([TRAIN], { fields: { homeAddress: ROAMER } }));
  assert.deepEqual(arps(effects), []);
  const [item] = on.forwarding();
  assert(item?.kind === "binding");
  assert.equal(item.homeInterface, undefined);
  assert.deepEqual(networks(on), [[TRAIN]]);
});

const POOL = { prefix: prefix("10.64.0.0/22"), length: 24 };
const dynamic = (row: Partial<MobileNodeConfig> = {}) =>
  bench({
    mobileNodes: [router(HOME, { networks: [], dynamicNetworks: 2, ...row }), router(ROAMER)],
    networkPools: [POOL, { prefix: prefix("10.65.0.0/24"), length: 28 }],
  });

test("RFC 6626 §3.2: a prefix of zero is answered with one of a pool, of the wished length if there is such a pool [6626-3.2-01] [6626-3.2-02] [6626-3.2-07]", () => {
  const on = dynamic();
  // The home address of the node says where the search begins.
  assert.deepEqual(answers(on, asking(["0.0.0.0/0"])), ["0", "1/0 10.64.3.0/24"]);
  assert.deepEqual(networks(on), [["10.64.3.0/24"]]);
  assert.deepEqual(forwarded(on), [["10.64.3.0/24"]]);
  const other = dynamic();
  const wished = answers(other, asking(["0.0.0.0/28", "0.0.0.0/30"]));
  assert.deepEqual(wished, ["0", "1/0 10.65.0.112/28", "1/0 10.64.3.0/24"]);
});

test("RFC 6626 §3.2: the prefix stays the same while the binding is renewed or moves, asked for or named [6626-3.2-05] [6626-3.2-02]", () => {
  const on = dynamic();
  on.request(asking(["0.0.0.0/24"]));
  assert.deepEqual(answers(on, asking(["0.0.0.0/0"])), ["0", "1/0 10.64.3.0/24"]);
  const moved = { fields: { careOfAddress: FA2 } };
  assert.deepEqual(answers(on, asking(["10.64.3.0/24"], moved)), ["0", "1/0 10.64.3.0/24"]);
  // Named and asked for: another one.
  assert.deepEqual(answers(on, asking(["0.0.0.0/0", "10.64.3.0/24"], moved)), [
    "0",
    "1/0 10.64.0.0/24",
    "1/0 10.64.3.0/24",
  ]);
  on.restart({
    mobileNodes: [router(HOME, { networks: [], dynamicNetworks: 2 })],
    networkPools: [POOL],
  });
  assert.deepEqual(networks(on), [["10.64.3.0/24", "10.64.0.0/24"]]);
  // With the binding its prefixes are free, and no longer the node's.
  on.request({ fields: { lifetime: 0, careOfAddress: FA2 } });
  assert.deepEqual(answers(on, asking(["10.64.3.0/24"])), ["147", "1/2 10.64.3.0/24"]);
});

test("RFC 6626 §4: no node has more than its number, and each that cannot be given is code 4 [6626-3.2-06] [6626-4-01] [6626-5-01] [6626-3.2-03]", () => {
  const on = dynamic();
  const three = asking(["0.0.0.0/24", "0.0.0.0/24", "0.0.0.0/24"]);
  assert.deepEqual(answers(on, three), [
    "0",
    "1/0 10.64.3.0/24",
    "1/0 10.64.0.0/24",
    "1/4 0.0.0.0/24",
  ]);
  const small = bench({
    mobileNodes: [
      router(HOME, { networks: [], dynamicNetworks: 4 }),
      router(ROAMER, { networks: [], dynamicNetworks: 4 }),
    ],
    networkPools: [{ prefix: prefix("10.64.0.0/24"), length: 25 }],
  });
  small.request(three);
  assert.deepEqual(networks(small), [["10.64.0.128/25", "10.64.0.0/25"]]);
  const late = asking(["0.0.0.0/25"], { fields: { homeAddress: ROAMER } });
  assert.deepEqual(answers(small, late), ["147", "1/4 0.0.0.0/25"]);
  small.request({ fields: { lifetime: 0, careOfAddress: FA } });
  assert.deepEqual(answers(small, late), ["0", "1/0 10.64.0.128/25"]);
  // Who may have none, and a length that there is not.
  const roamer = { fields: { homeAddress: ROAMER } };
  assert.deepEqual(answers(on, asking(["0.0.0.0/24"], roamer)), ["147", "1/2 0.0.0.0/24"]);
  assert.deepEqual(answers(dynamic(), asking(["0.0.0.0/33"])), ["147", "1/1 0.0.0.0/33"]);
});

test("RFC 6626 §3.2: who has no home address yet is known by its NAI, and gets address and network in one reply [6626-3.2-08] [6626-3.2-04] [5177-6.2.2-01]", () => {
  const nai = "bob@example.net";
  const on = bench({
    mobileNodes: [{ homeAddress: undefined, nai, associations: [homeContext], dynamicNetworks: 1 }],
    addressPools: [{ first: ipv4("10.1.0.100"), last: ipv4("10.1.0.101") }],
    networkPools: [POOL],
  });
  const extensions = [{ name: "mobile-node-nai-extension", nai } as const, wish("0.0.0.0/24")];
  const reply = on.replyTo({ fields: { homeAddress: ipv4("0.0.0.0"), extensions } });
  assert.deepEqual([reply.code, reply.homeAddress], [0, ipv4("10.1.0.100")]);
  assert.deepEqual(networks(on), [["10.64.0.0/24"]]);
  // Without the NAI nobody knows who asks.
  const nameless = { homeAddress: ipv4("0.0.0.0"), extensions: [wish("0.0.0.0/24")] };
  assert.deepEqual(sends(on.request({ fields: nameless })), []);
});

test("RFC 5177 §10: a reload takes away at once what is no longer authorised [5177-10-01] [6626-4-01]", () => {
  const on = bench();
  on.request(asking([TRAIN, CARRIAGE]));
  const effects = on.reconfigure({ mobileNodes: [router(HOME, { networks: [prefix(CARRIAGE)] })] });
  assert.deepEqual(reports(effects, "binding-updated")[0]?.networks, [CARRIAGE]);
  assert.deepEqual(forwarded(on), [[CARRIAGE]]);
  assert.equal(on.bindings().length, 1);
  // The same after a restart with another file.
  on.restart({ mobileNodes: [router(HOME, { networks: [] })] });
  assert.deepEqual(networks(on), [[]]);
});

test("RFC 5177 §6.3: beyond sixteen networks code 3 says that there is no more room [5177-6.3-04]", () => {
  const many = Array.from({ length: 17 }, (_, i) => `10.30.${i}.0/24`);
  const on = bench({ mobileNodes: [router(HOME, { networks: many.map(prefix) })] });
  const said = answers(on, asking(many));
  assert.deepEqual(said.slice(-2), ["1/0 10.30.15.0/24", "1/3 10.30.16.0/24"]);
  assert.equal(forwarded(on)[0]?.length, 16);
});
