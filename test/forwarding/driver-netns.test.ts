/** The `tun` driver on the real kernel: agents and a mobile node in namespaces of the test's own. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { dataplaneInside, inside, isInside } from "./inside.ts";
import {
  attempt,
  buildWorld,
  DriverProcess,
  type Host,
  macOf,
  sh,
  snapshot,
} from "./netns-world.ts";

const HOME = ipv4("10.1.0.7");
const STRANGER = ipv4("10.1.0.9");
const HA = ipv4("198.51.100.1");
const COA = ipv4("203.0.113.2");
const DATAPLANE = dataplaneInside();
const CONFIG: Readonly<Record<"ha" | "fa" | "mn", DriverConfig>> = {
  fa: { role: "fa", routeTable: 434, rulePriority: 4340, ...DATAPLANE },
  mn: { role: "mn", routeTable: 435, rulePriority: 4350, ...DATAPLANE },
  ha: { role: "ha", routeTable: 436, rulePriority: 4360, ...DATAPLANE },
};

function binding(homeAddress = HOME): readonly [string, ForwardingItem] {
  const item: ForwardingItem = {
    kind: "binding",
    homeAddress,
    homeAgent: HA,
    careOfAddress: COA,
    encapsulation: "ipip",
    reverse: true,
    homeInterface: "home0",
  };
  return [`binding/${homeAddress}`, item];
}

function visitor(): readonly [string, ForwardingItem] {
  const item: ForwardingItem = {
    kind: "visitor",
    homeAddress: HOME,
    interface: "lan0",
    mac: macOf("mn", "wlan0") as Mac,
    homeAgent: HA,
    careOfAddress: COA,
    encapsulation: "ipip",
    reverse: true,
    delivery: "direct",
    plane: 0,
  };
  return ["visitor/10.1.0.7", item];
}

function nodeItems(where: "visiting" | "home"): (readonly [string, ForwardingItem])[] {
  const items: (readonly [string, ForwardingItem])[] = [
    ["home-address", { kind: "home-address", address: HOME }],
    ["listening/wlan0", { kind: "listening", interface: "wlan0" }],
    ["listening/eth0", { kind: "listening", interface: "eth0" }],
  ];
  if (where === "visiting") {
    const routerMac = macOf("fa", "lan0") as Mac;
    const router = ipv4("192.168.7.1");
    const visiting = { kind: "visiting", interface: "wlan0", homeAddress: HOME } as const;
    items.push(["attachment", { ...visiting, router, routerMac }]);
  } else {
    const homePrefix = { address: ipv4("10.1.0.0"), length: 24 };
    const home = { kind: "at-home", interface: "eth0", homeAddress: HOME, homePrefix } as const;
    items.push(["attachment", { ...home, router: ipv4("10.1.0.1") }]);
  }
  return items;
}

function ping(from: Host, to: string, options = ""): { code: number | null; output: string } {
  return attempt(from, `ping -n -c 3 -i 0.2 -W 1 ${options} ${to}`);
}

if (!isInside()) {
  test("the tun driver in namespaces", inside(import.meta.url));
} else {
  const drivers = new Map<"ha" | "fa" | "mn", DriverProcess>();
  const untouched = new Map<Host, string>();
  const driver = (host: "ha" | "fa" | "mn"): DriverProcess => {
    const process = drivers.get(host);
    assert.ok(process !== undefined);
    return process;
  };
  const launch = async (
    host: "ha" | "fa" | "mn",
    provider: "helper" | "packages" = "helper",
  ): Promise<void> => {
    drivers.set(host, new DriverProcess(host, CONFIG[host], provider));
    const answer = await driver(host).send({ name: "start" });
    assert.deepEqual(answer.failures ?? [], []);
  };
  const apply = async (
    host: "ha" | "fa" | "mn",
    ...items: (readonly [string, ForwardingItem])[]
  ): Promise<void> => {
    const answer = await driver(host).send({ name: "apply", items });
    assert.deepEqual(answer.failures ?? [], []);
  };

  const stopAll = async (): Promise<void> => {
    for (const host of ["ha", "fa", "mn"] as const) {
      const answer = await driver(host).send({ name: "stop" });
      assert.deepEqual(answer.failures ?? [], []);
      await driver(host).end();
      await sleep(50);
      assert.equal(snapshot(host), untouched.get(host), host);
      assert.equal(existsSync(`/run/${host}.sysctl`), false);
    }
  };

  before(async () => {
    buildWorld();
    for (const host of ["ha", "fa", "mn"] as const) untouched.set(host, snapshot(host));
    for (const host of ["ha", "fa", "mn"] as const) await launch(host);
    await apply("ha", binding(), binding(STRANGER));
    await apply("fa", visitor());
    await apply("mn", ...nodeItems("visiting"));
  });

  after(async () => {
    for (const process of drivers.values()) await process.kill();
  });

  test("RFC 5944 §4.2.2, §4.2.3: a correspondent reaches the visitor through the tunnel and back [5944-4.2.2-05] [5944-4.2.3-03] [5944-4.2.3-08] [3024-5.1.1-02]", async () => {
    const { code, output } = ping("cn", "10.1.0.7");
    assert.equal(code, 0, output);
    // HA and FA are one hop each: 64 - 2 (RFC 2003 §3.1 [2003-3.1-07], [2003-3.1-10]).
    assert.match(output, /ttl=62/);
    const [tunnel] = (await driver("ha").send({ name: "show" })).tunnels;
    assert.equal(tunnel?.packets_out, 3);
    assert.equal(tunnel?.packets_in, 3);
    assert.equal(tunnel?.local, "198.51.100.1");
    assert.equal(tunnel?.remote, "203.0.113.2");
    assert.equal(tunnel?.home_addresses, 2);
    const [reverse] = (await driver("fa").send({ name: "show" })).tunnels;
    assert.equal(reverse?.packets_out, 3);
  });

  test("RFC 2003 §3.1, §5.1: too long is fragmented before the tunnel, with DF it is refused with the MTU [2003-3.1-12] [2003-5.1-02]", () => {
    const long = ping("cn", "10.1.0.7", "-s 1472 -M dont");
    assert.equal(long.code, 0, long.output);
    const refused = ping("cn", "10.1.0.7", "-s 1472 -M do");
    assert.match(refused.output, /mtu ?= ?1480/);
  });

  test("RFC 2003 §4.1, §5.1: a narrow path inside the tunnel is learnt and told to the sender [2003-5.1-01] [2003-5.1-02] [2003-4.1-07] [5944-4.2.3-07]", async () => {
    sh("rt", "ip link set to-fa mtu 1400");
    sh("fa", "ip link set net1 mtu 1400; sleep 0.2");
    // Its own uplink is known to the foreign agent without any error.
    assert.match(sh("fa", "ip link show mip434"), /mtu 1380/);
    sh("cn", "ip route flush cache");
    const { output } = ping("cn", "10.1.0.7", "-s 1440 -M do");
    assert.match(output, /mtu ?= ?1380/);
    assert.match(sh("ha", "ip route show table 436"), /10\.1\.0\.7 dev mip436 .*mtu 1380/);
    assert.equal(ping("cn", "10.1.0.7", "-s 1440 -M dont").code, 0);
    // What is learnt goes with the binding.
    await apply("ha", binding(STRANGER));
    assert.doesNotMatch(sh("ha", "ip route show table 436"), /10\.1\.0\.7/);
    await apply("ha", binding(), binding(STRANGER));
    sh("rt", "ip link set to-fa mtu 1500");
    sh("fa", "ip link set net1 mtu 1500");
    sh("cn", "ip route flush cache");
  });

  test("RFC 5944 §4.2.2: for an unknown inner destination nothing is forwarded and no ICMP is sent [5944-4.2.2-02] [5944-4.2.2-03] [5944-4.2.2-04]", async () => {
    const before = (await driver("fa").send({ name: "show" })).counters["tunnel-no-binding"] ?? 0;
    const { code, output } = ping("cn", "10.1.0.9");
    assert.equal(code, 1, output);
    assert.doesNotMatch(output, /nreachable|exceeded/);
    const { counters } = await driver("fa").send({ name: "show" });
    assert.equal(counters["tunnel-no-binding"], before + 3);
  });

  test("RFC 5944 §4.2.2: no ARP for the home address on the foreign link [5944-4.2.2-08]", async () => {
    await driver("mn").send({ name: "watch-arp", device: "wlan0" });
    assert.equal(ping("cn", "10.1.0.7").code, 0);
    attempt("fa", "ping -n -c 1 -W 1 192.168.7.77");
    // The last ping shows that ARP is seen at all.
    const { arp } = await driver("mn").send({ name: "show" });
    assert.deepEqual([...new Set(arp)], ["192.168.7.1 asks 192.168.7.77"]);
  });

  test("RFC 5944 §4.6: on the foreign link the node does not answer ARP for its home address [5944-4.6-14]", async () => {
    await driver("fa").send({ name: "watch-arp", device: "lan0" });
    const mac = macOf("fa", "lan0") as Mac;
    const question = { name: "ask-arp", device: "lan0", mac, target: "10.1.0.7" } as const;
    await driver("fa").send(question);
    await sleep(300);
    assert.deepEqual((await driver("fa").send({ name: "show" })).arp, []);
    // The same question is answered where the home address may be known: on the home link.
    sh("mn", "echo 0 > /proc/sys/net/ipv4/conf/wlan0/arp_ignore");
    await driver("fa").send(question);
    await sleep(300);
    sh("mn", "echo 1 > /proc/sys/net/ipv4/conf/wlan0/arp_ignore");
    const { arp } = await driver("fa").send({ name: "show" });
    assert.deepEqual(arp, ["10.1.0.7 asks 192.168.7.55"]);
  });

  test("RFC 3024 §5.1: a visitor's source address from another link-layer address does not enter the tunnel", async () => {
    const sent = async (): Promise<unknown> =>
      (await driver("fa").send({ name: "show" })).tunnels[0]?.packets_out;
    const mac = macOf("mn", "wlan0");
    const before = await sent();
    sh("mn", "ip link set wlan0 address 02:00:00:00:00:99");
    ping("mn", "10.9.0.2");
    assert.equal(await sent(), before);
    sh("mn", `ip link set wlan0 address ${mac}`);
    assert.equal(ping("mn", "10.9.0.2").code, 0);
    assert.notEqual(await sent(), before);
  });

  test("RFC 2003 §3.2: what bears one of the agent's own addresses as source is not tunnelled [2003-3.2-01] [2003-3.2-02]", async () => {
    const before = (await driver("ha").send({ name: "show" })).tunnels[0]?.packets_out;
    sh("cn", "ip addr add 198.51.100.1/32 dev cn0; ip addr add 203.0.113.2/32 dev cn0");
    ping("cn", "10.1.0.7", "-I 198.51.100.1");
    ping("cn", "10.1.0.7", "-I 203.0.113.2");
    sh("cn", "ip addr del 198.51.100.1/32 dev cn0; ip addr del 203.0.113.2/32 dev cn0");
    const answer = await driver("ha").send({ name: "show" });
    assert.equal(answer.tunnels[0]?.packets_out, before);
  });

  test("an interface that goes down and comes back gets its routes and neighbours back", async () => {
    sh("fa", "ip link set lan0 down; sleep 0.2; ip link set lan0 up; sleep 0.4");
    assert.match(sh("fa", "ip route show 10.1.0.7"), /10\.1\.0\.7 dev lan0/);
    const { code, output } = ping("cn", "10.1.0.7");
    assert.equal(code, 0, output);
  });

  test("an anchor that somebody deleted is made again, with all that leads to it", () => {
    const state = () => sh("fa", "ip -4 route show table all; ip -4 -o addr; ip -o link");
    const before = state();
    sh("fa", "ip link del mip434; sleep 1");
    assert.equal(state(), before);
    assert.equal(ping("cn", "10.1.0.7").code, 0);
  });

  test("after SIGKILL the kernel keeps forwarding state; the next run keeps what is wanted and removes the rest", async () => {
    const before = sh("ha", "ip route show table 436; ip rule show; ip neigh show proxy");
    assert.match(before, /10\.1\.0\.9/);
    await driver("ha").kill();
    await driver("fa").kill();
    const left = sh("ha", "ip route show table 436; ip rule show; ip neigh show proxy");
    assert.equal(left.replaceAll("linkdown ", ""), before);
    sh("fa", "timeout 4 ip -4 monitor route rule neigh address > /run/fa.monitor & sleep 0.3");
    await launch("ha");
    await launch("fa");
    assert.match(sh("ha", "ip route show table 436"), /10\.1\.0\.9/);
    assert.match(sh("fa", "nft list ruleset"), /10\.1\.0\.7/);
    await apply("ha", binding());
    await apply("fa", visitor());
    // Where nothing else is wanted nothing is done.
    assert.doesNotMatch(sh("fa", "cat /run/fa.monitor"), /10\.1\.0\.7|mip434|434/);
    assert.doesNotMatch(sh("ha", "ip route show table 436; ip neigh show proxy"), /10\.1\.0\.9/);
    const { code, output } = ping("cn", "10.1.0.7");
    assert.equal(code, 0, output);
  });

  test("RFC 5944 §4.6: at home the node answers ARP itself and is an ordinary host [5944-4.6-19]", async () => {
    await apply("ha");
    await apply("fa");
    await apply("mn", ...nodeItems("home"));
    sh("ha", "ip neigh flush dev home0");
    const { code, output } = ping("cn", "10.1.0.7");
    assert.equal(code, 0, output);
    assert.match(output, /ttl=63/);
    assert.match(sh("ha", "ip neigh show dev home0"), new RegExp(macOf("mn", "eth0")));
    assert.match(sh("mn", "ip route get 10.9.0.2"), /via 10\.1\.0\.1 dev eth0 .*src 10\.1\.0\.7/);
  });

  test("the link monitor tells changes of links, addresses and the default route", async () => {
    await driver("fa").send({ name: "watch-links" });
    sh("fa", "ip addr add 203.0.113.3/24 dev net1; sleep 0.1");
    sh("fa", "ip link set net1 mtu 1450; sleep 0.1");
    sh("fa", "ip route del default; sleep 0.1");
    sh(
      "fa",
      "ip link add gone0 type veth peer name gone1; sleep 0.1; ip link del gone0; sleep 0.1",
    );
    sh(
      "fa",
      "ip addr del 203.0.113.3/24 dev net1; ip link set net1 mtu 1500; ip route add default via 203.0.113.254; sleep 0.1",
    );
    const { links } = await driver("fa").send({ name: "show" });
    const first = ["203.0.113.2/24"];
    const both = [...first, "203.0.113.3/24"];
    const seen = links.filter(({ name }) => name === "net1");
    assert.deepEqual(seen.slice(0, 3), [
      { name: "net1", link: { up: true, mtu: 1500, addresses: both }, default: "net1" },
      { name: "net1", link: { up: true, mtu: 1450, addresses: both }, default: "net1" },
      { name: "net1", link: { up: true, mtu: 1450, addresses: both }, default: null },
    ]);
    assert.deepEqual(seen.at(-1), {
      name: "net1",
      link: { up: true, mtu: 1500, addresses: first },
      default: "net1",
    });
    assert.equal(links.filter(({ name }) => name === "gone0").at(-1)?.link, null);
  });

  test("stop leaves routes, rules, neighbours, nft and settings as they were", async () => {
    await apply("ha", binding());
    await apply("fa", visitor());
    await stopAll();
  });

  test("the packages provider does the same by the ip command", async () => {
    for (const host of ["ha", "fa"] as const) await launch(host, "packages");
    await launch("mn");
    await apply("ha", binding());
    await apply("fa", visitor());
    await apply("mn", ...nodeItems("visiting"));
    const { code, output } = ping("cn", "10.1.0.7");
    assert.equal(code, 0, output);
    assert.match(output, /ttl=62/);
    await driver("ha").kill();
    await launch("ha", "packages");
    await apply("ha", binding(STRANGER));
    assert.doesNotMatch(sh("ha", "ip route show table 436; ip neigh show proxy"), /10\.1\.0\.7/);
    await stopAll();
  });
}
