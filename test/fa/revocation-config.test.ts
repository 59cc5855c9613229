/** The X bit in fa.toml: RFC 3543 §4.3.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { faRules, loadGood, MINIMAL_FA } from "../service/support.ts";

test("RFC 3543 §4.3.1: without R there is no X; by default there are both [3543-4.3.1-01]", (t) => {
  const offers = (lines: string): boolean | undefined => {
    const text = `${MINIMAL_FA}[advertisement]\n${lines}`;
    const { core, config } = loadGood(t, faRules, text);
    assert.equal(config.advertisement.revocation, core.links[0]?.revocation);
    return core.links[0]?.revocation;
  };
  assert.equal(offers(""), true);
  assert.equal(offers("revocation = false\n"), false);
  assert.equal(offers("registration_required = false\n"), false);
});
