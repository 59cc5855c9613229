/** Fast handovers from a co-located care-of address, and the address that the next router gives. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPrefix, type Ipv4, ipv4 } from "../../shared/base/address.ts";
import type { LinkChanged } from "../../shared/protocol/core.ts";
import { tupleOptions } from "../../shared/protocol/fast-handover.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA1_MAC,
  FA2,
  FA2_MAC,
  HOME,
  makeConfig,
  OWN_MAC,
  Timeline,
} from "./bench.ts";
import {
  AP,
  acknowledge,
  fastHandover,
  proxy,
  solicitationsIn,
  tuple,
  updatesIn,
} from "./handover-harness.ts";

const PCOA = ipv4("192.0.2.40");
const NCOA = ipv4("192.0.2.100");
const LEASE = ipv4("192.0.2.90");
const foreignAgents = [FA_CONTEXT, { ...FA_CONTEXT, peer: FA2 }];

/** The interface as the system has it. */
function host(addresses: readonly Ipv4[], up = true): LinkChanged {
  return {
    type: "link",
    interface: "wlan0",
    link: {
      up,
      mac: OWN_MAC,
      mtu: 1500,
      addresses: addresses.map((address) => ({ address, length: 26 })),
      defaultRoute: { gateway: FA1 },
    },
  };
}

/** Registered with an address of its own through FA1, which requires that. */
function registered(): Timeline {
  const interfaces = [{ name: "wlan0", mode: "co-located" }] as const;
  const line = new Timeline(makeConfig({ fastHandover, foreignAgents, interfaces }));
  line.event(host([PCOA]));
  line.event(advertisement());
  line.accept = (options = {}) => {
    const foreign = [FA_CONTEXT];
    return Timeline.prototype.accept.call(line, {
      foreign,
      event: { destination: HOME },
      ...options,
    });
  };
  line.until(2000);
  line.accept();
  assert.equal(line.node.state, "registered");
  return line;
}

/** It has been told that FA2 is ready, and which address it is to have there. */
function leaving(careOfAddress?: Ipv4): Timeline {
  const line = registered();
  proxy(line, tupleOptions(tuple));
  line.event({ type: "command", id: 9, name: "handover", args: { to: AP } });
  acknowledge(line, careOfAddress === undefined ? {} : { code: 1, careOfAddress });
  return line;
}

/** On the new link, with the addresses that the system says the interface has. */
function arrived(line: Timeline, addresses: readonly Ipv4[] = [PCOA]): void {
  line.event(host([PCOA], false));
  line.until(line.now + 50);
  line.clear();
  line.event(host(addresses));
}

const items = (line: Timeline, kind: string) =>
  [...line.node.forwarding()].filter(([, item]) => item.kind === kind).map(([key]) => key);

const coLocated = (line: Timeline, key = "co-located/wlan0") => {
  const item = line.node.forwarding().get(key);
  return item?.kind === "co-located" ? item : undefined;
};

const given = (line: Timeline): string[] =>
  [...line.node.forwarding().values()].flatMap((item) =>
    item.kind === "own-address" && item.prefix.length < 32 ? [formatPrefix(item.prefix)] : [],
  );

test("RFC 4988 §4.2: the update of a co-located address: from it, and about it [4988-4.2-02, 4988-4.2-06, 4988-5.1-06, 4988-5.1-07]", () => {
  const line = leaving();
  assert.equal(solicitationsIn(line).at(-1)?.effect.source, PCOA);
  const [update, ...more] = updatesIn(line);
  assert(update !== undefined && more.length === 0);
  const { effect, message } = update;
  assert.deepEqual([effect.source, effect.destination], [PCOA, FA1]);
  assert.deepEqual(effect.link, { interface: "wlan0", destination: FA1_MAC });
  const { homeAddress, homeAgent, careOfAddress } = message;
  assert.deepEqual([homeAddress, homeAgent, careOfAddress], [PCOA, FA1, FA2]);
  assert.equal(line.answers()[0]?.ok, true);
  // It sends no more, and what is on its way to here is still taken.
  assert.equal(coLocated(line)?.isPassive, true);
  const outgoing = line.node.forwarding().get("outgoing");
  assert(outgoing?.kind === "outgoing" && outgoing.hold);
});

