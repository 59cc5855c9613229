/**
 * Broadcasts and groups of the home link at the mobile node: at a foreign agent, which must not
 * decapsulate them, and with an address of its own. RFC 5944 §4.3, §4.4.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AccessNet, addAccess, takeLease } from "./access-net.ts";
import { type Capture, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { BROADCAST_MAC, ethernet, inject, ipPacket, udpDatagram } from "./frames.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import type { LabProcess } from "./process.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark"] });

const GROUP = { address: "239.1.2.3", mac: "01:00:5e:01:02:03" };
/** Whoever has joined, in the usual way, and what it hears. */
const MEMBER = `
const socket = require("dgram").createSocket({ type: "udp4", reuseAddr: true });
socket.on("message", (data) => console.log(String(data)));
socket.bind(5000, () => {
  socket.addMembership("${GROUP.address}", "${ADDRESS.home}");
  console.log("ready");
});`;
/** Whoever sends to the group from the home address. */
const SENDER = `
const socket = require("dgram").createSocket("udp4");
socket.bind(0, "${ADDRESS.home}", () => {
  socket.setMulticastInterface("${ADDRESS.home}");
  socket.setMulticastTTL(4);
  socket.send("from afar", 5000, "${GROUP.address}", () => socket.close());
});`;

/** Whoever is a member of a group of the visited link, and speaks to it. */
const VISITOR = `
const socket = require("dgram").createSocket("udp4");
socket.bind(5001, () => {
  socket.addMembership("239.1.2.4", "198.18.1.50");
  socket.setMulticastInterface("198.18.1.50");
  setInterval(() => socket.send("on this link", 5001, "239.1.2.4"), 200);
});`;

/** tshark is a large program. */
const SLOWLY = { timeoutMs: 20_000, everyMs: 200 };

let session: Session;
let access: AccessNet;
let member: LabProcess;
/** All that the node's link has carried at the agent. */
let atAgent: Capture;
let untouched: readonly string[] = [];

before(async () => {
  session = await startSession({
    start: "foreign1",
    before: (net) => {
      access = addAccess(net, 1);
      untouched = machineState(net.mn);
    },
    overrides: { mn: { registration: { broadcasts: true, delivery_style: "encapsulating" } } },
  });
  await registeredVia(session, ADDRESS.fa1);
  atAgent = await session.net.lab.capture(session.net.mn, "wlan0");
  member = session.net.mn.spawn([process.execPath, "-e", MEMBER], { name: "member" });
  await member.waitForLine(/^ready/);
});
after(() => session.close());

/** A host of the home link sends to all, or to the group, until the node has heard it. */
async function comes(destination: string, mac: string, words: string): Promise<void> {
  const { net } = session;
  const payload = udpDatagram(5000, 5000, Buffer.from(words));
  const packet = ipPacket({ source: ADDRESS.peer, destination, protocol: 17, ttl: 1, payload });
  inject(net.peer, "eth0", [ethernet({ from: MAC.peer, to: mac }, 0x0800, packet)]);
  await waitFor(`"${words}" at the node`, () =>
    member.stdout.some(({ text }) => text === words) ? true : undefined,
  );
}

const joined = (): Promise<unknown> =>
  waitFor("the home agent to be a member", () =>
    session.net.ha.ip("maddr", "show", "dev", "home0").includes(GROUP.address),
  );

async function everythingComes(where: string): Promise<void> {
  await joined();
  await comes(GROUP.address, GROUP.mac, `to the group, ${where}`);
  await comes("10.1.0.255", BROADCAST_MAC, `to the home network, ${where}`);
  await comes("255.255.255.255", BROADCAST_MAC, `to everybody, ${where}`);
}

test("RFC 5944 §3.6.1.2, §4.4: at a foreign agent the node decapsulates itself what is for all and for its groups, which it joins through the tunnel [5944-3.6.1.2-08, 5944-4.4-01, 5944-4.4-06, 5944-4.4-09]", async () => {
  await everythingComes("agent");
  const path = await atAgent.stop();
  const nested = await tshark(path, 'frame contains "to the group, agent"', ["ip.dst"]);
  assert.deepEqual(
    nested.map((row) => row["ip.dst"]),
    [`${ADDRESS.home},${GROUP.address}`],
  );
  const reports = await tshark(path, "igmp && ip.proto == 4", ["ip.src", "ip.dst"]);
  assert.ok(reports.length > 0);
  for (const row of reports) assert.equal(row["ip.src"], `${ADDRESS.home},${ADDRESS.home}`);
});

test("RFC 5944 §4.4, RFC 3024 §5.2: what the node sends to a group has its home address in both headers, and leaves on the home link [5944-4.4-11]", async () => {
  const { net } = session;
  const air = await net.lab.capture(net.mn, "wlan0");
  const home = await net.lab.capture(net.places.home);
  const sent = await net.mn.exec([process.execPath, "-e", SENDER]);
  assert.equal(sent.status, 0, sent.stderr);
  const words = 'frame contains "from afar"';
  await waitFor(
    "the words on the home link",
    async () => {
      return (await tshark(home.path, words, ["ip.src"])).length === 1;
    },
    SLOWLY,
  );
  await home.stop();
  const rows = await tshark(await air.stop(), words, ["ip.src", "ip.dst"]);
  assert.deepEqual(
    rows.map((row) => [row["ip.src"], row["ip.dst"]]),
    [[`${ADDRESS.home},${ADDRESS.home}`, `${ADDRESS.fa1},${GROUP.address}`]],
  );
});

test("RFC 5944 §4.3, §4.4: the same with an address of its own, by which groups of the visited link are joined and spoken to; and when the home agent has forgotten, the next registration tells it [5944-4.3-02, 5944-4.4-01, 5944-4.4-03, 5944-4.4-05, 5944-4.4-10]", async () => {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  await net.port.move(access.link);
  takeLease(net, "wlan0", access, 50);
  await waitFor("the node's own address", async () => {
    const status = await mn.query("status");
    return status.state === "registered" && status.care_of_address === "198.18.1.50";
  });
  await everythingComes("own");
  const air = await net.lab.capture(net.mn, "wlan0");
  const visitor = net.mn.spawn([process.execPath, "-e", VISITOR], { name: "visitor" });
  const bare = async (filter: string): Promise<string[]> => {
    const rows = await tshark(air.path, `${filter} && !(ip.src == ${ADDRESS.homeAgent})`, [
      "ip.src",
    ]);
    return rows.map((row) => row["ip.src"]);
  };
  await waitFor(
    "both on the visited link",
    async () => {
      const said = [await bare("igmp"), await bare('frame contains "on this link"')];
      return said.every((list) => list.includes("198.18.1.50"));
    },
    SLOWLY,
  );
  await Promise.all([air.stop(), visitor.stop()]);
  assert.equal((await mn.command("deregister")).status, 0);
  await waitFor("the end of the membership", () => {
    return !net.ha.ip("maddr", "show", "dev", "home0").includes(GROUP.address);
  });
  assert.equal((await mn.command("register")).status, 0);
  await joined();
  await comes(GROUP.address, GROUP.mac, "to the group, again");
  net.mn.ip("addr", "flush", "dev", "wlan0", "scope", "global");
  assert.equal(await mn.stop(), 0);
  await member.stop();
  const changes = stateChanges(untouched, machineState(net.mn));
  assert.deepEqual(
    changes.filter((line) => line.includes("mip435")),
    [],
  );
});
