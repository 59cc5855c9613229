/** The hands of a mobile node: handover by command, hooks, and a process that was stopped a while. */

import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import { bundleOf, registeredVia, type Session, startSession } from "./session.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping"] });

const HOOK = "/run/lab/hook";
const HEARD = "/run/lab/heard";
/** Longer than a daemon takes for load. */
const STOPPED_MS = 4500;

let session: Session;

before(async () => {
  writeFileSync(HEARD, "");
  const line = '"$1 $MIP4_PROGRAM $MIP4_AGENT $MIP4_REASON"';
  writeFileSync(HOOK, `#!/bin/sh\necho ${line} >>${HEARD}\necho said to the log\n`);
  chmodSync(HOOK, 0o755);
  session = await startSession({
    start: "foreign1",
    // A second interface, so that both agents are heard.
    before: ({ mn, places }) => {
      mn.connect("wlan1", places.foreign2, { mac: "02:00:00:00:00:17", up: false });
    },
    overrides: {
      mn: {
        interface: [
          { name: "wlan0", mode: "foreign-agent" },
          { name: "wlan1", mode: "foreign-agent" },
        ],
        hook: [{ exec: HOOK, events: ["*"] }],
      },
    },
  });
  await registeredVia(session, ADDRESS.fa1);
  session.net.mn.ip("link", "set", "wlan1", "up");
  const heard = async () => (await session.programs.daemons.mn.query<unknown[]>("agents")).length;
  await waitFor("both agents to be heard", async () => (await heard()) === 2);
});
after(() => session.close());

const events = (): string[] => readFileSync(HEARD, "utf8").trim().split("\n");

test("hooks: an event reaches a program with its fields, and what it says is in the log", async () => {
  const { mn } = session.programs.daemons;
  await waitFor("the hook", () => events().some((line) => line.startsWith("registered ")));
  assert.ok(events().includes("registered mip4-mn 192.0.2.1 "), events().join("\n"));
  assert.ok(events().some((line) => line.startsWith("started mip4-mn")));
  assert.match(mn.log(), /info hook: said to the log hook=\/run\/lab\/hook/);
});

test("handover --agent: waits for the home agent's acceptance, exit 0, and traffic goes by the other agent", async () => {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  const done = await mn.command("handover", "--agent", ADDRESS.fa2);
  assert.deepEqual([done.status, done.stdout], [0, "registered through 192.0.2.65\n"], done.stderr);
  const status = await mn.query("status");
  assert.deepEqual([status.agent, status.interface], [ADDRESS.fa2, "wlan1"]);
  assert.equal(await net.cn.ping(ADDRESS.home), true);
  await sleep(1500); // advertisements of both agents
  assert.equal((await mn.query("status")).agent, ADDRESS.fa2);
  await waitFor("the hook", () =>
    events().some((line) => /^handover-finished .*command/.test(line)),
  );
});

test("handover: exit 1 with the reason, 2 for what cannot be meant, 3 without a program", async () => {
  const { mn } = session.programs.daemons;
  const cases: [readonly string[], number, RegExp][] = [
    [["--agent", "192.0.2.99"], 1, /handover: the agent 192\.0\.2\.99 is not heard/],
    [["--to", "02:00:00:00:02:01"], 1, /fast_handover\.enabled is false/],
    [["--agent", "fa2"], 2, /--agent fa2: must be an IPv4 address/],
    [["--agent", ADDRESS.fa1, "--to", "02:00:00:00:02:01"], 2, /must be one of the two/],
    [["--agents", ADDRESS.fa1], 2, /did you mean "--agent"/],
  ];
  for (const [words, status, text] of cases) {
    const done = await mn.command("handover", ...words);
    assert.equal(done.status, status, words.join(" "));
    assert.match(done.stderr, text);
  }
  const argv = [process.execPath, bundleOf("mn"), "handover", "--socket", "/run/mip4/none.sock"];
  assert.equal((await session.net.mn.exec(argv)).status, 3);
});

test("handover --timeout: an agent that does not answer, exit 1; register goes back to what is best", async () => {
  const { fa1, mn } = session.programs.daemons;
  fa1.process.signal("SIGSTOP");
  try {
    const words = ["handover", "--agent", ADDRESS.fa1, "--timeout", "0.7"];
    const done = await mn.command(...words);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /no outcome within 0\.7 s/);
  } finally {
    fa1.process.signal("SIGCONT");
  }
  const done = await mn.command("register");
  assert.equal(done.status, 0, done.stderr);
});

test("resume: a node that was stopped while it was carried elsewhere registers as soon as it goes on", async () => {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  net.mn.ip("link", "set", "wlan1", "down");
  await registeredVia(session, ADDRESS.fa1);
  mn.process.signal("SIGSTOP");
  await net.move("foreign2", { carrier: false });
  await sleep(STOPPED_MS);
  const since = monotonicMs();
  mn.process.signal("SIGCONT");
  const resumed = await programs.waitForEvent("mn", "resumed", since);
  assert.ok(Number(resumed.fields.seconds) >= 3, JSON.stringify(resumed.fields));
  const registered = await programs.waitForEvent("mn", "registered", since);
  assert.equal(registered.fields.agent, ADDRESS.fa2);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
});

test("hooks: the end is told, too, and no hook outlives the program", async () => {
  assert.equal(await session.programs.daemons.mn.stop(), 0);
  const last = events().map((line) => line.split(" ")[0]);
  assert.ok(last.includes("stopping") && last.includes("deregistered"), events().join("\n"));
  assert.ok(session.net.lab.survivors().every(({ command }) => !command.includes(HOOK)));
});
