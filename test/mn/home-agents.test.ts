/** Which home agent the mobile node asks: names, several, one that is assigned. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HomeAgentSource, MnCoreConfig } from "../../mn/core/config.ts";
import { BROADCAST, formatIpv4, type Ipv4, ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import {
  advertisement,
  FOREIGN_FLAGS,
  HOME,
  HOME_CONTEXT,
  homeAdvertisement,
  makeConfig,
  type ReplyOptions,
  type Request,
  started,
  Timeline,
} from "./bench.ts";

const HA1 = ipv4("198.51.100.1");
const HA2 = ipv4("198.51.100.2");
const HA3 = ipv4("198.51.100.3");
const NAME = "ha.example.net";
const ASSIGNED = ipv4("10.1.0.107");

const at = (address: Ipv4): HomeAgentSource => ({ kind: "address", address });
const named: HomeAgentSource = { kind: "name", name: NAME };
const open: HomeAgentSource = { kind: "assigned" };
const asking = (...homeAgents: HomeAgentSource[]): MnCoreConfig => makeConfig({ homeAgents });

/** RFC 4433: no home address, no home agent, a NAI. */
const dynamic = (...homeAgents: HomeAgentSource[]): MnCoreConfig =>
  makeConfig({
    homeAgents: [open, ...homeAgents],
    nai: "bob@example.net",
    homeAddress: UNSPECIFIED,
    homePrefix: { address: UNSPECIFIED, length: 24 },
  });

function asked(config: MnCoreConfig): Timeline {
  const line = started(config);
  line.event(advertisement({ lifetime: 9000 }));
  return line;
}

const resolves = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.type === "resolve" ? [effect.name] : []));

/** What the last request says of the home agent: its field, and the extension. */
function target({ message }: Request): (string | undefined)[] {
  const found = message.extensions.find(({ name }) => name === "requested-ha-extension");
  const requested = found?.name === "requested-ha-extension" ? found.haAddress : undefined;
  const shown = [formatIpv4(message.homeAgent)];
  return requested === undefined ? shown : [...shown, formatIpv4(requested)];
}

/** A second later, by which the next request may be sent. */
function next(line: Timeline): (string | undefined)[] {
  line.until(line.now + 1000);
  return target(line.lastRequest());
}

const fromHome = (code: number, homeAgent: Ipv4, more: ReplyOptions = {}): ReplyOptions => ({
  ...{ code, homeAgent, homeAddress: UNSPECIFIED, home: [HOME_CONTEXT] },
  ...{ event: { destination: BROADCAST }, ...more },
});
const accepted = (homeAgent: Ipv4): ReplyOptions =>
  fromHome(0, homeAgent, { homeAddress: ASSIGNED });
const redirected = (from: Ipv4, to: Ipv4): ReplyOptions =>
  fromHome(143, from, { extensions: [{ name: "redirected-ha-extension", haAddress: to }] });

test("A home agent by name: resolved at the start, asked once the address is there", () => {
  const line = new Timeline(asking(named));
  assert.deepEqual(resolves(line.linkUp()), [NAME]);
  line.event(advertisement());
  assert.deepEqual(line.requests(), []);
  assert.equal(line.status().home_agent, null);
  line.event({ type: "resolved", name: NAME, addresses: [HA2, HA3] });
  assert.deepEqual(target(line.lastRequest()), ["198.51.100.2"]);
  line.accept();
  assert.equal(line.status().home_agent, "198.51.100.2");
  assert.equal(line.reports("registered")[0]?.fields.home_agent, "198.51.100.2");
  line.hearing(100_000, advertisement());
  assert.equal(line.sent("resolve").length, 1, "a registration that holds needs no name");
});

