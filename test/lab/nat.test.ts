/** A laptop behind a NAT: tunnels in UDP (RFC 3519) by the built programs, through each common kind. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { countStream, longestGap } from "./gaps.ts";
import { Instance } from "./instance.ts";
import { ADDRESS, buildMobileNet, type MobileNet } from "./mobile-net.ts";
import { addNat, NAT, type NatNet } from "./nat-net.ts";
import { KEYS } from "./program-files.ts";
import { startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping", "nft", "tshark"] });

let net: MobileNet;
let nat: NatNet;
let homeAgent: Instance;
let node: Instance;

before(async () => {
  net = await buildMobileNet();
  nat = addNat(net);
  nat.become("restricted");
  homeAgent = new Instance("ha", net.ha, "ha", {
    address: ADDRESS.homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [{ home_address: ADDRESS.home, spi: 256, key: KEYS.mobileNode }],
    nat_traversal: { force: true },
  });
  node = new Instance("mn", nat.laptop, "mn", {
    home_address: ADDRESS.home,
    home_agent: ADDRESS.homeAgent,
    interface: [{ name: "eth0", mode: "co-located" }],
    registration: { lifetime: 120 },
    security_association: [{ with: "home-agent", spi: 256, key: KEYS.mobileNode }],
  });
  await homeAgent.start();
  await node.start();
});
after(() => net.lab.close());

/** Registers anew, through a NAT of another kind. */
async function through(become: () => void): Promise<void> {
  await node.registered();
  assert.equal((await node.command("deregister")).status, 0);
  become();
  nat.forget();
  const done = await node.command("register");
  assert.equal(done.status, 0, done.stderr);
}

async function worksInUdp(): Promise<void> {
  const status = await node.query("status");
  assert.deepEqual([status.care_of_address, status.udp_tunnel], [NAT.laptop, true]);
  const [binding] = await homeAgent.query<Record<string, unknown>[]>("bindings");
  assert.deepEqual([binding?.care_of_address, binding?.udp_tunnel], [NAT.outside, true]);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
  assert.equal(await nat.laptop.ping(ADDRESS.correspondent, { count: 3 }), true);
}

test("RFC 3519 §4.4, §4.6: full cone, restricted and symmetric NATs are found by the home agent, and traffic goes both ways in UDP on the registration's ports [3519-2-01, 3519-4.4-06, 3519-4.4-01]", async () => {
  const capture = await net.lab.capture(nat.nat, "in0");
  for (const kind of ["full-cone", "restricted", "symmetric"] as const) {
    await through(() => nat.become(kind));
    await worksInUdp();
  }
  const packets = await tshark(await capture.stop(), `ip.addr == ${ADDRESS.homeAgent}`, [
    "ip.proto",
    "udp.srcport",
    "udp.dstport",
  ]);
  assert.ok(packets.length > 30);
  for (const packet of packets) {
    // Tunnelled packets have the protocols of all their headers.
    assert.match(packet["ip.proto"], /^17(,|$)/, JSON.stringify(packet));
    assert.match(packet["udp.srcport"], /^434(,|$)/);
    assert.match(packet["udp.dstport"], /^434(,|$)/);
  }
});

test("RFC 3519 §4.9: a NAT whose mappings are good for two seconds is spoken to often enough", async () => {
  await through(() => nat.become("symmetric", 2));
  await sleep(4500);
  await worksInUdp();
});

test("RFC 3519 §4.10: a NAT that forgets its mappings costs less than three seconds: nothing comes back, and the node registers anew [3519-4.10-01]", async (t) => {
  nat.become("symmetric");
  const stream = await startUdp({
    ...{ from: net.cn, to: nat.laptop, address: ADDRESS.home },
    ...{ port: 7000, rate: 100 },
  });
  await sleep(1000);
  const from = monotonicMs();
  nat.forget();
  const isNew = async () => ((await node.counters())["paths-lost"] ?? 0) > 0;
  await waitFor("the loss to be found out", isNew);
  await sleep(1500);
  await stream.stop();
  const gap = longestGap(stream.arrivals, { from, to: monotonicMs() }).ms;
  const { lost } = countStream(stream.departures, stream.arrivals);
  t.diagnostic(`nothing for ${Math.round(gap)} ms, ${lost} packets of 100 a second lost`);
  assert.ok(gap < 3000, `${gap} ms`);
  await worksInUdp();
});

test("RFC 3519 §3.1.1: forced, the tunnel goes in UDP without a NAT, too; off, it does not where there is one [3519-3.1.1-03]", async () => {
  nat.nat.runSync(["nft", "flush", "ruleset"]);
  net.inet.ip("route", "add", "192.168.1.0/24", "via", NAT.outside);
  const modes = [
    ["auto", false],
    ["force", true],
    ["off", false],
  ] as const;
  for (const [mode, inUdp] of modes) {
    const text = readFileSync(node.config, "utf8").replace(/nat_traversal = "\w+"/, "");
    const line = `[registration]\nnat_traversal = "${mode}"`;
    writeFileSync(node.config, text.replace("[registration]", line));
    node.process.signal("SIGHUP");
    const isSo = async () => {
      const [binding] = await homeAgent.query<Record<string, unknown>[]>("bindings");
      return binding?.udp_tunnel === inUdp && binding.care_of_address === NAT.laptop;
    };
    await waitFor(`nat_traversal ${mode}`, isSo);
    assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true, mode);
  }
});

test("RFC 3543 §4.2.2.3: a binding that the home agent revokes is acknowledged by the node, which registers again after a while [3543-4.2.2.3-03]", async () => {
  await node.registered();
  const done = await homeAgent.command("revoke", ADDRESS.home);
  assert.equal(done.status, 0, done.stderr);
  assert.equal((await node.counters())["revocation-acknowledgments-sent"], 1);
  await node.registered();
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
});
