/** A wall clock that somebody sets: requests stay in step with the home agent's clock. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { WallTime } from "../../shared/base/time.ts";
import { ntpTimestamp, timestampDifference } from "../../shared/security/replay.ts";
import { advertisement, HOME_CONTEXT, makeConfig, started, Timeline, WALL_START } from "./bench.ts";

/** Seconds by which the last request runs ahead of a clock that nobody has set. */
function ahead(line: Timeline): number {
  const right = ntpTimestamp((WALL_START + line.now) as WallTime);
  return timestampDifference(line.lastRequest().message.identification, right);
}

for (const step of [3_600_000, -3_600_000, 1.7e12, -86_400_000 * 365]) {
  test(`RFC 5944 §5.7.1: the clock is set by ${step / 1000} s, and the next request is fresh at the home agent and above all before [5944-5.7.1-05]`, () => {
    const line = Timeline.registered();
    const before = line.lastRequest().message.identification;
    line.clear();
    line.wallShift = step;
    line.event(advertisement());
    assert.deepEqual(
      line.reports("clock-stepped").map(({ fields }) => fields),
      [{ seconds: step / 1000 }],
    );
    assert.deepEqual(line.requests(), [], "a clock is no reason to register");
    line.command("register", 1);
    assert.ok(Math.abs(ahead(line)) < 1, `${ahead(line)} s ahead`);
    assert.ok(timestampDifference(line.lastRequest().message.identification, before) > 0);
    const kept = line.sent("persist").find(({ key }) => key === "identification");
    assert.ok(kept !== undefined);
    const { offset_seconds } = kept.value as { readonly offset_seconds: number };
    assert.equal(offset_seconds, -step / 1000);
  });
}

test("RFC 5944 §5.7.1: a clock that was wrong, was told so by 133 and is then set right needs no second 133", () => {
  const line = started();
  line.wallShift = -50 * 365 * 86_400_000;
  line.event(advertisement());
  const right = ntpTimestamp((WALL_START + line.now) as WallTime);
  const { identification } = line.lastRequest().message;
  const told = (right & ~0xffffffffn) | (identification & 0xffffffffn);
  line.accept({ code: 133, identification: told });
  line.until(line.now + 1000);
  assert.ok(Math.abs(ahead(line)) <= 1);
  line.accept();
  line.until(line.now + 5000);
  line.wallShift = 0;
  line.command("register", 1);
  assert.ok(Math.abs(ahead(line)) <= 1, `${ahead(line)} s ahead`);
});

test("RFC 5944 §5.7.1: before anything was accepted a clock that is set right is simply believed", () => {
  const line = new Timeline();
  line.wallShift = -50 * 365 * 86_400_000;
  line.linkUp();
  line.until(1500);
  line.wallShift = 0;
  line.event(advertisement());
  assert.ok(Math.abs(ahead(line)) < 1);
});

test("RFC 5944 §5.7.1: a clock that was set before a reload is known to the request that comes of that", () => {
  const config = makeConfig();
  const line = Timeline.registered(config);
  line.clear();
  line.until(line.now + 5000);
  line.wallShift = 3_600_000;
  const effects = line.node.reconfigure(config, line.clock());
  const kinds = effects.map((effect) => (effect.type === "report" ? effect.event : effect.type));
  assert.equal(kinds[0], "clock-stepped");
  assert.ok(kinds.includes("send-udp"));
  assert.deepEqual(line.event({ type: "tick" }), []);
});

test("time that passes, and a clock that is slewed, are no steps", () => {
  const line = Timeline.registered();
  line.clear();
  line.now += 100_000;
  line.wallShift = 1900;
  line.event(advertisement());
  assert.deepEqual(line.reports("clock-stepped"), []);
});

test("RFC 5944 §5.7.2: with nonces a clock that is set changes nothing", () => {
  const config = makeConfig({ homeAssociation: { ...HOME_CONTEXT, replay: "nonce" } });
  const line = Timeline.registered(config);
  line.clear();
  line.wallShift = 3_600_000;
  line.event(advertisement());
  assert.equal(line.reports("clock-stepped").length, 1);
  assert.deepEqual(line.requests(), []);
});
