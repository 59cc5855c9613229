/** What the mobile node does when it is denied: RFC 5944 §3.6.2.3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { highBits, joinIdentification, lowBits } from "../../shared/security/replay.ts";
import { advertisement, FA1, FA2, FA2_MAC, HOME_AGENT, packets, started } from "./bench.ts";

test("RFC 5944 §3.6.2.3: code 69 is tried again with the offered lifetime, a second later [5944-3.6.2.3-02] [5944-3.6.2.3-03] [5944-3.6.3-06] [5944-3.4-06]", () => {
  const line = started();
  line.event(advertisement());
  line.until(2100);
  assert.deepEqual(packets(line.accept({ code: 69, lifetime: 100, home: [] })), []);
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ at, message }) => [at, message.lifetime]),
    [
      [2000, 300],
      [3000, 100],
    ],
  );
  line.accept();
  assert.equal(line.status().lifetime, 100);
});

test("RFC 5944 §5.7.1: code 133 moves the clock by the high bits, only when authenticated and the low bits match [5944-5.7.1-10] [5944-3.6.2.3-04]", () => {
  const line = started();
  line.event(advertisement());
  const sent = line.lastRequest().message.identification;
  const ahead = joinIdentification(highBits(sent) + 500, lowBits(sent));
  line.accept({ code: 133, identification: ahead, home: [] });
  line.accept({ code: 133, identification: ahead ^ 1n });
  assert.equal(line.status().last_code, null, "neither counted for anything");
  line.accept({ code: 133, identification: ahead });
  line.until(3000);
  const next = line.lastRequest().message.identification;
  assert.equal(highBits(next), highBits(sent) + 501);
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.equal(line.requests().length, 2);
});

test("RFC 5944 §5.7.1: a request refused for running ahead is outdone by a later one as soon as the clock has passed it, or a copy of it would be accepted then", () => {
  const line = started();
  line.event(advertisement({ lifetime: 9000 }));
  const sent = line.lastRequest().message.identification;
  const back = joinIdentification(highBits(sent) - 100, lowBits(sent));
  line.accept({ code: 133, identification: back });
  line.until(3000);
  line.accept();
  const before = line.requests().length;
  line.until(101_500);
  assert.equal(line.requests().length, before, "no reason to ask again yet");
  line.until(102_500);
  assert.equal(line.requests().length, before + 1);
  assert.ok(line.lastRequest().message.identification > sent);
  line.accept();
  line.until(110_000);
  assert.equal(line.requests().length, before + 1, "once is enough");
});

test("RFC 5944 §3.6.2.3: a home agent that answers 133 to everything is backed off from", () => {
  const line = started();
  line.event(advertisement());
  for (let i = 0; i < 4; i++) {
    line.until(2000 + i * 1000);
    line.accept({ code: 133 });
  }
  assert.equal(line.node.state, "failed");
  assert.equal(line.requests().length, 4);
  line.until(6900);
  assert.equal(line.requests().length, 4);
});

test("RFC 5944 §3.6.2.3: code 136 is logged, the Identification follows it [5944-3.6.2.3-06]", () => {
  const line = started();
  line.event(advertisement());
  const sent = line.lastRequest().message.identification;
  const identification = joinIdentification(highBits(sent) + 77, lowBits(sent));
  line.accept({ code: 136, identification, homeAgent: ipv4("198.51.100.9") });
  assert.equal(line.reports("denied")[0]?.fields.code, 136);
  line.hearing(5000, advertisement());
  const next = line.lastRequest().message;
  assert.ok(highBits(next.identification) - highBits(sent) >= 79);
  assert.equal(next.homeAgent, HOME_AGENT);
});

test("RFC 5944 §2.4: rejected by the foreign agent, its next care-of address is tried, then it is left alone for a while [5944-2.4-14] [5944-2.4-15]", () => {
  const careOf = [ipv4("192.0.2.9"), ipv4("192.0.2.10")];
  const line = started();
  line.event(advertisement({ careOf }));
  line.accept({ code: 77, home: [] });
  assert.equal(line.node.state, "registering");
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ message }) => message.careOfAddress),
    careOf,
  );
  line.accept({ code: 66, home: [] });
  assert.equal(line.node.state, "failed");
  assert.equal(line.status().last_code, 66);
  assert.equal(line.status().last_error, "code 66: insufficient resources");
  line.hearing(4999, advertisement({ careOf }));
  assert.equal(line.requests().length, 2);
  line.hearing(6000, advertisement({ careOf }));
  assert.equal(line.requests()[2]?.at, 5000);
});

test("A denial that only a foreign agent claims does not keep the home agent's acceptance out", () => {
  const line = started();
  line.event(advertisement());
  line.accept({ code: 64, home: [] });
  assert.equal(line.node.state, "failed");
  line.accept();
  assert.equal(line.node.state, "registered");
});

test("A denial claimed by somebody who was not asked is discarded", () => {
  const line = started();
  line.event(advertisement());
  const event = { source: FA2, linkSource: FA2_MAC };
  assert.deepEqual(line.accept({ code: 66, home: [], event }), []);
  assert.equal(line.counter("reply-from-stranger"), 1);
});

test("RFC 5944 §3.6.2.3: denied here, another agent is asked next, a second after the request before [5944-2.4.2-03] [5944-3.6.3-06]", () => {
  const line = started();
  line.event(advertisement());
  line.event(advertisement({ source: FA2 }));
  line.accept({ code: 66, home: [] });
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ at, effect }) => [at, effect.destination]),
    [
      [2000, FA1],
      [3000, FA2],
    ],
  );
});

test("After four requests without any reply another agent is tried", () => {
  const line = started();
  line.event(advertisement());
  line.hearing(40_000, advertisement(), advertisement({ source: FA2 }));
  const to = line.requests().map(({ effect }) => effect.destination);
  assert.deepEqual(to.slice(0, 5), [FA1, FA1, FA1, FA1, FA2]);
});
