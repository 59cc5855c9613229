/**
 * A node with two uplinks and no agent: a laptop between Ethernet and a radio link. The preferred one
 * loses its carrier, then its way without a word, and each time it is taken back.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AccessNet, addAccess, dropLease, takeLease } from "./access-net.ts";
import { enterLab } from "./enter.ts";
import { countStream, longestGap } from "./gaps.ts";
import type { Port } from "./link.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { ADDRESS } from "./mobile-net.ts";
import type { ProgramEvent } from "./programs.ts";
import { type Session, startSession } from "./session.ts";
import { startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping", "nft"] });

let session: Session;
let ether: AccessNet;
let radio: AccessNet;
let plug: Port;
let untouched: readonly string[] = [];

before(async () => {
  session = await startSession({
    start: "home",
    homeLine: { delayMs: 10 },
    before: async (net) => {
      ether = addAccess(net, 1);
      radio = addAccess(net, 2);
      dropLease(net, "wlan0");
      await net.port.move(radio.link);
      plug = net.mn.connect("eth0", ether.link, { mac: "02:00:00:00:00:17" });
      takeLease(net, "eth0", ether, 50, 100);
      takeLease(net, "wlan0", radio, 50, 600);
      untouched = machineState(net.mn);
    },
    overrides: {
      mn: {
        interface: [
          { name: "eth0", mode: "co-located" },
          { name: "wlan0", mode: "co-located" },
        ],
      },
    },
  });
  await session.programs.waitForState("registered");
});
after(() => session.close());

/** Without asking again and again, which would keep a small machine busy. */
function by(name: string, since: number): Promise<ProgramEvent> {
  const { events } = session.programs;
  const isIt = ({ from, event, at, fields }: ProgramEvent): boolean =>
    from === "mn" && event === "registered" && at >= since && fields.interface === name;
  return waitFor(`a registration by ${name}`, () => events.find(isIt), { timeoutMs: 15_000 });
}

/** What two streams, one each way, miss while something changes. */
async function missed(change: (since: number) => Promise<unknown>) {
  const { net } = session;
  const common = { address: ADDRESS.home, rate: 100 };
  const down = await startUdp({ ...common, from: net.cn, to: net.mn, port: 7000 });
  const up = await startUdp({
    ...common,
    from: net.mn,
    to: net.cn,
    address: ADDRESS.correspondent,
    source: ADDRESS.home,
    port: 7001,
  });
  await sleep(500);
  const from = monotonicMs();
  await change(from);
  await sleep(500);
  const to = monotonicMs();
  await Promise.all([down.stop(), up.stop()]);
  const [toNode, fromNode] = [down, up].map((stream) => ({
    ms: Math.round(longestGap(stream.arrivals, { from, to }).ms),
    lost: countStream(stream.departures, stream.arrivals).lost,
    twice: countStream(stream.departures, stream.arrivals).duplicates,
  }));
  assert.ok(toNode !== undefined && fromNode !== undefined);
  const text = `to the node ${toNode.ms} ms, ${toNode.lost} lost; from it ${fromNode.ms} ms, ${fromNode.lost} lost`;
  return { toNode, fromNode, text };
}

test("The preferred uplink loses its carrier: the other one at once; it comes back and is taken without loss", async (t) => {
  const unplugged = await missed(async (since) => {
    plug.setCarrier(false);
    await by("wlan0", since);
  });
  t.diagnostic(`unplugged: ${unplugged.text}`);
  assert.ok(unplugged.toNode.ms < 2000, unplugged.text);
  const back = await missed(async (since) => {
    plug.setCarrier(true);
    await by("eth0", since);
  });
  t.diagnostic(`plugged in again: ${back.text}`);
  assert.deepEqual([back.toNode.lost, back.fromNode.lost], [0, 0], back.text);
});

test("The preferred uplink dies without a word: noticed within two seconds, and taken back when it works again", async (t) => {
  const { programs } = session;
  let noticedMs = 0;
  const died = await missed(async (since) => {
    ether.cut(true);
    const lost = await programs.waitForEvent("mn", "path-lost", since);
    noticedMs = Math.round(lost.at - since);
    await by("wlan0", since);
  });
  t.diagnostic(`died silently: noticed after ${noticedMs} ms; ${died.text}`);
  assert.ok(noticedMs < 2000, `${noticedMs} ms`);
  assert.ok(died.toNode.ms < 4000, died.text);
  const back = await missed(async (since) => {
    ether.cut(false);
    await by("eth0", since);
  });
  t.diagnostic(`works again: ${back.text}`);
  assert.deepEqual([back.toNode.lost, back.fromNode.lost], [0, 0], back.text);
});

test("RFC 5944 §3.6.1.2: simultaneous bindings: from one uplink to the other one and back nothing is lost that was under way, in either direction, and nothing comes twice [5944-3.6.1.2-01, 5944-3.6.1.2-14]", async (t) => {
  const { programs } = session;
  const { mn, ha } = programs.daemons;
  const isAlone = async () => (await ha.query<unknown[]>("bindings")).length === 1;
  await waitFor("the former binding of the test before to go", isAlone);
  for (const [command, name] of [
    ["handover", "wlan0"],
    ["register", "eth0"],
  ] as const) {
    const moved = await missed(async (since) => {
      assert.equal((await mn.command(command)).status, 0);
      await by(name, since);
      await programs.waitForEvent("mn", "binding-released", since);
      assert.ok(await isAlone());
    });
    t.diagnostic(`to ${name}: ${moved.text}`);
    assert.deepEqual([moved.toNode.lost, moved.fromNode.lost], [0, 0], moved.text);
    assert.deepEqual([moved.toNode.twice, moved.fromNode.twice], [0, 0], moved.text);
  }
  const counters = (await mn.query("status")).counters as Record<string, number>;
  assert.ok((counters["tunnel-duplicates"] ?? 0) > 100, "there were copies");
});

test("What is from each care-of address leaves by its own uplink, whatever the system prefers; and nothing is left at the end", async () => {
  const { net, programs } = session;
  const rules = (): string[] => net.mn.rules().filter((line) => line.includes("198.18."));
  await waitFor("the former uplink's rule to go", () => rules().length === 1);
  assert.deepEqual(rules(), ["4351:\tfrom 198.18.1.50 iif lo lookup 131507 proto 179"]);
  const preferred = ["default", "via", radio.router, "dev", "wlan0", "metric", "10"];
  net.mn.ip("route", "add", ...preferred);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
  const before = await programs.daemons.ha.query<Record<string, unknown>[]>("bindings");
  assert.deepEqual(
    before.map((row) => row.care_of_address),
    ["198.18.1.50"],
  );
  net.mn.ip("route", "del", ...preferred);
  assert.equal(await programs.daemons.mn.stop(), 0);
  assert.deepEqual(await programs.daemons.ha.query("bindings"), []);
  assert.deepEqual(stateChanges(untouched, machineState(net.mn)), []);
});
