/**
 * Two visitors on one link with one home address, of different home agents; and a visitor that
 * encapsulates what it sends to the agent. On the real kernel, in namespaces.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem, VisitorItem } from "../../shared/forwarding/state.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { dataplaneInside, driversHere, insideEach, isInside } from "./inside.ts";
import {
  attempt,
  buildWorld,
  DriverProcess,
  type Host,
  macOf,
  sh,
  snapshot,
} from "./netns-world.ts";
import { packet, ROOM } from "./packets.ts";

const HOME = ipv4("10.1.0.7");
const CARE_OF = ipv4("203.0.113.2");
/** The second home agent is the router in the middle, by its address next to the foreign agent. */
const AGENTS = { ha: ipv4("198.51.100.1"), rt: ipv4("203.0.113.254") } as const;
const DATAPLANE = dataplaneInside();
const CONFIG: Readonly<Record<"ha" | "fa" | "rt", DriverConfig>> = {
  fa: { role: "fa", routeTable: 434, rulePriority: 4340, ...DATAPLANE },
  ha: { role: "ha", routeTable: 436, rulePriority: 4360, ...DATAPLANE },
  rt: { role: "ha", routeTable: 436, rulePriority: 4360, ...DATAPLANE },
};
/** Both nodes have one address; by the TTL of what they send we see which one answers. */
const TTL = { mn: 64, mn2: 200 } as const;

