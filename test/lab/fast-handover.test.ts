/** Fast handovers of the built programs, with real packets (RFC 4988). */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Json } from "../../shared/base/result.ts";
import { ask } from "../../shared/service/control/client.ts";
import { enterLab } from "./enter.ts";
import { ACCESS_POINT, fastHandoverFiles } from "./fast-handover-files.ts";
import { countStream, longestGap } from "./gaps.ts";
import { ADDRESS, MAC, type Place } from "./mobile-net.ts";
import { PROJECT_ROOT } from "./root.ts";
import { bundleOf, registeredVia, type Session, startSession } from "./session.ts";
import { startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping"] });

let session: Session;
before(async () => {
  session = await startSession({ start: "foreign1", overrides: fastHandoverFiles() });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

const GAP_MS = 50;
/** Packets a second: few enough that a machine with much else to do keeps up. */
const RATE = 250;

/** A node that sends and receives moves; what becomes of its packets. */
async function roam(to: Place, prepare: () => Promise<void>) {
  const { net, programs } = session;
  const { cn, mn } = net;
  const { home, correspondent } = ADDRESS;
  const down = await startUdp({ from: cn, to: mn, address: home, port: 7000, rate: RATE });
  const outwards = { address: correspondent, source: home, port: 7001, rate: RATE };
  const up = await startUdp({ from: mn, to: cn, ...outwards });
  await sleep(200);
  await prepare();
  const move = await net.move(to, { gapMs: GAP_MS });
  const again = await programs.waitForEvent("mn", "registered", move.leftAt);
  await sleep(300);
  await up.stop();
  await down.stop();
  const window = { from: move.leftAt, to: again.at + 200 };
  return {
    agent: again.fields.agent,
    down: countStream(down.departures, down.arrivals),
    up: countStream(up.departures, up.arrivals),
    gap: longestGap(down.arrivals, window).ms,
  };
}

const TO_FA2 = { to: ACCESS_POINT.fa2, agent: null };

/** As the command does it, without a program that takes its time to start and to end. */
async function tell(name: "mn" | "fa2", command: string, args: Record<string, Json>) {
  const { socket } = session.programs.daemons[name].files;
  const answer = await ask(socket, { command, args, timeout: 5 }, 10_000);
  assert(answer.ok && answer.value.ok, JSON.stringify(answer));
}

async function counter(name: "fa1" | "fa2", counted: string): Promise<number> {
  const { counters } = await session.programs.daemons[name].query<{
    counters: Record<string, number>;
  }>("status");
  return counters[counted] ?? 0;
}

/** A script of the page, as it is printed there, for whom the programs are at these control sockets. */
async function scriptOfPage(name: string, daemon: "fa1" | "mn", ...words: readonly string[]) {
  const page = readFileSync(join(PROJECT_ROOT, "docs/operating/fast-handover.md"), "utf8");
  const start = `sh\n#!/bin/sh\n# ${name} `;
  const text = page.split("```").find((block) => block.startsWith(start));
  assert.ok(text, `no script ${name} on the page`);
  const { host, files } = session.programs.daemons[daemon];
  const folder = join(host.lab.directory, "bin");
  mkdirSync(folder, { recursive: true });
  const role = daemon === "mn" ? "mn" : "fa";
  const program = `exec ${process.execPath} ${bundleOf(role)} "$@" --socket ${files.socket}`;
  writeFileSync(join(folder, `mip4-${role}`), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  writeFileSync(join(folder, name), text.slice("sh\n".length), { mode: 0o755 });
  const path = `PATH=${folder}:${process.env.PATH}`;
  const done = await host.exec(["env", path, name, ...words]);
  assert.deepEqual([done.status, done.stderr], [0, ""], done.stdout);
  return done.stdout;
}

function assertWhole({ lost, duplicates, reordered }: ReturnType<typeof countStream>): void {
  assert.deepEqual({ lost, duplicates, reordered }, { lost: 0, duplicates: 0, reordered: 0 });
}

test("RFC 4988 §4.2: told before it leaves, the agents lose none of the packets for the node and keep their order, and the node loses none of its own [4988-4.2-07, 4988-4.2-13, 4988-4.2-19]", async (t) => {
  const outcome = await roam("foreign2", () => tell("mn", "handover", TO_FA2));
  t.diagnostic(JSON.stringify(outcome));
  assert.equal(outcome.agent, ADDRESS.fa2);
  assertWhole(outcome.down);
  const { lost, duplicates } = outcome.up;
  assert.deepEqual({ lost, duplicates }, { lost: 0, duplicates: 0 });
  assert.ok((await counter("fa2", "handover-buffer-flushed")) > 0);
  assert.equal(await counter("fa2", "handovers-in"), 1);
});

test("beyond the RFC: seen leaving, and told only after it has come: nothing for the node is lost either", async (t) => {
  const outcome = await roam("foreign1", () => tell("fa2", "node-left", { mac: MAC.mn }));
  t.diagnostic(JSON.stringify(outcome));
  assert.equal(outcome.agent, ADDRESS.fa1);
  assertWhole(outcome.down);
  assert.ok((await counter("fa2", "handover-buffer-flushed")) > 0);
  assert.equal(await counter("fa1", "handovers-in"), 1);
  // The way is the ordinary one again, and nobody keeps anything.
  assert.equal(await session.net.cn.ping(ADDRESS.home, { count: 2 }), true);
});

test("the scripts of the page are triggers: one for hostapd's events at an agent, one around a change of the link", async () => {
  const since = monotonicMs();
  await scriptOfPage("station", "fa1", "wlan0", "AP-STA-DISCONNECTED", MAC.mn);
  await session.programs.waitForEvent("fa1", "visitor-left", since);
  await scriptOfPage("station", "fa1", "wlan0", "AP-STA-CONNECTED", MAC.mn);
  const back = await session.programs.waitForEvent("fa1", "handover-finished", since);
  assert.equal(back.fields.outcome, "returned");
  assert.match(await scriptOfPage("roam", "mn", ACCESS_POINT.fa2, "echo", "change"), /^change$/m);
  await session.programs.waitForEvent("mn", "handover-prepared", since);
});

test("RFC 4988 §7: what a handover made is gone with its lifetime, and the network can order one [4988-7-03]", async () => {
  const { fa1, mn } = session.programs.daemons;
  const since = Date.now();
  const ordered = await fa1.command("handover", ADDRESS.home, ACCESS_POINT.fa2);
  assert.equal(ordered.status, 0, ordered.stdout + ordered.stderr);
  const routes = (): string => session.net.fa1.ip("route", "show", "proto", "178");
  const events = (): string[] => session.programs.events.map(({ event }) => event);
  while (!events().includes("handover-ordered") && Date.now() - since < 5000) await sleep(50);
  assert.ok(events().includes("handover-ordered"));
  assert.equal((await mn.command("status")).status, 0);
  assert.match(routes(), /10\.1\.0\.7 dev mip434/);
});
