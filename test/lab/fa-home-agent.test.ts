/** What the built agents agree on with each other: revocations, and a tunnel in UDP through a NAT. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SecurityContext } from "../../shared/security/association.ts";
import { type Capture, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { echoRequest, ethernet, inject, ipPacket } from "./frames.ts";
import { Instance } from "./instance.ts";
import { ADDRESS, buildMobileNet, MAC, type MobileNet } from "./mobile-net.ts";
import { KEYS } from "./program-files.ts";
import { ScriptedNode } from "./scripted-node.ts";
import { sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "nft"] });

const { home: homeAddress, homeAgent } = ADDRESS;
/** Type of a Registration Revocation and of its acknowledgment (RFC 3543 §3.3, §3.4). */
const REVOCATION = 7;
const ACKNOWLEDGMENT = 15;
/** RFC 3519 §3.3. */
const TUNNEL_DATA = 4;
/** The router's address at the home agent's line. */
const NAT = "198.51.100.254";
const SECOND_MS = 1100;
const home: SecurityContext = {
  ...{ spi: 256, algorithm: "hmac-md5", replay: "timestamp" },
  key: Buffer.from(KEYS.mobileNode, "hex"),
};
const wanted = { homeAddress, homeAgent, home, careOfAddress: ADDRESS.fa1 };
const shared = { spi: 1000, key: KEYS.fa1 };

let net: MobileNet;
let ha: Instance;
let node: ScriptedNode;
let air: Capture;

before(async () => {
  net = await buildMobileNet({ start: "foreign1" });
  net.mn.ip("addr", "flush", "dev", "wlan0");
  air = await net.lab.capture(net.mn, "wlan0");
  node = new ScriptedNode(net.mn, { from: MAC.mn, to: MAC.fa1 }, air);
  ha = new Instance("ha", net.ha, "ha", {
    address: homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [{ home_address: homeAddress, spi: 256, key: KEYS.mobileNode }],
    security_association: [{ with: "foreign-agent", address: ADDRESS.fa1, ...shared }],
  });
  await ha.start();
});
after(() => net.lab.close());

function foreignAgent(name: string, advertisement = {}): Instance {
  return new Instance(name, net.fa1, "fa", {
    interface: [{ name: "lan0", care_of_address: ADDRESS.fa1 }],
    advertisement,
    security_association: [{ with: "home-agent", address: homeAgent, ...shared }],
  });
}

const visitors = (fa: Instance) => fa.query<unknown[]>("visitors");
const bindings = () => ha.query<unknown[]>("bindings");

/** Source and type of the messages of such types, as tshark reads them. */
async function messages(path: string, ...types: readonly number[]): Promise<string[]> {
  const filter = types.map((type) => `mip.type == ${type}`).join(" || ");
  const rows = await tshark(path, filter, ["ip.src", "mip.type"]);
  return rows.map((row) => `${row["ip.src"]} ${row["mip.type"]}`);
}

const revocations = (path: string) => messages(path, REVOCATION, ACKNOWLEDGMENT);

