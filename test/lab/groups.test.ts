/** Broadcasts and groups of the home link for a node that is away, by the built home agent. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SecurityContext } from "../../shared/security/association.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { type Capture, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { BROADCAST_MAC, ethernet, inject, ipPacket, udpDatagram } from "./frames.ts";
import { Instance } from "./instance.ts";
import { ADDRESS, buildMobileNet, MAC, type MobileNet } from "./mobile-net.ts";
import { KEYS } from "./program-files.ts";
import { requestFrame, ScriptedNode, scriptedRequest } from "./scripted-node.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark"] });

const { B, D, T } = RequestFlag;
const GROUP = { address: "239.1.2.3", mac: "01:00:5e:01:02:03" };
/** The node's own on the foreign link, where it needs no foreign agent. */
const CO_LOCATED = "192.0.2.10";
const home: SecurityContext = {
  ...{ spi: 256, algorithm: "hmac-md5", replay: "timestamp" },
  key: Buffer.from(KEYS.mobileNode, "hex"),
};
const { home: homeAddress, homeAgent } = ADDRESS;

let net: MobileNet;
let agent: Instance;
let node: ScriptedNode;
let air: Capture;
let homeLink: Capture;

before(async () => {
  net = await buildMobileNet({ start: "foreign1" });
  net.mn.ip("addr", "flush", "dev", "wlan0");
  net.fa1.ip("neigh", "add", CO_LOCATED, "lladdr", MAC.mn, "dev", "lan0");
  air = await net.lab.capture(net.mn, "wlan0");
  homeLink = await net.lab.capture(net.places.home);
  node = new ScriptedNode(net.mn, { from: MAC.mn, to: MAC.fa1 }, air);
  agent = new Instance("ha", net.ha, "ha", {
    address: homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [{ home_address: homeAddress, spi: 256, key: KEYS.mobileNode }],
  });
  await agent.start();
  await new Instance("fa", net.fa1, "fa", {
    interface: [{ name: "lan0", care_of_address: ADDRESS.fa1 }],
  }).start();
});
after(() => net.lab.close());

/** A host of the home link sends to all, or to the group. */
function sendAtHome(destination: string, mac: string, words: string): void {
  const payload = udpDatagram(5000, 5000, Buffer.from(words));
  const packet = ipPacket({ source: ADDRESS.peer, destination, protocol: 17, ttl: 1, payload });
  inject(net.peer, "eth0", [ethernet({ from: MAC.peer, to: mac }, 0x0800, packet)]);
}

/** The IP headers, outermost first, of what the node got with these words. */
async function heard(words: string): Promise<string[]> {
  const filter = `frame contains "${words}" && eth.dst == ${MAC.mn}`;
  const rows = await waitFor(
    words,
    async () => {
      const found = await tshark(air.path, filter, ["ip.src", "ip.dst"]);
      return found.length > 0 ? found : undefined;
    },
    { everyMs: 100 },
  );
  return rows.map((row) => `${row["ip.src"]} to ${row["ip.dst"]}`);
}

/** The node sends this through its reverse tunnel. */
function tunnel(destination: string, protocol: number, payload: Buffer): void {
  const inner = ipPacket({ source: homeAddress, destination, protocol, ttl: 1, payload });
  const outer = { source: CO_LOCATED, destination: homeAgent, protocol: 4, payload: inner };
  inject(net.mn, "wlan0", [ethernet(node.link, 0x0800, ipPacket(outer))]);
}

const memberships = (): string => net.ha.ip("maddr", "show", "dev", "home0");

test("RFC 5944 §3.6.1.2: through a foreign agent a broadcast comes encapsulated to the home address, by two headers in the tunnel [5944-3.6.1.2-06, 5944-4.3-04, 5944-4.3-05]", async () => {
  const uplink = await net.lab.capture(net.ha, "up0");
  const reply = await node.ask({
    ...{ homeAddress, homeAgent, home },
    careOfAddress: ADDRESS.fa1,
    flags: B | T,
  });
  assert.equal(reply.code, 0);
  sendAtHome("10.1.0.255", BROADCAST_MAC, "to all of the home link");
  assert.deepEqual(await heard("to all of the home link"), [
    `${homeAgent},${ADDRESS.peer} to ${homeAddress},10.1.0.255`,
  ]);
  const [row] = await tshark(await uplink.stop(), 'frame contains "to all of the"', ["ip.dst"]);
  assert.equal(row?.["ip.dst"], `${ADDRESS.fa1},${homeAddress},10.1.0.255`);
});

