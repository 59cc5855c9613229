/** GRE keys at the home agent: RFC 6245 §4.2, §5. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BindingItem } from "../../shared/forwarding/state.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import {
  appendExtension,
  type RegistrationReply,
  type RegistrationRequest,
  RequestFlag,
} from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { Bench, MOBILE_HOME, oneSend, replyIn, wrongKey } from "./harness.ts";

const { T, G, M } = RequestFlag;
const THEIRS = 0x01020304;

/** A request to which a foreign agent has added its key. */
function keyed(
  bench: Bench,
  key: number,
  fields: Partial<RegistrationRequest> = {},
  context?: Parameters<Bench["requestBytes"]>[0],
): Effect[] {
  const bytes = bench.requestBytes({ fields: { flags: T | G, ...fields }, ...context });
  const extension: ControlExtension = { name: "gre-key-extension", keyIdentifier: key };
  return bench.deliver(appendExtension(bytes, extension));
}

const answerTo = (effects: readonly Effect[]) => replyIn(oneSend(effects));

function keyIn(reply: RegistrationReply): number | undefined {
  const found = reply.extensions.find(({ name }) => name === "gre-key-extension");
  return found?.name === "gre-key-extension" ? found.keyIdentifier : undefined;
}

function itemOf(bench: Bench): BindingItem {
  const [item] = bench.forwarding();
  assert(item?.kind === "binding");
  return item;
}

test("RFC 6245 §4.2, §5: a key in the request is used to its sender, and the reply has one for the other way [6245-4.2-05, 6245-4.2-06, 6245-5-01, 6245-5-02]", () => {
  const bench = Bench.up();
  const reply = answerTo(keyed(bench, THEIRS));
  assert.equal(reply.code, 0);
  assert.deepEqual(
    reply.extensions.map(({ name }) => name),
    [MOBILE_HOME, "gre-key-extension"],
  );
  const ours = keyIn(reply);
  assert.ok(ours !== undefined && ours > 0);
  const { encapsulation, greKeyIn, greKeyOut } = itemOf(bench);
  assert.deepEqual([encapsulation, greKeyIn, greKeyOut], ["gre", ours, THEIRS]);
});

test("RFC 6245 §4.2: the extension asks for GRE whatever M and G say [6245-4.2-04]", () => {
  for (const flags of [T, T | M]) {
    const bench = Bench.up();
    assert.equal(answerTo(keyed(bench, THEIRS, { flags })).code, 0);
    assert.equal(itemOf(bench).encapsulation, "gre");
    assert.equal(bench.bindings()[0]?.encapsulation, "gre");
  }
});

test("RFC 6245 §4.2: without the extension a node gets what it asks for, without keys [6245-4.2-02]", () => {
  for (const [flags, encapsulation] of [
    [T, "ipip"],
    [T | G, "gre"],
  ] as const) {
    const bench = Bench.up();
    assert.equal(keyIn(bench.replyTo({ fields: { flags } })), undefined);
    assert.equal(itemOf(bench).encapsulation, encapsulation);
    assert.equal(itemOf(bench).greKeyIn, undefined);
  }
});

test("RFC 6245 §4.2: where there is no GRE, code 139 [6245-4.2-03]", () => {
  const bench = Bench.up({ encapsulations: ["ipip"] });
  const reply = answerTo(keyed(bench, THEIRS, { flags: T }));
  assert.equal(reply.code, 139);
  assert.equal(keyIn(reply), undefined);
  assert.equal(bench.forwarding().length, 0);
});

test("RFC 6245 §4.2: key 0 leaves both directions to this end, and one key is told for both [6245-4.1-09, 6245-4.2-08, 6245-4.2-09]", () => {
  const bench = Bench.up();
  const reply = answerTo(keyed(bench, 0));
  assert.equal(reply.code, 0);
  const key = keyIn(reply);
  assert.ok(key !== undefined && key > 0);
  assert.deepEqual([itemOf(bench).greKeyIn, itemOf(bench).greKeyOut], [key, key]);
});

test("RFC 6245 §4.2: every reply has the key while there is one: renewal, denial, deregistration [6245-4.2-07]", () => {
  const bench = Bench.up();
  const key = keyIn(answerTo(keyed(bench, THEIRS)));
  const item = itemOf(bench);
  assert.equal(keyIn(answerTo(keyed(bench, THEIRS))), key);
  assert.equal(itemOf(bench), item, "a renewal changes nothing");
  const denied = answerTo(keyed(bench, THEIRS, {}, { context: wrongKey }));
  assert.deepEqual([denied.code, keyIn(denied)], [131, key]);
  const ended = answerTo(keyed(bench, THEIRS, { lifetime: 0 }));
  assert.deepEqual([ended.code, keyIn(ended)], [0, key]);
  assert.equal(bench.forwarding().length, 0);
  bench.pass(2);
  assert.equal(keyIn(answerTo(keyed(bench, THEIRS, { lifetime: 0 }))), undefined);
});

test("the keys survive a restart", () => {
  const bench = Bench.up();
  keyed(bench, THEIRS);
  const item = itemOf(bench);
  bench.restart();
  assert.deepEqual(itemOf(bench), item);
});
