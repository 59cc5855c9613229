/**
 * A mobile node whose home address the system has on its interface, as a host booted at home has
 * it: on the real kernel, in namespaces of the test's own.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { inside, isInside } from "./inside.ts";
import {
  type Answer,
  attempt,
  buildWorld,
  DriverProcess,
  macOf,
  sh,
  snapshot,
} from "./netns-world.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = ipv4("10.1.0.7");
const MN: DriverConfig = {
  role: "mn",
  routeTable: 435,
  rulePriority: 4350,
  mtu: 0,
  df: "copy",
  mssClamp: true,
};
/** The order of an interface's addresses is not kept: one that comes back comes last. */
const ADDRESSES = "ip -o -4 addr show | sed 's/\\\\.*//' | sort";
type Item = readonly [string, ForwardingItem];

const OWNED: Item = ["home-address", { kind: "home-address", address: HOME }];
const LISTENING: Item = ["listening/eth0", { kind: "listening", interface: "eth0" }];
const AT_HOME: Item = [
  "at-home/eth0",
  {
    kind: "at-home",
    interface: "eth0",
    homeAddress: HOME,
    homePrefix: { address: ipv4("10.1.0.0"), length: 24 },
    router: ipv4("10.1.0.1"),
  },
];

/** On `eth0` the home agent's link plays a foreign one with an agent on it. */
function visiting(device: "eth0" | "wlan0"): Item {
  const [host, far, router] =
    device === "eth0"
      ? (["ha", "home0", "10.1.0.1"] as const)
      : (["fa", "lan0", "192.168.7.1"] as const);
  const routerMac = macOf(host, far) as Mac;
  const item = { kind: "visiting", interface: device, homeAddress: HOME } as const;
  return [`visiting/${device}`, { ...item, router: ipv4(router), routerMac }];
}

/** What must be the same before and after. */
function everything(): string {
  return `${snapshot("mn")}\n${sh("mn", ADDRESSES)}`;
}

