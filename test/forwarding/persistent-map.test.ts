import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { changedKeys, PersistentMap } from "../../shared/forwarding/persistent-map.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";

const key = fc.nat(200).map((n) => `binding/10.1.0.${n}/192.0.2.1`);
const action = fc.tuple(key, fc.option(fc.nat(3), { nil: undefined }));

test("persistent map: does what Map does, and every version stays as it was", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const versions: [PersistentMap<number>, Map<string, number>][] = [];
      let map = PersistentMap.empty<number>();
      const model = new Map<string, number>();
      for (const [name, value] of actions) {
        if (value === undefined) {
          map = map.without(name);
          model.delete(name);
        } else {
          map = map.with(name, value);
          model.set(name, value);
        }
        versions.push([map, new Map(model)]);
      }
      for (const [version, expected] of versions) {
        assert.equal(version.size, expected.size);
        assert.deepEqual(new Map(version), expected);
        for (const name of expected.keys()) assert.equal(version.get(name), expected.get(name));
      }
    }),
    { numRuns: 50 },
  );
});

test("persistent map: the difference of two versions is what differs", () => {
  fc.assert(
    fc.property(fc.array(action), fc.array(action), (first, second) => {
      let before = PersistentMap.empty<number>();
      for (const [name, value] of first) {
        before = value === undefined ? before.without(name) : before.with(name, value);
      }
      let now = before;
      for (const [name, value] of second) {
        now = value === undefined ? now.without(name) : now.with(name, value);
      }
      const names = new Set([...before.keys(), ...now.keys()]);
      const expected = [...names].filter((name) => before.get(name) !== now.get(name));
      assert.deepEqual(now.changedSince(before).sort(), expected.sort());
    }),
  );
});

test("persistent map: taking out what is not there is the same map", () => {
  const map = PersistentMap.empty<number>().with("a", 1);
  assert.equal(map.without("b"), map);
  assert.equal(map.has("b"), false);
  assert.deepEqual([...map.keys()], ["a"]);
  assert.deepEqual([...map.values()], [1]);
  map.forEach((value, name, self) => {
    assert.deepEqual([value, name, self], [1, "a", map]);
  });
});

test("changed keys: also between other kinds of map", () => {
  const item = { kind: "listening", interface: "wlan0" } as const satisfies ForwardingItem;
  const plain = new Map<string, ForwardingItem>([["a", item]]);
  const tree = PersistentMap.empty<ForwardingItem>().with("a", item).with("b", item);
  assert.deepEqual(changedKeys(plain, tree), ["b"]);
  assert.deepEqual(changedKeys(tree, plain), ["b"]);
  assert.deepEqual(changedKeys(tree, tree.with("a", { ...item })), ["a"]);
  assert.deepEqual(changedKeys(plain, plain), []);
});

test("persistent map: one change among 100,000 shares nearly all", () => {
  let map = PersistentMap.empty<number>();
  for (let i = 0; i < 100_000; i++)
    map = map.with(`binding/10.${i >> 8}.${i & 255}.1/192.0.2.1`, i);
  const next = map.with("binding/10.7.7.1/192.0.2.1", -1);
  assert.deepEqual(next.changedSince(map), ["binding/10.7.7.1/192.0.2.1"]);
  assert.equal(map.size, 100_000);
  assert.equal(next.size, 100_000);
});
