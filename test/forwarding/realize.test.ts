/** What declared items mean in kernel objects, as text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import type { KernelObject } from "../../shared/forwarding/kernel-objects.ts";
import { ObjectSet } from "../../shared/forwarding/object-set.ts";
import { type Operation, plan } from "../../shared/forwarding/plan.ts";
import { realize, realizeBase } from "../../shared/forwarding/realize.ts";
import type { RealizeConfig } from "../../shared/forwarding/realized.ts";
import type { ForwardingItem, MovingNetworkItem } from "../../shared/forwarding/state.ts";
import { objectText, operationText } from "../../shared/forwarding/text.ts";

const MN: RealizeConfig = { role: "mn", routeTable: 435, rulePriority: 4350, hasNft: false };
const HOME = ipv4("10.1.0.7");
const HOME_ADDRESS: ForwardingItem = { kind: "home-address", address: HOME };
const LISTENING: ForwardingItem = { kind: "listening", interface: "wlan0" };
const VISITING: ForwardingItem = {
  kind: "visiting",
  interface: "wlan0",
  homeAddress: HOME,
  router: ipv4("192.0.2.1"),
  routerMac: "02:00:00:00:00:01" as Mac,
};
const AT_HOME: ForwardingItem = {
  kind: "at-home",
  interface: "wlan0",
  homeAddress: HOME,
  homePrefix: { address: ipv4("10.1.0.0"), length: 24 },
  router: ipv4("10.1.0.1"),
};

/** What the kernel has when these items hold. */
function effective(config: RealizeConfig, items: readonly ForwardingItem[]): KernelObject[] {
  const set = new ObjectSet();
  set.hold(realizeBase(config));
  for (const item of items) set.hold(realize(item, config).objects);
  return [...set.keys()].flatMap((key) => set.get(key) ?? []);
}

test("RFC 5944 §4.6: a node that is nowhere yet owns its home address and asks nobody for it, as text [5944-4.6-13] [5944-4.6-14]", () => {
  const state = effective(MN, [HOME_ADDRESS, LISTENING]);
  assert.deepEqual(plan([], state).map(operationText), [
    "add sysctl net/ipv4/conf/mip435/rp_filter=2",
    "add sysctl net/ipv4/conf/all/rp_filter=0",
    "add sysctl net/ipv4/conf/wlan0/rp_filter=0",
    "add sysctl net/ipv4/conf/wlan0/arp_ignore=1",
    "add sysctl net/ipv4/conf/wlan0/arp_announce=2",
    "add sysctl net/ipv4/neigh/wlan0/mcast_solicit=0",
    "add sysctl net/ipv4/neigh/wlan0/ucast_solicit=0",
    "add address 10.1.0.7/32 dev mip435",
    "add address 10.1.0.7 nowhere else",
    "add route default dev mip435 table 435 scope link src 10.1.0.7",
    "add rule pref 4350 from all iif lo lookup main suppress_prefixlength 0",
    "add rule pref 4351 from 10.1.0.7 lookup 435",
    "add rule pref 32768 from all lookup 435",
  ]);
});

test("RFC 5944 §4.6: the home address that something put back on an interface is taken again", () => {
  const wanted: KernelObject = { kind: "exclusive-address", address: HOME };
  assert.deepEqual(plan([{ ...wanted, elsewhere: [] }], [wanted]), []);
  const operations = plan([{ ...wanted, elsewhere: ["wlan0"] }], [wanted]);
  const key = "exclusive-address 10.1.0.7";
  assert.deepEqual(operations, [{ action: "replace", object: wanted, key }]);
});

test("the anchor has the home address before an interface loses it, and until it is back there", () => {
  const kinds = (operations: readonly Operation[]): string[] =>
    operations.map(({ object: value }) => value.kind).filter((kind) => kind.includes("address"));
  const state = realize(HOME_ADDRESS, MN).objects;
  assert.deepEqual(kinds(plan([], state)), ["address", "exclusive-address"]);
  assert.deepEqual(kinds(plan(state, [])), ["exclusive-address", "address"]);
});

