/** RFC 4721 by the built foreign agent: challenges, against a node that the test plays. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SecurityContext } from "../../shared/security/association.ts";
import type { RegistrationReply } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { type Capture, tshark, tsharkComplaints } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { Instance } from "./instance.ts";
import { ADDRESS, buildMobileNet, MAC, type MobileNet } from "./mobile-net.ts";
import { KEYS } from "./program-files.ts";
import { ScriptedNode, type ScriptedRequest } from "./scripted-node.ts";
import { sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark"] });

/** A denial a second a node (RFC 5944 §3.7.2). */
const BETWEEN_DENIALS_MS = 1100;
const association = (spi: number, key: string): SecurityContext => ({
  ...{ spi, algorithm: "hmac-md5", replay: "timestamp" },
  key: Buffer.from(key, "hex"),
});
const home = association(256, KEYS.mobileNode);
/** The foreign agent has no such association: it cannot check, and relays (RFC 4721 §3.2). */
const unknown = association(4000, KEYS.fa2);

let net: MobileNet;
let agent: Instance;
let node: ScriptedNode;
let uplink: Capture;
/** Every challenge that came, as hex, oldest first. */
const heard: string[] = [];

before(async () => {
  net = await buildMobileNet({ start: "foreign1" });
  net.mn.ip("addr", "flush", "dev", "wlan0");
  uplink = await net.lab.capture(net.fa1, "up0");
  node = new ScriptedNode(
    net.mn,
    { from: MAC.mn, to: MAC.fa1 },
    await net.lab.capture(net.mn, "wlan0"),
  );
  const homeAgent = new Instance("ha", net.ha, "ha", {
    address: ADDRESS.homeAgent,
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [{ home_address: ADDRESS.home, spi: 256, key: KEYS.mobileNode }],
  });
  agent = new Instance("fa", net.fa1, "fa", {
    interface: [{ name: "lan0", care_of_address: ADDRESS.fa1 }],
    // So slowly that the challenge of the start is good all the time.
    advertisement: { max_interval: 60, min_interval: 45, lifetime: 180, challenge: true },
  });
  await homeAgent.start();
  await agent.start();
  const first = await waitFor("an advertisement", () => node.advertisements()[0]);
  const challenge = first.extensions.find(({ name }) => name === "challenge-extension");
  assert.ok(challenge?.name === "challenge-extension");
  heard.push(hex(challenge.challenge));
});
after(() => net.lab.close());

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

function request(more: Partial<ScriptedRequest> = {}): ScriptedRequest {
  const { home: homeAddress, homeAgent, fa1: careOfAddress } = ADDRESS;
  return { homeAddress, homeAgent, careOfAddress, home, ...more };
}

function answering(challenge: string): ControlExtension {
  return {
    name: "mobile-foreign-challenge-extension",
    challenge: Uint8Array.from(Buffer.from(challenge, "hex")),
  };
}

/** The one challenge of a reply. */
function challengeOf({ extensions }: RegistrationReply): string {
  const found = extensions.flatMap((extension) =>
    extension.name === "mobile-foreign-challenge-extension" ? [hex(extension.challenge)] : [],
  );
  assert.equal(found.length, 1);
  return found[0] ?? "";
}

const counter = async (name: string): Promise<number> => (await agent.counters())[name] ?? 0;

test("RFC 4721 §2: the advertisement bears a challenge of at least 4 octets [4721-2-02]", async () => {
  assert.ok((heard[0]?.length ?? 0) >= 8);
  assert.equal(node.advertisements().length, 1);
});

test("RFC 4721 §3.2: a request without a challenge is denied with 105, and the denial bears an unused one [4721-3.2-02, 4721-3.3-01, 4721-3.3-06]", async () => {
  const reply = await node.ask(request());
  assert.equal(reply.code, 105);
  assert.equal(challengeOf(reply), heard[0]);
  assert.equal(await counter("requests-relayed"), 0);
});

test("RFC 4721 §3.2: a challenge that was never offered is denied with 104, and the denial bears the same, which nobody has used [4721-3.2-07, 4721-3.2-08, 4721-12-03]", async () => {
  await sleep(BETWEEN_DENIALS_MS);
  const invented = answering("00112233445566778899aabbccddeeff");
  const reply = await node.ask(request({ extensions: [invented], foreign: unknown }));
  assert.equal(reply.code, 104);
  assert.equal(challengeOf(reply), heard[0]);
  assert.equal(await counter("requests-relayed"), 0);
});

