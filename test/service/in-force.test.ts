/** What is said outside waits for the forwarding that it speaks of. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PEER_MAC, UPLINK } from "./runtime-bench.ts";
import { bench, datagram, reply } from "./runtime-fixtures.ts";
import { settle } from "./toy-clock.ts";

test("control: a command's outcome is told when its forwarding is there: a link may be changed at that word", async (t) => {
  const b = bench(t);
  await b.start();
  let finish = (): void => assert.fail("nothing is being applied");
  b.applying = () => new Promise((resolve) => (finish = resolve));
  b.core.react = (event) => {
    if (event.type !== "command") return [];
    b.core.state = new Map();
    return [{ type: "answer", id: event.id, ok: true, message: "leave" }];
  };
  let said: unknown;
  const outcome = b.control?.handler.command("handover", {}).then((told) => (said = told));
  await settle();
  assert.equal(said, undefined);
  b.applying = async () => {};
  finish();
  await outcome;
  assert.deepEqual(said, { ok: true, message: "leave" });
  assert.equal(b.applied.at(-1), b.core.state);
});

test("run: a packet that tells of what is declared with it leaves when that is in force; others wait for nothing", async (t) => {
  const b = bench(t);
  await b.start();
  let finish = (): void => assert.fail("nothing is being applied");
  b.applying = () => new Promise((resolve) => (finish = resolve));
  const link = { interface: "lan0", destination: PEER_MAC };
  b.core.react = () => {
    b.core.state = new Map();
    return [{ ...reply, link, onceInForce: true }, reply];
  };
  b.trace.length = 0;
  b.udp.get(String(UPLINK))?.receive({ ...datagram, interfaceIndex: 9 });
  await settle();
  assert.deepEqual(b.trace, [`udp to ${datagram.destination} 434`]);
  b.applying = async () => {};
  finish();
  await settle();
  assert.deepEqual(b.trace.slice(1), ["apply", `frame 800 on lan0 to ${PEER_MAC}`]);
});
