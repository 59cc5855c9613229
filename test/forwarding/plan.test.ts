/** Plans and reference counting: pure, by properties. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4, type Mac, toIpv4 } from "../../shared/base/address.ts";
import {
  isSameObject,
  type KernelObject,
  objectKey,
} from "../../shared/forwarding/kernel-objects.ts";
import { ObjectSet } from "../../shared/forwarding/object-set.ts";
import { type Operation, plan } from "../../shared/forwarding/plan.ts";

const device = fc.constantFrom("eth0", "eth1");
const address = fc.integer({ min: 1, max: 4 }).map(toIpv4);
const mac = fc.constantFrom("02:00:00:00:00:01", "02:00:00:00:00:02").map((text) => text as Mac);
const object: fc.Arbitrary<KernelObject> = fc.oneof(
  fc.record(
    { kind: fc.constant("neighbor" as const), device, address, mac },
    { noNullPrototype: true },
  ),
  fc.record(
    { kind: fc.constant("proxy-neighbor" as const), device, address },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant("route" as const),
      table: fc.constantFrom(254, 434),
      destination: address.map((value) => ({ address: value, length: 32 })),
      device,
      scope: fc.constantFrom("link" as const, "global" as const),
      gateway: address,
    },
    { noNullPrototype: true, requiredKeys: ["kind", "table", "destination", "device", "scope"] },
  ),
  fc.record(
    {
      kind: fc.constant("rule" as const),
      priority: fc.constantFrom(1, 2),
      table: fc.constantFrom(254, 434),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant("sysctl" as const),
      path: fc.constantFrom("net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter"),
      value: fc.constantFrom("0", "1"),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant("visitor" as const),
      device,
      mac,
      address,
      mark: fc.constantFrom(434, 435),
    },
    { noNullPrototype: true },
  ),
);
/** Objects that can be in the kernel together: no two with one key. */
const objects = fc.uniqueArray(object, { selector: objectKey, maxLength: 12 });

function carryOut(current: readonly KernelObject[], operations: readonly Operation[]) {
  const kernel = new Map(current.map((value) => [objectKey(value), value]));
  for (const { action, object: value } of operations) {
    const key = objectKey(value);
    assert.equal(kernel.has(key), action !== "add", `${action} ${key}`);
    if (action === "remove") kernel.delete(key);
    else kernel.set(key, value);
  }
  return kernel;
}

test("the plan to the same state is empty", () => {
  fc.assert(fc.property(objects, (state) => assert.deepEqual(plan(state, state), [])));
});

test("carrying out a plan gives the desired state, and every operation was needed", () => {
  fc.assert(
    fc.property(objects, objects, (before, after) => {
      const operations = plan(before, after);
      const kernel = carryOut(before, operations);
      assert.equal(kernel.size, after.length);
      for (const value of after) {
        const found = kernel.get(objectKey(value));
        assert.ok(found !== undefined && isSameObject(found, value));
      }
      const differing = new Set([...before, ...after].map(objectKey));
      assert.ok(operations.length <= differing.size);
    }),
  );
});

test("making comes before removing, and removing goes backwards", () => {
  fc.assert(
    fc.property(objects, objects, (before, after) => {
      const actions = plan(before, after).map(({ action }) => action);
      const firstRemoval = actions.indexOf("remove");
      if (firstRemoval >= 0) {
        assert.ok(actions.slice(firstRemoval).every((action) => action === "remove"));
      }
      const made = plan([], after).map(({ object: value }) => value.kind);
      const removed = plan(after, []).map(({ object: value }) => value.kind);
      assert.deepEqual(removed, made.reverse());
    }),
  );
});

test("what several items hold is there until the last one lets go", () => {
  const set = new ObjectSet();
  const route: KernelObject = {
    kind: "route",
    table: 436,
    destination: { address: ipv4("10.1.0.7"), length: 32 },
    device: "mip436",
    scope: "link",
  };
  set.hold([route]);
  set.hold([{ ...route }]);
  assert.deepEqual([...set.takeChanged()], [objectKey(route)]);
  set.release([{ ...route }]);
  assert.deepEqual(set.get(objectKey(route)), route);
  set.release([route]);
  assert.equal(set.get(objectKey(route)), undefined);
  assert.throws(() => set.release([route]), /internal error/);
});