test("RFC 5944 §4.2.1, §4.6: a visiting node, as text [5944-4.6-13] [5944-4.6-14]", () => {
  const state = effective(MN, [HOME_ADDRESS, LISTENING, VISITING]);
  assert.deepEqual(plan([], state).map(operationText), [
    "add sysctl net/ipv4/conf/mip435/rp_filter=2",
    "add sysctl net/ipv4/conf/all/rp_filter=0",
    "add sysctl net/ipv4/conf/wlan0/rp_filter=0",
    "add sysctl net/ipv4/conf/wlan0/arp_ignore=1",
    "add sysctl net/ipv4/conf/wlan0/arp_announce=2",
    "add sysctl net/ipv4/neigh/wlan0/mcast_solicit=0",
    "add sysctl net/ipv4/neigh/wlan0/ucast_solicit=0",
    "add address 10.1.0.7/32 dev mip435",
    "add address 10.1.0.7 nowhere else",
    "add neigh 192.0.2.1 lladdr 02:00:00:00:00:01 dev wlan0 nud permanent",
    "add route 192.0.2.1/32 dev wlan0 table 435 scope link src 10.1.0.7",
    "add route default via 192.0.2.1 dev wlan0 table 435 src 10.1.0.7 onlink",
    "add rule pref 4350 from all iif lo lookup main suppress_prefixlength 0",
    "add rule pref 4351 from 10.1.0.7 lookup 435",
    "add rule pref 32768 from all lookup 435",
    "add rule pref 4353 from all iif lo lookup 435",
  ]);
});

test("RFC 5944 §1.7: a co-located care-of address, as text: what is from it leaves by its own uplink, the rest through the tunnel; without a reverse tunnel straight, by the same gateway [5944-1.7-09] [3024-4.1.2-03] [5944-A-03]", () => {
  const item = {
    kind: "co-located",
    encapsulation: "ipip",
    homeAddress: HOME,
    homeAgent: ipv4("198.51.100.1"),
    path: {
      interface: "wlan0",
      number: 2,
      careOfAddress: ipv4("203.0.113.50"),
      gateway: ipv4("203.0.113.1"),
    },
    reverse: true,
  } as const satisfies ForwardingItem;
  const before = effective(MN, [HOME_ADDRESS]);
  const rules = [
    "add rule pref 4351 from 203.0.113.50 iif lo lookup 262579",
    "add rule pref 4353 from all iif lo lookup 435",
  ];
  const uplink = "add route default via 203.0.113.1 dev wlan0 table 262579 onlink";
  const settings = [
    "add sysctl net/ipv4/conf/all/rp_filter=0",
    "add sysctl net/ipv4/conf/wlan0/rp_filter=0",
    "add sysctl net/ipv4/conf/wlan0/arp_ignore=1",
    "add sysctl net/ipv4/conf/wlan0/arp_announce=2",
  ];
  assert.deepEqual(plan(before, effective(MN, [HOME_ADDRESS, item])).map(operationText), [
    ...settings,
    uplink,
    ...rules,
  ]);
  const end = { local: item.path.careOfAddress, remote: item.homeAgent, address: HOME };
  const tunnels = realize(item, MN).tunnels.map(({ direction, match, local, remote, address }) => ({
    ...{ direction, match, local, remote, address },
  }));
  assert.deepEqual(tunnels, [
    { direction: "in", match: "destination", ...end },
    { direction: "out", match: "source", ...end },
  ]);
  const direct = { ...item, reverse: false };
  assert.deepEqual(plan(before, effective(MN, [HOME_ADDRESS, direct])).map(operationText), [
    ...settings,
    "replace route default via 203.0.113.1 dev wlan0 table 435 src 10.1.0.7 onlink",
    uplink,
    ...rules,
  ]);
  assert.equal(realize(direct, MN).tunnels.length, 1);
  const onPpp = { ...item, path: { ...item.path, gateway: undefined } };
  assert.ok(
    plan(before, effective(MN, [HOME_ADDRESS, onPpp]))
      .map(operationText)
      .includes("add route default dev wlan0 table 262579 scope link"),
  );
});