if (!isInside()) {
  test("the home address is taken over in namespaces", inside(import.meta.url));
} else {
  let driver: DriverProcess;
  /** On the other end of the node's link; it forwards nothing. */
  let watcher: DriverProcess;
  let untouched = "";

  const launch = async (provider: "helper" | "packages" = "helper"): Promise<void> => {
    driver = new DriverProcess("mn", MN, provider);
    assert.deepEqual((await driver.send({ name: "start" })).failures ?? [], []);
  };
  const apply = async (...items: Item[]): Promise<Answer> => {
    const answer = await driver.send({ name: "apply", items });
    assert.deepEqual(answer.failures ?? [], []);
    return answer;
  };
  const stop = async (): Promise<void> => {
    assert.deepEqual((await driver.send({ name: "stop" })).failures ?? [], []);
    await driver.end();
    await sleep(50);
    assert.equal(everything(), untouched);
    assert.equal(existsSync("/run/mn.taken"), false);
  };
  /** Nobody but the anchor has it, and no route of the system speaks of it. */
  const assertTaken = (): void => {
    assert.deepEqual(sh("mn", `${ADDRESSES} | grep 10.1.0.7`).trim().split(/\s+/).slice(1, 4), [
      "mip435",
      "inet",
      "10.1.0.7/32",
    ]);
    const left = sh("mn", "ip route show table main; ip route show table local | grep -v mip435");
    assert.doesNotMatch(left, /10\.1\.0\./);
  };
  /** ARP that the node sent in the meantime, as the other end of its link saw it. */
  const arpDuring = async (work: () => Promise<void>): Promise<readonly JsonObject[]> => {
    const before = (await watcher.send({ name: "show" })).arpFrames.length;
    await work();
    await sleep(200);
    const { arpFrames } = await watcher.send({ name: "show" });
    return arpFrames.slice(before).filter(({ from }) => from === macOf("mn", "eth0"));
  };
  const isForbidden = ({ to, line, isReply }: JsonObject): boolean =>
    to === "all" || (isReply === true && String(line).startsWith("10.1.0.7 "));

  before(async () => {
    buildWorld();
    sh(
      "mn",
      `ip addr add 10.1.0.7/24 brd + dev eth0
       ip addr add 172.16.0.5/24 dev eth0 label eth0:1
       ip route add default via 10.1.0.1 dev eth0 metric 50
       ip route add 10.77.0.0/16 via 10.1.0.254 dev eth0 proto static mtu 1400
       ip route add 10.78.0.0/16 via 172.16.0.1 dev eth0
       ip route add default via 192.168.7.1 dev wlan0 onlink metric 900`,
    );
    sh("ha", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    untouched = everything();
    watcher = new DriverProcess("ha", { ...MN, role: "ha", routeTable: 436 }, "helper");
    await watcher.send({ name: "watch-arp", device: "home0" });
    await launch();
  });
  after(async () => {
    await driver.kill();
    await watcher.kill();
  });

  test("RFC 5944 §4.6: what the system has of the home address goes, the rest stays, and the log says so [5944-4.6-13] [5944-4.6-14]", async () => {
    assert.equal(everything().includes("10.1.0.7/24"), true);
    const { events } = await apply(OWNED, LISTENING);
    assertTaken();
    const routes = sh("mn", "ip route show");
    assert.match(routes, /10\.78\.0\.0\/16 via 172\.16\.0\.1/);
    assert.match(routes, /default via 192\.168\.7\.1 dev wlan0/);
    const notes = events.filter(({ event }) => event === "forwarding-note");
    assert.deepEqual(notes, [
      {
        event: "forwarding-note",
        message: "took 10.1.0.7/24 from eth0; it is put back at the end",
      },
    ]);
  });

  test("RFC 5944 §4.6: listening and visiting, no sender makes the node broadcast ARP, and it answers none [5944-4.6-13] [5944-4.6-14]", async () => {
    const away = [LISTENING, visiting("eth0"), LISTENING];
    const seen = await arpDuring(async () => {
      for (const item of away) {
        await apply(OWNED, item);
        // Bound to nothing, to the home address, and to the home network's hosts.
        attempt("mn", "ping -n -c 2 -i 0.2 -W 0.2 10.9.0.2");
        attempt("mn", "ping -n -c 1 -W 0.2 -I 10.1.0.7 10.9.0.2");
        attempt("mn", "ping -n -c 1 -W 0.2 -I 10.1.0.7 10.1.0.1");
        attempt("mn", "ping -n -c 1 -W 0.2 10.1.0.20");
        sh("ha", "ip neigh flush dev home0");
        attempt("ha", "ping -n -c 1 -W 0.3 10.1.0.7");
      }
    });
    assert.deepEqual(seen.filter(isForbidden), []);
  });

  test("what is sent while there is no way is not refused, and the first packet at home waits for nothing", async () => {
    await apply(OWNED, LISTENING);
    const sent = "/run/sent.txt";
    const sender = join(HERE, "takeover-sender.js");
    sh("mn", `${process.execPath} ${sender} 10.1.0.7 10.9.0.2 1800 > ${sent} 2> /dev/null &`);
    const first = join(HERE, "takeover-receiver.js");
    sh("cn", `${process.execPath} ${first} > /run/first.txt 2> /dev/null &`);
    await sleep(600);
    const at = performance.timeOrigin + performance.now();
    await apply(OWNED, AT_HOME);
    // Both programs take their time to start, and say what they have seen at their end.
    let told = "";
    for (let i = 0; i < 100 && told === ""; i++) {
      await sleep(100);
      told = sh("mn", `cat ${sent}`);
    }
    const interruption = Number(sh("cn", "cat /run/first.txt")) - at;
    assert.ok(interruption > 0 && interruption < 200, `${interruption} ms`);
    const { count, refused } = JSON.parse(told);
    assert.equal(refused, 0);
    assert.ok(count > 50);
  });

  test("at home the node is reached and reaches as with the address on its interface [5944-4.6-19]", async () => {
    // The first interface of all, so its address would be the kernel's own choice.
    sh("mn", "ip addr add 172.20.0.5/32 dev lo");
    sh("ha", "ip neigh flush dev home0");
    for (const [from, to] of [
      ["ha", "10.1.0.7"],
      ["cn", "10.1.0.7"],
      ["mn", "10.1.0.1"],
      ["mn", "10.9.0.2"],
    ] as const) {
      const { code, output } = attempt(from, `ping -n -c 2 -i 0.2 -W 1 ${to}`);
      assert.equal(code, 0, `${from} ${to}: ${output}`);
    }
    // The node asks for neighbours in its home address's name, not in another's.
    sh("mn", "ip neigh flush dev eth0");
    const { code } = attempt("mn", "ping -n -c 1 -W 1 10.1.0.1");
    assert.equal(code, 0);
    assert.match(sh("ha", "ip neigh show dev home0"), /^10\.1\.0\.7 lladdr/m);
    assert.doesNotMatch(sh("ha", "ip neigh show dev home0"), /172\./);
    sh("mn", "ip addr del 172.20.0.5/32 dev lo");
  });

  test("RFC 5944 §4.6: nothing asks for the home router after the node has left home in the middle of asking [5944-4.6-13]", async () => {
    await apply(OWNED, AT_HOME);
    sh("ha", "ip neigh flush dev home0; ip link set home0 arp off");
    sh("mn", "ip neigh flush dev eth0; ip neigh del 10.1.0.1 dev eth0 || true");
    attempt("mn", "ping -n -c 1 -W 0.3 10.9.0.2");
    await apply(OWNED, LISTENING);
    const seen = await arpDuring(() => sleep(2500));
    sh("ha", "ip link set home0 arp on");
    assert.deepEqual(seen.filter(isForbidden), []);
  });

  test("stop puts everything back as it was", stop);

  test("RFC 5944 §4.6: what something puts back is taken again, said once, and what the kernel drops with it is made again", async () => {
    await launch();
    await apply(OWNED, LISTENING, visiting("wlan0"));
    const notes: JsonObject[] = [];
    for (let i = 0; i < 4; i++) {
      // Its only address: with it goes every route of the interface, and every neighbour.
      sh("mn", "ip addr add 10.1.0.7/24 dev wlan0");
      sh("mn", "ip route add default via 10.1.0.1 dev wlan0; sleep 0.4");
      assertTaken();
      assert.match(sh("mn", "ip route show table main"), /default via 192\.168\.7\.1 dev wlan0/);
      assert.match(sh("mn", "ip route show table 435"), /default via 192\.168\.7\.1 dev wlan0/);
      assert.match(sh("mn", "ip neigh show dev wlan0"), /192\.168\.7\.1 .*PERMANENT/);
      const { events } = await driver.send({ name: "show" });
      notes.push(...events.filter(({ message }) => String(message).includes("from wlan0")));
    }
    assert.equal(notes.length, 2);
    assert.match(String(notes[1]?.message), /took 10\.1\.0\.7\/24 from wlan0 again/);
    assert.deepEqual((await driver.send({ name: "stop" })).failures ?? [], []);
    await driver.end();
    assert.match(sh("mn", ADDRESSES), /wlan0 +inet 10\.1\.0\.7\/24/);
    sh("mn", "ip addr del 10.1.0.7/24 dev wlan0");
    sh("mn", "ip route add default via 192.168.7.1 dev wlan0 onlink metric 900");
    assert.equal(everything(), untouched);
  });

  test("after SIGKILL the next run puts it back at its end, whether it still wants it or not", async () => {
    for (const items of [[OWNED, LISTENING], []] as Item[][]) {
      await launch();
      await apply(OWNED, LISTENING);
      await driver.kill();
      assertTaken();
      await launch();
      await apply(...items);
      if (items.length > 0) assertTaken();
      else assert.match(sh("mn", ADDRESSES), /eth0 +inet 10\.1\.0\.7\/24/);
      await stop();
    }
  });

  test("the packages provider does the same by the ip command", async () => {
    for (const isLast of [false, true]) {
      await launch("packages");
      await apply(OWNED, LISTENING);
      assertTaken();
      if (!isLast) await driver.kill();
    }
    await stop();
  });
}