test("RFC 3024 §5.3: with encapsulating delivery broadcasts and groups of a visitor leave by the reverse tunnel; sent as they are they stay on its link [3024-5.3-01, 3024-5.2.1-01, 3024-5.2.1-02]", async () => {
  const uplink = await net.lab.capture(net.fa1, "up0");
  const reply = await node.ask({
    ...{ homeAddress, homeAgent, home },
    careOfAddress: ADDRESS.fa1,
    flags: T,
    extensions: [{ name: "encapsulating-delivery-style-extension" }],
  });
  assert.equal(reply.code, 0);
  const words = (text: string): Buffer => udpDatagram(5000, 5000, Buffer.from(text));
  // As in direct delivery, and to this agent's address.
  const said = { source: homeAddress, protocol: 17, ttl: 2 } as const;
  const plain = { ...said, destination: GROUP.address, payload: words("only here") };
  inject(net.mn, "wlan0", [ethernet(node.link, 0x0800, ipPacket(plain))]);
  const received = `ip.dst == ${ADDRESS.fa1} && ip.proto == 4`;
  for (const [destination, text] of [
    [GROUP.address, "to a group"],
    ["10.1.0.255", "to all at home"],
    ["255.255.255.255", "to everybody"],
  ] as const) {
    const payload = ipPacket({ ...said, destination, payload: words(text) });
    const outer = { source: homeAddress, destination: ADDRESS.fa1, protocol: 4, payload };
    inject(net.mn, "wlan0", [ethernet(node.link, 0x0800, ipPacket(outer))]);
    await waitFor(
      `"${text}" on the home link`,
      async () => {
        const filter = `frame contains "${text}" && ip.src == ${homeAddress}`;
        return (await tshark(homeLink.path, filter, ["ip.dst"])).length === 1;
      },
      { everyMs: 100 },
    );
  }
  assert.equal((await tshark(air.path, received, ["ip.dst"])).length, 3);
  const path = await uplink.stop();
  const tunnelled = await tshark(path, "ip.proto == 4", ["ip.src", "ip.dst", "ip.ttl"]);
  const outer = `${ADDRESS.fa1},${homeAddress} ${homeAgent}`;
  assert.deepEqual(
    tunnelled.map((row) => `${row["ip.src"]} ${row["ip.dst"]}`),
    [`${outer},${GROUP.address}`, `${outer},10.1.0.255`, `${outer},255.255.255.255`],
  );
  // No kernel forwarded them: the inner TTL is as the visitor set it (RFC 2003 §3.1).
  assert(tunnelled.every((row) => row["ip.ttl"]?.endsWith(",2") === true));
  assert.deepEqual(await tshark(path, 'frame contains "only here"', ["ip.dst"]), []);
});

test("RFC 5944 §3.6.1.2: with a co-located care-of address it comes by one tunnel, and groups that the node joins through it do, too [5944-3.6.1.2-05, 5944-4.3-04, 5944-4.4-07]", async () => {
  const { bytes, identification } = scriptedRequest({
    ...{ homeAddress, homeAgent, home },
    careOfAddress: CO_LOCATED,
    flags: B | D | T,
  });
  inject(net.mn, "wlan0", [requestFrame(node.link, CO_LOCATED, homeAgent, bytes)]);
  assert.equal((await waitFor("a reply", () => node.replyTo(identification))).code, 0);
  sendAtHome("255.255.255.255", BROADCAST_MAC, "to all again");
  const outer = `${homeAgent},${ADDRESS.peer} to ${CO_LOCATED}`;
  assert.deepEqual(await heard("to all again"), [`${outer},255.255.255.255`]);
  // IGMP version 2: a report, then a leave (RFC 2236); the home agent is a member in its place.
  tunnel(GROUP.address, 2, Buffer.from("1600f8faef010203", "hex"));
  await waitFor("membership", () => memberships().includes(GROUP.address));
  sendAtHome(GROUP.address, GROUP.mac, "to the group");
  assert.deepEqual(await heard("to the group"), [`${outer},${GROUP.address}`]);
  tunnel(GROUP.address, 17, udpDatagram(5000, 5000, Buffer.from("from afar")));
  await waitFor(
    "the node's words on the home link",
    async () =>
      (await tshark(homeLink.path, 'frame contains "from afar"', ["ip.src"])).length === 1,
    { everyMs: 100 },
  );
  tunnel("224.0.0.2", 2, Buffer.from("1700f7faef010203", "hex"));
  await waitFor("the end of the membership", () => !memberships().includes(GROUP.address));
  sendAtHome(GROUP.address, GROUP.mac, "to the group no more");
  sendAtHome("10.1.0.255", BROADCAST_MAC, "the last word");
  await heard("the last word");
  const path = await air.stop();
  assert.deepEqual(await tshark(path, 'frame contains "no more"', ["ip.dst"]), []);
  const [said] = await tshark(await homeLink.stop(), 'frame contains "from afar"', [
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.ttl",
  ]);
  assert.deepEqual(Object.values(said ?? {}), [MAC.ha, GROUP.mac, homeAddress, "1"]);
  const counters = await agent.counters();
  assert.deepEqual(
    [counters["broadcasts-to-nodes"], counters["multicasts-to-nodes"], counters["groups-to-link"]],
    [3, 1, 4],
  );
});