test("RFC 3543 §4.2.2: what the home agent revokes ends at the foreign agent, which says so, and the node is told by sequence number 0; what the foreign agent gives up ends at the home agent [3543-4.1-02, 3543-4.1-05, 3543-4.2.2.2-04]", async () => {
  const fa = foreignAgent("fa");
  await fa.start();
  assert.equal((await node.ask(wanted)).code, 0);
  const uplink = await net.lab.capture(net.fa1, "up0");
  const before = node.advertisements().length;
  const revoked = await ha.command("revoke", homeAddress);
  assert.equal(revoked.status, 0, revoked.stderr);
  assert.deepEqual([await visitors(fa), await bindings()], [[], []]);
  const told = await waitFor("the node to be told", () => node.advertisements()[before]);
  const mobility = told.extensions.find(
    ({ name }) => name === "mobility-agent-advertisement-extension",
  );
  assert.ok(mobility !== undefined && "sequenceNumber" in mobility);
  assert.equal(mobility.sequenceNumber, 0);
  assert.deepEqual(await revocations(await uplink.stop()), [
    `${homeAgent} ${REVOCATION}`,
    `${ADDRESS.fa1} ${ACKNOWLEDGMENT}`,
  ]);

  // The other way round: an agent that ends gives its visitors up at their home agents.
  await sleep(SECOND_MS); // between a revocation and the next registration (RFC 3543 §3.3)
  assert.equal((await node.ask(wanted)).code, 0);
  assert.equal((await bindings()).length, 1);
  const last = await net.lab.capture(net.fa1, "up0");
  assert.equal(await fa.stop(), 0);
  assert.deepEqual(await bindings(), []);
  assert.deepEqual(await revocations(await last.stop()), [
    `${ADDRESS.fa1} ${REVOCATION}`,
    `${homeAgent} ${ACKNOWLEDGMENT}`,
  ]);
});

test("RFC 3519 §4.5: behind a NAT the agent's own UDP Tunnel Request makes a tunnel in UDP, both ways [3519-4.5-01]", async () => {
  const rules =
    'table ip nat { chain out { type nat hook postrouting priority 100; oifname "ha" masquerade; }; }';
  await net.inet.exec(["nft", rules]);
  const fa = foreignAgent("nat", { udp_tunneling: true, revocation: false });
  await fa.start();
  assert.equal((await node.ask(wanted)).code, 0);
  const [tunnel] = await fa.query<Record<string, unknown>[]>("tunnels");
  assert.deepEqual([tunnel?.remote, tunnel?.encapsulation], [homeAgent, "ipip"]);
  const uplink = await net.lab.capture(net.ha, "up0");
  const ping = { source: homeAddress, destination: ADDRESS.correspondent, protocol: 1 } as const;
  const payload = echoRequest(7, 1);
  inject(net.mn, "wlan0", [ethernet(node.link, 0x0800, ipPacket({ ...ping, payload }))]);
  await waitFor(
    "the answer at the node",
    async () => {
      const filter = `icmp.type == 0 && ip.dst == ${homeAddress} && eth.dst == ${MAC.mn}`;
      return (await tshark(air.path, filter, ["ip.src"])).length === 1;
    },
    { everyMs: 100 },
  );
  // All that the home agent sees comes from the NAT, and goes back there, as UDP.
  const heard = await messages(await uplink.stop(), TUNNEL_DATA);
  assert.ok(
    heard.some((line) => line.startsWith(`${NAT},${homeAddress}`)),
    heard.join("; "),
  );
  assert.ok(
    heard.some((line) => line.startsWith(`${homeAgent},${ADDRESS.correspondent}`)),
    heard.join("; "),
  );
  assert.equal(await fa.stop(), 0);
});

test("RFC 5944 §3.7.3: where the network answers that there is no home agent, the node is told why: 80, 81, 82; and what the access lists deny goes nowhere: 65 [5944-3.7.3-01]", async () => {
  const fa = new Instance("why", net.fa1, "fa", {
    interface: [{ name: "lan0", care_of_address: ADDRESS.fa1 }],
    access: { deny_home_agents: [homeAgent] },
  });
  await fa.start();
  const codeFor = async (address: string): Promise<number> => {
    await sleep(SECOND_MS); // at most one denial a second to a node
    return (await node.ask({ ...wanted, homeAgent: address })).code;
  };
  assert.equal(await codeFor(homeAgent), 65);
  assert.equal(await codeFor(ADDRESS.correspondent), 82, "a host, but no port 434");
  assert.equal(await codeFor("192.88.99.1"), 80, "no route");
  assert.equal(await codeFor("203.0.113.99"), 81, "no such host on its network");
  assert.deepEqual(await visitors(fa), []);
  const { "requests-relayed": relayed } = await fa.counters();
  assert.equal(relayed, 3);
});
