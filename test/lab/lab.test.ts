/** The lab itself: what the other lab tests rely on. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { countStream, longestGap, percentile } from "./gaps.ts";
import type { Host } from "./host.ts";
import { Lab } from "./lab.ts";
import type { Segment } from "./link.ts";
import { startTcp, startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ programs: ["tshark", "ping"] });

let lab: Lab;
let left: Segment;
let right: Segment;
let a: Host;
let b: Host;
let c: Host;
const MAC_A = "02:00:00:00:00:0a";

before(() => {
  lab = new Lab();
  left = lab.segment("left");
  right = lab.segment("right");
  a = lab.host("a");
  b = lab.host("b");
  c = lab.host("c");
  a.connect("eth0", left, { address: "10.0.0.1/24", mac: MAC_A });
  b.connect("eth0", left, { address: "10.0.0.2/24" });
  c.connect("eth0", right, { address: "10.0.0.3/24" });
});

after(async () => {
  await lab.close();
  assert.deepEqual(lab.survivors(), []);
});

test("lab: hosts of one segment reach each other, others do not", async () => {
  assert.equal(await a.ping("10.0.0.2"), true);
  assert.equal(await a.ping("10.0.0.3"), false);
  assert.match(a.ip("-o", "link", "show", "eth0"), new RegExp(MAC_A));
});

test("lab: a host is silent until something in it sends, and forwards only as a router", async () => {
  const capture = await lab.capture(right);
  await sleep(300);
  assert.deepEqual(await tshark(await capture.stop(), "frame", ["frame.number"]), []);
  assert.equal(a.readSysctl("net.ipv4.ip_forward"), "0");
  assert.equal(lab.host("r", { router: true }).readSysctl("net.ipv4.ip_forward"), "1");
});

test("lab: nothing of the outer network is seen inside, and /run is private", async () => {
  const here = await a.exec(["ip", "-br", "link"]);
  assert.match(here.stdout, /^lo .*\neth0@/);
  assert.match((await a.exec(["cat", "/proc/mounts"])).stdout, /^tmpfs \/run tmpfs/m);
});

test("lab: a capture has every frame, and tshark reads it", async () => {
  const capture = await lab.capture(b);
  await a.ping("10.0.0.2", { count: 3 });
  const rows = await tshark(await capture.stop(), "icmp.type == 8", ["eth.src", "ip.dst"]);
  assert.deepEqual(rows, Array(3).fill({ "eth.src": MAC_A, "ip.dst": "10.0.0.2" }));
});

test("lab: frames carry whole checksums and are no longer than the MTU, as on a real wire", async () => {
  const capture = await lab.capture(b, "eth0");
  const common = { from: a, to: b, address: "10.0.0.2", port: 7001 };
  const report = await (await startTcp({ ...common, bytes: 300_000 })).finished();
  assert.equal(report.intact, true);
  const path = await capture.stop();
  const wrong = await tshark(path, "frame.len > 1514", ["frame.number"]);
  assert.deepEqual(wrong, []);
  const check = ["-o", "tcp.check_checksum:TRUE", "-Y", "tcp.checksum.status == 0"];
  const bad = await a.exec(["tshark", "-r", path, ...check]);
  assert.equal(bad.stdout, "");
});

test("lab: after a move a packet arrives on the new segment only", async () => {
  const port = a.ports.get("eth0");
  assert.ok(port);
  await a.ping("10.0.0.2");
  const move = await port.move(right, { carrier: false });
  assert.ok(move.joinedAt - move.leftAt < 50, `${move.joinedAt - move.leftAt} ms`);
  a.ip("neigh", "flush", "all"); // the kernel repeats an unanswered ARP request after a second
  const captures = [await lab.capture(left), await lab.capture(right)] as const;
  assert.equal(await a.ping("10.0.0.3"), true);
  assert.equal(await a.ping("10.0.0.2"), false);
  const seen = await Promise.all(
    captures.map(async (capture) =>
      tshark(await capture.stop(), `eth.src == ${MAC_A}`, ["ip.dst"]),
    ),
  );
  assert.deepEqual(seen[0], []);
  assert.ok((seen[1]?.length ?? 0) > 0);
  await port.move(left, { carrier: false });
  a.ip("neigh", "flush", "all");
  assert.equal(await a.ping("10.0.0.2"), true);
});

test("lab: a move with a gap takes the carrier away for that long, one without shows none", async () => {
  const port = a.ports.get("eth0");
  assert.ok(port);
  const monitor = a.spawn(["ip", "-o", "monitor", "link"]);
  await sleep(100);
  await port.move(right, { carrier: false, gapMs: 30 });
  await port.move(left, { carrier: false });
  await sleep(100);
  assert.deepEqual(monitor.stdout, []);
  const move = await port.move(right, { gapMs: 100 });
  const down = await monitor.waitForLine(/NO-CARRIER/);
  const up = await monitor.waitForLine(/LOWER_UP/);
  assert.ok(Math.abs(up.at - down.at - 100) < 40, `${up.at - down.at} ms`);
  assert.ok(move.joinedAt - move.leftAt >= 100);
  await monitor.stop();
  await port.move(left);
});

test("lab: a delay line delays by what was asked, in each direction, in order", async () => {
  const line = await lab.delayLine(left, right, { delayMs: [20, 5] });
  const common = { rate: 100, port: 7002, size: 100 };
  const [there, back] = await Promise.all([
    startUdp({ ...common, from: a, to: c, address: "10.0.0.3" }),
    startUdp({ ...common, from: c, to: a, address: "10.0.0.1" }),
  ]);
  await sleep(1000);
  await Promise.all([there.stop(), back.stop()]);
  for (const [stream, wanted] of [
    [there, 20],
    [back, 5],
  ] as const) {
    const delays = stream.arrivals.slice(5).map((one) => one.at - one.sentAt);
    const median = percentile(delays, 0.5);
    assert.ok(Math.min(...delays) >= wanted, `at least ${wanted}: ${Math.min(...delays)}`);
    assert.ok(median - wanted < 2.5, `median of ${wanted}: ${median}`);
    const counts = countStream(stream.departures, stream.arrivals);
    assert.ok(counts.sent >= 95, `${counts.sent} sent`);
    assert.deepEqual([counts.lost, counts.reordered, counts.duplicates], [0, 0, 0]);
  }
  await line.remove();
});

test("lab: a delay line loses the asked share, by a seed, and can be changed at work", async () => {
  const line = await lab.delayLine(left, right, { loss: [0.2, 0] });
  await a.ping("10.0.0.3", { count: 5 }); // ARP first, so that only packets are counted below
  const before = await line.counts();
  const stream = await startUdp({ from: a, to: c, address: "10.0.0.3", port: 7003, rate: 1000 });
  await sleep(1500);
  await stream.stop();
  const counts = countStream(stream.departures, stream.arrivals);
  const share = counts.lost / counts.sent;
  assert.ok(counts.sent > 1400 && share > 0.14 && share < 0.26, `${share} of ${counts.sent}`);
  const now = await line.counts();
  assert.ok(now.lost[0] - before.lost[0] >= counts.lost);
  assert.equal(now.lost[1], 0);
  await line.set({ loss: 1 });
  assert.equal(await a.ping("10.0.0.3"), false);
  await line.set({});
  assert.equal(await a.ping("10.0.0.3"), true);
  await line.remove();
});

test("lab: TCP transfers in both directions are checked by SHA-256", async () => {
  const up = await startTcp({ from: a, to: b, address: "10.0.0.2", port: 7004, rate: 4_000_000 });
  const down = await startTcp({
    ...{ from: a, to: b, address: "10.0.0.2", port: 7005, reverse: true },
    bytes: 5_000_000,
  });
  const downloaded = await down.finished();
  assert.equal(downloaded.intact, true);
  assert.equal(downloaded.receiver.bytes, 5_000_000);
  await sleep(800);
  const uploaded = await up.stop();
  assert.equal(uploaded.intact, true);
  assert.notEqual(uploaded.sender.sha256, downloaded.sender.sha256);
  assert.ok(Math.abs(uploaded.bitsPerSecond / 32e6 - 1) < 0.2, `${uploaded.bitsPerSecond} bit/s`);
});

test("lab: an interruption is measured to a few milliseconds", async () => {
  const port = a.ports.get("eth0");
  assert.ok(port);
  const stream = await startUdp({ from: b, to: a, address: "10.0.0.1", port: 7006, rate: 500 });
  await sleep(300);
  const from = monotonicMs();
  port.setCarrier(false);
  await sleep(200);
  port.setCarrier(true);
  await sleep(400);
  const to = monotonicMs();
  await stream.stop();
  const gap = longestGap(stream.arrivals, { from, to });
  assert.ok(gap.ms > 190 && gap.ms < 260, `${gap.ms} ms`);
  const counts = countStream(stream.departures, stream.arrivals);
  assert.ok(counts.lost >= 90 && counts.lost <= 130, `${counts.lost} lost`);
});

test("lab: a process that ignores SIGTERM is killed, with its children", async () => {
  const stubborn = a.spawn(["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"]);
  await stubborn.waitForLine(/up/);
  assert.equal(await stubborn.stop("SIGTERM", 200), 137);
  await waitFor("its children to be gone", () =>
    lab.survivors().every(({ command }) => !command.startsWith("sleep")),
  );
});
