/** Fast handovers: what a mobile node asks and is told of its neighbourhood (RFC 4988 §5.3, §5.4). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_MAC } from "../../shared/base/address.ts";
import { LinkLayerCode, macOption, tupleOptions } from "../../shared/protocol/fast-handover.ts";
import {
  advertisement,
  FA1,
  FA1_MAC,
  FA2,
  FA2_MAC,
  HOME,
  makeConfig,
  OWN_MAC,
  Timeline,
} from "./bench.ts";
import {
  AP,
  FA3,
  FA3_MAC,
  fastHandover,
  OTHER_AP,
  proxy,
  registered,
  solicitationsIn,
  tuple,
  updatesIn,
} from "./handover-harness.ts";

test("RFC 4988 §4.1: a registered node asks its router for the neighbourhood [4988-4.1-01, 4988-5.3-01, 4988-5.3-02, 4988-5.3-05, 4068-6.1.1-01, 4068-6.1.1-03, 4068-4-09]", () => {
  const line = registered();
  const [first, ...more] = solicitationsIn(line);
  assert(first !== undefined && more.length === 0);
  const { effect, message } = first;
  assert.deepEqual([effect.source, effect.destination], [HOME, FA1]);
  assert.deepEqual(effect.link, { interface: "wlan0", destination: FA1_MAC });
  assert.ok(effect.ttl >= 1);
  assert.deepEqual(message.extensions, [
    macOption(LinkLayerCode.wildcard, ZERO_MAC),
    macOption(LinkLayerCode.source, OWN_MAC),
  ]);
});

test("RFC 4068 §6.1.1: repeated after 100 ms, then twice as late, RTSOLPR_RETRIES times and three a second at most; then never again [4068-6.1.1-04, 4068-6.1.1-05, 4068-5.1-01, 4068-7-01, 4988-5.3-04]", () => {
  const line = registered();
  line.until(20_000);
  const times = line.log.flatMap(({ at, effect }) =>
    effect.type === "send-icmp" && effect.payload[0] === 41 ? [at - 3500] : [],
  );
  assert.deepEqual(times, [0, 100, 300, 1000]);
  const identifiers = new Set(solicitationsIn(line).map(({ message }) => message.identifier));
  assert.equal(identifiers.size, 1);
  line.clear();
  line.event({ type: "command", id: 9, name: "handover", args: { to: AP } });
  const message = "the agent does no fast handovers";
  assert.deepEqual(line.answers(), [{ id: 9, ok: false, message }]);
  assert.deepEqual(solicitationsIn(line), []);
});

test("RFC 4068 §4, §6.1.2: what the router says of an access point that is not in the map [4988-4.1-02, 4988-5.4-11, 4988-5.4-12, 4068-4-03, 4068-6.1.2-01, 4068-6.1.2-02, 4068-6.1.2-03]", () => {
  const cases = [
    [5, true, "that access point is on this link: no handover is needed"],
    [6, false, "the agent does not know that access point"],
    [7, false, "the agent behind that access point does no fast handovers"],
  ] as const;
  for (const [outcome, ok, message] of cases) {
    const line = registered();
    proxy(line, tupleOptions(tuple));
    line.until(line.now + 2000);
    line.clear();
    line.event({ type: "command", id: 9, name: "handover", args: { to: OTHER_AP } });
    const [asked] = solicitationsIn(line);
    assert.deepEqual(asked?.message.extensions[0], macOption(1, OTHER_AP));
    proxy(line, [macOption(outcome, OTHER_AP)], { code: 2 });
    assert.deepEqual(line.answers(), [{ id: 9, ok, message }]);
    assert.deepEqual(updatesIn(line), []);
    // Once there, it tries all the same.
    line.linkDown();
    line.linkUp();
    line.event(advertisement({ source: FA3, mac: FA3_MAC }));
    assert.equal(updatesIn(line).length, 1);
  }
});

test("RFC 4988 §5.4: code 1 orders a handover, and the update goes at once; code 4 is news; both only from the router itself [4988-5.4-11, 4988-5.4-13, 4988-5.4-14, 4068-3.3-01]", () => {
  const unasked = { identifier: 0, code: 1 };
  const line = registered();
  proxy(line, [], { code: 2 });
  proxy(line, tupleOptions(tuple), { ...unasked, linkSource: FA2_MAC });
  assert.deepEqual(updatesIn(line), []);
  proxy(line, tupleOptions(tuple), { ...unasked, code: 4 });
  assert.deepEqual(updatesIn(line), []);
  proxy(line, tupleOptions(tuple), unasked);
  const [update] = updatesIn(line);
  assert.deepEqual([update?.effect.destination, update?.message.careOfAddress], [FA1, FA2]);
  assert.equal(line.reports("handover-ordered").length, 1);
  const deaf = registered({ obeysNetwork: false });
  proxy(deaf, tupleOptions(tuple), unasked);
  assert.deepEqual(updatesIn(deaf), []);
  // An answer to what was not asked, or asked before, is none.
  const other = registered();
  proxy(other, tupleOptions(tuple), { identifier: 0 });
  assert.equal(other.counter("prrtadv-not-asked-for"), 1);
});

test("without an association with the agent, or turned off, nothing of it is said", () => {
  for (const config of [makeConfig({ fastHandover }), makeConfig()]) {
    const line = Timeline.registered(config);
    line.until(20_000);
    assert.deepEqual(solicitationsIn(line), []);
    line.linkDown();
    line.linkUp();
    line.event(advertisement({ source: FA2 }));
    assert.deepEqual(updatesIn(line), []);
    line.event({ type: "command", id: 9, name: "handover", args: { to: AP } });
    assert.equal(line.answers()[0]?.ok, false);
  }
});
