/** Hooks: order, bounds, time limits, and what the daemon hands to them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../../shared/base/counters.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { WallTime } from "../../shared/base/time.ts";
import { hookEnvironment } from "../../shared/service/runtime/hook-environment.ts";
import type { HookRun } from "../../shared/service/runtime/hook-process.ts";
import {
  HOOK_EXIT_MS,
  HOOK_KILL_MS,
  HOOK_QUEUE_MAX,
  Hooks,
} from "../../shared/service/runtime/hooks.ts";
import { bench } from "./runtime-fixtures.ts";
import {
  faRules,
  haRules,
  load,
  loadGood,
  MINIMAL_FA,
  MINIMAL_HA,
  MINIMAL_MN,
  mnRules,
} from "./support.ts";
import { settle, ToyClock } from "./toy-clock.ts";

const WALL = Date.UTC(2026, 10, 23, 10, 0, 0, 7) as WallTime;

/** Hooks over programs that end when the test says so. */
class Stage {
  readonly clock = new ToyClock();
  readonly counters = new Counters();
  readonly log: string[] = [];
  readonly started: (HookRun & { finish: (fault?: string) => void; signals: string[] })[] = [];
  directories: Record<string, string[]> = {};
  readonly hooks = new Hooks({
    program: "mip4-mn",
    clock: this.clock,
    counters: this.counters,
    log: {
      takes: () => true,
      write: (level, message, fields) =>
        this.log.push(`${level}: ${message} ${JSON.stringify(fields)}`),
      setConfig: () => {},
    },
    programs: {
      list: async (exec) => this.directories[exec] ?? [exec],
      start: (run) => {
        let finish: (fault?: string) => void = () => {};
        const ended = new Promise<string | undefined>((resolve) => {
          finish = resolve;
        });
        const signals: string[] = [];
        this.started.push({ ...run, finish, signals });
        return { ended, signal: (name) => signals.push(name) };
      },
    },
  });

  tell(event: string, fields: JsonObject = {}, level: "info" | "debug" = "info"): void {
    this.hooks.tell(level, event, fields, WALL);
  }
  runs(): string[] {
    return this.started.map(({ file, argument }) => `${file} ${argument}`);
  }
  async finish(index: number, fault?: string): Promise<void> {
    this.started[index]?.finish(fault);
    await settle();
  }
}

const every = (exec: string) => ({ exec, events: ["*"], timeout: 10 });

test("hooks: one after another in the order of the events; a directory is its files", async () => {
  const stage = new Stage();
  stage.directories = { "/d": ["/d/1", "/d/2"] };
  stage.hooks.setConfig([every("/d"), { exec: "/home", events: ["home"], timeout: 10 }]);
  stage.tell("registered");
  stage.tell("home");
  await settle();
  assert.deepEqual(stage.runs(), ["/d/1 registered"], "the others wait");
  for (let i = 0; i < 5; i++) await stage.finish(i);
  assert.deepEqual(stage.runs(), [
    "/d/1 registered",
    "/d/2 registered",
    "/d/1 home",
    "/d/2 home",
    "/home home",
  ]);
  assert.equal(stage.counters.get("hooks-run"), 5);
  assert.deepEqual(stage.log, []);
});

test("hooks: what happens all the time (level debug) and what nobody asked for runs nothing", async () => {
  const stage = new Stage();
  stage.hooks.setConfig([{ exec: "/home", events: ["home"], timeout: 10 }]);
  stage.tell("registered");
  stage.tell("home", {}, "debug");
  await settle();
  assert.deepEqual(stage.runs(), []);
});

test("hooks: the queue is bounded; what does not fit is counted, and the first ones run", async () => {
  const stage = new Stage();
  stage.hooks.setConfig([every("/h")]);
  for (let i = 0; i < HOOK_QUEUE_MAX + 10; i++) stage.tell(`e${i}`);
  await settle();
  // The first was taken from the queue at once.
  assert.equal(stage.counters.get("hooks-dropped"), 9);
  for (let i = 0; i < HOOK_QUEUE_MAX + 5; i++) await stage.finish(i);
  assert.equal(stage.started.length, HOOK_QUEUE_MAX + 1);
  stage.tell("again");
  await settle();
  assert.equal(stage.runs().at(-1), "/h again");
});

test("hooks: one that hangs is ended after its time, killed if it goes on, and the next runs", async () => {
  const stage = new Stage();
  stage.hooks.setConfig([{ exec: "/h", events: ["*"], timeout: 2 }]);
  stage.tell("a");
  stage.tell("b");
  await settle();
  await stage.clock.advance(1999);
  assert.deepEqual(stage.started[0]?.signals, []);
  await stage.clock.advance(1);
  assert.deepEqual(stage.started[0]?.signals, ["SIGTERM"]);
  await stage.clock.advance(HOOK_KILL_MS);
  assert.deepEqual(stage.started[0]?.signals, ["SIGTERM", "SIGKILL"]);
  await stage.finish(0, "ended by SIGKILL");
  assert.deepEqual(stage.runs(), ["/h a", "/h b"]);
  assert.deepEqual(stage.log, [
    'warning: hook failed {"hook":"/h","event":"a","reason":"took longer than 2 s"}',
  ]);
  assert.equal(stage.counters.get("hooks-failed"), 1);
  await stage.finish(1);
  assert.deepEqual(stage.clock.timers, []);
});