test("RFC 5944 §4.6: from a foreign link to home nothing is missing in between [5944-4.6-19]", () => {
  const away = effective(MN, [HOME_ADDRESS, LISTENING, VISITING]);
  const home = effective(MN, [HOME_ADDRESS, LISTENING, AT_HOME]);
  assert.deepEqual(plan(away, home).map(operationText), [
    "replace sysctl net/ipv4/conf/wlan0/arp_ignore=0",
    "replace sysctl net/ipv4/conf/wlan0/arp_announce=0",
    "replace sysctl net/ipv4/neigh/wlan0/mcast_solicit=3",
    "replace sysctl net/ipv4/neigh/wlan0/ucast_solicit=3",
    "add sysctl net/ipv4/conf/all/arp_ignore=0",
    "add sysctl net/ipv4/conf/all/arp_announce=0",
    "add route 10.1.0.0/24 dev wlan0 table 435 scope link src 10.1.0.7",
    "replace route default via 10.1.0.1 dev wlan0 table 435 src 10.1.0.7 onlink",
    "remove route 192.0.2.1/32 dev wlan0 table 435 scope link src 10.1.0.7",
    "remove neigh 192.0.2.1 lladdr 02:00:00:00:00:01 dev wlan0 nud permanent",
  ]);
});

test("a mobile node's own packets: what is excluded first, then what is tunnelled, after what its source decides", () => {
  const prefix = (text: string, length: number) => ({ address: ipv4(text), length });
  const policy = {
    tunnel: [prefix("10.0.0.0", 8), prefix("172.16.0.0", 12)],
    exclude: [prefix("10.9.0.0", 16)],
  };
  const items: ForwardingItem[] = [
    { kind: "home-address", address: HOME },
    {
      kind: "visiting",
      interface: "wlan0",
      homeAddress: HOME,
      router: ipv4("192.0.2.1"),
      routerMac: "02:00:00:00:01:01" as Mac,
      policy,
    },
  ];
  const rules = effective(MN, items).filter(({ kind }) => kind === "rule");
  assert.deepEqual(rules.map(objectText).sort(), [
    "rule pref 32768 from all lookup 435",
    "rule pref 4350 from all iif lo lookup main suppress_prefixlength 0",
    "rule pref 4351 from 10.1.0.7 lookup 435",
    "rule pref 4352 from all to 10.9.0.0/16 iif lo lookup main",
    "rule pref 4353 from all to 10.0.0.0/8 iif lo lookup 435",
    "rule pref 4353 from all to 172.16.0.0/12 iif lo lookup 435",
  ]);
});

test("what a node with fast handovers sends by an agent's link has another way into the anchor, for when the carrier is gone", () => {
  const limits = { packets: 9, octets: 999, time: 99 };
  const outgoing = { kind: "outgoing", address: HOME, hold: false, limits } as const;
  const mac = "02:00:00:00:00:01" as Mac;
  const router = { interface: "wlan0", mac };
  const without = effective(MN, [HOME_ADDRESS, VISITING]);
  const text = (item: ForwardingItem) =>
    plan(without, effective(MN, [HOME_ADDRESS, VISITING, item])).map(operationText);
  const waiting = [
    "add route default dev mip435 table 197043 scope link src 10.1.0.7",
    "add rule pref 4353 from 10.1.0.7 lookup 197043",
  ];
  assert.deepEqual(text({ ...outgoing, router }), [
    "add sysctl net/ipv4/conf/wlan0/ignore_routes_with_linkdown=1",
    ...waiting,
  ]);
  assert.deepEqual(text(outgoing), waiting);
  for (const role of ["fa", "ha"] as const) {
    assert.deepEqual(realize(outgoing, { ...MN, role }).objects, []);
  }
});

