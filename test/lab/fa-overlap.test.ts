/**
 * RFC 3024 Appendix A: two organisations with the same private addresses, and a mobile node of
 * each with the same home address on one link of one foreign agent, all by the built programs.
 *
 *   peer1 10.1.0.20                          peer2 10.1.0.20
 *     | home1                                  | home2
 *   ha1 10.1.0.1, 198.51.100.1 --- inet --- ha2 10.1.0.1, 198.51.101.1
 *                                   |
 *                                  fa 100.64.1.2, 192.0.2.1
 *                                   | visited
 *                    mn1 10.1.0.7 --+-- mn2 10.1.0.7
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { countStream, longestGap } from "./gaps.ts";
import type { Host } from "./host.ts";
import { Instance } from "./instance.ts";
import { Lab } from "./lab.ts";
import type { Segment } from "./link.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { startTcp, startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping", "nft"] });

const HOME = "10.1.0.7";
const PEER = "10.1.0.20";
const FA = "192.0.2.1";
const FA_MAC = "02:00:00:00:01:01";
const PACE = { max_interval: 1, lifetime: 3 };

interface Organisation {
  readonly homeAgent: string;
  readonly mac: string;
  readonly key: string;
  /** Octets of its pings, by which a capture tells them from the other's. */
  readonly size: number;
  readonly ha: Host;
  readonly peer: Host;
  readonly mn: Host;
  readonly agent: Instance;
  readonly node: Instance;
}

let lab: Lab;
let fa: Host;
let foreignAgent: Instance;
let first: Organisation;
let second: Organisation;
let untouched: readonly string[];

function organisation(number: 1 | 2, inet: Host, visited: Segment): Organisation {
  const net = number === 1 ? "198.51.100" : "198.51.101";
  const homeAgent = `${net}.1`;
  const mac = `02:00:00:00:00:0${number}`;
  const key = `0${number}`.repeat(16);
  const [link, home] = [lab.segment(`line${number}`), lab.segment(`home${number}`)];
  inet.connect(`ha${number}`, link, { address: `${net}.254/24` });
  const ha = lab.host(`ha${number}`, { router: true });
  ha.connect("up0", link, { address: `${homeAgent}/24` });
  ha.connect("home0", home, { address: "10.1.0.1/24" });
  ha.ip("route", "add", "default", "via", `${net}.254`);
  const peer = lab.host(`peer${number}`);
  peer.connect("eth0", home, { address: `${PEER}/24` });
  const mn = lab.host(`mn${number}`);
  mn.connect("wlan0", visited, { mac });
  const agent = new Instance(`ha${number}`, ha, "ha", {
    address: homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [{ home_address: HOME, spi: 256, key }],
    advertisement: PACE,
  });
  const node = new Instance(`mn${number}`, mn, "mn", {
    home_address: HOME,
    home_prefix_length: 24,
    home_agent: homeAgent,
    interface: [{ name: "wlan0" }],
    security_association: [{ with: "home-agent", spi: 256, key }],
  });
  return { homeAgent, mac, key, size: 100 * number, ha, peer, mn, agent, node };
}

before(async () => {
  lab = new Lab();
  const [visited, uplink] = [lab.segment("visited"), lab.segment("uplink")];
  const inet = lab.host("inet", { router: true });
  inet.connect("fa", uplink, { address: "100.64.1.1/30" });
  inet.ip("route", "add", "192.0.2.0/26", "via", "100.64.1.2");
  fa = lab.host("fa", { router: true });
  fa.connect("up0", uplink, { address: "100.64.1.2/30" });
  fa.connect("lan0", visited, { address: `${FA}/26`, mac: FA_MAC });
  fa.ip("route", "add", "default", "via", "100.64.1.1");
  first = organisation(1, inet, visited);
  second = organisation(2, inet, visited);
  foreignAgent = new Instance("fa", fa, "fa", {
    interface: [{ name: "lan0", care_of_address: FA }],
    advertisement: PACE,
  });
  untouched = machineState(fa);
  await Promise.all([first.agent, second.agent, foreignAgent].map((each) => each.start()));
  await first.node.start();
  await first.node.registered();
  await second.node.start();
  await second.node.registered();
});
after(() => lab.close());

/** The visitors' rows: home address, home agent and link-layer address. */
async function visitors(): Promise<string[][]> {
  const rows = await foreignAgent.query<Record<string, string>[]>("visitors");
  return rows
    .filter(({ state }) => state === "registered")
    .map((row) => [row.home_address ?? "", row.home_agent ?? "", row.mac ?? ""])
    .sort();
}
const rowOf = ({ homeAgent, mac }: Organisation): string[] => [HOME, homeAgent, mac];

/** Pings between an organisation's own two, both ways. */
async function pings({ peer, mn, size }: Organisation): Promise<void> {
  const ping = ["ping", "-n", "-c", "2", "-i", "0.1", "-W", "1", "-s", `${size}`];
  for (const [host, address] of [
    [peer, HOME],
    [mn, PEER],
  ] as const) {
    const { status, stdout } = await host.exec([...ping, address]);
    assert.equal(status, 0, `${host.name}: ${stdout}`);
  }
}