test("A name without an answer is asked for again, less and less often, and people are told", () => {
  const line = new Timeline(asking(named));
  line.linkUp();
  const times: number[] = [];
  for (let i = 0; i < 8; i++) {
    line.event({ type: "resolved", name: NAME, addresses: undefined, error: "no such host" });
    const before = line.sent("resolve").length;
    while (line.sent("resolve").length === before) line.until(line.now + 500);
    times.push(line.log.findLast(({ effect }) => effect.type === "resolve")?.at ?? 0);
  }
  const waits = times.map((time, index) => time - (times[index - 1] ?? 0));
  assert.deepEqual(waits, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  const [first] = line.reports("home-agent-unresolved");
  assert.deepEqual(first?.fields, { name: NAME, reason: "no such host" });
  const { last_error } = line.status();
  assert.equal(last_error, `home agent ${NAME}: no address (no such host)`);
  assert.deepEqual(line.event({ type: "resolved", name: "other", addresses: [HA1] }), []);
});

test("A name is resolved again when its home agent fails, and where it points now is asked", () => {
  const line = new Timeline(asking(named));
  line.linkUp();
  line.event({ type: "resolved", name: NAME, addresses: [HA2] });
  line.event(advertisement());
  assert.equal(line.sent("resolve").length, 1);
  line.accept({ code: 78, home: [] });
  assert.equal(line.sent("resolve").length, 2);
  line.event({ type: "resolved", name: NAME, addresses: [HA3] });
  line.hearing(4000, advertisement());
  assert.deepEqual(target(line.lastRequest()), ["198.51.100.3"]);
});

test("After a restart the addresses that a name had last are there at once", () => {
  const line = new Timeline(asking(named));
  line.linkUp();
  line.event({ type: "resolved", name: NAME, addresses: [HA2] });
  const kept = line.sent("persist").find(({ key }) => key === "home-agent-names")?.value;
  assert.deepEqual(kept, { "ha.example.net": ["198.51.100.2"] });
  const later = (value: Json): Timeline => {
    const again = new Timeline(asking(named));
    again.event({ type: "restore", entries: [["home-agent-names", value]] });
    again.linkUp();
    again.event(advertisement());
    return again;
  };
  const again = later(kept ?? null);
  assert.deepEqual(target(again.lastRequest()), ["198.51.100.2"]);
  assert.equal(again.sent("resolve").length, 1, "they may be old");
  for (const odd of [null, 1, [], { other: ["198.51.100.2"] }, { [NAME]: [7, "x"] }]) {
    assert.deepEqual(later(odd).requests(), []);
  }
});

test("Several home agents: the next one where the first cannot be had, then a pause, and the first again", () => {
  for (const code of [78, 80, 81, 82, 88]) {
    const line = asked(asking(at(HA1), at(HA2), at(HA3)));
    assert.deepEqual(target(line.lastRequest()), ["198.51.100.1"]);
    line.accept({ code, home: [] });
    assert.deepEqual(next(line), ["198.51.100.2"]);
    line.accept({ code: 130 });
    assert.deepEqual(next(line), ["198.51.100.3"]);
    line.accept({ code: 128 });
    assert.equal(line.node.state, "failed");
    const before = line.requests().length;
    line.until(line.now + 1900);
    assert.equal(line.requests().length, before);
    assert.deepEqual(next(line), ["198.51.100.1"]);
    line.accept();
    assert.equal(line.node.state, "registered");
  }
});

test("What the foreign agent has against the node is no reason to ask another home agent", () => {
  for (const code of [64, 65, 66, 67]) {
    const line = asked(asking(at(HA1), at(HA2)));
    line.accept({ code, home: [] });
    assert.equal(line.node.state, "failed");
    line.until(5000);
    assert.deepEqual(target(line.lastRequest()), ["198.51.100.1"]);
  }
});

test("While a registration holds it takes three failures to leave its home agent", () => {
  const line = asked(asking(at(HA1), at(HA2)));
  line.accept();
  line.until(190_000);
  for (const expected of ["198.51.100.1", "198.51.100.1", "198.51.100.2"]) {
    line.accept({ code: 78, home: [] });
    line.until(line.now + 9000);
    assert.deepEqual(target(line.lastRequest()), [expected]);
  }
});

test("Nobody answers: the agent is left alone twice before the next home agent is asked", () => {
  const line = asked(asking(at(HA1), at(HA2)));
  line.hearing(90_000, advertisement({ lifetime: 9000 }));
  const targets = [...new Set(line.requests().map((request) => target(request)[0]))];
  assert.deepEqual(targets, ["198.51.100.1", "198.51.100.2"]);
  assert.ok(line.requests().filter(({ message }) => message.homeAgent === HA1).length >= 5);
});

test("RFC 5944 §3.6.1.2: no home agent known and no NAI: the home network's broadcast address stands for it; 136 names it [5944-3.6-02] [5944-3.6.1.1-11] [5944-3.6.1.2-18] [5944-3.6.1.2-19] [5944-3.6.2.3-05]", () => {
  const line = asked(asking(open));
  assert.deepEqual(target(line.lastRequest()), ["10.1.0.255"]);
  assert.equal(line.lastRequest().effect.destination, ipv4("192.0.2.1"), "but goes to the agent");
  line.accept({ code: 136, homeAgent: HA2 });
  assert.equal(line.node.state, "registering");
  assert.deepEqual(next(line), ["198.51.100.2"]);
  line.accept();
  assert.equal(line.node.state, "registered");
});

test("RFC 5944 §3.6.1.1: the same at home, sent to that broadcast address [5944-3.6.1.1-09]", () => {
  const line = started(asking(open));
  line.event(homeAdvertisement());
  line.until(line.now + 1000);
  assert.equal(line.lastRequest().effect.destination, ipv4("10.1.0.255"));
  line.accept({ code: 136, homeAgent: HA1 });
  line.until(line.now + 1000);
  assert.equal(line.lastRequest().effect.destination, HA1);
  line.accept();
  assert.equal(line.node.state, "home");
});

test("RFC 4433 §5.1: with a NAI the network is to choose: 255.255.255.255, home address 0, and whoever accepts is the one [4433-1-01] [4433-1-02] [4433-3.3-01] [4433-4.1-03] [4433-5.1-01] [4433-5.1-02] [4433-5.1-03] [4433-5.1-04] [4433-5.1.1-01] [4433-5.1.1-02]", () => {
  const line = asked(dynamic());
  const { message, effect } = line.lastRequest();
  assert.equal(message.homeAgent, BROADCAST);
  assert.equal(message.homeAddress, UNSPECIFIED);
  assert.equal(effect.destination, ipv4("192.0.2.1"));
  assert.deepEqual(
    message.extensions.map(({ name }) => name),
    ["mobile-node-nai-extension", "mobile-home-authentication-extension"],
  );
  assert.equal(line.status().home_agent, null);
  line.accept(accepted(HA2));
  assert.equal(line.status().home_agent, "198.51.100.2");
  line.until(200_000);
  assert.deepEqual(target(line.lastRequest()), ["198.51.100.2"], "the renewal");
  line.accept({ homeAddress: ASSIGNED, event: { destination: ASSIGNED } });
  line.command("deregister", 1);
  line.until(line.now + 1000);
  assert.deepEqual(target(line.lastRequest()), ["198.51.100.2"]);
  assert.equal(line.lastRequest().message.lifetime, 0);
  line.accept({ homeAddress: ASSIGNED, event: { destination: ASSIGNED } });
  assert.equal(line.status().home_agent, null);
});

test("RFC 4433 §3.3: a home address of its own is a wish; the one in the reply counts [4433-3.3-01]", () => {
  const line = asked({ ...dynamic(), homeAddress: HOME });
  assert.equal(line.lastRequest().message.homeAddress, HOME);
  line.accept({ homeAgent: HA2, homeAddress: ASSIGNED, event: { destination: ASSIGNED } });
  assert.equal(line.status().home_address, "10.1.0.107");
});

test("RFC 4433 §3.4.1: who else is configured goes along as a wish, and stands in where the network does not choose [4433-3.1-01] [4433-3.4.1-01] [4433-3.4.1-02] [4433-4.1-01] [4433-5.1.1-05] [4433-6-01] [4433-10-01]", () => {
  for (const denial of [70, 90, 116]) {
    const line = asked(dynamic(at(HA1)));
    assert.deepEqual(target(line.lastRequest()), ["255.255.255.255", "198.51.100.1"]);
    const event = { destination: BROADCAST };
    line.accept({ code: denial, home: [], homeAddress: UNSPECIFIED, event });
    assert.deepEqual(next(line), ["198.51.100.1", "198.51.100.1"], `code ${denial}`);
  }
  const silent = asked(dynamic(at(HA1)));
  silent.until(20_000);
  assert.deepEqual(target(silent.lastRequest()), ["198.51.100.1", "198.51.100.1"]);
  const legacy = asked(dynamic(at(HA1)));
  legacy.accept(fromHome(136, HA3));
  assert.deepEqual(next(legacy), ["198.51.100.3"], "an old home agent says who it is");
});

test("RFC 4433 §5.1.1: code 143 is followed when it is authenticated: the other goes into the Requested HA Extension [4433-4.2-02] [4433-4.2-03] [4433-5.1.1-03] [4433-5.1.1-04]", () => {
  const line = asked(dynamic());
  const forged = { ...HOME_CONTEXT, key: new Uint8Array(16) };
  line.accept({ ...redirected(HA1, HA3), home: [forged] });
  assert.equal(line.counter("security-exceptions"), 1);
  line.accept(redirected(HA1, HA2));
  assert.equal(line.node.state, "registering");
  assert.deepEqual(next(line), ["255.255.255.255", "198.51.100.2"]);
  line.accept(accepted(HA2));
  assert.equal(line.status().home_agent, "198.51.100.2");
});

test("RFC 4433 §4.2: home agents that send a node round in circles are reported and left alone [4433-4.2-04]", () => {
  const line = asked(dynamic());
  line.accept(redirected(HA1, HA2));
  next(line);
  line.accept(redirected(HA2, HA1));
  assert.equal(line.node.state, "failed");
  const fields = { home_agent: "198.51.100.2", to: "198.51.100.1" };
  assert.deepEqual(line.reports("home-agent-loop")[0]?.fields, fields);
  const before = line.requests().length;
  line.until(line.now + 1900);
  assert.equal(line.requests().length, before);
  assert.deepEqual(next(line), ["255.255.255.255"]);
  line.accept({ ...redirected(HA1, HA2), extensions: [] });
  assert.equal(line.node.state, "failed", "a redirection to nowhere");
});

test("RFC 4433 §5.1.3: the next session begins anew; after a restart within it its home agent is asked [4433-5.1.3-01] [4433-5.1.3-02] [4433-5.1.2-02]", () => {
  const line = asked(dynamic());
  line.accept(accepted(HA2));
  const kept = line.sent("persist").findLast(({ key }) => key === "session")?.value;
  line.until(310_000);
  assert.deepEqual(target(line.lastRequest()), ["255.255.255.255"]);
  const again = new Timeline(dynamic());
  again.event({ type: "restore", entries: [["session", kept ?? null]] });
  again.linkUp();
  again.event(advertisement({ flags: FOREIGN_FLAGS }));
  assert.deepEqual(target(again.lastRequest()), ["198.51.100.2"]);
  assert.equal(again.lastRequest().message.homeAddress, ASSIGNED);
});

test("Other home agents in a reloaded configuration are another home; a new lifetime is not", () => {
  const line = asked(asking(at(HA1)));
  line.accept();
  line.node.reconfigure(asking(at(HA2)), line.clock());
  line.until(line.now + 1000);
  assert.deepEqual(target(line.lastRequest()), ["198.51.100.2"]);
});