test("RFC 4721 §3.2: a challenge with neither extension 33 nor a Mobile-AAA extension behind it gets no answer at all [4721-3.2-10, 4721-3.2-11]", async () => {
  await sleep(BETWEEN_DENIALS_MS);
  const identification = node.send(request({ extensions: [answering(heard[0] ?? "")] }));
  await sleep(300);
  assert.equal(node.replyTo(identification), undefined);
  assert.equal(await counter("discarded-request-unauthenticated-challenge"), 1);
  assert.equal(await counter("requests-relayed"), 0);
});

test("RFC 4721 §3.2, §3.3: the advertised challenge is relayed; the reply of the home agent comes with a fresh one [4721-3.3-01, 4721-3.3-06]", async () => {
  const [advertised = ""] = heard;
  const reply = await node.ask(request({ extensions: [answering(advertised)], foreign: unknown }));
  assert.equal(reply.code, 0);
  const fresh = challengeOf(reply);
  assert.ok(!heard.includes(fresh));
  heard.push(fresh);
  assert.equal(await counter("requests-relayed"), 1);
  const [visitor] = await agent.query<Record<string, unknown>[]>("visitors");
  assert.deepEqual([visitor?.home_address, visitor?.state], [ADDRESS.home, "registered"]);
});

test("RFC 4721 §3.2: a used challenge is denied with 106, and the denial bears the unused one [4721-3.2-06, 4721-3.2-09]", async () => {
  const [advertised = "", unused] = heard;
  const reply = await node.ask(request({ extensions: [answering(advertised)], foreign: unknown }));
  assert.equal(reply.code, 106);
  assert.equal(challengeOf(reply), unused);
  assert.equal(await counter("requests-relayed"), 1);
});

test("RFC 4721 §3.2: the challenge of the last reply is good, once, and its reply bears another [4721-3.2-07]", async () => {
  const reply = await node.ask(
    request({ extensions: [answering(heard.at(-1) ?? "")], foreign: unknown }),
  );
  assert.equal(reply.code, 0);
  const fresh = challengeOf(reply);
  assert.ok(!heard.includes(fresh));
  heard.push(fresh);
  assert.equal(await counter("requests-relayed"), 2);
});

test("RFC 4721 §3.2: challenge and Mobile-AAA extension both go on to the home agent, octet for octet [4721-3.2-14]", async () => {
  const aaa = {
    name: "mn-aaa-authentication-subtype",
    spi: 2,
    authenticator: new Uint8Array(16).fill(0x5a),
  } as const;
  const reply = await node.ask(request({ extensions: [answering(heard.at(-1) ?? ""), aaa] }));
  heard.push(challengeOf(reply));
  assert.equal(await counter("requests-relayed"), 3);
});

test("RFC 4721 §2, §4: tshark reads every challenge on the link and behind the agent as we do, and finds nothing malformed", async () => {
  const [air, far] = [await node.end(), await uplink.stop()];
  for (const path of [air, far]) assert.deepEqual(await tsharkComplaints(path), []);
  const advertised = await tshark(air, "icmp.type == 9", ["icmp.mip.type", "icmp.mip.challenge"]);
  const [row] = advertised;
  assert.deepEqual(Object.values(row ?? {}), ["16,19,24", heard[0]]);
  const fields = ["mip.code", "mip.ext.type", "mip.ext.len", "udp.payload"] as const;
  const replies = await tshark(air, "mip.type == 3", fields);
  assert.deepEqual(
    replies.map((reply) => [reply["mip.code"], reply["mip.ext.type"], reply["mip.ext.len"]]),
    [
      ["105", "132", "16"],
      ["104", "132", "16"],
      ["0", "32,132", "20,16"],
      ["106", "132", "16"],
      ["0", "32,132", "20,16"],
      ["0", "32,132", "20,16"],
    ],
  );
  const borne = replies.map((reply) => reply["udp.payload"].replaceAll(":", "").slice(-32));
  assert.deepEqual(borne, [heard[0], heard[0], heard[1], heard[1], heard[2], heard[3]]);
  const [sent, relayed] = await Promise.all(
    [air, far].map((path) => tshark(path, "mip.type == 1", ["mip.ext.type", "udp.payload"])),
  );
  assert.deepEqual(
    relayed?.map((one) => one["mip.ext.type"]),
    ["32,132", "32,132", "32,132,36"],
  );
  assert.equal(relayed?.at(-1)?.["udp.payload"], sent?.at(-1)?.["udp.payload"]);
});
