/** The built home agent and a node with a care-of address of its own: who it is, and who it is not. */

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { formatIpv4, ipv4, toIpv4 } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { UdpTunnelRequestFlag } from "../../shared/wire/control/udp-tunnel.ts";
import { type RegistrationReply, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { type Capture, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { echoRequest, ethernet, inject, ipPacket, udpDatagram } from "./frames.ts";
import { Instance } from "./instance.ts";
import { ADDRESS, buildMobileNet, MAC, type MobileNet } from "./mobile-net.ts";
import { KEYS } from "./program-files.ts";
import { requestFrame, ScriptedNode, scriptedRequest } from "./scripted-node.ts";
import { bundleOf } from "./session.ts";
import { waitFor } from "./wait.ts";
import { wireBinary } from "./wire.ts";

await enterLab({ tun: true, programs: ["tshark", "ping"] });

const { D, T } = RequestFlag;
const NAI = "bob@example.net";
const CARE_OF = "192.0.2.10";
const FLOOD = { perSecond: 10_000, seconds: 3 };
const MOST_MEMORY = 256 * 1024 * 1024;
const home: SecurityContext = {
  ...{ spi: 256, algorithm: "hmac-md5", replay: "timestamp" },
  key: Buffer.from(KEYS.mobileNode, "hex"),
};
const named: ControlExtension = { name: "mobile-node-nai-extension", nai: NAI };
const inUdp: ControlExtension = {
  name: "regular-udp-tunnel-request-extension",
  ...{ reserved1: 0, flags: UdpTunnelRequestFlag.F, encapsulation: 0, reserved3: 0 },
};

let net: MobileNet;
let agent: Instance;
let node: ScriptedNode;
let air: Capture;

before(async () => {
  net = await buildMobileNet({ start: "foreign1" });
  net.mn.ip("addr", "flush", "dev", "wlan0");
  net.fa1.ip("neigh", "add", CARE_OF, "lladdr", MAC.mn, "dev", "lan0");
  air = await net.lab.capture(net.mn, "wlan0");
  node = new ScriptedNode(net.mn, { from: MAC.mn, to: MAC.fa1 }, air);
  agent = new Instance("ha", net.ha, "ha", {
    address: ADDRESS.homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    address_pool: [{ range: "10.1.0.1-10.1.0.9" }],
    nat_traversal: { force: true },
    mobile_node: [{ nai: NAI, spi: 256, key: KEYS.mobileNode }],
  });
  await agent.start();
});
after(() => net.lab.close());

async function ask(homeAddress: string, ...signed: ControlExtension[]): Promise<RegistrationReply> {
  const wanted = { homeAddress, homeAgent: "0.0.0.0", careOfAddress: CARE_OF, home };
  const { bytes, identification } = scriptedRequest({ ...wanted, flags: D | T, signed });
  const frame = requestFrame(node.link, CARE_OF, ADDRESS.homeAgent, bytes);
  inject(net.mn, "wlan0", [frame]);
  return waitFor("a reply", () => node.replyTo(identification));
}

test("RFC 2794, RFC 4433: known by its NAI, a node gets a home address and this home agent, and what is sent there comes to it, after a kill -9 too [2794-3-03, 2794-3-05, 4433-5.3.1-01]", async () => {
  const reply = await ask("0.0.0.0", named);
  assert.equal(reply.code, 0);
  // 10.1.0.1 of the pool is the home agent's own on that link.
  assert.equal(formatIpv4(reply.homeAddress), "10.1.0.2");
  assert.equal(formatIpv4(reply.homeAgent), ADDRESS.homeAgent);
  // The reply may be there before the routes are.
  const filter = `eth.dst == ${MAC.mn} && icmp.type == 8`;
  const arrived = await waitFor("an echo request", async () => {
    await net.cn.ping("10.1.0.2");
    return (await tshark(air.path, filter, ["ip.dst"]))[0];
  });
  assert.equal(arrived["ip.dst"], `${CARE_OF},10.1.0.2`);
  await agent.process.stop("SIGKILL");
  await agent.start();
  const [binding] = await agent.query<{ home_address: string; nai: string }[]>("bindings");
  assert.deepEqual([binding?.home_address, binding?.nai], ["10.1.0.2", NAI]);
  assert.equal(formatIpv4((await ask("0.0.0.0", named)).homeAddress), "10.1.0.2");
});

test("RFC 3519 §4.9: a keepalive through a UDP tunnel is answered through it [3519-4.9-04]", async () => {
  const reply = await ask("0.0.0.0", named, inUdp);
  assert.equal(reply.code, 0);
  const inner = ipPacket({
    ...{ source: "10.1.0.2", destination: ADDRESS.homeAgent, protocol: 1 },
    payload: echoRequest(0x4711),
  });
  const payload = udpDatagram(40_434, 434, Buffer.concat([Buffer.from([4, 4, 0, 0]), inner]));
  const outer = { source: CARE_OF, destination: ADDRESS.homeAgent, protocol: 17, payload };
  inject(net.mn, "wlan0", [ethernet(node.link, 0x0800, ipPacket(outer))]);
  const replies = async () =>
    (await tshark(air.path, "frame contains 47:11 && udp.srcport == 434", ["ip.src"])).length;
  await waitFor("the answer", async () => (await replies()) === 1, { everyMs: 100 });
});

test("a node that mip4-ha add has made registers after a reload, which no binding notices", async () => {
  const add = [process.execPath, bundleOf("ha"), "add", "10.1.0.50", "--config", agent.config];
  const added = await net.ha.exec([...add, "--node", join(net.lab.directory, "new-mn.toml")]);
  assert.equal(added.status, 0, added.stderr);
  appendFileSync(agent.config, added.stdout);
  agent.process.signal("SIGHUP");
  await waitFor("the reload", () => /configuration reloaded/.test(agent.process.output()));
  const key = Buffer.from(/key = "(\w+)"/.exec(added.stdout)?.[1] ?? "", "hex");
  const { bytes, identification } = scriptedRequest({
    ...{ homeAddress: "10.1.0.50", homeAgent: ADDRESS.homeAgent, careOfAddress: CARE_OF },
    home: { ...home, algorithm: "hmac-sha256", key },
    flags: D | T,
  });
  inject(net.mn, "wlan0", [requestFrame(node.link, CARE_OF, ADDRESS.homeAgent, bytes)]);
  assert.equal((await waitFor("a reply", () => node.replyTo(identification))).code, 0);
  const bindings = await agent.query<{ home_address: string }[]>("bindings");
  assert.deepEqual(bindings.map((row) => row.home_address).sort(), ["10.1.0.2", "10.1.0.50"]);
  assert.equal((await agent.command("revoke", "10.1.0.50")).status, 0);
});

test("a flood of 10,000 requests a second that nobody has signed: the node is served, memory and log stay small", async () => {
  const random = seededRandom(7);
  const forged = { ...home, key: new Uint8Array(16) };
  const frames = Array.from({ length: FLOOD.perSecond * FLOOD.seconds }, (_, index) => {
    // Every other one is about the node itself.
    const other = formatIpv4(toIpv4((ipv4("10.1.0.0") + (random.u32() & 0xff)) >>> 0));
    const homeAddress = index % 2 === 0 ? "10.1.0.2" : other;
    const source = `192.0.2.${12 + (random.u32() % 40)}`;
    const wanted = { homeAddress, homeAgent: ADDRESS.homeAgent, careOfAddress: source };
    const { bytes } = scriptedRequest({ ...wanted, home: forged });
    return requestFrame(node.link, source, ADDRESS.homeAgent, bytes).toString("hex");
  });
  const path = join(net.lab.directory, "forged");
  writeFileSync(path, frames.map((frame) => `${frame}\n`).join(""));
  const inject = `exec ${wireBinary(net.lab.directory)} inject wlan0 ${FLOOD.perSecond} <${path}`;
  const lines = agent.process.output().split("\n").length;
  const flooding = net.mn.exec(["sh", "-c", inject]);
  let most = 0;
  const watching = setInterval(() => {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(
      readFileSync(`/proc/${agent.process.pid}/status`, "utf8"),
    )?.[1];
    most = Math.max(most, Number(kibibytes) * 1024);
  }, 50);
  const served = await waitFor(
    "a renewal within the flood",
    () => ask("10.1.0.2", named).catch(() => undefined),
    { timeoutMs: 20_000 },
  );
  assert.equal(served.code, 0);
  const { stdout, stderr } = await flooding;
  clearInterval(watching);
  assert.equal(stdout, `sent ${frames.length}\n`, stderr);
  assert.ok(most > 0 && most < MOST_MEMORY, `${most} octets`);
  const counters = await agent.counters();
  const dropped =
    (counters["discarded-denials-over-rate"] ?? 0) +
    (counters["discarded-no-security-association"] ?? 0);
  assert.ok(dropped > 0.4 * frames.length, `${dropped} dropped`);
  const [binding, ...others] = await agent.query<{ home_address: string }[]>("bindings");
  assert.deepEqual([binding?.home_address, others.length], ["10.1.0.2", 0]);
  const logged = agent.process.output().split("\n").length - lines;
  assert.ok(logged < 10_000, `${logged} lines in the log`);
});
