/** Who hears of what happens, and what it costs when nobody does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../../shared/base/counters.ts";
import { LateReport } from "../../shared/protocol/late-report.ts";
import { Announcer } from "../../shared/service/runtime/announcer.ts";
import { carryOut, type Outlets } from "../../shared/service/runtime/effects.ts";
import { ToyClock } from "./toy-clock.ts";

test("a report of level debug is put together only for a log that takes it or for somebody who watches", () => {
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
  isWatched = false;
  level = "debug";
  tell("debug", "logged");
  level = "info";
  tell("info", "always");
  assert.deepEqual(said, ["watch watched", "log logged", "log always"]);
  assert.equal(built, 3);
});
