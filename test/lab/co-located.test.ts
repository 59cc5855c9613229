/**
 * A node with a care-of address of its own, which the system gave to its interface: registration
 * straight with the home agent, another lease, on to a foreign agent, home, and away again.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AccessNet, addAccess, dropLease, takeLease } from "./access-net.ts";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { countStream, longestGap } from "./gaps.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { ADDRESS, MAC, type MobileNet } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { startUdp, type UdpStream } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping", "nft"] });

let session: Session;
let access: AccessNet;
let untouched: readonly string[] = [];

before(async () => {
  session = await startSession({
    start: "home",
    before: async (net) => {
      access = addAccess(net, 1);
      dropLease(net, "wlan0");
      await net.port.move(access.link);
      takeLease(net, "wlan0", access, 50);
      untouched = machineState(net.mn);
    },
  });
});
after(() => session.close());

async function coLocated(host: number): Promise<Record<string, unknown>> {
  const careOf = access.address(host).replace("/24", "");
  return waitFor(`a registration from ${careOf}`, async () => {
    const status = await session.programs.daemons.mn.query("status");
    return status.state === "registered" && status.care_of_address === careOf ? status : undefined;
  });
}

/** How long nothing came, and how much was lost, around a moment. */
async function interruption(
  net: MobileNet,
  change: () => Promise<void> | void,
  done: () => Promise<unknown>,
) {
  const stream: UdpStream = await startUdp({
    from: net.cn,
    to: net.mn,
    address: ADDRESS.home,
    port: 7000,
    rate: 100,
  });
  await sleep(300);
  const from = monotonicMs();
  await change();
  await done();
  await sleep(300);
  const to = monotonicMs();
  await stream.stop();
  const { lost } = countStream(stream.departures, stream.arrivals);
  return { ms: Math.round(longestGap(stream.arrivals, { from, to }).ms), lost };
}

test("RFC 5944 §3.1, §3.6.1.1: nobody answers three solicitations, so the node registers its own address straight with its home agent, D set, and is reached through a tunnel that ends in it [5944-1.7-09, 5944-3.1-03, 5944-3.6.1.1-01, 5944-3.6.1.1-08, 5944-3.6.1.2-02, 5944-4.1-02, 5944-C.2-01, 3024-4.1.2-03, 3024-5.4-01]", async (t) => {
  const { net, programs } = session;
  const capture = await net.lab.capture(net.mn, "wlan0");
  const status = await coLocated(50);
  assert.deepEqual([status.mode, status.agent, status.interface], ["co-located", null, "wlan0"]);
  const [binding] = await programs.daemons.ha.query<Record<string, unknown>[]>("bindings");
  assert.equal(binding?.care_of_address, "198.18.1.50");
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
  assert.equal(await net.mn.ping(ADDRESS.correspondent, { count: 3 }), true);
  assert.equal(await net.mn.ping(ADDRESS.peer, { count: 2 }), true);
  // By its own address it is an ordinary host of the link it is on.
  assert.equal(await net.mn.ping(access.router, { count: 2 }), true);
  assert.equal(await net.cn.ping("198.18.1.50", { count: 2 }), true);
  const path = await capture.stop();
  const [request] = await tshark(path, "mip.type == 1", [
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "mip.flags",
    "mip.coa",
  ]);
  assert.deepEqual(
    [request?.["ip.src"], request?.["ip.dst"], request?.["ip.ttl"], request?.["mip.coa"]],
    ["198.18.1.50", ADDRESS.homeAgent, "64", "198.18.1.50"],
  );
  assert.equal(Number(request?.["mip.flags"]) & 0x22, 0x22); // D and T
  const solicited = await tshark(path, "icmp.type == 10", ["ip.src"]);
  t.diagnostic(`${solicited.length} solicitations in the capture`);
  const bare = await tshark(
    path,
    `ip.src == ${ADDRESS.home} || arp.src.proto_ipv4 == ${ADDRESS.home}`,
    ["ip.src"],
  );
  assert.ok(
    bare.every((row) => row["ip.src"].startsWith("198.18.1.50,")),
    JSON.stringify(bare),
  );
});

