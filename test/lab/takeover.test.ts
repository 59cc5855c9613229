/** Two home agents with one address and a Redis server: who acts, and what a takeover keeps. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { longestGap } from "./gaps.ts";
import { type HomeAgents, MACS, standsBy, startHomeAgents } from "./home-agents.ts";
import { ADDRESS } from "./mobile-net.ts";
import type { Daemon } from "./programs.ts";
import { replay, startRegistrants } from "./registrants.ts";
import { registeredVia } from "./session.ts";
import { startUdp, type UdpStream } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "redis-server"] });

/** Packets a second, each way. */
const RATE = 100;
/** Two seconds is what a takeover may take; a machine that runs other tests too needs its time. */
const MAX_GAP_MS = 3500;

let both: HomeAgents;
/** Who acts and who does not, now. */
let active: Daemon;
let standby: Daemon;

before(async () => {
  both = await startHomeAgents();
  [active, standby] = both.agents;
  await registeredVia(both, ADDRESS.fa1);
});
after(() => both.close());

async function streams(): Promise<readonly UdpStream[]> {
  const { cn, mn, peer } = both.net;
  const common = { rate: RATE, address: ADDRESS.home, to: mn };
  const address = ADDRESS.correspondent;
  return [
    await startUdp({ ...common, from: cn, port: 7001 }),
    await startUdp({ rate: RATE, address, from: mn, to: cn, port: 7002 }),
    await startUdp({ ...common, from: peer, port: 7003 }),
  ];
}

const holds = (agent: Daemon): boolean =>
  agent.host.ip("-4", "addr", "show").includes(`${ADDRESS.homeAgent}/`);

/** Waits until the other one acts. */
async function swapped(): Promise<void> {
  await waitFor("a takeover", () => standby.isReady(), {
    timeoutMs: 10_000,
    everyMs: 50,
  });
  [active, standby] = [standby, active];
}

/** Waits until the other one acts and all streams flow; the longest time without a packet of any. */
async function takeover(running: readonly UdpStream[], from: number): Promise<number> {
  await swapped();
  const acts = monotonicMs();
  for (const stream of running) {
    const flows = () => (stream.arrivals.at(-1)?.at ?? 0) > acts;
    await waitFor("traffic", flows, { timeoutMs: 10_000 });
  }
  await sleep(300);
  for (const stream of running) await stream.stop();
  const gaps = running.map(({ arrivals, departures }) => {
    const to = departures.at(-1)?.at ?? from;
    return longestGap(arrivals, { from, to }).ms;
  });
  return Math.max(...gaps);
}

test("status, health and metrics say who is active and who stands by", async () => {
  const status = await standby.query("status");
  assert.equal(status.state, "standby");
  const { hostname } = await import("node:os");
  assert.deepEqual(status.store, { kind: "redis", active: hostname() });
  assert.deepEqual((await active.query("status")).store, status.store);
  assert.match((await standby.command("health")).stdout, /^OK: mip4-ha: standby/);
  assert.equal((await standby.command("revoke", ADDRESS.home)).status, 1);
  assert.equal(holds(active), true);
  assert.equal(holds(standby), false);
});

test("kill -9 of the active home agent in mid-traffic: the other one forwards, and no binding that was answered is lost; a request that was accepted before is refused [5944-5.7-01]", async (t) => {
  const { cn } = both.net;
  const registrants = startRegistrants(cn, 200);
  await waitFor("answers", () => registrants.answers.length > 60);
  const running = await streams();
  // Nothing registers anew: what flows again flows from what was kept.
  both.programs.daemons.mn.process.signal("SIGSTOP");
  await sleep(300);
  const killed = monotonicMs();
  await active.kill();
  const { answers } = registrants;
  await registrants.stop();
  const gap = await takeover(running, killed);
  t.diagnostic(`${Math.round(gap)} ms without a packet`);
  assert.ok(gap < MAX_GAP_MS, `${gap} ms`);
  const bindings = await active.query<{ home_address: string }[]>("bindings");
  const bound = new Set(bindings.map((binding) => binding.home_address));
  assert.ok(bound.has(ADDRESS.home));
  for (const { home, code } of answers) {
    assert.equal(code, 0);
    assert.ok(bound.has(home), `${home} was answered and is lost`);
  }
  assert.equal(await replay(cn, registrants.lastAnswered()), 133);
  both.programs.daemons.mn.process.signal("SIGCONT");
  await registeredVia(both, ADDRESS.fa1);
  standby.start();
  await standsBy(standby);
});

test("a home agent that is cut from Redis and not from the network stops before the other one begins: there are never two", async () => {
  const uplink = both.net.ha.ports.get("up0")?.segment;
  assert(uplink !== undefined);
  const capture = await both.net.lab.capture(uplink);
  const running = await streams();
  await sleep(300);
  const [left, came] = [active, standby];
  const way = both.ways.get(left);
  const cut = monotonicMs();
  way?.setCarrier(false);
  const gap = await takeover(running, cut);
  assert.ok(gap < MAX_GAP_MS, `${gap} ms`);
  assert.equal(holds(left), false);
  assert.equal((await left.query("status")).state, "degraded");
  const rows = await tshark(await capture.stop(), `ip.src == ${ADDRESS.homeAgent}`, [
    "eth.src",
    "frame.time_relative",
  ]);
  const macOf = (agent: Daemon) => (agent === both.agents[0] ? MACS.ha : MACS.ha2);
  const senders = rows.map((row) => row["eth.src"]);
  const first = senders.indexOf(macOf(came));
  assert.ok(first > 0);
  assert.ok(senders.lastIndexOf(macOf(left)) < first, "both sent from the address");
  way?.setCarrier(true);
  await standsBy(left);
});

test("a home agent that is stopped in its tracks: its kernel gives the address up, and it stands by when it wakes", async () => {
  const frozen = active;
  const running = await streams();
  await sleep(300);
  const since = monotonicMs();
  frozen.process.signal("SIGSTOP");
  const gap = await takeover(running, since);
  assert.ok(gap < MAX_GAP_MS, `${gap} ms`);
  assert.equal(holds(frozen), false);
  assert.deepEqual(
    frozen.host.routes().filter((line) => line.includes("mip436")),
    [],
  );
  frozen.process.signal("SIGCONT");
  await standsBy(frozen);
  assert.equal(holds(frozen), false);
  assert.equal(await both.net.cn.ping(ADDRESS.home, { count: 3 }), true);
});

test("an orderly end hands over at once", async () => {
  const running = await streams();
  await sleep(300);
  const since = monotonicMs();
  const leaving = active;
  assert.equal(await leaving.stop(), 0);
  const gap = await takeover(running, since);
  assert.ok(gap < MAX_GAP_MS, `${gap} ms`);
  leaving.start();
  await standsBy(leaving);
});

test("without Redis nobody acts; when it is back with what it kept, one does", async () => {
  assert.equal(await both.redis.stop(), 0);
  const idle = async () => !both.agents.some(holds);
  await waitFor("both to stop", idle, { timeoutMs: 10_000 });
  assert.equal(await both.net.cn.ping(ADDRESS.home), false);
  for (const agent of both.agents) assert.match((await agent.command("health")).stdout, /redis: /);
  await both.startRedis();
  const one = async () => both.agents.filter(holds).length === 1;
  await waitFor("one to act", one, { timeoutMs: 10_000 });
  await waitFor("traffic", () => both.net.cn.ping(ADDRESS.home), { timeoutMs: 5000 });
});