/** TCP between an organisation's own two, both ways at once. */
async function transfers({ peer, mn }: Organisation, port: number): Promise<void> {
  const common = { from: peer, to: mn, address: HOME, bytes: 300_000 };
  const [up, down] = await Promise.all([
    startTcp({ ...common, port }),
    startTcp({ ...common, port: port + 1, reverse: true }),
  ]);
  for (const transfer of [up, down]) {
    const report = await transfer.finished();
    assert.equal(report.intact, true, JSON.stringify(report));
    assert.equal(report.receiver.bytes, 300_000);
  }
}

/** What carried the frames that a filter finds, each combination once. */
async function ways<const Field extends string>(
  path: string,
  filter: string,
  fields: readonly Field[],
): Promise<string[]> {
  const rows = await tshark(path, filter, fields);
  return [...new Set(rows.map((row) => fields.map((field) => row[field]).join(" ")))].sort();
}

test("RFC 3024 §A.4: two nodes with one home address are registered on one link, told apart by home agent and link-layer address [3024-A.4-07, 3024-A.4-08]", async () => {
  assert.deepEqual(await visitors(), [rowOf(first), rowOf(second)]);
  for (const { agent } of [first, second]) {
    const [binding, ...others] = await agent.query<Record<string, unknown>[]>("bindings");
    assert.equal(others.length, 0);
    assert.deepEqual([binding?.home_address, binding?.care_of_address], [HOME, FA]);
  }
});

test("RFC 3024 §A.2, §A.3: ping and TCP of each go through its own tunnel and its own link-layer address, at the same time [3024-A.2-01, 3024-A.3-01]", async () => {
  const [uplink, air] = [await lab.capture(fa, "up0"), await lab.capture(fa, "lan0")];
  const both = [first, second];
  await Promise.all(both.map(pings));
  await Promise.all(both.map((each, index) => transfers(each, 6100 + 10 * index)));
  const [tunnels, link] = [await uplink.stop(), await air.stop()];
  for (const [index, { homeAgent, mac, size }] of both.entries()) {
    const port = 6100 + 10 * index;
    const inward = `${homeAgent},${PEER} ${FA},${HOME}`;
    const outward = `${FA},${HOME} ${homeAgent},${PEER}`;
    for (const what of [
      `icmp && ip.len == ${size + 28}`,
      `(tcp.port == ${port} || tcp.port == ${port + 1})`,
    ]) {
      const tunnelled = await ways(tunnels, `ip.proto == 4 && ${what}`, ["ip.src", "ip.dst"]);
      assert.deepEqual(tunnelled, [inward, outward].sort(), what);
      const delivered = await ways(link, what, ["eth.src", "eth.dst", "ip.src", "ip.dst"]);
      const expected = [`${FA_MAC} ${mac} ${PEER} ${HOME}`, `${mac} ${FA_MAC} ${HOME} ${PEER}`];
      assert.deepEqual(delivered, expected.sort(), what);
    }
  }
});

test("RFC 3024 §A.2: when either of the two leaves, the other's traffic goes on without a loss, and the first comes back to its own", async () => {
  for (const [leaver, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const stream = await startUdp({
      ...{ from: other.peer, to: other.mn, address: HOME },
      ...{ port: 6200, rate: 100, size: other.size },
    });
    await sleep(300);
    const from = monotonicMs();
    assert.equal(await leaver.node.stop(), 0);
    await waitFor("one visitor", async () => (await visitors()).length === 1);
    assert.deepEqual(await visitors(), [rowOf(other)]);
    assert.equal(await leaver.peer.ping(HOME), false);
    await pings(other);
    await leaver.node.start();
    await leaver.node.registered();
    await Promise.all([pings(leaver), pings(other)]);
    const to = monotonicMs();
    await stream.stop();
    const { lost, sent } = countStream(stream.departures, stream.arrivals, { from, to });
    assert.ok(sent > 100);
    assert.equal(lost, 0, `${lost} of ${sent} lost`);
    const gap = longestGap(stream.arrivals, { from, to });
    assert.ok(gap.ms < 250, `${gap.ms} ms without a packet`);
  }
  assert.deepEqual(await visitors(), [rowOf(first), rowOf(second)]);
});

test("RFC 3024 §A.2: one home agent's end leaves the other node registered and served", async () => {
  assert.equal(await first.agent.stop(), 0);
  await pings(second);
  await transfers(second, 6300);
  assert.ok((await visitors()).some(([, homeAgent]) => homeAgent === second.homeAgent));
});

test("when all have ended, the foreign agent's host is as it was", async () => {
  const ends = [first.node, second.node, foreignAgent, second.agent].map((each) => each.stop());
  assert.deepEqual(await Promise.all(ends), [0, 0, 0, 0]);
  assert.deepEqual(stateChanges(untouched, machineState(fa)), []);
});
