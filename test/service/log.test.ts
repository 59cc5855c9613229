/** The log and the words people see. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../shared/base/result.ts";
import type { WallTime } from "../../shared/base/time.ts";
import {
  alignRows,
  showCell,
  showLifetime,
  showRemaining,
  showSeconds,
} from "../../shared/service/cli/output.ts";
import { eventJson, eventText, type Level, Log } from "../../shared/service/log.ts";
import { nearest } from "../../shared/service/suggest.ts";

const WALL = Date.UTC(2026, 10, 23, 12, 0, 0, 7) as WallTime;

function lines(level: Level, format: "text" | "json", write: (log: Log) => void): string[] {
  const out: string[] = [];
  write(new Log({ config: { level, format }, now: () => WALL, write: (line) => out.push(line) }));
  return out;
}

test("log: text has time, level, message and fields; what is null is left out", () => {
  const out = lines("info", "text", (log) => {
    log.write("warning", "denied", { code: 133, agent: null, list: ["a", "b"], text: "two words" });
    log.write("debug", "dropped", { reason: "x" });
  });
  assert.deepEqual(out, [
    '2026-11-23T12:00:00.007Z warning denied code=133 list=a,b text="two words"\n',
  ]);
});

test("log: JSON is one object a line, with the event as watch has it", () => {
  const out = lines("debug", "json", (log) => log.write("debug", "dropped", { reason: "x" }));
  assert.deepEqual(
    out.map((line) => JSON.parse(line)),
    [{ time: "2026-11-23T12:00:00.007Z", event: "dropped", reason: "x", level: "debug" }],
  );
});

test("log: a reload changes level and form", () => {
  const out = lines("error", "text", (log) => {
    log.write("info", "unheard");
    log.setConfig({ level: "info", format: "json" });
    log.write("info", "heard");
  });
  assert.equal(out.length, 1);
  assert.match(out[0] ?? "", /"event":"heard"/);
});

test("log: control characters from a peer do not reach the terminal", () => {
  const fields: JsonObject = { nai: "\x1b[2Jbob\n\x9b", list: ["\x07\x7f"] };
  const text = eventText(eventJson("denied", fields, WALL));
  assert.doesNotMatch(text, /\p{Cc}/u);
});

test("output: columns are aligned, unknown is a dash, infinite has no time left", () => {
  assert.deepEqual(
    alignRows([
      ["A", "LONG"],
      ["longer", "b"],
    ]),
    ["A       LONG", "longer  b"],
  );
  assert.deepEqual([null, undefined, true, [], ["a", 1], 0].map(showCell), [
    "-",
    "-",
    "yes",
    "-",
    "a,1",
    "0",
  ]);
  assert.deepEqual([12, 1795, 7320, null].map(showSeconds), ["12s", "29m55s", "2h02m", "-"]);
  assert.equal(showRemaining({ lifetime: 65535, lifetime_remaining: null }), "infinite");
  assert.deepEqual([65535, 1800, null].map(showLifetime), ["infinite", "30m00s", "-"]);
});

test("suggest: a slip finds its word, nonsense finds none", () => {
  const words = ["status", "watch", "visitors", "care_of_address"];
  assert.equal(nearest("stauts", words), "status");
  assert.equal(nearest("vis", words), "visitors");
  assert.equal(nearest("careofaddress", words), "care_of_address");
  assert.equal(nearest("zzzzz", words), undefined);
  assert.equal(nearest("", words), undefined);
});
