/** How the kernel is brought to what is wanted: in which order, and who is told when. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { type KernelObject, marksOf } from "../../shared/forwarding/kernel-objects.ts";
import { ObjectSet } from "../../shared/forwarding/object-set.ts";
import { KernelState } from "../../shared/forwarding/tun/kernel-state.ts";

const GATEWAY = ipv4("192.0.2.65");
const OBJECTS: readonly KernelObject[] = [
  {
    kind: "route",
    table: 435,
    destination: { address: ipv4("0.0.0.0"), length: 0 },
    device: "wlan0",
    gateway: GATEWAY,
    scope: "global",
    onlink: true,
  },
  { kind: "neighbor", device: "wlan0", address: GATEWAY, mac: "02:00:00:00:02:01" as Mac },
  { kind: "rule", priority: 4353, table: 435 },
];

test("who sends what the kernel has put aside is called just before and after a route changes, and for nothing else", async () => {
  const done: string[] = [];
  const wanted = new ObjectSet();
  const parts = {
    network: {
      execute: async ({ object }: { object: KernelObject }) => void done.push(object.kind),
    },
  };
  const state = new KernelState(parts as never, marksOf(435), wanted);
  wanted.hold(OBJECTS);
  const say = (what: string) => () => void done.push(what);
  const failures = await state.reach(wanted.takeChanged(), say("routed"), say("turning"));
  assert.deepEqual(failures, []);
  const order = ["neighbor", "turning", "route", "turning", "rule", "routed"];
  assert.deepEqual(done, order);
  done.length = 0;
  assert.deepEqual(await state.reach(wanted.keys(), say("routed"), say("turning")), []);
  assert.deepEqual(done, ["routed"]);
});
