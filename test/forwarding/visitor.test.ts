/** What a visitor means in kernel objects: direct and encapsulating delivery, planes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import {
  type KernelObject,
  MAX_PLANE,
  marksOf,
  mayHoldOurs,
  planeMarks,
  planeOfDevice,
} from "../../shared/forwarding/kernel-objects.ts";
import { realize, realizeBase, realizePlane } from "../../shared/forwarding/realize.ts";
import type { RealizeConfig } from "../../shared/forwarding/realized.ts";
import type { VisitorItem } from "../../shared/forwarding/state.ts";
import { objectText } from "../../shared/forwarding/text.ts";

const HOME = ipv4("10.1.0.7");

test("RFC 5944 §4.2.2, RFC 3024 §5.1: a visitor, as text [5944-4.2.2-08] [5944-4.2.2-09]", () => {
  const config: RealizeConfig = { role: "fa", routeTable: 434, rulePriority: 4340, hasNft: true };
  const item: VisitorItem = {
    kind: "visitor",
    homeAddress: HOME,
    interface: "lan0",
    mac: "02:00:00:00:00:07" as Mac,
    homeAgent: ipv4("198.51.100.1"),
    careOfAddress: ipv4("192.0.2.1"),
    encapsulation: "ipip",
    reverse: true,
    delivery: "direct",
    plane: 0,
  };
  assert.deepEqual(realize(item, config).objects.map(objectText), [
    "neigh 10.1.0.7 lladdr 02:00:00:00:00:07 dev lan0 nud permanent",
    "route 10.1.0.7/32 dev lan0 table main scope link",
    "nft visitor lan0 . 02:00:00:00:00:07 . 10.1.0.7 : 434",
  ]);
  const without = realize(item, { ...config, hasNft: false }).objects.map(objectText);
  assert.equal(without.at(-1), "rule pref 4340 from 10.1.0.7 iif lan0 lookup 434");
  assert.deepEqual(realize({ ...item, reverse: false }, config).objects.length, 2);
  assert.deepEqual(realizeBase(config).map(objectText), [
    "sysctl net/ipv4/ip_forward=1",
    "sysctl net/ipv4/conf/mip434/rp_filter=2",
    "address 192.0.0.8/32 dev mip434 scope host",
    "route default dev mip434 table 434 scope link",
    "rule pref 4340 from all iif mip434 lookup main", // no home agent here tunnels it again
    "rule pref 4340 from all fwmark 434 lookup 434",
  ]);
});

const VISITOR: VisitorItem = {
  kind: "visitor",
  homeAddress: HOME,
  interface: "lan0",
  mac: "02:00:00:00:00:07" as Mac,
  homeAgent: ipv4("198.51.100.1"),
  careOfAddress: ipv4("192.0.2.1"),
  encapsulation: "gre",
  reverse: true,
  delivery: "direct",
  plane: 0,
};
const FA: RealizeConfig = { role: "fa", routeTable: 434, rulePriority: 4340, hasNft: true };

test("RFC 3024 §5.2: what a visitor with encapsulating delivery sends as it is is routed, not tunnelled [3024-5.2.1-02] [3024-5.2.1-03]", () => {
  const item = { ...VISITOR, delivery: "encapsulating" } as const;
  const { objects, deliveries, tunnels } = realize(item, FA);
  // Another mark than that of the rule: it only shows that the link-layer address is the visitor's.
  assert.equal(objectText(objects[2] ?? setting), `${VISITOR_KEY} : ${0x800001b2}`);
  assert.deepEqual(deliveries, [
    { device: "lan0", plane: 0, homeAddress: HOME, encapsulation: "gre", mark: 0x800001b2 },
  ]);
  // Nobody's packets are known to be the visitor's by their link-layer address alone.
  const direct = realize(VISITOR, FA).tunnels;
  assert.deepEqual(
    tunnels,
    direct.map((entry) => ("sender" in entry ? { ...entry, sender: undefined } : entry)),
  );
  const without = realize(item, { ...FA, hasNft: false });
  assert.equal(without.objects.length, 2);
  assert.equal(without.deliveries[0]?.mark, undefined);
  assert.deepEqual(realize({ ...item, reverse: false }, FA).deliveries, []);
});

const VISITOR_KEY = "nft visitor lan0 . 02:00:00:00:00:07 . 10.1.0.7";
const setting: KernelObject = { kind: "sysctl", path: "none", value: "0" };

test("RFC 3024 §A.2: a visitor of another plane has a next hop, tables and a mark of its own, as text", () => {
  const item = { ...VISITOR, plane: 2 };
  const alias = ipv4("169.254.1.0");
  const { objects, tunnels } = realize(item, FA, { alias });
  const table = 434 + 4 * 65536;
  assert.deepEqual(objects.map(objectText), [
    "sysctl net/ipv4/conf/lan0/rp_filter=2",
    "neigh 169.254.1.0 lladdr 02:00:00:00:00:07 dev lan0 nud permanent",
    `route 10.1.0.7/32 via 169.254.1.0 dev lan0 table ${table + 65536} onlink`,
    `${VISITOR_KEY} : ${table}`,
  ]);
  assert.deepEqual(
    tunnels.map(({ plane }) => plane),
    [2, 2],
  );
  assert.deepEqual(realizePlane(FA, 2).map(objectText), [
    "sysctl net/ipv4/conf/mip434p2/rp_filter=2",
    "address 192.0.0.8/32 dev mip434p2 scope host",
    `route default dev mip434p2 table ${table} scope link`,
    `rule pref 4340 from all iif mip434p2 lookup ${table + 65536}`,
    `rule pref 4340 from all fwmark ${table} lookup ${table}`,
  ]);
});

test("the numbers of planes are never those of another program, and are known again", () => {
  const marks = marksOf(434);
  const tables = new Set<number>();
  for (let plane = 0; plane <= MAX_PLANE; plane++) {
    const { anchor, table, deliveryTable } = planeMarks(434, plane);
    assert.equal(planeOfDevice(marks, anchor), plane);
    assert.ok(mayHoldOurs(marks, table) && mayHoldOurs(marks, deliveryTable));
    tables.add(table).add(deliveryTable);
  }
  assert.equal(tables.size, 2 * (MAX_PLANE + 1));
  for (const other of [435, 436, 4340, 435 + 65536]) assert.equal(mayHoldOurs(marks, other), false);
  for (const device of ["mip435", "mip4341", "mip434p0", "mip434p100", "mip434px", "lan0", ""]) {
    assert.equal(planeOfDevice(marks, device), undefined, device);
  }
});