test("RFC 5177 §7, §10: a network that moves, as text: its own routes within, the anchor for the rest, and a router without a tunnel [5177-10-03]", () => {
  const network = (way: MovingNetworkItem["way"], address?: Ipv4): ForwardingItem => ({
    kind: "moving-network",
    interface: "lan0",
    prefix: { address: ipv4("10.64.3.0"), length: 24 },
    address,
    way,
  });
  const base = effective(MN, []).map(objectText);
  const text = (item: ForwardingItem): string[] =>
    effective(MN, [item])
      .map(objectText)
      .filter((line) => !base.includes(line));
  const kept = [
    "sysctl net/ipv4/ip_forward=1",
    "sysctl net/ipv4/conf/lan0/forwarding=1",
    "route default dev mip435 table 65971 scope link",
    "rule pref 4355 from all iif lan0 lookup 65971",
    "rule pref 4354 from all to 10.64.3.0/24 lookup main suppress_prefixlength 0",
    "rule pref 4355 from all to 10.64.3.0/24 iif mip435 lookup 65971",
  ];
  assert.deepEqual(text(network(undefined)), kept);
  assert.deepEqual(text(network(undefined, ipv4("10.64.3.1"))), [
    ...kept,
    "address 10.64.3.1/24 dev lan0",
  ]);
  const router = { kind: "router", interface: "wlan0", gateway: ipv4("192.0.2.1") } as const;
  const way = "route default via 192.0.2.1 dev wlan0 table 65971 onlink";
  assert.deepEqual(
    text(network(router)),
    kept.map((line) => (line.startsWith("route") ? way : line)),
  );
});

test("RFC 5944 §4.2.3: a binding, as text; without one nothing is intercepted [5944-4.2.3-04] [5944-4.2.3-10]", () => {
  const config: RealizeConfig = { role: "ha", routeTable: 436, rulePriority: 4360, hasNft: false };
  const binding = (careOfAddress: string): ForwardingItem => ({
    kind: "binding",
    homeAddress: HOME,
    homeAgent: ipv4("198.51.100.1"),
    careOfAddress: ipv4(careOfAddress),
    encapsulation: "ipip",
    reverse: true,
    homeInterface: "home0",
  });
  const none = effective(config, []);
  const one = effective(config, [binding("192.0.2.1")]);
  const two = effective(config, [binding("192.0.2.1"), binding("192.0.2.65")]);
  assert.deepEqual(none.map(objectText), [
    "sysctl net/ipv4/ip_forward=1",
    "sysctl net/ipv4/conf/mip436/rp_filter=2",
    "rule pref 4360 from all lookup 436",
  ]);
  assert.deepEqual(plan(none, one).map(operationText), [
    "add sysctl net/ipv4/neigh/home0/proxy_delay=0",
    "add sysctl net/ipv4/conf/home0/forwarding=1",
    "add route 10.1.0.7/32 dev mip436 table 436 scope link",
    "add neigh proxy 10.1.0.7 dev home0",
  ]);
  // The kernel sees no difference between one and two simultaneous bindings.
  assert.deepEqual(plan(one, two), []);
});

test("RFC 4988 §4.2: an address that the next router gives, as text: marked as ours beside what the system has; and the gateway without ARP", () => {
  const prefix = { address: ipv4("192.0.2.100"), length: 26 };
  const own: ForwardingItem = { kind: "own-address", interface: "wlan0", prefix };
  const [address, ...more] = realize(own, MN).objects;
  assert(address?.kind === "address" && more.length === 0);
  const broadcast = ipv4("192.0.2.127");
  const marked = { device: "wlan0", prefix, broadcast, label: "wlan0:mip435" };
  assert.deepEqual(address, { kind: "address", ...marked });
  const gateway = ipv4("192.0.2.65");
  const path = { interface: "wlan0", number: 1, careOfAddress: ipv4("192.0.2.40"), gateway };
  const gatewayMac = "02:00:00:00:00:02" as Mac;
  const detour: ForwardingItem = {
    kind: "co-located",
    encapsulation: "ipip",
    homeAddress: HOME,
    homeAgent: ipv4("198.51.100.1"),
    path: { ...path, gatewayMac },
    reverse: true,
  };
  const neighbors = realize(detour, MN).objects.filter(({ kind }) => kind === "neighbor");
  assert.deepEqual(neighbors.map(objectText), [
    "neigh 192.0.2.65 lladdr 02:00:00:00:00:02 dev wlan0 nud permanent",
  ]);
});