/** The link of the visitors becomes a bridge with both nodes. */
function joinNodes(): void {
  sh("fa", "ip addr flush dev lan0; ip link set lan0 down; ip link set lan0 name port1");
  sh("fa", "ip link add lan0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
  sh("fa", "ip link add port2 type veth peer name wlan0 netns mn2");
  sh("fa", "for p in port1 port2; do ip link set $p master lan0 up; done; ip link set lan0 up");
  sh("fa", "ip addr add 192.168.7.1/24 dev lan0");
  const router = macOf("fa", "lan0");
  for (const host of ["mn", "mn2"] as const) {
    sh(host, "ip link set wlan0 up; ip addr add 10.1.0.7/32 dev wlan0");
    sh(host, `echo ${TTL[host]} > /proc/sys/net/ipv4/ip_default_ttl`);
    sh(host, "ip route add 192.168.7.1 dev wlan0; ip route add default via 192.168.7.1");
    sh(host, `ip neigh add 192.168.7.1 lladdr ${router} dev wlan0 nud permanent`);
  }
}

function visitor(
  host: "mn" | "mn2",
  values: Partial<VisitorItem> = {},
): readonly [string, VisitorItem] {
  const agent = host === "mn" ? "ha" : "rt";
  const item: VisitorItem = {
    kind: "visitor",
    homeAddress: HOME,
    interface: "lan0",
    mac: macOf(host, "wlan0") as Mac,
    homeAgent: AGENTS[agent],
    careOfAddress: CARE_OF,
    encapsulation: "ipip",
    reverse: true,
    delivery: "direct",
    plane: host === "mn" ? 0 : 1,
    ...values,
  };
  return [`visitor/${host}`, item];
}

function binding(agent: "ha" | "rt"): readonly [string, ForwardingItem] {
  const common = { homeAddress: HOME, homeAgent: AGENTS[agent], careOfAddress: CARE_OF };
  const form = { encapsulation: "ipip", reverse: true, homeInterface: undefined } as const;
  return ["binding", { kind: "binding", ...common, ...form }];
}

function ping(from: Host, options: string): { code: number | null; output: string } {
  return attempt(from, `ping -n -c 2 -i 0.2 -W 1 ${options}`);
}

if (!isInside()) {
  const rule = "overlapping home addresses and encapsulating delivery in namespaces";
  insideEach(rule, import.meta.url, driversHere());
} else {
  const drivers = new Map<Host, DriverProcess>();
  let untouched = "";
  const driver = (host: Host): DriverProcess => {
    const process = drivers.get(host);
    assert.ok(process !== undefined);
    return process;
  };
  const launch = async (host: "ha" | "fa" | "rt"): Promise<void> => {
    drivers.set(host, new DriverProcess(host, CONFIG[host], "helper"));
    assert.deepEqual((await driver(host).send({ name: "start" })).failures ?? [], []);
  };
  const apply = async (
    host: Host,
    ...items: (readonly [string, ForwardingItem])[]
  ): Promise<void> => {
    const answer = await driver(host).send({ name: "apply", items });
    assert.deepEqual(answer.failures ?? [], []);
  };
  const packetsOf = async (remote: string): Promise<unknown[]> => {
    const { tunnels } = await driver("fa").send({ name: "show" });
    const tunnel = tunnels.find((one) => one.remote === remote);
    return [tunnel?.packets_in, tunnel?.packets_out];
  };

  before(async () => {
    buildWorld();
    joinNodes();
    untouched = snapshot("fa");
    for (const host of ["ha", "fa", "rt"] as const) await launch(host);
    drivers.set("mn", new DriverProcess("mn", CONFIG.ha, "helper"));
    await apply("ha", binding("ha"));
    await apply("rt", binding("rt"));
    await apply("fa", visitor("mn"), visitor("mn2"));
  });

  after(async () => {
    for (const process of drivers.values()) await process.kill();
  });

  test("RFC 3024 §A.2: each of two visitors with one home address gets what its own home agent tunnels", async () => {
    const first = ping("cn", "10.1.0.7");
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /ttl=62/);
    // The second home agent is the sender itself: its foreign agent is the only hop.
    const second = ping("rt", "-I 198.51.100.254 10.1.0.7");
    assert.equal(second.code, 0, second.output);
    assert.match(second.output, /ttl=199/);
    assert.deepEqual(await packetsOf("198.51.100.1"), [2, 2]);
    assert.deepEqual(await packetsOf("203.0.113.254"), [2, 2]);
    assert.match(sh("fa", "ip link show mip434p1"), /mtu 1480/);
  });

  test("RFC 3024 §A.2: what each of them sends goes to its own home agent", async () => {
    assert.equal(ping("mn", "10.9.0.2").code, 0);
    assert.equal(ping("mn2", "198.51.100.254").code, 0);
    assert.deepEqual(await packetsOf("198.51.100.1"), [4, 4]);
    assert.deepEqual(await packetsOf("203.0.113.254"), [4, 4]);
  });

  test("a larger header in one plane narrows the devices of all", async () => {
    await apply("fa", visitor("mn"), visitor("mn2", { encapsulation: "gre" }));
    for (const device of ["mip434", "mip434p1"]) {
      assert.match(sh("fa", `ip link show ${device}`), /mtu 1476/);
    }
    await apply("fa", visitor("mn"), visitor("mn2"));
  });

  test("a plane goes with its last visitor, and leaves nothing", async () => {
    const alone = sh("fa", "ip rule; ip route show table all; ip neigh show nud permanent");
    assert.match(alone, /169\.254\.1\.0/);
    await apply("fa", visitor("mn"));
    const left = sh("fa", "ip rule; ip route show table all; ip neigh show nud permanent; ip link");
    assert.doesNotMatch(left, /169\.254\.|mip434p1|131506/);
    assert.equal(ping("cn", "10.1.0.7").code, 0);
    await apply("fa", visitor("mn"), visitor("mn2"));
    assert.equal(ping("rt", "-I 198.51.100.254 10.1.0.7").code, 0);
  });

  test("after SIGKILL the next run keeps a plane that is wanted, and removes one that is not", async () => {
    await driver("fa").kill();
    await launch("fa");
    await apply("fa", visitor("mn"), visitor("mn2"));
    assert.equal(ping("rt", "-I 198.51.100.254 10.1.0.7").code, 0);
    await driver("fa").kill();
    assert.match(sh("fa", "ip link show mip434p1"), /mip434p1/);
    await launch("fa");
    await apply("fa", visitor("mn"));
    assert.equal(attempt("fa", "ip link show mip434p1").code, 1);
    assert.doesNotMatch(sh("fa", "ip route show table all; ip rule"), /131506|197042|169\.254/);
  });

  /** An echo request of the node to the correspondent, encapsulated to the agent. */
  const encapsulated = (): number[] => {
    const payload = Uint8Array.of(8, 0, 0, 0, 0x77, 0x77, 0, 1);
    new DataView(payload.buffer).setUint16(2, internetChecksum(payload));
    const source = "10.1.0.7";
    const inner = packet({ source, destination: "10.9.0.2", protocol: 1, payload }).slice(ROOM);
    const outer = { source, destination: "192.168.7.1", protocol: 4, payload: inner };
    return [...packet(outer).slice(ROOM)];
  };
  const outOf = async (): Promise<number> => Number((await packetsOf("198.51.100.1"))[1] ?? 0);

  test("RFC 3024 §5.2.1: with encapsulating delivery only what the visitor encapsulates is reverse-tunnelled [3024-5.2.1-01] [3024-5.2.1-02] [3024-5.2.1-03] [3024-5.4-03] [3024-5.4-04] [3024-5.4-05]", async () => {
    await apply("fa", visitor("mn", { delivery: "encapsulating" }));
    const before = await outOf();
    await driver("mn").send({ name: "send-raw", packet: encapsulated() });
    await sleep(200);
    assert.equal(await outOf(), before + 1);
    // As it is, it goes to the router like any other packet: here that one has no way on.
    const plain = ping("mn", "10.9.0.2");
    assert.match(plain.output, /From 203\.0\.113\.254 .*Unreachable|100% packet loss/);
    assert.equal(await outOf(), before + 1);
    // What comes for the visitor is delivered as ever; its answers go the plain way.
    const [taken] = await packetsOf("198.51.100.1");
    ping("cn", "10.1.0.7");
    assert.equal((await packetsOf("198.51.100.1"))[0], Number(taken) + 2);
    assert.equal(await outOf(), before + 1);
  });

  test("RFC 3024 §5.2.1: from another link-layer address it does not enter the tunnel [3024-5.2.1-01]", async () => {
    const mac = macOf("mn", "wlan0");
    const before = await outOf();
    sh("mn", "ip link set wlan0 address 02:00:00:00:00:99");
    await driver("mn").send({ name: "send-raw", packet: encapsulated() });
    await sleep(200);
    assert.equal(await outOf(), before);
    sh("mn", `ip link set wlan0 address ${mac}`);
    await driver("mn").send({ name: "send-raw", packet: encapsulated() });
    await sleep(200);
    assert.equal(await outOf(), before + 1);
  });

  test("stop leaves everything as it was, planes too", async () => {
    await apply("fa", visitor("mn", { delivery: "encapsulating" }), visitor("mn2"));
    assert.deepEqual((await driver("fa").send({ name: "stop" })).failures ?? [], []);
    await driver("fa").end();
    await sleep(50);
    assert.equal(snapshot("fa"), untouched);
  });
}
