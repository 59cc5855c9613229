/** What a mobile node sends by a link that loses its carrier, on the real kernel. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { inside, isInside } from "./inside.ts";
import { attempt, buildWorld, DriverProcess, macOf, sh, snapshot } from "./netns-world.ts";

const HOME = ipv4("10.1.0.7");
const DATAPLANE = { driver: "tun", mtu: 0, df: "copy", mssClamp: true } as const;
const CONFIG = { role: "mn", routeTable: 435, rulePriority: 4350, ...DATAPLANE } as const;
const LINKDOWN = "/proc/sys/net/ipv4/conf/wlan0/ignore_routes_with_linkdown";

function items(): (readonly [string, ForwardingItem])[] {
  const limits = { packets: 100, octets: 100_000, time: 10_000 };
  const mac = macOf("fa", "lan0") as Mac;
  const visiting = { kind: "visiting", interface: "wlan0", homeAddress: HOME } as const;
  const router = { interface: "wlan0", mac };
  return [
    ["home-address", { kind: "home-address", address: HOME }],
    ["attachment", { ...visiting, router: ipv4("192.168.7.1"), routerMac: mac }],
    ["outgoing", { kind: "outgoing", address: HOME, hold: false, limits, router }],
  ];
}

if (!isInside()) {
  test("a link without a carrier, in namespaces", inside(import.meta.url));
} else {
  let driver: DriverProcess;
  let untouched: string;

  before(async () => {
    buildWorld();
    untouched = snapshot("mn");
    driver = new DriverProcess("mn", CONFIG, "helper");
    assert.deepEqual((await driver.send({ name: "start" })).failures ?? [], []);
    const answer = await driver.send({ name: "apply", items: items() });
    assert.deepEqual(answer.failures ?? [], []);
  });

  after(() => driver.kill());

  test("what a node sends when its link has just lost the carrier is kept, before anybody has told the program", async () => {
    assert.match(sh("mn", "ip route get 10.9.0.2 from 10.1.0.7"), /via 192\.168\.7\.1 dev wlan0/);
    await sleep(1100); // until then what is in the anchor counts as late for the way that is there
    sh("fa", "ip link set lan0 down");
    attempt("mn", "ping -n -c 3 -i 0.2 -W 1 -I 10.1.0.7 10.9.0.2");
    const { counters } = await driver.send({ name: "show" });
    assert.equal(counters["handover-buffered"], 3);
    sh("fa", "ip link set lan0 up");
  });

  test("the kernel's setting is put back, and nothing of the other way is left", async () => {
    assert.match(sh("mn", `cat ${LINKDOWN}`), /^1/);
    assert.deepEqual((await driver.send({ name: "stop" })).failures ?? [], []);
    await driver.end();
    await sleep(50);
    assert.match(sh("mn", `cat ${LINKDOWN}`), /^0/);
    assert.equal(snapshot("mn"), untouched);
  });
}
