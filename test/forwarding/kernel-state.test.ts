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

test("what may pass through devices of an earlier run stays until it is written anew as a whole, and is kept from then on", async () => {
  const done: string[] = [];
  const wanted = new ObjectSet();
  const parts = {
    network: {
      execute: async ({ object }: { object: KernelObject }) => void done.push(object.kind),
    },
    passages: {
      write: async (all: readonly KernelObject[]) => void done.push(`write ${all.length}`),
      update: async (added: readonly KernelObject[]) => void done.push(`update ${added.length}`),
    },
  };
  const state = new KernelState(parts as never, marksOf(436), wanted);
  const passage = (set: "exits" | "passages") =>
    ({ kind: "passage", set, device: "mip436t1", address: GATEWAY }) as const;
  wanted.hold([passage("exits"), { kind: "rule", priority: 4360, table: 436 }]);
  assert.deepEqual(await state.reach(wanted.takeChanged()), []);
  assert.deepEqual(done, ["rule"]);
  wanted.hold([passage("passages")]);
  assert.deepEqual(await state.resetPassages(undefined), []);
  assert.deepEqual(await state.reach(wanted.takeChanged()), []);
  wanted.hold([{ ...passage("passages"), address: ipv4("192.0.2.66") }]);
  assert.deepEqual(await state.reach(wanted.takeChanged()), []);
  assert.deepEqual(done, ["rule", "write 2", "update 1"]);
});
