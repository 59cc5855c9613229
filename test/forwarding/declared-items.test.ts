/** Another declared state in place of the one before. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { ObjectSet } from "../../shared/forwarding/object-set.ts";
import type { CoLocatedItem, ForwardingItem } from "../../shared/forwarding/state.ts";
import {
  DeclaredItems,
  type DeclaredItemsParts,
} from "../../shared/forwarding/tun/declared-items.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";

const tunnel: CoLocatedItem = {
  kind: "co-located",
  encapsulation: "ipip",
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: ipv4("198.51.100.1"),
  path: { interface: "wlan0", number: 1, careOfAddress: ipv4("192.0.2.40"), gateway: undefined },
  reverse: true,
};

/** Nothing but the table of tunnels, and what is told of it. */
function bench() {
  const told: string[] = [];
  const table = new TunnelTable();
  const parts = {
    report: (event: string) => told.push(event),
    config: () => ({ role: "mn", routeTable: 435, rulePriority: 4350, hasNft: false }),
    objects: new ObjectSet(),
    table,
    planes: { swap: () => {}, aliasOf: () => undefined, forgetAlias: () => {} },
    carriers: { swap: () => {}, settle: () => {}, choiceOf: () => undefined },
    echoes: { set: () => {}, run: () => {} },
    pathMtu: { forgetWithin: () => {} },
    dataPath: () => undefined,
    mirror: () => undefined,
  } as unknown as DeclaredItemsParts;
  const items = new DeclaredItems(parts);
  const swap = (state: Record<string, ForwardingItem>) => {
    told.length = 0;
    items.swap(new Map(Object.entries(state)));
    return [...told];
  };
  return { swap, table };
}

test("a tunnel that another item keeps goes on: what is awaited becomes what serves, and that what is still taken", () => {
  const { swap, table } = bench();
  const passive = { ...tunnel, isPassive: true };
  assert.deepEqual(swap({ "awaited/wlan0": passive }), ["tunnel-up"]);
  const [known] = table.tunnels();
  assert.deepEqual(swap({ "co-located/wlan0": tunnel }), []);
  assert.deepEqual(swap({ "former/wlan0": passive }), []);
  assert.equal([...table.tunnels()][0], known, "its counts and its numbers go on");
  assert.equal(known?.entries, 1);
  assert.deepEqual(swap({}), ["tunnel-down"]);
  assert.deepEqual([...table.tunnels()], []);
});
