/** Keys that are not built yet: off may be said, on is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { faRules, load, MINIMAL_FA } from "./support.ts";

const why = "teleportation is not built yet";
/** With keys of a capability that will never be built. */
const rules = {
  ...faRules,
  planned: {
    teleport: { why },
    "teleport.enabled": { why, off: false },
    "interface.gates": { why, off: [] },
  },
};

test("a planned key with the value that says off may stand in a file", (t) => {
  const text = `${MINIMAL_FA}gates = []\n[teleport]\nenabled = false\n`;
  const { loaded, faults } = load(t, rules, text);
  assert.deepEqual(faults, []);
  assert.doesNotMatch(JSON.stringify(loaded?.shown), /teleport|gates/);
});

test("a planned key with any other value is refused at its line, saying what is allowed", (t) => {
  const { faults } = load(t, rules, `${MINIMAL_FA}[teleport]\nenabled = true\n`);
  assert.deepEqual(faults, [
    "c.toml:5: teleport.enabled: teleportation is not built yet, must be false or left out",
  ]);
});

test("a planned key in an array of tables is refused in the row that has it", (t) => {
  const row = '[[interface]]\nname = "lan1"\ncare_of_address = "192.0.2.2"\ngates = ["x"]\n';
  const { faults } = load(t, rules, `${MINIMAL_FA}${row}`);
  assert.deepEqual(faults, [
    "c.toml:7: interface[1].gates: teleportation is not built yet, must be [] or left out",
  ]);
});

test("other keys in a planned table, and faults of the schema beside planned ones, are all said", (t) => {
  const text = `${MINIMAL_FA}[teleport]\nenabled = false\nto = 1\n[limits]\nvisitors = 0\n`;
  assert.deepEqual(load(t, rules, text).faults, [
    "c.toml:4: teleport: teleportation is not built yet; leave this key out",
    "c.toml:8: limits.visitors: 0 is not allowed, must be a whole number from 1 to 100000",
  ]);
});