test("RFC 4988 §4.2: on the new link the tunnel goes on ending in the old address, by the new router, and nothing registers with it there [4988-4.2-10, 4988-4.2-11, 4988-1-05]", () => {
  const line = leaving();
  arrived(line);
  const [update] = updatesIn(line);
  assert.deepEqual([update?.effect.source, update?.effect.destination], [PCOA, FA2]);
  const item = coLocated(line);
  assert.deepEqual(item?.path, {
    interface: "wlan0",
    number: 1,
    careOfAddress: PCOA,
    gateway: FA2,
    gatewayMac: FA2_MAC,
  });
  assert.deepEqual([item?.reverse, item?.isPassive], [true, undefined]);
  // Whatever the system does with it, it is there as long as packets come for it.
  assert.deepEqual(items(line, "own-address"), ["own-address/wlan0/192.0.2.40"]);
  acknowledge(line);
  line.event(advertisement({ source: FA2 }));
  line.until(line.now + 5000);
  assert.deepEqual(line.requests(), []);
  assert.deepEqual(given(line), []);
  // DHCP's address is the next one.
  line.event(host([PCOA, LEASE]));
  const { message } = line.lastRequest();
  assert.equal(message.careOfAddress, LEASE);
  line.accept();
  assert.equal(coLocated(line)?.path.careOfAddress, LEASE);
  assert.equal(coLocated(line, "former/wlan0")?.path.careOfAddress, PCOA);
});

test("RFC 4988 §4.2, §5.2: the address that the next router gives is configured there and registered, instead of DHCP's [4988-4.2-22]", () => {
  const line = leaving(NCOA);
  assert.deepEqual(given(line), []);
  arrived(line);
  assert.deepEqual(given(line), ["192.0.2.100/26"]);
  line.event(advertisement({ source: FA2 }));
  assert.deepEqual(line.requests(), [], "the interface has it first");
  line.event(host([PCOA, NCOA]));
  const { effect, message } = line.lastRequest();
  assert.deepEqual([effect.source, effect.destination], [NCOA, FA2]);
  assert.deepEqual(effect.link, { interface: "wlan0", destination: FA2_MAC });
  assert.deepEqual([message.careOfAddress, message.flags & RequestFlag.D], [NCOA, RequestFlag.D]);
  assert.equal(coLocated(line)?.path.careOfAddress, PCOA, "until it is registered");
  line.accept();
  assert.equal(line.node.state, "registered");
  const { path } = coLocated(line) ?? {};
  assert.deepEqual([path?.careOfAddress, path?.gateway], [NCOA, FA2]);
  // Another address of the system's is no reason to give it up while that router is heard.
  line.event(host([LEASE, PCOA, NCOA]));
  line.hearing(line.now + 60_000, advertisement({ source: FA2 }));
  assert.equal(line.status().care_of_address, "192.0.2.100");
  assert.deepEqual(items(line, "own-address"), ["own-address/wlan0/192.0.2.100"]);
  line.command("deregister", 3);
  line.accept();
  line.until(line.now + 3100);
  assert.deepEqual(items(line, "own-address"), []);
});

test("RFC 4988 §5.4: the address may come with PrRtAdv alone; what is bound is the present one, to the router [4988-5.4-09]", () => {
  const line = registered();
  proxy(line, tupleOptions(tuple, NCOA));
  line.event({ type: "command", id: 9, name: "handover", args: { to: AP } });
  const { homeAddress, careOfAddress } = updatesIn(line)[0]?.message ?? {};
  assert.deepEqual([homeAddress, careOfAddress], [PCOA, FA2]);
  acknowledge(line);
  arrived(line);
  assert.deepEqual(given(line), ["192.0.2.100/26"]);
});

test("an address that was given and is of no use goes with the handover; one of the home network, or where an agent's is wanted, is not taken", () => {
  const unused = leaving(NCOA);
  arrived(unused);
  unused.until(unused.now + 14_000);
  assert.deepEqual(items(unused, "own-address"), []);
  // What the system has is the system's, and stays.
  const configured = leaving(NCOA);
  arrived(configured, [PCOA, NCOA]);
  assert.deepEqual(given(configured), []);
  configured.event(advertisement({ source: FA2 }));
  assert.equal(configured.lastRequest().message.careOfAddress, NCOA);
  const wrong = leaving(HOME);
  arrived(wrong);
  assert.deepEqual(given(wrong), []);
});

