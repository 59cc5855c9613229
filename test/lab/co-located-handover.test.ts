/**
 * Fast handovers of a node with a co-located care-of address, between two agents that require registration
 * (RFC 4988): its tunnel goes on ending in the address of the link before until it is registered with the
 * one that the next agent has given it. There is no DHCP.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../../shared/service/control/client.ts";
import { enterLab } from "./enter.ts";
import { ACCESS_POINT, fastHandoverFiles } from "./fast-handover-files.ts";
import { countStream } from "./gaps.ts";
import { ADDRESS, type Place } from "./mobile-net.ts";
import { type Session, startSession } from "./session.ts";
import { mergeToml } from "./toml.ts";
import { startUdp } from "./traffic/streams.ts";
import { sleep, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping"] });

const FIRST = "192.0.2.40";
const GIVEN = { fa1: "192.0.2.50", fa2: "192.0.2.100" } as const;
const GAP_MS = 50;

let session: Session;
before(async () => {
  const files = fastHandoverFiles();
  const pool = (fa: "fa1" | "fa2") => {
    const more = { address_pool: `${GIVEN[fa]}-${GIVEN[fa]}`, co_located: ["192.0.2.32/28"] };
    return mergeToml(files[fa] ?? {}, { fast_handover: more });
  };
  session = await startSession({
    start: "foreign1",
    overrides: {
      fa1: pool("fa1"),
      fa2: pool("fa2"),
      mn: { ...files.mn, interface: [{ name: "wlan0", mode: "co-located" }] },
    },
    before: async ({ mn }) => {
      mn.ip("addr", "flush", "dev", "wlan0");
      mn.ip("addr", "add", `${FIRST}/26`, "dev", "wlan0");
      mn.ip("route", "add", "default", "via", ADDRESS.fa1);
    },
  });
  // It may have registered by itself before it heard the agent.
  await waitFor("registered through the agent", async () => {
    const { state, agent } = await session.programs.daemons.mn.query("status");
    return state === "registered" && agent === ADDRESS.fa1;
  });
});
after(() => session.close());

/** A node that sends and receives moves from one agent to the other; what becomes of its packets. */
async function roam(place: Place, to: "fa1" | "fa2") {
  const { net, programs } = session;
  const { cn, mn } = net;
  const { home, correspondent } = ADDRESS;
  const rate = 250;
  const down = await startUdp({ from: cn, to: mn, address: home, port: 7000, rate });
  const outwards = { address: correspondent, source: home, port: 7001, rate };
  const up = await startUdp({ from: mn, to: cn, ...outwards });
  await sleep(200);
  const args = { to: ACCESS_POINT[to], agent: null };
  const { socket } = programs.daemons.mn.files;
  const answer = await ask(socket, { command: "handover", args, timeout: 5 }, 10_000);
  assert(answer.ok && answer.value.ok, JSON.stringify(answer));
  const move = await net.move(place, { gapMs: GAP_MS });
  await programs.waitForEvent("mn", "registered", move.leftAt);
  await sleep(300);
  await up.stop();
  await down.stop();
  return {
    down: countStream(down.departures, down.arrivals),
    up: countStream(up.departures, up.arrivals),
  };
}

const addresses = (): string => session.net.mn.ip("-4", "-o", "address", "show", "dev", "wlan0");

async function boundTo(address: string): Promise<void> {
  const { ha, mn } = session.programs.daemons;
  const [binding] = await ha.query<Record<string, unknown>[]>("bindings");
  assert.equal(binding?.care_of_address, address);
  const status = await mn.query("status");
  assert.deepEqual([status.state, status.mode], ["registered", "co-located"]);
}

test("RFC 4988 §4.2: told before it leaves, a node with a co-located address loses nothing, and has the address that the next agent gives it [4988-1-03, 4988-4.2-22]", async (t) => {
  await boundTo(FIRST);
  const { down, up } = await roam("foreign2", "fa2");
  t.diagnostic(JSON.stringify({ down, up }));
  await boundTo(GIVEN.fa2);
  assert.match(addresses(), /192\.0\.2\.100\/26/);
  assert.deepEqual([down.lost, down.duplicates, up.lost, up.duplicates], [0, 0, 0, 0]);
  assert.equal(await session.net.cn.ping(ADDRESS.home, { count: 2 }), true);
});

test("RFC 4988 §4.2: the next handover is from that address, which goes when the one after it is registered", async (t) => {
  const { down, up } = await roam("foreign1", "fa1");
  t.diagnostic(JSON.stringify({ down, up }));
  await boundTo(GIVEN.fa1);
  assert.deepEqual([down.lost, down.duplicates, up.lost, up.duplicates], [0, 0, 0, 0]);
  await waitFor("the address of the link before to go", () => {
    return addresses().includes(GIVEN.fa2) ? undefined : true;
  });
  // What the system has configured is as it was.
  assert.match(addresses(), /192\.0\.2\.40\/26/);
});
