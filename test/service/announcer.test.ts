/** Who hears of what happens, and what it costs when nobody does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../../shared/base/counters.ts";
import { LateReport } from "../../shared/protocol/late-report.ts";
import { Announcer } from "../../shared/service/runtime/announcer.ts";
import { carryOut, type Outlets } from "../../shared/service/runtime/effects.ts";
import { settle, ToyClock } from "./toy-clock.ts";

test("a report of level debug is put together only for a log that takes it or for somebody who watches", async () => {
  let level = "info";
  let isWatched = false;
  const said: string[] = [];
  const log = {
    takes: (of: string) => of !== "debug" || level === "debug",
    write: (of: string, event: string) => {
      if (log.takes(of)) said.push(`log ${event}`);
    },
    setConfig: () => {},
  };
  const control = () => ({
    isWatched,
    publish: (event: string) => {
      if (isWatched) said.push(`watch ${event}`);
    },
    close: async () => {},
  });
  const hookPrograms = { list: async () => [], start: () => assert.fail("no hook is there") };
  const clock = new ToyClock();
  const announcer = new Announcer("p", { log, clock, hookPrograms }, new Counters(), control);
  let built = 0;
  const tell = (of: "debug" | "info", event: string): void => {
    const report = new LateReport(of, event, () => ({ built: ++built }));
    carryOut({ announcer } as unknown as Outlets, report);
  };
  tell("debug", "unheard");
  assert.deepEqual([said, built], [[], 0]);
  isWatched = true;
  tell("debug", "watched");
  await settle();
  isWatched = false;
  level = "debug";
  tell("debug", "logged");
  await settle();
  level = "info";
  tell("info", "always");
  await settle();
  assert.deepEqual(said, ["watch watched", "log logged", "log always"]);
  assert.equal(built, 3);
});

test("what happens is told when its turn of the event loop is over, in its order and with its time; at the end at once", async () => {
  const said: string[] = [];
  const log = {
    takes: () => true,
    write: (_: string, event: string) => void said.push(`log ${event}`),
    setConfig: () => {},
  };
  const control = () => ({
    isWatched: true,
    publish: (event: string, _: object, wall: number) => void said.push(`watch ${event} ${wall}`),
    close: async () => {},
  });
  const hookPrograms = { list: async () => [], start: () => assert.fail("no hook is there") };
  const clock = new ToyClock();
  const announcer = new Announcer("p", { log, clock, hookPrograms }, new Counters(), control);
  const { wall } = clock.now();
  announcer.tell("info", "first", {});
  announcer.tell("info", "second", {});
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assert.deepEqual(said, []);
  clock.time += 5;
  await settle();
  assert.deepEqual(said.splice(0), [
    "log first",
    `watch first ${wall}`,
    "log second",
    `watch second ${wall}`,
  ]);
  announcer.tell("info", "last", {});
  const closed = announcer.close();
  assert.deepEqual(said, ["log last", `watch last ${wall + 5}`]);
  await closed;
});