test("RFC 4068 §5.5: back on the old link the old address is as it was", () => {
  const line = leaving(NCOA);
  arrived(line);
  acknowledge(line);
  line.event(host([PCOA], false));
  line.clear();
  line.event(host([PCOA]));
  line.event(advertisement());
  const [back] = updatesIn(line);
  assert.deepEqual([back?.message.homeAddress, back?.message.lifetime], [PCOA, 0]);
  assert.equal(coLocated(line)?.path.gateway, FA1);
  assert.equal(line.node.state, "registered");
});

test("RFC 4068 §4: where the routers do not agree the node registers as it would have anyway", () => {
  const line = registered();
  line.event(host([PCOA], false));
  line.event(host([PCOA]));
  line.event(advertisement({ source: FA2 }));
  const [update] = updatesIn(line);
  assert.deepEqual([update?.effect.source, update?.effect.destination], [PCOA, FA2]);
  line.clear();
  line.until(line.now + 5000);
  assert.deepEqual(items(line, "own-address"), []);
  assert.equal(line.lastRequest().effect.destination, FA2);
});

test("RFC 4988 §4.2: the next handover is from the address that was given [4988-4.2-02]", () => {
  const line = leaving(NCOA);
  arrived(line);
  line.event(advertisement({ source: FA2 }));
  line.event(host([PCOA, NCOA]));
  line.accept();
  line.event(host([PCOA, NCOA], false));
  line.clear();
  line.event(host([PCOA, NCOA]));
  assert.deepEqual(line.requests(), [], "not from an address of whichever link it is");
  line.event(advertisement());
  const [update] = updatesIn(line);
  const { homeAddress, homeAgent, careOfAddress } = update?.message ?? {};
  assert.deepEqual([homeAddress, homeAgent, careOfAddress], [NCOA, FA2, FA1]);
});

test("what the node has on the new link is configured at once: a tick that nobody asked for changes nothing", () => {
  const line = registered();
  line.event(host([PCOA], false));
  line.event(host([PCOA]));
  line.event(advertisement({ source: FA2 }));
  const state = line.node.forwarding();
  assert.deepEqual(items(line, "own-address"), ["own-address/wlan0/192.0.2.40"]);
  assert.deepEqual(line.event({ type: "tick" }), []);
  assert.equal(line.node.forwarding(), state);
});

test("a node that is stopped gives up the addresses that it has for a while, and wants no ticks for those that it has given up", () => {
  const line = leaving(NCOA);
  arrived(line);
  line.until(line.now + 9500);
  assert.deepEqual(given(line), ["192.0.2.100/26"]);
  line.event({ type: "shutdown" });
  const { now } = line;
  while ((line.node.nextDeadline() ?? now + 2000) <= now + 1000) {
    const due = line.node.nextDeadline() ?? 0;
    assert.ok(due > line.now, "again for the same");
    line.until(due);
  }
  assert.deepEqual(given(line), []);
});

/** Registered by FA2 with what DHCP gave there; the system still has the address of FA1's link. */
function moved(): Timeline {
  const line = leaving();
  arrived(line);
  acknowledge(line);
  line.event(advertisement({ source: FA2 }));
  line.event(host([PCOA, LEASE]));
  line.accept();
  line.until(line.now + 15_000);
  line.event(host([PCOA]));
  line.event(advertisement({ source: FA2 }));
  line.clear();
  line.until(line.now + 5000);
  assert.deepEqual(line.requests(), [], "not with the address of another link");
  return line;
}

test("an address of a link that the node has left is as good as another where the system has taken it away and has it again", () => {
  const line = moved();
  line.event(host([]));
  line.event(host([PCOA]));
  line.until(line.now + 1);
  const { effect, message } = line.lastRequest();
  assert.deepEqual([effect.destination, message.careOfAddress], [FA2, PCOA]);
});

test("RFC 5944 §2.1.2: so it is by an agent that tells a prefix with it", () => {
  const line = moved();
  line.event(advertisement({ source: FA2, prefixes: [24] }));
  const { effect, message } = line.lastRequest();
  assert.deepEqual([effect.destination, message.careOfAddress], [FA2, PCOA]);
});
