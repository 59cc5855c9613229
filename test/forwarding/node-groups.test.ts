/** What is for all of the home link, or for groups, at the mobile node: RFC 5944 §4.3, §4.4. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { groupChanges, PROTOCOL_IGMP } from "../../shared/forwarding/igmp.ts";
import { destinationOf, protocolOf, sourceOf } from "../../shared/forwarding/packet.ts";
import { realize } from "../../shared/forwarding/realize.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { objectText } from "../../shared/forwarding/text.ts";
import { GroupQueries, generalQuery } from "../../shared/forwarding/tun/group-queries.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { openPath } from "./fake-path.ts";
import { packet, ROOM } from "./packets.ts";

const MN = { role: "mn", routeTable: 435, rulePriority: 4350, hasNft: false } as const;
const HOME_AGENT = ipv4("198.51.100.1");
const CARE_OF = "203.0.113.50";
const broadcasts = { address: ipv4("10.1.0.0"), length: 24 };
const CO_LOCATED: ForwardingItem = {
  kind: "co-located",
  encapsulation: "ipip",
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: HOME_AGENT,
  path: { interface: "wlan0", number: 1, careOfAddress: ipv4(CARE_OF), gateway: undefined },
  reverse: true,
  groups: { broadcasts, joins: true },
};
const VISITING: ForwardingItem = {
  kind: "visiting",
  interface: "wlan0",
  homeAddress: ipv4("10.1.0.7"),
  router: ipv4("192.0.2.1"),
  routerMac: "02:00:00:00:00:01" as Mac,
  groups: { broadcasts, joins: true, homeAgent: HOME_AGENT },
};

/** What is delivered of these destinations when it comes from the home agent to this address. */
function delivered(item: ForwardingItem, to: string, from = "198.51.100.1"): string[] {
  const all = ["239.1.2.3", "10.1.0.255", "255.255.255.255", "10.1.0.9"];
  return all.filter((destination) => {
    const path = openPath({ entries: realize(item, MN).tunnels });
    const inner = packet({ source: "10.1.0.9", destination }).slice(ROOM);
    path.arrive(packet({ source: from, destination: to, protocol: 4, payload: inner }).slice(ROOM));
    return path.delivered.length === 1;
  });
}

const EVERYTHING = ["239.1.2.3", "10.1.0.255", "255.255.255.255"];

test("RFC 5944 §4.3, §4.4: with an address of its own the node takes them out of its tunnel, from the home agent alone [5944-4.4-01]", () => {
  assert.deepEqual(delivered(CO_LOCATED, CARE_OF), EVERYTHING);
  assert.deepEqual(delivered(CO_LOCATED, CARE_OF, "198.51.100.2"), []);
  const groups = { broadcasts: undefined, joins: true };
  assert.deepEqual(delivered({ ...CO_LOCATED, groups }, CARE_OF), ["239.1.2.3"]);
  assert.deepEqual(delivered({ ...CO_LOCATED, groups: undefined }, CARE_OF), []);
});

test("RFC 5944 §3.6.1.2, §4.4: at a foreign agent the node itself decapsulates what the home agent has encapsulated to the home address [5944-3.6.1.2-08] [5944-4.4-09]", () => {
  assert.deepEqual(delivered(VISITING, "10.1.0.7"), EVERYTHING);
  assert.deepEqual(delivered(VISITING, "10.1.0.7", "192.0.2.1"), [], "from somebody else");
  const groups = { broadcasts, joins: false, homeAgent: HOME_AGENT };
  assert.deepEqual(delivered({ ...VISITING, groups }, "10.1.0.7"), EVERYTHING.slice(1));
  assert.deepEqual(delivered({ ...VISITING, groups: undefined }, "10.1.0.7"), []);
});

test("the kernel takes a broadcast of the home network for one while it is wanted", () => {
  const address = "address 10.1.0.7/24 dev mip435";
  for (const item of [CO_LOCATED, VISITING]) {
    const texts = realize(item, MN).objects.map(objectText);
    assert.ok(
      texts.some((text) => text.startsWith(address)),
      texts.join("; "),
    );
    const without = realize({ ...item, groups: undefined }, MN).objects.map(objectText);
    assert.ok(!without.some((text) => text.startsWith(address)));
  }
});

test("RFC 3376 §4.1: a General Query of version 3, to all systems, with TTL 1 and Router Alert", () => {
  const query = generalQuery(HOME_AGENT, 100);
  assert.equal(Buffer.from(query.subarray(24)).toString("hex"), "1101eefe0000000000000000");
  assert.equal(internetChecksum(query, 0, 24), 0);
  assert.deepEqual([...query.subarray(20, 24)], [0x94, 4, 0, 0]);
  assert.equal(query[8], 1);
  assert.deepEqual(
    [protocolOf(query, 0), sourceOf(query, 0), destinationOf(query, 0)],
    [PROTOCOL_IGMP, HOME_AGENT, ipv4("224.0.0.1")],
  );
  assert.deepEqual(groupChanges(query, 0), [], "it says nothing of a group");
});

test("our kernel is asked for its groups twice after a registration by which they can be joined, then every 125 s; a renewal is none, and nobody is asked without one", () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  let asked = 0;
  const queries = new GroupQueries(() => void asked++);
  const apply = (key: string, item: ForwardingItem | undefined): void => {
    queries.set(key, item);
    queries.run();
  };
  apply("listening/wlan0", { kind: "listening", interface: "wlan0" });
  apply("visiting/wlan0", {
    ...VISITING,
    groups: { broadcasts, joins: false, homeAgent: HOME_AGENT },
  });
  mock.timers.tick(200_000);
  assert.equal(asked, 0);
  apply("visiting/wlan0", VISITING);
  mock.timers.tick(2000);
  assert.equal(asked, 2);
  apply("visiting/wlan0", { ...VISITING });
  mock.timers.tick(100_000);
  assert.equal(asked, 2);
  mock.timers.tick(25_000);
  assert.equal(asked, 3);
  apply("visiting/wlan0", undefined);
  mock.timers.tick(500_000);
  assert.equal(asked, 3);
  apply("co-located/wlan0", CO_LOCATED);
  mock.timers.tick(1300);
  assert.equal(asked, 5);
  queries.close();
  mock.timers.tick(500_000);
  assert.equal(asked, 5);
  mock.timers.reset();
});
