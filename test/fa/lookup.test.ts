/** Lists of the configuration, indexed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lookup } from "../../fa/core/lookup.ts";

test("lookup: the members with a key, in their order, of whichever list is asked about", () => {
  const row = fc.record({ key: fc.integer({ min: 0, max: 4 }), value: fc.integer() });
  const find = lookup(({ key }: { readonly key: number }) => key);
  fc.assert(
    fc.property(fc.array(row), fc.array(row), fc.integer({ min: 0, max: 4 }), (a, b, key) => {
      for (const list of [a, b, a]) {
        assert.deepEqual(
          find(list, key),
          list.filter((one) => one.key === key),
        );
      }
    }),
  );
});
