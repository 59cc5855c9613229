/** What the mobile node makes of the FA Error Extension: RFC 4636. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { UdpReceived } from "../../shared/protocol/core.ts";
import { appendExtension } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { advertisement, packets, replyTo, started, type Timeline } from "./bench.ts";

function replyWith(line: Timeline, ...extensions: readonly ControlExtension[]): UdpReceived {
  const reply = replyTo(line.lastRequest());
  return { ...reply, payload: extensions.reduce(appendExtension, reply.payload) };
}

const refused = (status: number) => ({ name: "fa-error-indication-to-mn", status }) as const;

test("RFC 4636 §5: an accepted registration that the foreign agent refuses is none: the node is told the agent's status [4636-5-02, 4636-4-01]", () => {
  const line = started();
  line.event(advertisement());
  const effects = line.event(replyWith(line, refused(68)));
  assert.deepEqual(packets(effects), []);
  const denied = effects.find((effect) => effect.type === "report" && effect.event === "denied");
  assert(denied?.type === "report");
  assert.equal(denied.fields.code, 68);
  assert.notEqual(line.node.state, "registered");
});

test("RFC 4636 §3: a status that is no foreign agent's, and a sub-type that is not known, spoil the reply [4636-4-02]", () => {
  for (const extension of [
    refused(0),
    refused(129),
    { name: "fa-error-extension", subtype: 1, data: Uint8Array.of(68) } as const,
  ]) {
    const line = started();
    line.event(advertisement());
    assert.deepEqual(line.event(replyWith(line, extension)), []);
    assert.equal(line.node.state, "registering");
    assert.equal(line.counter("reply-unknown-fa-error"), 1);
  }
});

test("RFC 4636 §8: one from somebody else than the agent that was asked is nothing", () => {
  const line = started();
  line.event(advertisement());
  const { payload, ...reply } = replyWith(line, refused(68));
  const stranger = { ...reply, payload, source: 0x01020304 as never, linkSource: undefined };
  assert.deepEqual(line.event(stranger), []);
  assert.equal(line.counter("reply-from-stranger"), 1);
  assert.equal(line.node.state, "registering");
});
