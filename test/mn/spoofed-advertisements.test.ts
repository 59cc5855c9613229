/** Advertisements that pretend to be an agent's: RFC 3543 §6.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mac } from "../../shared/base/address.ts";
import { advertisement, makeConfig, Timeline } from "./bench.ts";

const STRANGER = "02:00:00:00:00:66" as Mac;

test("RFC 3543 §6.1: an advertisement with a TTL other than 1 is discarded, also one that says the agent has started over [3543-6.1-01]", () => {
  for (const ttl of [0, 2, 64, 255]) {
    const line = Timeline.registered();
    line.clear();
    line.event({ ...advertisement({ sequenceNumber: 0 }), ttl });
    line.until(5000);
    assert.deepEqual(line.requests(), [], `${ttl}`);
    assert.equal(line.counter("advertisement-wrong-ttl"), 1);
  }
});

test("RFC 3543 §6.1: from another link-layer address than the agent's nothing counts: no restart, no withdrawal, no other router [3543-6.1-01]", () => {
  const line = Timeline.registered();
  line.clear();
  line.event(advertisement({ sequenceNumber: 0, mac: STRANGER }));
  line.event(advertisement({ lifetime: 0, mac: STRANGER }));
  line.until(6000);
  assert.deepEqual(line.requests(), []);
  assert.deepEqual(line.reports("agent-lost"), []);
  assert.equal(line.counter("advertisement-other-link-address"), 2);
  assert.equal(line.node.state, "registered");
});

test("another machine that has taken the agent's place is heard when the agent has fallen silent, or its advertisement has run out", () => {
  const line = Timeline.registered();
  line.until(40_000);
  line.clear();
  line.event(advertisement({ mac: STRANGER }));
  assert.equal(line.reports("agent-heard")[0]?.fields.mac, STRANGER);

  const watched = new Timeline(makeConfig({ probing: { interval: 0.35, misses: 3 } }));
  watched.linkUp();
  watched.until(2000);
  watched.event(advertisement({ lifetime: 9000 }));
  watched.accept();
  const { source, linkSource } = advertisement();
  assert.ok(linkSource !== undefined);
  watched.until(2400);
  watched.event({
    ...{ type: "arp", interface: "wlan0", operation: "reply" },
    ...{ senderMac: linkSource, senderAddress: source, linkSource },
    ...{ targetMac: STRANGER, targetAddress: source, linkDestination: STRANGER },
  });
  watched.until(6000);
  assert.equal(watched.reports("path-lost").length, 1);
  watched.event(advertisement({ mac: STRANGER, lifetime: 9000, sequenceNumber: 0 }));
  assert.equal(watched.reports("agent-heard").at(-1)?.fields.mac, STRANGER);
});
