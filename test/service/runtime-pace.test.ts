/** What the runtime does not do for each message: syncing the disk, setting timers, forwarding. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant } from "../../shared/base/time.ts";
import { ForwardingError } from "../../shared/forwarding/driver.ts";
import { Forwarder } from "../../shared/service/runtime/forwarder.ts";
import { GATHER_MS } from "../../shared/service/runtime/outbox.ts";
import { Problems } from "../../shared/service/runtime/problems.ts";
import { UPLINK } from "./runtime-bench.ts";
import { bench, datagram, persist } from "./runtime-fixtures.ts";
import { settle } from "./toy-clock.ts";

const arrival = { ...datagram, interfaceIndex: 9 };

test("run: where nothing waits for the disk, the records of a second share one fdatasync, and the end does not lose them", async (t) => {
  const b = bench(t);
  await b.start();
  const socket = b.udp.get(String(UPLINK));
  b.core.react = (event) => (event.type === "udp" ? [persist] : []);
  const count = (what: string): number => b.trace.filter((one) => one === what).length;
  for (let i = 0; i < 10; i++) {
    socket?.receive(arrival);
    await settle();
  }
  await b.clock.advance(GATHER_MS - 1);
  assert.deepEqual([count("write"), count("sync")], [10, 0]);
  await b.clock.advance(1);
  assert.equal(count("sync"), 1);
  socket?.receive(arrival);
  b.signals.emit("SIGTERM");
  await b.exit;
  assert.equal(count("sync"), 2);
});

test("run: a deadline that moves away gives no tick before its time; one that comes nearer is kept", async (t) => {
  const b = bench(t);
  await b.start();
  const socket = b.udp.get(String(UPLINK));
  const start = b.clock.now().monotonic;
  const ticks = (): number => b.core.events.filter(({ type }) => type === "tick").length;
  const ask = (milliseconds: number): void => {
    b.core.deadline = (start + milliseconds) as Instant;
    socket?.receive(arrival);
  };
  b.core.react = (event) => {
    if (event.type === "tick") b.core.deadline = undefined;
    return [];
  };
  ask(100);
  ask(500);
  await b.clock.advance(499);
  assert.equal(ticks(), 0);
  await b.clock.advance(1);
  assert.equal(ticks(), 1);
  ask(5000);
  ask(700);
  await b.clock.advance(200);
  assert.equal(ticks(), 2);
});

test("run: a driver at work is waited for once, however many states it is given meanwhile", async () => {
  let finish = (_error?: Error): void => {};
  let work: Promise<void> | undefined;
  const driver = {
    apply: () => {
      work ??= new Promise<void>((resolve, reject) => {
        finish = (error) => (error === undefined ? resolve() : reject(error));
      });
      return work;
    },
  };
  const said: string[] = [];
  const log = {
    takes: () => true,
    write: (_level: string, text: string) => said.push(text),
    setConfig: () => {},
  };
  const problems = new Problems(log);
  const forwarder = new Forwarder(driver as never, problems);
  for (let i = 0; i < 5; i++) forwarder.apply(new Map());
  finish(new ForwardingError(["no route", "no link"]));
  await settle();
  forwarder.failed(["no route", "no link"]);
  assert.deepEqual(said, ["forwarding: no route; no link"], "said once, however it is told");
  work = undefined;
  forwarder.retry();
  finish();
  await forwarder.drain();
  assert.equal(problems.size, 0);
});
