/** A router that carries its hosts along: RFC 5177 and RFC 6626 with the built programs. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AccessNet, addAccess, takeLease } from "./access-net.ts";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { longestGap } from "./gaps.ts";
import type { Host } from "./host.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { ADDRESS, type MobileNet } from "./mobile-net.ts";
import { KEYS } from "./program-files.ts";
import { editConfig, registeredVia, type Session, startSession } from "./session.ts";
import { startTcp, startUdp } from "./traffic/streams.ts";
import { monotonicMs, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping", "nft"] });

const TRAIN = "10.20.0.0/24";
const ROUTER = "10.20.0.1";
const CAMERA = "10.20.0.10";
const LAPTOP = "10.20.0.11";

let session: Session;
let camera: Host;
let laptop: Host;
let access: AccessNet;
let untouched: readonly string[] = [];

/** Two hosts behind the mobile node, which know nothing of mobility. */
function buildTrain({ lab, mn, inet }: MobileNet): void {
  const train = lab.segment("train");
  mn.connect("lan0", train, { address: `${ROUTER}/24` });
  camera = lab.host("camera");
  laptop = lab.host("laptop");
  for (const [host, address] of [
    [camera, CAMERA],
    [laptop, LAPTOP],
  ] as const) {
    host.connect("eth0", train, { address: `${address}/24` });
    host.ip("route", "add", "default", "via", ROUTER);
  }
  for (const prefix of [TRAIN, "10.64.0.0/16"]) {
    inet.ip("route", "add", prefix, "via", ADDRESS.homeAgent);
  }
}

