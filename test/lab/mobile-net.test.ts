/** The standard network without and with the programs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { percentile } from "./gaps.ts";
import { ADDRESS, buildMobileNet } from "./mobile-net.ts";
import { mergeToml, toToml } from "./toml.ts";
import { startUdp } from "./traffic/streams.ts";
import { sleep } from "./wait.ts";

await enterLab({ programs: ["tshark", "ping"] });

test("mobile network: at home everything is reached; abroad, without Mobile IP, nothing", async () => {
  const net = await buildMobileNet();
  try {
    assert.equal(await net.cn.ping(ADDRESS.home), true);
    assert.equal(await net.mn.ping(ADDRESS.peer), true);
    for (const agent of [ADDRESS.fa1, ADDRESS.fa2, ADDRESS.homeAgent]) {
      assert.equal(await net.cn.ping(agent), true, agent);
    }
    assert.equal(await net.fa1.ping(ADDRESS.homeAgent, { source: ADDRESS.fa1 }), true);
    await net.move("foreign1");
    const capture = await net.lab.capture(net.places.foreign1);
    assert.equal(await net.cn.ping(ADDRESS.home), false);
    const frames = await tshark(await capture.stop(), "ip.dst == 10.1.0.7", ["frame.number"]);
    assert.deepEqual(frames, []);
    await net.move("home");
    net.ha.ip("neigh", "flush", "all");
    assert.equal(await net.cn.ping(ADDRESS.home), true);
  } finally {
    await net.lab.close();
  }
});

test("mobile network: the line to the home side adds its delay to each direction", async () => {
  const net = await buildMobileNet({ homeLine: { delayMs: 20 } });
  try {
    const common = { from: net.cn, to: net.mn, address: ADDRESS.home, port: 7000, rate: 100 };
    const stream = await startUdp(common);
    await sleep(500);
    await stream.stop();
    const median = percentile(
      stream.arrivals.map((one) => one.at - one.sentAt),
      0.5,
    );
    assert.ok(median >= 20 && median < 23, `${median} ms`);
  } finally {
    await net.lab.close();
  }
});

test("toml: tables, arrays of tables and merging", () => {
  const base = { a: 1, b: { c: "x", d: true }, e: [{ f: [1, 2] }, { f: [3] }] };
  const text = 'a = 9\n\n[b]\nc = "x"\nd = false\n\n[[e]]\nf = [1,2]\n\n[[e]]\nf = [3]\n';
  assert.equal(toToml(mergeToml(base, { a: 9, b: { d: false } })), text);
});
