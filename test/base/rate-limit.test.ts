import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimit } from "../../shared/base/rate-limit.ts";
import type { Instant } from "../../shared/base/time.ts";

/** How many of so many attempts are allowed. */
function allowed(limit: RateLimit<string>, key: string, attempts: number, at: number): number {
  let count = 0;
  for (let i = 0; i < attempts; i++) if (limit.allow(key, at as Instant)) count++;
  return count;
}

test("a burst, and then as many as the rate gives back, for each key by itself", () => {
  const limit = new RateLimit<string>({ burst: 3, perSecond: 2, maxKeys: 8 });
  assert.equal(allowed(limit, "a", 10, 0), 3);
  assert.equal(allowed(limit, "b", 10, 0), 3);
  assert.equal(allowed(limit, "a", 10, 1000), 2);
  assert.equal(allowed(limit, "a", 10, 60_000), 3);
});

test("a full table lets no new key in until some have rested, and keeps to its size", () => {
  const limit = new RateLimit<string>({ burst: 2, perSecond: 1, maxKeys: 3 });
  for (const key of ["a", "b", "c"]) assert.equal(allowed(limit, key, 1, 0), 1);
  assert.equal(allowed(limit, "d", 5, 1000), 0);
  assert.equal(allowed(limit, "a", 1, 1000), 1, "who is known is not shut out");
  assert.equal(allowed(limit, "d", 5, 2000), 2, "b and c have rested");
});