test("hooks: the end of the program gives them two seconds, then ends what runs and drops what waits", async () => {
  const stage = new Stage();
  stage.hooks.setConfig([every("/h")]);
  for (const event of ["a", "b", "c"]) stage.tell(event);
  await settle();
  let isClosed = false;
  const closed = stage.hooks.close().then(() => {
    isClosed = true;
  });
  stage.tell("too late");
  await stage.finish(0);
  await stage.clock.advance(HOOK_EXIT_MS);
  assert.deepEqual(stage.started[1]?.signals, ["SIGTERM"]);
  assert.equal(isClosed, false);
  await stage.finish(1, "ended by SIGTERM");
  await closed;
  assert.deepEqual(stage.runs(), ["/h a", "/h b"]);
  assert.equal(stage.counters.get("hooks-dropped"), 1);
});

test("hooks: an event in environment variables: words for lists, 1 and 0, nothing for null, no NUL", () => {
  const fields = {
    care_of_address: "192.0.2.1",
    lifetime: 1800,
    renewal: false,
    home: true,
    networks: ["10.1.0.0/24", "10.2.0.0/24"],
    agent: null,
    text: "rm -rf /; $(reboot)\0`x`\n",
    servers: [{ address: "10.1.0.1" }],
    "odd-name": 1,
    event: "not this",
  };
  assert.deepEqual(hookEnvironment("mip4-mn", "registered", fields, WALL), {
    MIP4_CARE_OF_ADDRESS: "192.0.2.1",
    MIP4_LIFETIME: "1800",
    MIP4_RENEWAL: "0",
    MIP4_HOME: "1",
    MIP4_NETWORKS: "10.1.0.0/24 10.2.0.0/24",
    MIP4_TEXT: "rm -rf /; $(reboot)`x`\n",
    MIP4_SERVERS: '[{"address":"10.1.0.1"}]',
    MIP4_ODD_NAME: "1",
    MIP4_EVENT: "registered",
    MIP4_PROGRAM: "mip4-mn",
    MIP4_TIME: "2026-11-23T10:00:00.007Z",
  });
});

test("run: hooks get the start, what the core reports, and the end; a reload changes them", async (t) => {
  const b = bench(t, "mn");
  b.hooks = [{ exec: "/h", events: ["started", "registered", "stopping"], timeout: 10 }];
  b.core.react = (event) => {
    if (event.type === "link") return [];
    const fields = { care_of_address: "192.0.2.1" };
    return [{ type: "report", event: "registered", fields, level: "info" }];
  };
  await b.start();
  b.links.get("lan0")?.receive({
    linkSource: "02:00:00:00:00:01" as never,
    linkDestination: "02:00:00:00:00:02" as never,
    etherType: 0x0800,
    payload: new Uint8Array(3),
  });
  b.hooks = [{ exec: "/other", events: ["stopping"], timeout: 10 }];
  b.signals.emit("SIGHUP");
  await settle();
  b.signals.emit("SIGTERM");
  await b.exit;
  assert.deepEqual(
    b.hookRuns.map(({ file, argument }) => `${file} ${argument}`),
    ["/h registered", "/h started", "/other stopping"],
  );
  assert.equal(b.hookRuns[0]?.environment.MIP4_CARE_OF_ADDRESS, "192.0.2.1");
});

test("configuration: [[hook]] in every program; a relative path, no event and a wrong name are refused", (t) => {
  const good = '[[hook]]\nexec = "/etc/mip4/hooks"\nevents = ["registered", "*"]\n';
  const parsed = [
    loadGood(t, faRules, MINIMAL_FA + good).config.hook,
    loadGood(t, mnRules, MINIMAL_MN + good).config.hook,
    loadGood(t, haRules, MINIMAL_HA + good).config.hook,
  ];
  const row = { exec: "/etc/mip4/hooks", events: ["registered", "*"], timeout: 10 };
  assert.deepEqual(parsed, [[row], [row], [row]]);
  const bad = '[[hook]]\nexec = "hooks/up"\nevents = []\n[[hook]]\nexec = "/x"\nevents = ["A b"]\n';
  assert.deepEqual(load(t, mnRules, MINIMAL_MN + bad).faults, [
    'c.toml:10: hook[0].exec: "hooks/up" is not allowed, must be the absolute path of a program, or of a directory of programs',
    'c.toml:11: hook[0].events: an array is not allowed, must be an array of events, like ["registered"], at least one',
    'c.toml:14: hook[1].events[0]: "A b" is not allowed, must be the name of an event, like "registered", or "*"',
  ]);
});
