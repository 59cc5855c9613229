/** Broadcasts and groups of the home link, as the home agent declares them: RFC 5944 §4.3, §4.4. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupService } from "../../shared/forwarding/state.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { Bench, FA, ROAMER } from "./harness.ts";

const { B, D, T } = RequestFlag;

function groups(bench: Bench): GroupService | undefined {
  const [item] = bench.forwarding();
  assert.ok(item?.kind === "binding");
  return item.groups;
}

function asked(flags: number, bench = Bench.up()): GroupService | undefined {
  assert.equal(bench.replyTo({ fields: { flags } }).code, 0);
  return groups(bench);
}

test("RFC 5944 §4.3: broadcasts are for those that ask with B, and nested unless D is set [5944-4.3-01]", () => {
  assert.equal(asked(0), undefined);
  assert.equal(asked(D), undefined);
  assert.deepEqual([asked(B)?.broadcasts, asked(B)?.isNested], [[], true]);
  assert.deepEqual([asked(B | D)?.broadcasts, asked(B | D)?.isNested], [[], false]);
});

test("RFC 5944 §4.4: groups are for those with a reverse tunnel, by which they ask", () => {
  assert.equal(asked(B)?.multicast, false);
  assert.deepEqual([asked(T)?.multicast, asked(T)?.broadcasts], [true, undefined]);
  assert.equal(asked(T, Bench.up({ multicast: false }))?.multicast, false);
});

test("RFC 5944 §4.3: which broadcasts is a matter of configuration, also of a reloaded one [5944-4.3-03]", () => {
  assert.equal(asked(B, Bench.up({ broadcasts: undefined })), undefined);
  const bench = Bench.up({ broadcasts: [137] });
  assert.deepEqual(asked(B, bench)?.broadcasts, [137]);
  const before = bench.agent.forwarding();
  bench.reconfigure({ broadcasts: [137] });
  assert.equal(bench.agent.forwarding(), before); // nothing to do for what stays as it was
  bench.reconfigure({ broadcasts: [137, 138] });
  assert.deepEqual(groups(bench)?.broadcasts, [137, 138]);
});

test("a virtual home network has no link and so no broadcasts", () => {
  const bench = Bench.up();
  bench.request({ fields: { homeAddress: ROAMER, flags: B | T } });
  assert.equal(groups(bench), undefined);
});

test("after a crash broadcasts go on as they were asked for", () => {
  const bench = Bench.up();
  bench.request({ fields: { flags: B | D, careOfAddress: FA } });
  const before = groups(bench);
  bench.restart();
  assert.deepEqual(groups(bench), before);
  assert.equal(bench.bindings()[0]?.broadcasts, true);
});
