/** A bridge that is an agent's link, in the kernel: who comes and goes behind its ports is told to the core. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BridgeTriggers } from "../../fa/bridge.ts";
import type { FaConfig } from "../../fa/config.ts";
import { Counters } from "../../shared/base/counters.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";
import { enterLab } from "../lab/enter.ts";
import { ip, until } from "../linux/support.ts";
import { ToyClock } from "../service/toy-clock.ts";

await enterLab();

const STATION = { port1: "02:00:00:00:00:07", port2: "02:00:00:00:00:08" } as const;
type Port = keyof typeof STATION;
const commands: string[] = [];
const problems = new Map<string, string | undefined>();
const counters = new Counters();

for (const bridge of ["lan0", "other"]) {
  ip(`link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
  ip(`link set ${bridge} up`);
}
for (const [port, mac] of Object.entries(STATION)) {
  ip(`link add ${port} type veth peer name sta-${port} address ${mac}`);
  ip(`addr add 10.9.${port.slice(-1)}.1/24 dev sta-${port}`);
}

const triggers = new BridgeTriggers({
  io: choosePacketIo("helper").io,
  clock: new ToyClock(),
  counters,
  command: async (name, { mac, interface: link }) => {
    commands.push(`${name} ${String(mac)} ${String(link)}`);
    return { ok: true, message: "" };
  },
  problems: {
    set: (name, message) => problems.set(name, message),
    drop: (name) => problems.delete(name),
  },
  monitor: { link: () => undefined, isLocal: () => false, onChange: () => {}, close: () => {} },
});
const wire = (enabled: boolean) =>
  triggers.rewire({ fast_handover: { enabled }, interface: [{ name: "lan0" }] } as FaConfig);
after(() => triggers.close());

/** A frame of this station, by which a bridge learns it. */
async function say(port: Port): Promise<void> {
  const nobody = `10.9.${port.slice(-1)}.9`;
  ip(`link set sta-${port} up`);
  ip(`neigh replace ${nobody} lladdr 02:00:00:00:00:99 dev sta-${port}`);
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.send("here", 9, nobody, () => resolve()));
  socket.close();
}

async function join(port: Port, bridge: string): Promise<void> {
  ip(`link set ${port} master ${bridge} up`);
  await say(port);
}

const settle = () => sleep(100);
const is = (news: string, port: Port) => `node-${news} ${STATION[port]} null`;

beforeEach(() => {
  commands.length = 0;
});

test("a station's first frame behind a port of the agent's bridge is node-arrived, and of another bridge nothing", async () => {
  wire(true);
  await settle();
  await join("port2", "other");
  await join("port1", "lan0");
  await until("the station is told of", () => commands.length > 0);
  await say("port1");
  await settle();
  assert.deepEqual(commands, [is("arrived", "port1")]);
  assert.equal(counters.get("stations-arrived"), 1);
  assert.equal(problems.size, 0);
});

test("a port that goes down, or leaves the bridge, has lost its stations at once: node-left", async () => {
  ip("link set port1 down");
  await until("the station is told of", () => commands.length > 0);
  await settle();
  assert.deepEqual(commands.splice(0), [is("left", "port1")]);
  await join("port1", "lan0");
  await until("it is back", () => commands.length > 0);
  ip("link set port1 nomaster");
  await until("it has left", () => commands.length > 1);
  await settle();
  assert.deepEqual(commands, [is("arrived", "port1"), is("left", "port1")]);
});

test("a cable that is pulled: the carrier of the port goes, and its stations with it", async () => {
  await join("port1", "lan0");
  await until("it has come", () => commands.length > 0);
  ip("link set sta-port1 down");
  await until("it has left", () => commands.length > 1);
  assert.deepEqual(commands, [is("arrived", "port1"), is("left", "port1")]);
});

test("an entry that goes while its port is as it was says nothing of its station", async () => {
  await join("port1", "lan0");
  await until("it has come", () => commands.length > 0);
  ip("link set lan0 type bridge fdb_flush");
  await settle();
  // The station's system may say something of its own accord, and is learned again.
  assert.deepEqual(new Set(commands), new Set([is("arrived", "port1")]));
});

test("without fast handovers nobody listens", async () => {
  wire(false);
  await settle();
  ip("link set port1 down");
  await join("port1", "lan0");
  await settle();
  assert.deepEqual(commands, []);
});
