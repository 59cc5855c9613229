/** The native helper and the program that loads it fit, or it is said that they do not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedVersion, HELPER_VERSION, loadNative } from "../../shared/linux/native-loader.ts";

test("the helper that was built is of the version that this program takes", () => {
  assert.equal(loadNative().version, HELPER_VERSION);
});

test("a helper of another build is refused, and what helps is said", () => {
  const message = new RegExp(`version 7, and this program takes ${HELPER_VERSION}.*make build`);
  assert.throws(() => checkedVersion({ version: 7 }), message);
  assert.throws(() => checkedVersion({}), /version none/);
});
