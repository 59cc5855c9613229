/** Handovers of the built programs: how they are detected, and a session that survives them. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import { editConfig, registeredVia, type Session, startSession } from "./session.ts";
import { startTcp } from "./traffic/streams.ts";
import { monotonicMs, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping"] });

let session: Session;
before(async () => {
  session = await startSession({ start: "foreign1" });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

const lifetimeMs = 3000;

test("RFC 5944 §2.4.2.1: without a change of carrier the move is noticed when the old advertisement expires, and TCP survives both ways of moving [5944-2.4.2-02, 5944-2.4.2.1-01, 5944-2.4.2.1-02, 5944-2.4.2.1-03, 5944-1.5-02]", async () => {
  const { net, programs } = session;
  const common = { from: net.cn, to: net.mn, address: ADDRESS.home, port: 6000, rate: 2_000_000 };
  const transfer = await startTcp(common);
  const back = await startTcp({ ...common, port: 6001, reverse: true });
  // Lazy: the new agent is heard at once, the old one is kept until its lifetime is over.
  const lazy = await net.move("foreign2", { carrier: false });
  const heard = await programs.waitForEvent("mn", "agent-heard", lazy.joinedAt);
  const found = await programs.waitForEvent("mn", "registered", lazy.joinedAt);
  assert.equal(heard.fields.agent, ADDRESS.fa2);
  assert.equal(found.fields.agent, ADDRESS.fa2);
  const lazyMs = found.at - lazy.leftAt;
  assert.ok(lazyMs > lifetimeMs - 1100 && lazyMs < lifetimeMs + 1500, `${lazyMs} ms`);
  // With carrier: at once, without waiting for any lifetime.
  const capture = await net.lab.capture(net.mn, "wlan0");
  const quick = await net.move("foreign1");
  const again = await programs.waitForEvent("mn", "registered", quick.leftAt);
  assert.equal(again.fields.agent, ADDRESS.fa1);
  assert.ok(again.at - quick.leftAt < 1500, `${again.at - quick.leftAt} ms`);
  const seen = "icmp.type == 9 || icmp.type == 10 || mip.type == 1";
  const frames = await tshark(await capture.stop(), seen, ["icmp.type", "mip.coa"]);
  const order = frames.map((row) => row["icmp.type"] || row["mip.coa"]);
  assert.deepEqual(
    order.filter((what) => what !== "9" && what !== "10"),
    [ADDRESS.fa1],
  );
  // It solicits at once, unless an advertisement that was due anyway has come before.
  assert.ok(order.indexOf("10") < order.indexOf(ADDRESS.fa1), order.join(" "));
  assert.ok(order.includes("10") || order[0] === "9", order.join(" "));
  await waitFor("both transfers to go on", () =>
    [transfer, back].every((one) => (one.progress.at(-1)?.at ?? 0) > again.at + 200),
  );
  for (const one of [transfer, back]) {
    const report = await one.stop();
    assert.equal(report.intact, true, JSON.stringify(report));
    // How much depends on the machine; that it went on is seen above.
    assert.ok(report.receiver.bytes > 50_000, `${report.receiver.bytes} octets`);
  }
});

test("RFC 5944 §2.4.4: a foreign agent killed and started again is noticed by its sequence number, and the node registers again [5944-2.4.4-01, 5944-2.3.2-01]", async () => {
  const { net, programs } = session;
  const { fa1 } = programs.daemons;
  // Sequence numbers that are above those of the new start.
  await waitFor(
    "some advertisements",
    async () => {
      const [agent] = await programs.daemons.mn.query<{ sequence_number: number }[]>("agents");
      return (agent?.sequence_number ?? 0) >= 5;
    },
    { timeoutMs: 8000, everyMs: 200 },
  );
  const capture = await net.lab.capture(net.mn, "wlan0");
  const since = monotonicMs();
  await fa1.kill();
  fa1.start();
  const again = await programs.waitForEvent("mn", "registered", since, 6000);
  assert.equal(again.fields.agent, ADDRESS.fa1);
  await fa1.ready();
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
  const path = await capture.stop();
  const numbers = await tshark(path, `icmp.type == 9 && eth.src == ${MAC.fa1}`, ["icmp.mip.seq"]);
  assert.ok(numbers.some((row) => row["icmp.mip.seq"] === "0"));
  // No sooner than the advertisement that tells, and no solicitation was needed.
  const frames = await tshark(path, "icmp.type == 9 || icmp.type == 10 || mip.type == 1", [
    "icmp.type",
    "icmp.mip.seq",
  ]);
  const request = frames.findIndex((row) => row["icmp.type"] === "");
  const rebooted = frames.findIndex((row) => row["icmp.mip.seq"] === "0");
  assert.ok(rebooted >= 0 && request > rebooted, JSON.stringify(frames));
  assert.ok(!frames.slice(0, request).some((row) => row["icmp.type"] === "10"));
});

test("eager: after a reload a move without a change of carrier is noticed with the next agent's first advertisement [5944-2.4.2-01]", async (t) => {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  editConfig(mn, /$/, '\n[movement]\nalgorithm = "eager"\n');
  mn.process.signal("SIGHUP");
  await programs.waitForEvent("mn", "registered", monotonicMs() - 1000);
  const move = await net.move("foreign2", { carrier: false });
  const found = await programs.waitForEvent("mn", "registered", move.joinedAt, 5000);
  assert.equal(found.fields.agent, ADDRESS.fa2);
  const ms = Math.round(found.at - move.leftAt);
  t.diagnostic(`eager: ${ms} ms`);
  assert.ok(ms < lifetimeMs - 1000, `${ms} ms`);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
});