before(async () => {
  session = await startSession({
    start: "foreign1",
    before: (net) => {
      buildTrain(net);
      access = addAccess(net, 1);
      untouched = machineState(net.mn);
    },
    overrides: {
      mn: { mobile_network: [{ prefix: TRAIN, interface: "lan0" }] },
      ha: {
        mobile_node: [
          {
            home_address: ADDRESS.home,
            spi: 256,
            key: KEYS.mobileNode,
            networks: [TRAIN],
            dynamic_networks: 1,
          },
        ],
        network_pool: [{ prefix: "10.64.0.0/16", prefix_length: 24 }],
      },
    },
  });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

/** The first IP header's source and destination of each packet about the train. */
async function outermost(path: string): Promise<string[]> {
  const filter = `ip.addr == ${TRAIN} && !icmp.type == 3`;
  const rows = await tshark(path, filter, ["ip.src", "ip.dst"]);
  const first = (text: string): string => text.split(",")[0] ?? "";
  return [...new Set(rows.map((row) => `${first(row["ip.src"])} > ${first(row["ip.dst"])}`))];
}

test("RFC 5177 §7: through foreign agents that know nothing of it: two tunnels one in the other, and sessions of the hosts that survive handovers [5177-3-02] [5177-3-03] [5177-7-01] [5177-7-04] [5177-6.5-01] [5177-6.5-02]", async (t) => {
  const { net, programs } = session;
  const [binding] = await programs.daemons.ha.query<{ networks: string[] }[]>("bindings");
  assert.deepEqual(binding?.networks, [TRAIN]);
  const onAir = await net.lab.capture(net.mn, "wlan0");
  const atHome = await net.lab.capture(net.ha, "up0");
  const rate = 1_000_000;
  const common = { from: net.cn, to: camera, address: CAMERA, rate };
  const toCamera = await startTcp({ ...common, port: 6000 });
  const fromLaptop = await startTcp({
    ...{ from: laptop, to: net.cn, address: ADDRESS.correspondent, port: 6001, rate },
  });
  const voice = await startUdp({ ...common, port: 6002, rate: 100 });
  const gaps: number[] = [];
  for (const place of ["foreign2", "foreign1"] as const) {
    const move = await net.move(place);
    const found = await programs.waitForEvent("mn", "registered", move.joinedAt);
    await waitFor("voice to go on", () => (voice.arrivals.at(-1)?.at ?? 0) > found.at + 200);
    gaps.push(longestGap(voice.arrivals, { from: move.leftAt - 50, to: found.at + 200 }).ms);
  }
  const since = monotonicMs();
  await waitFor("both transfers to go on", () =>
    [toCamera, fromLaptop].every((one) => (one.progress.at(-1)?.at ?? 0) > since + 200),
  );
  await voice.stop();
  for (const one of [toCamera, fromLaptop]) {
    const report = await one.stop();
    assert.equal(report.intact, true, JSON.stringify(report));
  }
  t.diagnostic(`interruptions of the hosts' stream: ${gaps.map((ms) => ms.toFixed(0))} ms`);
  const [home, agent] = [ADDRESS.home, ADDRESS.homeAgent];
  const inTheAir = (await outermost(await onAir.stop())).sort();
  assert.deepEqual(inTheAir, [`${home} > ${agent}`, `${agent} > ${home}`].sort());
  const path = await atHome.stop();
  for (const coa of [ADDRESS.fa1, ADDRESS.fa2]) {
    const tunnelled = `ip.src == ${agent} && ip.dst == ${coa} && ip.dst == ${CAMERA}`;
    const rows = await tshark(path, `${tunnelled} && tcp.len > 0`, ["ip.src", "ip.dst"]);
    const chains = new Set(rows.map((row) => `${row["ip.src"]} > ${row["ip.dst"]}`));
    const twice = `${agent},${agent},${ADDRESS.correspondent} > ${coa},${home},${CAMERA}`;
    assert.deepEqual([...chains], [twice]);
  }
});

test("RFC 5177 §10: a source that is no address of the networks, and one of the router's own, is dropped [5177-10-03] [5177-10-04]", async () => {
  const { net } = session;
  camera.ip("address", "add", "10.99.0.1/32", "dev", "eth0");
  camera.ip("address", "add", `${ADDRESS.home}/32`, "dev", "eth0");
  const onAir = await net.lab.capture(net.mn, "wlan0");
  const atHome = await net.lab.capture(net.ha, "up0");
  assert.equal(await camera.ping(ADDRESS.correspondent, { source: CAMERA }), true);
  assert.equal(await camera.ping(ADDRESS.correspondent, { source: "10.99.0.1" }), false);
  assert.equal(await camera.ping(ADDRESS.correspondent, { source: ADDRESS.home }), false);
  for (const path of [await onAir.stop(), await atHome.stop()]) {
    const rows = await tshark(path, "icmp.type == 8", ["ip.src"]);
    const sources = new Set(rows.map((row) => row["ip.src"].split(",").at(-1)));
    assert.deepEqual([...sources], [CAMERA]);
  }
  camera.ip("address", "delete", "10.99.0.1/32", "dev", "eth0");
  camera.ip("address", "delete", `${ADDRESS.home}/32`, "dev", "eth0");
});

test("RFC 5177 §8: each tunnel takes its header: the hosts are told what fits through both [5177-8-01]", async () => {
  const ping = ["ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s"];
  const longest = 1500 - 20 - 20 - 28;
  const fits = await camera.exec([...ping, `${longest}`, ADDRESS.correspondent]);
  assert.equal(fits.status, 0, fits.stdout);
  const tooLong = await camera.exec([...ping, `${longest + 1}`, ADDRESS.correspondent]);
  assert.match(tooLong.stdout + tooLong.stderr, /mtu ?= ?1460/);
});

test("RFC 5177 §6.7: without a registration nothing of the network leaves, in a tunnel or not; with one it goes on [5177-5-05] [5177-6.7-01]", async () => {
  const { net, programs } = session;
  const { mn, ha } = programs.daemons;
  assert.equal((await mn.command("deregister")).status, 0);
  assert.deepEqual(await ha.query<unknown[]>("bindings"), []);
  const onAir = await net.lab.capture(net.mn, "wlan0");
  assert.equal(await camera.ping(ADDRESS.correspondent), false);
  assert.equal(await camera.ping(ADDRESS.fa1), false);
  assert.equal(await camera.ping(LAPTOP), true);
  assert.deepEqual(await outermost(await onAir.stop()), []);
  assert.equal((await mn.command("register")).status, 0);
  await waitFor("the camera", () => camera.ping(ADDRESS.correspondent));
});

test("RFC 5177 §7: with a care-of address of the router's own one tunnel is enough, and a session goes on from the one kind to the other [5177-7-02] [5177-5-04] [5177-6.5-02]", async (t) => {
  const { net, programs } = session;
  const common = { from: net.cn, to: camera, address: CAMERA, rate: 500_000 };
  const transfer = await startTcp({ ...common, port: 6010 });
  const since = monotonicMs();
  await net.port.move(access.link);
  takeLease(net, "wlan0", access, 50);
  const found = await programs.waitForEvent("mn", "registered", since);
  assert.equal(found.fields.care_of_address, "198.18.1.50");
  t.diagnostic(`from an agent to an address of its own: ${(found.at - since).toFixed(0)} ms`);
  const capture = await net.lab.capture(net.mn, "wlan0");
  await waitFor("the transfer", () => (transfer.progress.at(-1)?.at ?? 0) > found.at + 500);
  const report = await transfer.stop();
  assert.equal(report.intact, true, JSON.stringify(report));
  const rows = await tshark(await capture.stop(), `ip.addr == ${CAMERA} && tcp`, [
    "ip.src",
    "ip.dst",
  ]);
  const chains = [...new Set(rows.map((row) => `${row["ip.src"]} > ${row["ip.dst"]}`))].sort();
  const [agent, cn] = [ADDRESS.homeAgent, ADDRESS.correspondent];
  assert.deepEqual(chains, [
    `198.18.1.50,${CAMERA} > ${agent},${cn}`,
    `${agent},${cn} > 198.18.1.50,${CAMERA}`,
  ]);
  net.mn.ip("address", "delete", access.address(50), "dev", "wlan0");
  await net.move("foreign1");
  await registeredVia(session, ADDRESS.fa1);
});

test("RFC 6626 §3: a network that the home agent gives out: on the link of the hosts, in the tunnel, and gone with the registration [6626-3.1-04] [6626-3.2-01] [6626-3.2-05]", async () => {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  const since = monotonicMs();
  editConfig(mn, `prefix = "${TRAIN}"`, 'prefix = "dynamic"');
  mn.process.signal("SIGHUP");
  const told = await programs.waitForEvent("mn", "mobile-networks", since);
  const [network = ""] = told.fields.networks as string[];
  assert.match(network, /^10\.64\.\d+\.0\/24$/);
  const own = network.replace("0/24", "1");
  assert.ok(net.mn.lines("-4", "-br", "address", "show", "lan0").join().includes(`${own}/24`));
  const guest = network.replace("0/24", "9");
  laptop.ip("address", "add", `${guest}/24`, "dev", "eth0");
  await waitFor("the way", () => laptop.ping(ADDRESS.correspondent, { source: guest }));
  assert.equal(await net.cn.ping(guest), true);
  assert.equal(await camera.ping(ADDRESS.correspondent, { source: CAMERA }), false);
  await mn.kill();
  mn.start();
  await mn.ready();
  await registeredVia(session, ADDRESS.fa1);
  assert.deepEqual((await mn.query("status")).networks, [network]);
  await waitFor("the way again", () => net.cn.ping(guest));
  assert.equal(await mn.stop(), 0);
  assert.deepEqual(stateChanges(untouched, machineState(net.mn)), []);
});
