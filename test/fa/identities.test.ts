/** NAI Carrying Extensions at the foreign agent: RFC 3846. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeControl } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { Bench, denialOf, foreignHome, mobileForeign, oneSend } from "./harness.ts";

const identities: readonly ControlExtension[] = [
  { name: "ha-identity", nai: "ha@example.net" },
  { name: "aaah-identity", nai: "aaa@example.net" },
];
const fields = { extensions: identities };

test("RFC 3846 §6: a request with identities in clear is authenticated and relayed like any other, its octets unchanged [3846-6-01, 3846-6-02]", () => {
  const bench = Bench.up({ mobileNodes: [mobileForeign] });
  assert.equal(denialOf(bench, { fields }).reply.code, 67);
  bench.pass(2);
  const original = bench.requestBytes({ fields, foreignContext: mobileForeign });
  const relayed = oneSend(bench.deliver(original));
  assert.deepEqual(relayed.payload, original.subarray(0, relayed.payload.length));
  const reply = oneSend(bench.reply(relayed, fields));
  const decoded = decodeControl(reply.payload);
  assert(decoded.ok && decoded.value.message.name === "registration-reply");
  assert.deepEqual(decoded.value.message.extensions.slice(0, 2), identities);
});

test("RFC 3846 §3.1: the agent puts no identity behind its own extension 34 [3846-3.1-02]", () => {
  const bench = Bench.up({ homeAgents: [foreignHome], greKeys: "always" });
  const decoded = decodeControl(oneSend(bench.request({ fields })).payload);
  assert(decoded.ok && decoded.value.message.name === "registration-request");
  const names = decoded.value.message.extensions.map(({ name }) => name);
  assert.equal(names.at(-1), "foreign-home-authentication-extension");
  assert.deepEqual(names.slice(0, 2), ["ha-identity", "aaah-identity"]);
});
