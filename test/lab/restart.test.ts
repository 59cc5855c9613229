/** A foreign agent that is killed: what its journal keeps, and what a node must do without one. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { longestGap } from "./gaps.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { startUdp, type UdpStream } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "nft"] });

/** Packets a second, each way. */
const RATE = 100;
/** Most of it is the start of Node; a loaded machine needs its time. */
const MAX_GAP_MS = 5000;

let session: Session;
before(async () => {
  session = await startSession({ start: "foreign1" });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

/** Packets to the node through the tunnel, and from it through the reverse tunnel. */
async function bothWays(): Promise<readonly [UdpStream, UdpStream]> {
  const { cn, mn } = session.net;
  const to = await startUdp({ from: cn, to: mn, address: ADDRESS.home, port: 7001, rate: RATE });
  const address = ADDRESS.correspondent;
  const from = await startUdp({ from: mn, to: cn, address, port: 7002, rate: RATE });
  return [to, from];
}

test("kill -9 of the foreign agent and a new start: a visitor keeps its traffic both ways without a new registration", async (t) => {
  const { net, programs } = session;
  const { fa1, mn } = programs.daemons;
  const capture = await net.lab.capture(net.mn, "wlan0");
  const streams = await bothWays();
  // Nothing can register anew: what flows again flows from what the agent has kept.
  mn.process.signal("SIGSTOP");
  await sleep(300);
  const killed = monotonicMs();
  await fa1.kill();
  fa1.start();
  await fa1.ready();
  for (const stream of streams) {
    await waitFor("traffic", () => (stream.arrivals.at(-1)?.at ?? 0) > monotonicMs() - 50);
  }
  await sleep(300);
  for (const stream of streams) await stream.stop();
  const requests = await tshark(await capture.stop(), "mip.type == 1", ["mip.type"]);
  assert.deepEqual(requests, []);
  for (const [i, stream] of streams.entries()) {
    const window = { from: killed, to: stream.departures.at(-1)?.at ?? killed };
    const gap = longestGap(stream.arrivals, window);
    const lost = stream.departures.length - stream.arrivals.length;
    const way = i === 0 ? "to the node" : "from the node";
    t.diagnostic(`${way}: ${lost} packets lost, ${Math.round(gap.ms)} ms without one`);
    assert.ok(gap.ms < MAX_GAP_MS, `${way}: ${gap.ms} ms`);
    // Before the kill and after the gap nothing is lost.
    assert.ok(lost <= (gap.ms / 1000) * RATE + 0.05 * stream.departures.length, `${lost} lost`);
  }
  mn.process.signal("SIGCONT");
  await registeredVia(session, ADDRESS.fa1);
});

test("RFC 5944 §2.3.2: a foreign agent that has lost its state starts at sequence number 0, and the visitor registers again at once [5944-2.3.2-01]", async () => {
  const { net, programs } = session;
  const { fa1, mn } = programs.daemons;
  const sequence = async (): Promise<number> =>
    (await mn.query<{ sequence_number: number }[]>("agents"))[0]?.sequence_number ?? 0;
  await waitFor("some advertisements", async () => (await sequence()) >= 4, { timeoutMs: 8000 });
  const capture = await net.lab.capture(net.mn, "wlan0");
  await fa1.kill();
  rmSync(fa1.files.journal);
  const since = monotonicMs();
  fa1.start();
  await programs.waitForEvent("mn", "registered", since, 8000);
  await fa1.ready();
  const [visitor] = await fa1.query<{ home_address: string; state: string }[]>("visitors");
  assert.deepEqual([visitor?.home_address, visitor?.state], [ADDRESS.home, "registered"]);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
  const filter = `icmp.type == 9 && eth.src == ${MAC.fa1}`;
  const numbers = await tshark(await capture.stop(), filter, ["icmp.mip.seq"]);
  assert.ok(numbers.some((row) => row["icmp.mip.seq"] === "0"));
});
