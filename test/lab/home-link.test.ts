/** ARP on the home link and on the foreign link (RFC 5944 §4.6), proved by captures. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Row, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { arpFrame, BROADCAST_MAC, inject } from "./frames.ts";
import type { Host } from "./host.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping"] });

const STRANGER = { mac: "02:00:00:00:00:66", address: "192.0.2.50" };
let session: Session;
let stranger: Host;

before(async () => {
  session = await startSession({
    start: "home",
    before: ({ lab, places }) => {
      stranger = lab.host("stranger");
      stranger.connect("eth0", places.foreign1, {
        mac: STRANGER.mac,
        address: `${STRANGER.address}/26`,
      });
    },
  });
  await session.programs.waitForState("home");
});
after(() => session.close());

const ARP = [
  "eth.src",
  "eth.dst",
  "arp.opcode",
  "arp.src.hw_mac",
  "arp.src.proto_ipv4",
  "arp.dst.proto_ipv4",
  "frame.number",
  "mip.type",
  "mip.life",
] as const;

const isGratuitous = (row: Row<(typeof ARP)[number]>, mac: string): boolean =>
  row["eth.dst"] === BROADCAST_MAC &&
  row["arp.src.hw_mac"] === mac &&
  row["arp.src.proto_ipv4"] === ADDRESS.home &&
  row["arp.dst.proto_ipv4"] === ADDRESS.home;

/** Is the agent still there? Asked by unicast, in nobody's name, and answered. */
const isPoll = (row: Row<(typeof ARP)[number]>): boolean =>
  row["eth.src"] === MAC.mn
    ? row["eth.dst"] === MAC.fa1 && row["arp.src.proto_ipv4"] === "0.0.0.0"
    : row["eth.dst"] === MAC.mn && row["arp.dst.proto_ipv4"] === "0.0.0.0";

test("RFC 5944 §4.6: leaving home, the home agent announces itself several times, answers for the node with its own MAC, and the home link reaches the node both ways [5944-1.7-03, 5944-4.2.3-01, 5944-4.6-02, 5944-4.6-03, 5944-4.6-05, 5944-4.6-06, 5944-4.6-07, 5944-4.6-08, 5944-4.6-18]", async () => {
  const { net } = session;
  assert.equal(await net.peer.ping(ADDRESS.home), true);
  const capture = await net.lab.capture(net.places.home);
  const away = await net.lab.capture(net.places.foreign1);
  await net.move("foreign1");
  await registeredVia(session, ADDRESS.fa1);
  // Whoever had the node in its cache has the home agent now, without asking.
  assert.equal(await net.peer.ping(ADDRESS.home, { count: 3 }), true);
  net.peer.ip("neigh", "flush", "all");
  assert.equal(await net.peer.ping(ADDRESS.home, { count: 2 }), true);
  assert.equal(await net.mn.ping(ADDRESS.peer, { count: 2 }), true);
  assert.equal(await net.mn.ping(ADDRESS.homeLink), true);
  const announced = async (): Promise<boolean> =>
    (await tshark(capture.path, "arp", ARP)).filter((row) => isGratuitous(row, MAC.ha)).length >= 3;
  await waitFor("three announcements", announced, { timeoutMs: 8000, everyMs: 300 });
  const rows = await tshark(await capture.stop(), "arp", ARP);
  const first = rows.findIndex((row) => isGratuitous(row, MAC.ha));
  const answers = rows.filter(
    (row) => row["arp.opcode"] === "2" && row["arp.src.proto_ipv4"] === ADDRESS.home,
  );
  assert.ok(answers.length >= 1);
  for (const row of answers) {
    assert.equal(row["arp.src.hw_mac"], MAC.ha);
    assert.equal(row["eth.src"], MAC.ha);
    assert.equal(row["eth.dst"], MAC.peer);
    assert.ok(rows.indexOf(row) > first); // gratuitous ARP, then proxy ARP
  }
  // Meanwhile on the foreign link.
  const path = await away.stop();
  const seen = (await tshark(path, "arp", ARP)).filter((row) => !isPoll(row));
  assert.deepEqual(
    seen.filter((row) => row["eth.src"] === MAC.mn),
    [],
  );
  assert.deepEqual(
    seen.filter((row) => row["eth.src"] === MAC.fa1),
    [],
  );
});

