/** Nodes that leave the choice of the home agent to the network: RFC 4433. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST, type Ipv4, ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import { decodeControl } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { Bench, denialOf, FA, foreignHome, HA, oneSend, replyIn, reports } from "./harness.ts";

const HA2 = ipv4("203.0.113.5");
const NAI = { name: "mobile-node-nai-extension", nai: "bob@pc.Example.net" } as const;
const requested = (haAddress: Ipv4): ControlExtension => ({
  name: "requested-ha-extension",
  haAddress,
});
const choices = [
  { address: HA2, realms: ["example.org"] },
  { address: HA, realms: ["example.net"] },
  { address: ipv4("203.0.113.9"), realms: [] },
];

test("RFC 4433 §3.4.1, §5.2: a request goes to the address in its Requested HA Extension, and nothing in it is altered [4433-3.4.1-04, 4433-5.2-03, 4433-6-01]", () => {
  for (const homeAgent of [UNSPECIFIED, BROADCAST, HA]) {
    const bench = Bench.up();
    const original = bench.requestBytes({ fields: { homeAgent, extensions: [requested(HA2)] } });
    const send = oneSend(bench.deliver(original));
    assert.equal(send.destination, HA2);
    assert.deepEqual(send.payload, original);
  }
});

test("RFC 4433 §3.4: the extension is read in the printed form too", () => {
  const extensions = [{ name: "requested-ha-extension-as-printed", haAddress: HA2 } as const];
  const send = oneSend(Bench.up().request({ fields: { homeAgent: UNSPECIFIED, extensions } }));
  assert.equal(send.destination, HA2);
});

test("RFC 4433 §5.2: an address in the extension that is no unicast address: 90 [4433-5.2-04, 4433-6-01]", () => {
  for (const bad of ["0.0.0.0", "255.255.255.255", "224.0.0.11", "127.0.0.1"]) {
    const bench = Bench.up({ dynamicHomeAgents: choices });
    const fields = { homeAgent: UNSPECIFIED, extensions: [requested(ipv4(bad))] };
    assert.equal(denialOf(bench, { fields }).reply.code, 90);
  }
});

test("RFC 4433 §5.2: left open, the home agent comes from the configuration, by the realm; the Home Agent field stays [4433-5.2-01]", () => {
  const bench = Bench.up({ dynamicHomeAgents: choices });
  const original = bench.requestBytes({ fields: { homeAgent: BROADCAST, extensions: [NAI] } });
  const send = oneSend(bench.deliver(original));
  assert.equal(send.destination, HA);
  assert.deepEqual(send.payload, original);
  const noNai = oneSend(bench.request({ fields: { homeAgent: UNSPECIFIED } }));
  assert.equal(noNai.destination, choices[2]?.address);
});

test("RFC 4433 §5.2: when no home agent can be found: 90 [4433-5.2-02]", () => {
  for (const homeAgent of [UNSPECIFIED, BROADCAST]) {
    assert.equal(denialOf(Bench.up(), { fields: { homeAgent } }).reply.code, 90);
  }
  const ours = denialOf(Bench.up(), { fields: { extensions: [requested(FA)] } });
  assert.equal(ours.reply.code, 116, "this agent is nobody's home agent");
});

test("the assigned home agent in the reply is the tunnel's end, and renewals that leave it open go there", () => {
  const bench = Bench.up({ dynamicHomeAgents: [{ address: HA, realms: [] }] });
  const open = { fields: { homeAgent: UNSPECIFIED } };
  const relayed = oneSend(bench.request(open));
  const effects = bench.replyBytes(bench.replyTo(relayed, { homeAgent: HA2 }), HA);
  assert.equal(replyIn(oneSend(effects)).homeAgent, HA2);
  assert.equal(bench.visitors()[0]?.home_agent, "203.0.113.5");
  const renewal = oneSend(bench.request(open));
  assert.equal(renewal.destination, HA2);
  assert.deepEqual(
    bench.visitors().map(({ renewing }) => renewing),
    [true],
  );
  const renewed = bench.replyBytes(bench.replyTo(renewal, { homeAgent: HA2 }), HA2);
  assert.equal(reports(renewed, "visitor-updated").length, 1);
});

test("the association for extension 34 is that of the home agent that was chosen", () => {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const fields = { homeAgent: UNSPECIFIED, extensions: [requested(HA)] };
  const decoded = decodeControl(oneSend(bench.request({ fields })).payload);
  assert(decoded.ok);
  assert.equal(
    decoded.value.message.extensions.at(-1)?.name,
    "foreign-home-authentication-extension",
  );
});
