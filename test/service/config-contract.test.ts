/** The contract's examples against the schemas: every key is known or refused as not built yet. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommonConfig, ConfigRules } from "../../shared/service/program.ts";
import { FA_EXAMPLE, HA_EXAMPLE, MN_EXAMPLE } from "./contract-examples.ts";
import {
  faRules,
  haRules,
  load,
  loadGood,
  MINIMAL_FA,
  MINIMAL_HA,
  MINIMAL_MN,
  mnRules,
} from "./support.ts";

const NOT_BUILT = /not built yet/;

/** Takes out the lines of faults, and tables that have none of their keys left. */
function without(text: string, faults: readonly string[]): string {
  const bad = new Set(faults.map((fault) => Number(fault.split(":")[1])));
  let isTableBad = false;
  return text
    .split("\n")
    .map((line, index) => {
      if (line.startsWith("["))
        isTableBad = bad.has(index + 1) || (isTableBad && line.startsWith("[[fast_handover."));
      return isTableBad || bad.has(index + 1) ? "" : line;
    })
    .join("\n");
}

/** Values by path, arrays of tables left out: those are names, addresses and keys. */
function leaves(value: unknown, path = ""): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, each]) => {
    const isTables = Array.isArray(each) && typeof each[0] === "object";
    return isTables ? [] : leaves(each, path === "" ? key : `${path}.${key}`);
  });
}

const ROLES = [
  {
    name: "fa",
    example: FA_EXAMPLE,
    minimal: MINIMAL_FA,
    planned: [],
    own: [],
  },
  {
    name: "mn",
    example: MN_EXAMPLE,
    minimal: MINIMAL_MN,
    planned: [],
    own: ["home_address", "home_agent", "nai"],
  },
  {
    name: "ha",
    example: HA_EXAMPLE,
    minimal: MINIMAL_HA,
    planned: [],
    own: ["address"],
  },
] as const;

for (const { name, example, minimal, planned, own } of ROLES) {
  const check = <F extends CommonConfig, C>(rules: ConfigRules<F, C>): void => {
    test(`${name}.toml of the contract: what is not built yet is refused by name, nothing else`, (t) => {
      const { faults } = load(t, rules, example);
      for (const fault of faults) assert.match(fault, NOT_BUILT);
      assert.deepEqual(faults.map((fault) => fault.split(": ")[1]).sort(), planned);
    });

    test(`${name}.toml of the contract: every value shown is the default`, (t) => {
      const { faults } = load(t, rules, example);
      const shown = leaves(loadGood(t, rules, without(example, faults)).config);
      const defaults = new Map(leaves(loadGood(t, rules, minimal).config));
      const compared = shown.filter(([path]) => !own.some((key) => key === path));
      assert.ok(compared.length > 8, "nothing was compared");
      for (const [path, value] of compared) assert.deepEqual(value, defaults.get(path), path);
    });
  };
  if (name === "fa") check(faRules);
  else if (name === "mn") check(mnRules);
  else check(haRules);
}