test("RFC 5944 §4.6: on the foreign link the node broadcasts no ARP and answers for its home address only to the agent, unicast; the agent never asks for it [5944-1.7-05, 5944-4.2.1-06, 5944-4.2.2-08, 5944-4.6-13, 5944-4.6-14, 5944-4.6-15]", async () => {
  const { net } = session;
  const capture = await net.lab.capture(net.places.foreign1);
  // Traffic to everywhere: the home network, the foreign one, the world.
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
  assert.equal(await net.mn.ping(ADDRESS.correspondent), true);
  assert.equal(await net.mn.ping(ADDRESS.peer), true);
  assert.equal(await net.mn.ping(ADDRESS.fa1), true);
  await net.mn.ping("10.1.0.99");
  const ask = { operation: "request", target: ADDRESS.home } as const;
  const byStranger = { ...ask, senderMac: STRANGER.mac, sender: STRANGER.address };
  inject(stranger, "eth0", [
    arpFrame({ from: STRANGER.mac, to: BROADCAST_MAC }, byStranger),
    arpFrame({ from: STRANGER.mac, to: MAC.mn }, byStranger),
  ]);
  const byAgent = { ...ask, senderMac: MAC.fa1, sender: ADDRESS.fa1 };
  inject(net.fa1, "lan0", [
    arpFrame({ from: MAC.fa1, to: BROADCAST_MAC }, byAgent),
    arpFrame({ from: MAC.fa1, to: MAC.mn }, byAgent),
  ]);
  // The answer to the last one shows that the others were passed over.
  const answers = (): Promise<Row<(typeof ARP)[number]>[]> =>
    tshark(capture.path, `arp && eth.src == ${MAC.mn}`, ARP);
  const isOther = async (): Promise<boolean> => (await answers()).some((row) => !isPoll(row));
  await waitFor("an answer", isOther, { everyMs: 200 });
  const path = await capture.stop();
  const said = await tshark(path, `arp && eth.src == ${MAC.mn}`, ARP);
  assert.deepEqual(
    said
      .filter((row) => !isPoll(row))
      .map((row) => [
        row["eth.dst"],
        row["arp.opcode"],
        row["arp.src.hw_mac"],
        row["arp.src.proto_ipv4"],
      ]),
    [[MAC.fa1, "2", MAC.mn, ADDRESS.home]],
  );
  const asked = await tshark(path, `arp.opcode == 1 && eth.src == ${MAC.fa1}`, ARP);
  assert.equal(asked.length, 2); // only what this test put there
});

test("RFC 5944 §4.3: a broadcast on the home link is not tunnelled to a node that did not ask for it, what is meant for the node is [5944-4.3-01]", async () => {
  const { net } = session;
  const capture = await net.lab.capture(net.ha, "up0");
  await net.peer.exec(["ping", "-b", "-c", "2", "-i", "0.2", "-W", "1", "10.1.0.255"]);
  await net.peer.exec(["ping", "-b", "-c", "1", "-W", "1", "255.255.255.255"]);
  assert.equal(await net.peer.ping(ADDRESS.home), true);
  const tunnelled = await tshark(
    await capture.stop(),
    "ip.proto == 4 && icmp.type == 8 && !(icmp.type == 3)",
    ["ip.dst"],
  );
  assert.deepEqual(
    tunnelled.map((row) => row["ip.dst"]),
    [`${ADDRESS.fa1},${ADDRESS.home}`],
  );
});

test("RFC 5944 §4.6: returning home, the node announces itself, then asks to be deregistered; the home agent announces the node and stops answering for it [5944-4.2.3-04, 5944-4.2.3-05, 5944-4.6-09, 5944-4.6-10, 5944-4.6-11, 5944-4.6-12, 5944-4.6-19, 5944-4.6-20]", async () => {
  const { net, programs } = session;
  const capture = await net.lab.capture(net.places.home);
  await net.move("home");
  await programs.waitForState("home");
  net.peer.ip("neigh", "flush", "all");
  assert.equal(await net.peer.ping(ADDRESS.home, { count: 2 }), true);
  assert.equal(await net.mn.ping(ADDRESS.peer), true);
  assert.equal(await net.cn.ping(ADDRESS.home), true);
  const filter = "arp || mip";
  const announced = (rows: readonly Row<(typeof ARP)[number]>[], from: string) =>
    rows.filter((row) => isGratuitous(row, MAC.mn) && row["eth.src"] === from);
  await waitFor(
    "the announcements",
    async () => {
      const rows = await tshark(capture.path, filter, ARP);
      return announced(rows, MAC.mn).length >= 3 && announced(rows, MAC.ha).length >= 3;
    },
    { timeoutMs: 8000, everyMs: 300 },
  );
  const rows = await tshark(await capture.stop(), filter, ARP);
  const own = rows.findIndex((row) => isGratuitous(row, MAC.mn) && row["eth.src"] === MAC.mn);
  const request = rows.findIndex((row) => row["mip.type"] === "1");
  const agents = rows.findIndex((row) => isGratuitous(row, MAC.mn) && row["eth.src"] === MAC.ha);
  assert.equal(rows[request]?.["mip.life"], "0");
  assert.ok(own >= 0 && own < request && request < agents, `${own} ${request} ${agents}`);
  // From the announcement on only the node itself answers.
  const replies = rows
    .slice(agents)
    .filter((row) => row["arp.opcode"] === "2" && row["arp.src.proto_ipv4"] === ADDRESS.home);
  assert.ok(replies.length >= 1);
  for (const row of replies) assert.equal(row["arp.src.hw_mac"], MAC.mn);
  assert.equal(net.ha.ip("neigh", "show", "proxy"), "");
});

test("RFC 5944 §2.3: a virtual home network, on no interface at all, serves its node [5944-1.7-03, 5944-4.2.3-06, 5944-4.2.3-08]", async () => {
  await session.programs.stop();
  await session.close();
  session = await startSession({
    start: "foreign1",
    overrides: { ha: { home_network: [{ prefix: "10.1.0.0/24" }] } },
    before: ({ ha }) => {
      ha.ip("link", "delete", "home0");
    },
  });
  await registeredVia(session, ADDRESS.fa1);
  const { net } = session;
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
  assert.equal(await net.mn.ping(ADDRESS.correspondent, { count: 3 }), true);
  await net.move("foreign2");
  await registeredVia(session, ADDRESS.fa2);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 3 }), true);
});
