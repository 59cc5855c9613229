/** What items mean in kernel objects when a device of the kernel's carries their tunnel, as text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { KernelObject } from "../../shared/forwarding/kernel-objects.ts";
import { plan } from "../../shared/forwarding/plan.ts";
import { realize, realizeBase, realizeDevice } from "../../shared/forwarding/realize.ts";
import type { RealizeConfig } from "../../shared/forwarding/realized.ts";
import type { BindingItem, ForwardingItem } from "../../shared/forwarding/state.ts";
import { operationText } from "../../shared/forwarding/text.ts";
import type { TunnelDevice } from "../../shared/forwarding/tunnel-device.ts";

const HOME = ipv4("10.1.0.7");
const HA = ipv4("198.51.100.1");
const COA = ipv4("203.0.113.2");

function device(name: string, local = HA, remote = COA): TunnelDevice {
  return { name, number: 1, ends: { local, remote, encapsulation: "ipip" }, df: "set" };
}

/** What is made for an item that goes by the device, beside what is always there. */
function made(item: ForwardingItem, config: RealizeConfig, by: TunnelDevice): string[] {
  const always: readonly KernelObject[] = realizeBase(config);
  const objects = [...realizeDevice(config, by), ...realize(item, config, { device: by }).objects];
  return plan(always, [...always, ...objects]).map(operationText);
}

const BINDING: BindingItem = {
  kind: "binding",
  homeAddress: HOME,
  homeAgent: HA,
  careOfAddress: COA,
  encapsulation: "ipip",
  reverse: true,
  homeInterface: undefined,
};

test("RFC 5944 §4.2.3, RFC 3024 §4.3.2: a binding by a device, as text: its route, and the one source that may come out of it [5944-4.2.3-08] [3024-4.3.2-01]", () => {
  const config = { role: "ha", routeTable: 436, rulePriority: 4360, hasNft: false } as const;
  assert.deepEqual(made(BINDING, config, device("mip436t1")), [
    "add sysctl net/ipv4/conf/mip436t1/rp_filter=2",
    "add address 192.0.0.8/32 dev mip436t1 scope host",
    "add route 10.1.0.7/32 dev mip436t1 table 436 scope link",
    "add nft exits mip436t1 . 203.0.113.2",
    "add nft passages mip436t1 . 10.1.0.7",
  ]);
  const former = { ...BINDING, kind: "replaced-binding" } as const;
  const passages = realize(former, config, { device: device("mip436t1") }).objects;
  assert.deepEqual(
    passages.map(({ kind }) => kind),
    ["passage"],
  );
  const oneWay = { ...BINDING, reverse: false };
  const objects = realize(oneWay, config, { device: device("mip436t1") }).objects;
  assert.ok(objects.every(({ kind }) => kind !== "passage"));
});

test("RFC 5944 §4.2.2, RFC 3024 §5: a visitor by a device, as text: a mark and a table of its home agent's, and the one destination [5944-4.2.2-05] [3024-5.1.1-02]", () => {
  const config = { role: "fa", routeTable: 434, rulePriority: 4340, hasNft: true } as const;
  const visitor: ForwardingItem = {
    kind: "visitor",
    homeAddress: HOME,
    interface: "lan0",
    mac: "02:00:00:00:00:07" as Mac,
    homeAgent: HA,
    careOfAddress: COA,
    encapsulation: "ipip",
    reverse: true,
    delivery: "direct",
    plane: 0,
  };
  assert.deepEqual(made(visitor, config, device("mip434t1", COA, HA)), [
    "add sysctl net/ipv4/conf/mip434t1/rp_filter=2",
    "add address 192.0.0.8/32 dev mip434t1 scope host",
    "add neigh 10.1.0.7 lladdr 02:00:00:00:00:07 dev lan0 nud permanent",
    "add route default dev mip434t1 table 13107634 scope link",
    "add route 10.1.0.7/32 dev lan0 table main scope link",
    "add nft exits mip434t1 . 198.51.100.1",
    "add nft passages mip434t1 . 10.1.0.7",
    "add nft visitor lan0 . 02:00:00:00:00:07 . 10.1.0.7 : 13107634",
    "add rule pref 4340 from all iif mip434t1 lookup main",
    "add rule pref 4340 from all fwmark 13107634 lookup 13107634",
  ]);
});

test("RFC 5944 §1.7: a co-located node by a device, as text: its default route, and the home address alone comes out [5944-1.7-09]", () => {
  const config = { role: "mn", routeTable: 435, rulePriority: 4350, hasNft: false } as const;
  const careOfAddress = ipv4("203.0.113.50");
  const item: ForwardingItem = {
    kind: "co-located",
    encapsulation: "ipip",
    homeAddress: HOME,
    homeAgent: HA,
    path: { interface: "wlan0", number: 1, careOfAddress, gateway: undefined },
    reverse: true,
  };
  const by = device("mip435t1", careOfAddress, HA);
  const texts = made(item, config, by);
  assert.ok(texts.includes("add route default dev mip435t1 table 435 scope link src 10.1.0.7"));
  assert.ok(texts.includes("add nft passages mip435t1 . 10.1.0.7"));
  const passive = made({ ...item, isPassive: true }, config, by);
  assert.ok(passive.includes("add nft passages mip435t1 . 10.1.0.7"));
  assert.ok(!passive.some((text) => text.includes("route default dev mip435t1")));
});

test("what comes out of a device is the device's, and all else the data path's", () => {
  const config = { role: "ha", routeTable: 436, rulePriority: 4360, hasNft: false } as const;
  const entries = (by?: TunnelDevice) =>
    realize(BINDING, config, { device: by }).tunnels.map(({ direction, byDevice = false }) => [
      direction,
      byDevice,
    ]);
  assert.deepEqual(entries(device("mip436t1")), [
    ["out", false],
    ["in", true],
  ]);
  assert.deepEqual(entries(), [
    ["out", false],
    ["in", false],
  ]);
});
