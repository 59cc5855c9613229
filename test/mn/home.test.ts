/** Coming home, being there, leaving; and the ARP rules of RFC 5944 §4.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../mn/core/movement/agents.ts";
import { homeRouter } from "../../mn/core/movement/home.ts";
import { BROADCAST_MAC } from "../../shared/base/address.ts";
import { AdvertisementFlag, NEVER_DEFAULT } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  arpRequest,
  FA1,
  FA2_MAC,
  HA_MAC,
  HOME,
  HOME_AGENT,
  HOME_LINK_ROUTER,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  packets,
  Timeline,
} from "./bench.ts";

function cameHome(): Timeline {
  const line = Timeline.registered();
  line.linkDown();
  line.linkUp();
  line.clear();
  line.event(homeAdvertisement());
  return line;
}

test("RFC 5944 §4.6: coming home: forwarding, then gratuitous ARP, then the deregistration [5944-4.6-19] [5944-4.6-09] [5944-2.4.3-02] [5944-2.4.3-03] [5944-3.6.2.2-02] [5944-2.4.3-01]", () => {
  const line = cameHome();
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), [], "forwarding comes first");
  assert.deepEqual(line.node.forwarding().get("at-home/wlan0"), {
    kind: "at-home",
    interface: "wlan0",
    homeAddress: HOME,
    homePrefix: { address: HOME, length: 24 },
    router: HOME_LINK_ROUTER,
  });
  assert.equal(line.node.nextDeadline(), line.now);
  line.until(line.now);
  const kinds = packets(line.log.map(({ effect }) => effect)).map(({ type }) => type);
  assert.deepEqual(kinds, ["send-arp", "send-udp"]);
});

test("RFC 5944 §4.6: the gratuitous ARP: both addresses ours, our link-layer address, broadcast, three times beside the deregistration [5944-4.6-02] [5944-4.6-03] [5944-4.6-10] [5944-4.6-01]", () => {
  const line = cameHome();
  const start = line.now;
  line.hearing(start + 10_000, homeAdvertisement());
  const arps = line.log.filter(({ effect }) => effect.type === "send-arp");
  assert.deepEqual(
    arps.map(({ at }) => at - start),
    [0, 1000, 2000],
  );
  for (const { effect } of arps) {
    assert.deepEqual(effect, {
      type: "send-arp",
      operation: "request",
      senderMac: OWN_MAC,
      senderAddress: HOME,
      targetMac: "00:00:00:00:00:00",
      targetAddress: HOME,
      link: { interface: "wlan0", destination: BROADCAST_MAC },
    });
  }
});

test("RFC 5944 §3.6.1.2: the deregistration at home: lifetime 0, care-of address the home address, straight to the home agent [5944-3.6.1.2-15] [5944-3.6.1.2-23] [5944-3.1-04] [5944-3.6.1.1-08] [5944-3.6.1.1-03] [5944-3.3-05] [5944-3.6.1.2-03]", () => {
  const line = cameHome();
  line.until(line.now);
  const { effect, message } = line.lastRequest();
  assert.equal(effect.source, HOME);
  assert.equal(effect.destination, HOME_AGENT);
  assert.deepEqual(effect.link, { interface: "wlan0", destination: HA_MAC });
  assert.equal(message.lifetime, 0);
  assert.equal(message.careOfAddress, HOME);
  assert.equal(message.flags, 0);
  assert.equal(message.extensions.length, 1);
  assert.equal(line.node.state, "handover");
  line.accept();
  assert.equal(line.node.state, "home");
  assert.equal(line.reports("deregistered").length, 1);
  assert.equal(line.reports("home").length, 1);
  assert.equal(line.reports("handover-finished").length, 1);
  assert.equal(line.status().mode, "home");
  assert.equal(line.status().care_of_address, null);
  line.clear();
  line.hearing(line.now + 100_000, homeAdvertisement());
  assert.deepEqual(line.requests(), [], "once is enough");
});

test("RFC 5944 §2.4.3: started at home: deregistered there too, a binding may be left from before [5944-2.4.3-01]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(homeAdvertisement());
  assert.equal(line.node.state, "home");
  line.until(0);
  assert.equal(line.lastRequest().message.lifetime, 0);
  assert.deepEqual(line.items(), ["home-address", "at-home/wlan0"]);
});

test("Home is where H is set and the home agent is listed, or is the source", () => {
  const flags = AdvertisementFlag.H;
  const home = [homeAdvertisement(), homeAdvertisement({ source: HOME_AGENT, routers: [] })];
  for (const event of home) {
    const line = new Timeline();
    line.linkUp();
    line.event(event);
    assert.equal(line.node.state, "home");
  }
  const others = [
    homeAdvertisement({ routers: [HOME_LINK_ROUTER] }),
    homeAdvertisement({ flags: 0 }),
    advertisement({ flags, careOf: [] }),
  ];
  for (const event of others) {
    const line = new Timeline();
    line.linkUp();
    line.event(event);
    assert.equal(line.node.state, "searching");
  }
});

test("Home comes first, even while a foreign agent is heard on the same link [5944-2.4.3-01]", () => {
  const line = Timeline.registered();
  line.event(homeAdvertisement());
  line.until(line.now);
  assert.equal(line.lastRequest().effect.destination, HOME_AGENT);
  line.accept();
  line.clear();
  line.hearing(line.now + 50_000, homeAdvertisement(), advertisement());
  assert.equal(line.node.state, "home");
  assert.deepEqual(line.requests(), []);
});

test("RFC 5944 §4.6: a home agent that rejects: at home all the same, asked again later", () => {
  const line = cameHome();
  line.until(line.now);
  line.accept({ code: 129 });
  assert.equal(line.node.state, "handover");
  assert.deepEqual(line.items(), ["home-address", "at-home/wlan0"]);
  line.clear();
  const start = line.now;
  line.hearing(start + 2500, homeAdvertisement());
  assert.deepEqual(
    line.requests().map(({ at }) => at - start),
    [2000],
  );
});

test("RFC 5944 §4.6: leaving home: ARP for the home address stops before the request is sent [5944-4.6-17]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(homeAdvertisement({ lifetime: 3 }));
  line.until(0);
  line.accept();
  line.until(1000);
  line.event(advertisement());
  line.clear();
  // The home agent falls silent, a foreign agent is heard.
  const deadline = line.node.nextDeadline() ?? 0;
  line.until(2999);
  line.now = 3000;
  assert.ok(deadline <= 3000);
  const effects = line.event({ type: "tick" });
  assert.deepEqual(
    packets(effects).filter(({ type }) => type !== "send-arp"),
    [],
  );
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.until(3000);
  assert.equal(line.lastRequest().effect.destination, FA1);
});

test("At home with a silent home agent and nobody else: still at home, but asking who is there", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(homeAdvertisement({ lifetime: 3 }));
  line.until(0);
  line.accept();
  line.clear();
  line.until(20_000);
  assert.equal(line.node.state, "home");
  assert.deepEqual(line.items(), ["home-address", "at-home/wlan0"]);
  assert.ok(line.solicitations().length >= 3);
  line.linkDown();
  line.linkUp();
  assert.equal(line.node.state, "searching");
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
});

test("RFC 5944 §4.6: away from home nothing is broadcast by ARP: the announcements end with the home link [5944-4.6-13] [5944-4.2.1-06]", () => {
  const line = cameHome();
  line.until(line.now);
  line.linkDown();
  line.linkUp();
  line.clear();
  line.hearing(line.now + 20_000, advertisement());
  assert.deepEqual(line.sent("send-arp"), []);
});

test("RFC 5944 §4.6: the serving foreign agent's unicast ARP request is answered unicast, no other [5944-4.6-14] [5944-4.6-15] [5944-1.7-05]", () => {
  const line = Timeline.registered();
  assert.deepEqual(line.event(arpRequest()), [
    {
      type: "send-arp",
      operation: "reply",
      senderMac: OWN_MAC,
      senderAddress: HOME,
      targetMac: "02:00:00:00:01:01",
      targetAddress: FA1,
      link: { interface: "wlan0", destination: "02:00:00:00:01:01" },
    },
  ]);
  const silent = [
    arpRequest({ linkDestination: BROADCAST_MAC }),
    arpRequest({ linkSource: FA2_MAC }),
    arpRequest({ targetAddress: FA1 }),
    arpRequest({ operation: "reply" }),
    arpRequest({ interface: "eth0" }),
  ];
  for (const event of silent) assert.deepEqual(line.event(event), []);
  line.linkDown();
  line.linkUp();
  assert.deepEqual(line.event(arpRequest()), [], "not attached to anybody");
});

test("RFC 5944 §4.6: the agent being registered with is answered too, at home nobody is from here [5944-4.6-14] [5944-4.6-15]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement());
  assert.equal(line.event(arpRequest()).length, 1);
  const home = new Timeline();
  home.linkUp();
  home.event(homeAdvertisement());
  home.until(0);
  home.accept();
  assert.deepEqual(home.event(arpRequest({ linkSource: HA_MAC })), []);
});

test("RFC 1256 §5.3: the default router at home is the most preferred neighbour [1256-5.3-03] [1256-5.3-06]", () => {
  const config = makeConfig();
  const address = (last: number) => ((10 << 24) | (1 << 16) | last) as typeof HOME;
  const agent = (routerAddresses: Agent["routerAddresses"], mobilityOnly = false) =>
    ({ routerAddresses, mobilityOnly }) as Agent;
  const routers = [
    { address: HOME_AGENT, preference: 100 },
    { address: address(1), preference: 0 },
    { address: address(2), preference: 5 },
    { address: address(3), preference: NEVER_DEFAULT },
  ];
  assert.equal(homeRouter(agent(routers), config), address(2));
  assert.equal(homeRouter(agent(routers.slice(3)), config), undefined);
  assert.equal(homeRouter(agent(routers, true), config), undefined);
});