test("RFC 5944 §4.6: on that link nothing is said about the home address, whoever asks; for its own address the node answers, and asks, like any host [5944-4.6-13, 5944-4.6-14, 5944-4.6-16]", async () => {
  const { net } = session;
  const capture = await net.lab.capture(net.mn, "wlan0");
  const { routerHost } = access;
  routerHost.ip("route", "add", ADDRESS.home, "dev", "lan0");
  routerHost.ip("neigh", "flush", "all");
  assert.equal(await routerHost.ping(ADDRESS.home), false);
  routerHost.ip("route", "del", ADDRESS.home, "dev", "lan0");
  assert.equal(await routerHost.ping("198.18.1.50"), true);
  net.mn.ip("neigh", "flush", "dev", "wlan0");
  assert.equal(await net.cn.ping(ADDRESS.home), true);
  const fields = ["eth.src", "arp.opcode", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"] as const;
  const rows = await tshark(await capture.stop(), "arp", fields);
  assert.ok(
    rows.some((row) => row["arp.dst.proto_ipv4"] === ADDRESS.home),
    "it was asked",
  );
  const own = rows.filter((row) => row["eth.src"] === MAC.mn);
  assert.ok(own.some((row) => row["arp.opcode"] === "2"));
  assert.ok(own.some((row) => row["arp.opcode"] === "1"));
  for (const row of own) assert.equal(row["arp.src.proto_ipv4"], "198.18.1.50");
});

test("A lease that is replaced: the new address is registered at once, and the old one is not used again [5944-1.7-07, 5944-4.6-16]", async (t) => {
  const { net } = session;
  const figures = await interruption(
    net,
    () => {
      dropLease(net, "wlan0");
      takeLease(net, "wlan0", access, 51);
    },
    () => coLocated(51),
  );
  t.diagnostic(`lease replaced: ${figures.ms} ms, ${figures.lost} packets lost`);
  assert.ok(figures.ms < 2500, `${figures.ms} ms`);
  const rules = net.mn.rules().filter((line) => line.includes("198.18.1"));
  assert.deepEqual(rules, ["4351:\tfrom 198.18.1.51 iif lo lookup 131507 proto 179"]);
});

test("From its own address to a foreign agent, home, and away again: each is found by itself [5944-2.4.3-01, 5944-3.6-06]", async (t) => {
  const { net, programs } = session;
  dropLease(net, "wlan0");
  const moved = monotonicMs();
  await net.move("foreign1");
  await registeredVia(session, ADDRESS.fa1);
  const visiting = await programs.waitForEvent("mn", "registered", moved);
  t.diagnostic(`to the foreign agent: ${Math.round(visiting.at - moved)} ms`);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
  const back = monotonicMs();
  await net.move("home");
  await programs.waitForState("home");
  const home = await programs.waitForEvent("mn", "home", back);
  t.diagnostic(`home: ${Math.round(home.at - back)} ms`);
  assert.equal(await net.peer.ping(ADDRESS.home, { count: 2 }), true);
  assert.ok(
    net.peer
      .neighbours()
      .some((line) => line.includes(`${ADDRESS.home} `) && line.includes(MAC.mn)),
  );
  const left = monotonicMs();
  await net.port.move(access.link);
  takeLease(net, "wlan0", access, 50);
  await coLocated(50);
  const away = await programs.waitForEvent("mn", "registered", left);
  t.diagnostic(`away again, nobody heard: ${Math.round(away.at - left)} ms`);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
});

test("The end: deregistered from the care-of address, and the machine is as it was", async () => {
  const { net, programs } = session;
  assert.equal(await programs.daemons.mn.stop(), 0);
  assert.deepEqual(await programs.daemons.ha.query("bindings"), []);
  assert.deepEqual(stateChanges(untouched, machineState(net.mn)), []);
});
