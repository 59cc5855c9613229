/** Words for the node's user: RFC 4917 §3, §5. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { Bench, denialOf, mobileForeign, oneSend, replyIn, reports } from "./harness.ts";

const MOBILE_HOME = "mobile-home-authentication-extension";
const denied = { fields: { lifetime: 3600 } };
const namesOf = (extensions: readonly ControlExtension[]) => extensions.map(({ name }) => name);

test("RFC 4917 §3: a denial says why in UTF-8, sub-type 2, one octet and the text long [4917-3-02, 4917-3-03, 4917-3-06, 4917-4-01]", () => {
  const { reply, send } = denialOf(Bench.up({ messages: true }), denied);
  assert.deepEqual(reply.extensions, [
    { name: "foreign-agent", text: "requested Lifetime too long" },
  ]);
  const text = new TextEncoder().encode("requested Lifetime too long");
  assert.deepEqual([...send.payload.subarray(20, 23)], [145, 1 + text.length, 2]);
  assert.deepEqual([...send.payload.subarray(23)], [...text]);
  assert.deepEqual(denialOf(Bench.up(), denied).reply.extensions, [], "only when it is wanted");
});

test("RFC 4917 §5: our words stand behind extension 32 and before extension 33 [4917-5-02, 4917-5-03]", () => {
  const bench = Bench.up({ messages: true, mobileNodes: [mobileForeign] });
  const { reply } = denialOf(bench, { ...denied, foreignContext: mobileForeign });
  assert.deepEqual(namesOf(reply.extensions), [
    "foreign-agent",
    "mobile-foreign-authentication-extension",
  ]);
  // Our verdict on the home agent's reply goes behind its extension 32 (RFC 4636 §4).
  const nai = { name: "mobile-node-nai-extension", nai: "bob@example.net" } as const;
  const other = Bench.up({ messages: true });
  const relayed = oneSend(other.request({ fields: { extensions: [nai] } }));
  const refused = replyIn(oneSend(other.reply(relayed)));
  assert.deepEqual(namesOf(refused.extensions), [
    MOBILE_HOME,
    "fa-error-indication-to-mn",
    "foreign-agent",
  ]);
});

test("RFC 4917 §5: the home agent's words go on to the node unchanged, and to the log made harmless", () => {
  const bench = Bench.up();
  const words = { name: "home-agent", text: "Welcome\u001b[2J \u202eback" } as const;
  const relayed = oneSend(bench.request());
  const bytes = bench.replyTo(relayed, { extensions: [words] });
  const effects = bench.replyBytes(bytes);
  assert.deepEqual(oneSend(effects).payload, bytes);
  const [report] = reports(effects, "message-string");
  assert(report?.type === "report");
  assert.equal(report.fields.text, '"Welcome\\u{1b}[2J \\u{202e}back"');
  assert.equal(report.fields.from, "home-agent");
});
