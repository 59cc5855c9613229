/** A foreign agent that falls silent although the link looks sound, found out by unicast ARP. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, type Mac, UNSPECIFIED } from "../../shared/base/address.ts";
import {
  advertisement,
  arpRequest,
  FA1,
  FA1_MAC,
  FA2,
  HOME,
  makeConfig,
  OWN_MAC,
  Timeline,
} from "./bench.ts";

const probing = { interval: 0.35, misses: 3 };

/** Registered through FA1 on wlan0 at 2 s; its advertisements last for ever. */
function registered(changes: Parameters<typeof makeConfig>[0] = {}): Timeline {
  const line = new Timeline(makeConfig({ probing, ...changes }));
  line.linkUp();
  line.until(2000);
  line.event(advertisement({ lifetime: 9000 }));
  line.accept();
  line.clear();
  return line;
}

function answer(line: Timeline, from: { mac?: Mac; address?: Ipv4 } = {}): void {
  const { mac = FA1_MAC, address = FA1 } = from;
  line.event(
    arpRequest({
      operation: "reply",
      linkSource: mac,
      senderMac: mac,
      senderAddress: address,
      targetMac: OWN_MAC,
      targetAddress: UNSPECIFIED,
    }),
  );
}

/** Every question until then is answered. */
function answering(line: Timeline, until: number): void {
  while (line.now < until) {
    const before = line.sent("send-arp").length;
    line.until(Math.min(until, line.now + 10));
    if (line.sent("send-arp").length > before) answer(line);
  }
}

test("RFC 1122 §2.3.2.1, RFC 5944 §4.6: the agent in use is asked by unicast ARP, without a word about the home address [5944-4.6-13] [5944-4.6-14]", () => {
  const line = registered();
  answering(line, 5000);
  const polls = line.sent("send-arp");
  // Every other interval has the answer to the one before.
  assert.ok(polls.length >= 3 && polls.length <= 5, `${polls.length}`);
  for (const poll of polls) {
    assert.deepEqual(poll.link, { interface: "wlan0", destination: FA1_MAC });
    assert.equal(poll.operation, "request");
    assert.deepEqual([poll.senderMac, poll.senderAddress], [OWN_MAC, UNSPECIFIED]);
    assert.equal(poll.targetAddress, FA1);
    assert.notEqual(poll.targetAddress, HOME);
  }
  assert.deepEqual(line.reports("path-lost"), []);
});

test("what is better than a lost agent is found in one step, also when its interface has another agent and the other interface the same", () => {
  const line = registered();
  line.linkUp("eth0");
  line.event(advertisement({ interface: "eth0", lifetime: 9000 }));
  line.event(advertisement({ source: FA2, lifetime: 9000 }));
  answering(line, 5000);
  while (line.reports("path-lost").length === 0) line.until(line.now + 10);
  assert.equal(line.lastRequest().effect.destination, FA2);
  line.clear();
  line.event({ type: "tick" });
  assert.deepEqual(line.reports("handover-started"), []);
});

test("an agent that answered and is silent now is lost within two seconds: another one is taken, if there is one", () => {
  const line = registered();
  line.linkUp("eth0");
  line.event(advertisement({ interface: "eth0", source: FA2, lifetime: 9000 }));
  answering(line, 5000);
  line.clear();
  line.until(7000);
  const at = line.log.find(({ effect }) => effect.type === "report")?.at ?? 0;
  assert.ok(at <= 6750, `${at}`);
  assert.deepEqual(line.reports("path-lost")[0]?.fields, {
    interface: "wlan0",
    agent: "192.0.2.1",
  });
  assert.equal(line.lastRequest().effect.destination, FA2);
  line.accept();
  assert.equal(line.status().agent, "192.0.2.65");
  assert.equal(line.counter("paths-lost"), 1);
});

test("without another agent: it is asked to register again, its link is searched for others, and it is found again with the first word", () => {
  const line = registered();
  answering(line, 4000);
  line.clear();
  line.until(8000);
  assert.equal(line.reports("path-lost").length, 1, "told once");
  assert.equal(line.lastRequest().effect.destination, FA1);
  assert.ok(line.solicitations().length > 0);
  assert.equal(line.node.state, "registered", "until its lifetime is over");
  line.event(advertisement({ lifetime: 9000, sequenceNumber: 1001 }));
  line.until(8400);
  assert.equal(line.reports("path-found").length, 1);
  line.accept();
  line.clear();
  answering(line, 12_000);
  assert.deepEqual([line.solicitations(), line.reports("path-lost")], [[], []]);
});

test("an agent that never answers is not judged by it; a stranger's answer is none; what the agent says is a sign of life", () => {
  const line = registered();
  line.until(60_000);
  assert.deepEqual(line.reports("path-lost"), []);
  const tries = line.sent("send-arp").length;
  assert.ok(tries >= 10 && tries <= 12, `${tries}: it is not asked for ever`);
  answer(line, { mac: "02:00:00:00:00:99" as Mac });
  answer(line, { address: FA2 });
  line.until(70_000);
  assert.deepEqual(line.reports("path-lost"), [], "neither has proved that it answers");
});

test("no questions where the way is not watched, on another link, or at no agent", () => {
  const unwatched = registered({ probing: undefined });
  unwatched.until(10_000);
  assert.deepEqual(unwatched.sent("send-arp"), []);
  const gone = registered();
  gone.linkDown();
  gone.until(10_000);
  assert.deepEqual(gone.sent("send-arp"), []);
});
