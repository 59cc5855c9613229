/**
 * A laptop that is suspended for ten minutes, carried to another network and woken up; and one whose
 * wall clock is wrong afterwards. The process is stopped and its clocks are moved (`clocks.ts`), the
 * agents' too, which were awake: no machine really sleeps here.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Clocks } from "./clocks.ts";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import type { ProgramEvent } from "./programs.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { monotonicMs, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping", "cc"] });

const TEN_MINUTES = 600_000;
let session: Session;
let laptop: Clocks;
let awake: readonly Clocks[];

before(async () => {
  const [ha, fa1, fa2] = ["ha", "fa1", "fa2"].map((name) => new Clocks(name));
  assert.ok(ha !== undefined && fa1 !== undefined && fa2 !== undefined);
  laptop = new Clocks("mn");
  awake = [ha, fa1, fa2];
  session = await startSession({
    start: "foreign1",
    registrationLifetime: 300,
    node: { ha: ha.node, fa1: fa1.node, fa2: fa2.node, mn: laptop.node },
  });
  await registeredVia(session, ADDRESS.fa1);
});
after(async () => {
  await session.close();
  for (const clocks of [laptop, ...awake]) clocks.close();
});

/** Events of the node since a moment, in the order in which they came; its own clock tells nothing. */
function since(first: number): readonly ProgramEvent[] {
  return session.programs.events.slice(first).filter(({ from }) => from === "mn");
}

test("suspended for ten minutes and woken up on another link: every link counts as new, what has run out is over, and the node is registered at once", async (t) => {
  const { net, programs } = session;
  const { mn, ha } = programs.daemons;
  mn.process.signal("SIGSTOP");
  await net.move("foreign2", { carrier: false });
  for (const clocks of awake) clocks.pass(TEN_MINUTES);
  laptop.sleep(TEN_MINUTES);
  await waitFor(
    "the end of its binding",
    async () => (await ha.query<unknown[]>("bindings")).length === 0,
  );
  const first = programs.events.length;
  const wokenAt = monotonicMs();
  mn.process.signal("SIGCONT");
  const registered = () => since(first).find(({ event }) => event === "registered");
  const found = await waitFor("a registration", registered, { timeoutMs: 10_000 });
  t.diagnostic(`registered ${Math.round(monotonicMs() - wokenAt)} ms after waking up`);
  assert.equal(found.fields.agent, ADDRESS.fa2);
  const resumed = since(first).find(({ event }) => event === "resumed");
  const seconds = Number(resumed?.fields.seconds);
  assert.ok(seconds >= 600 && seconds < 660, `${seconds} s`);
  const events = since(first).map(({ event }) => event);
  assert.ok(events.includes("registration-expired"), events.join(" "));
  assert.ok(!events.includes("denied") && !events.includes("clock-stepped"), events.join(" "));
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
});

for (const [words, milliseconds] of [
  ["an hour ahead", 3_600_000],
  ["two hours back", -7_200_000],
] as const) {
  test(`RFC 5944 §5.7.1: suspended for a minute, and the wall clock is ${words} afterwards: registered without a denial`, async () => {
    const { net, programs } = session;
    const { mn } = programs.daemons;
    mn.process.signal("SIGSTOP");
    for (const clocks of awake) clocks.pass(60_000);
    laptop.sleep(60_000);
    laptop.set(milliseconds);
    const first = programs.events.length;
    mn.process.signal("SIGCONT");
    const registered = () => since(first).find(({ event }) => event === "registered");
    await waitFor("a registration", registered, { timeoutMs: 10_000 });
    const events = since(first).map(({ event }) => event);
    assert.ok(events.includes("clock-stepped") && events.includes("resumed"), events.join(" "));
    assert.ok(!events.includes("denied"), events.join(" "));
    assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
  });
}
