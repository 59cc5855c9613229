/**
 * Foreign agents on two links; the one in use can be reached no more, and nothing tells: the carrier
 * stays, and its advertisement is good for half a minute.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { enterLab } from "./enter.ts";
import { countStream, longestGap } from "./gaps.ts";
import type { Port } from "./link.ts";
import { ADDRESS } from "./mobile-net.ts";
import { type Session, startSession } from "./session.ts";
import { startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["nft"] });

let session: Session;
let plug: Port;

before(async () => {
  const [eth0, wlan0] = [{ name: "eth0" }, { name: "wlan0" }];
  session = await startSession({
    start: "foreign2",
    maxInterval: 10,
    lifetime: 30,
    before: (net) => {
      plug = net.mn.connect("eth0", net.places.foreign1, { mac: "02:00:00:00:00:17" });
    },
    overrides: { mn: { interface: [eth0, wlan0] } },
  });
  // The other agent may be heard first.
  await waitFor("a registration by the preferred interface", async () => {
    const status = await session.programs.daemons.mn.query("status");
    return status.state === "registered" && status.agent === ADDRESS.fa1;
  });
});
after(() => session.close());

test("The agent in use falls silent, although the link looks sound: the other one serves in a bit more than two seconds, not in thirty", async (t) => {
  const { net, programs } = session;
  const mn = programs.daemons.mn;
  const polls = async (): Promise<number> => {
    const counters = (await mn.query("status")).counters as Record<string, number>;
    return counters["agent-polls-sent"] ?? 0;
  };
  const stream = await startUdp({
    ...{ from: net.cn, to: net.mn, address: ADDRESS.home, port: 7000, rate: 100 },
  });
  await sleep(1500);
  assert.ok((await polls()) > 0);
  const cutAt = monotonicMs();
  await plug.move(net.lab.segment("nowhere"), { carrier: false });
  const lost = await programs.waitForEvent("mn", "path-lost", cutAt);
  const found = await programs.waitForEvent("mn", "registered", lost.at);
  await sleep(500);
  const to = monotonicMs();
  await stream.stop();
  assert.deepEqual([lost.fields.agent, found.fields.agent], [ADDRESS.fa1, ADDRESS.fa2]);
  const noticed = Math.round(lost.at - cutAt);
  const gap = Math.round(longestGap(stream.arrivals, { from: cutAt, to }).ms);
  const { lost: missed } = countStream(stream.departures, stream.arrivals);
  t.diagnostic(`noticed after ${noticed} ms; nothing came for ${gap} ms, ${missed} lost`);
  assert.ok(noticed < 2000, `${noticed} ms`);
  assert.ok(gap < 4000, `${gap} ms`);
});
