/** `handover`: to the agent that somebody names, or to the best other one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../shared/base/result.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  FA1,
  FA2,
  FOREIGN_FLAGS,
  homeAdvertisement,
  replyTo,
  Timeline,
} from "./bench.ts";

const there = (more = {}) => advertisement({ source: FA2, ...more });

/** Registered through FA1, with FA2 on the same link. */
function between(): Timeline {
  const line = Timeline.registered();
  line.event(there());
  line.clear();
  return line;
}

function handover(line: Timeline, args: JsonObject = { agent: "192.0.2.65" }, id = 5): void {
  line.event({ type: "command", id, name: "handover", args });
}

test("handover: to the agent named, answered when the home agent accepts; it stays there", () => {
  const line = between();
  handover(line);
  assert.equal(line.lastRequest().effect.destination, FA2);
  assert.deepEqual(line.answers(), []);
  assert.equal(line.node.state, "handover");
  line.accept();
  const message = "registered through 192.0.2.65";
  assert.deepEqual(line.answers(), [{ id: 5, ok: true, message }]);
  assert.deepEqual(
    ["handover-started", "handover-finished"].map((e) => line.reports(e)[0]?.fields.reason),
    ["command", "command"],
  );
  line.clear();
  line.hearing(line.now + 20_000, advertisement(), there());
  assert.equal(line.status().agent, "192.0.2.65");
  assert.deepEqual(line.requests(), []);
});

test("handover: without a name to the best other agent; none is refused at once", () => {
  const line = between();
  handover(line, {});
  assert.equal(line.lastRequest().effect.destination, FA2);
  const alone = Timeline.registered();
  handover(alone, {});
  const message = "no other agent is heard that can be used";
  assert.deepEqual(alone.answers(), [{ id: 5, ok: false, message }]);
});

test("handover: what cannot be done is refused with the reason, and nothing is sent", () => {
  const cases: [string, JsonObject, (line: Timeline) => void, boolean][] = [
    ["the agent 192.0.2.99 is not heard", { agent: "192.0.2.99" }, () => {}, false],
    ["nobody is no IPv4 address", { agent: "nobody" }, () => {}, false],
    [
      "the agent 192.0.2.65 cannot be used: see its flags in agents",
      { agent: "192.0.2.65" },
      (line) => line.event(there({ flags: FOREIGN_FLAGS | AdvertisementFlag.B })),
      false,
    ],
    ["fast_handover.enabled is false", { to: "02:00:00:00:02:01" }, () => {}, false],
    ["already registered through 192.0.2.1", { agent: "192.0.2.1" }, () => {}, true],
  ];
  for (const [message, args, prepare, isOk] of cases) {
    const line = between();
    prepare(line);
    handover(line, args);
    assert.deepEqual(line.answers(), [{ id: 5, ok: isOk, message }]);
    assert.deepEqual(line.requests(), []);
  }
});

test("handover: at home, and after a deregister, it is refused", () => {
  const line = between();
  line.event(homeAdvertisement());
  line.clear();
  handover(line);
  assert.equal(line.answers()[0]?.message, "at home, where no agent is needed");
  const away = between();
  away.command("deregister", 1);
  handover(away);
  assert.equal(away.answers().at(-1)?.message, "deregistered by command: register first");
});

test("handover: denied, the answer has the reason, and the node goes back to where it was", () => {
  const line = between();
  handover(line);
  line.accept({ code: 66, home: [] });
  const [answer] = line.answers();
  assert.equal(answer?.ok, false);
  assert.match(answer?.message ?? "", /^denied, code 66: /);
  line.hearing(line.now + 5000, advertisement(), there());
  assert.equal(line.status().agent, "192.0.2.1");
  assert.equal(line.node.state, "registered");
});

test("handover: no reply at all is answered once it is clear; a lost agent at once", () => {
  const silent = between();
  handover(silent);
  silent.hearing(silent.now + 20_000, advertisement(), there());
  assert.deepEqual(silent.answers(), [
    { id: 5, ok: false, message: "no reply through 192.0.2.65" },
  ]);
  const lost = between();
  handover(lost);
  lost.event(there({ lifetime: 0 }));
  assert.equal(lost.answers()[0]?.message, "the agent is not heard any more");
  lost.until(lost.now + 3000);
  assert.equal(lost.lastRequest().effect.destination, FA1);
});

test("handover: what the agent before still answers is not about it", () => {
  const line = between();
  line.command("register", 1);
  const before = line.lastRequest();
  handover(line);
  line.event(replyTo(before, { code: 66, home: [] }));
  assert.deepEqual(
    line.answers().map(({ id }) => id),
    [1],
  );
  line.until(line.now + 1000);
  line.accept();
  assert.deepEqual(line.answers().at(-1)?.id, 5);
});

test("handover: register and deregister supersede it", () => {
  const line = between();
  handover(line);
  line.command("register", 2);
  assert.deepEqual(line.answers(), [{ id: 5, ok: false, message: "superseded by register" }]);
  handover(line, {}, 6);
  line.command("deregister", 3);
  assert.deepEqual(
    line.answers().find(({ id }) => id === 6),
    { id: 6, ok: false, message: "superseded by deregister" },
  );
});
