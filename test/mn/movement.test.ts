/** Movement of the mobile node: between foreign agents, home, and away again. RFC 5944 §2.4.2, §4.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../mn/core/agents.ts";
import { homeRouter } from "../../mn/core/home.ts";
import { lazy } from "../../mn/core/movement.ts";
import { RequestPace } from "../../mn/core/pace.ts";
import { BROADCAST_MAC, type Mac } from "../../shared/base/address.ts";
import type { Instant } from "../../shared/base/time.ts";
import { AdvertisementFlag, NEVER_DEFAULT } from "../../shared/wire/agent-discovery.ts";
import {
  advertisement,
  arpRequest,
  FA1,
  FA2,
  FA2_MAC,
  FOREIGN_FLAGS,
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

const toFa2 = advertisement({ source: FA2 });

test("RFC 5944 §3.6: while the current agent is heard another one is no reason to move [5944-3.6-08] [5944-2.4.2.1-02]", () => {
  const line = Timeline.registered();
  line.clear();
  line.hearing(100_000, advertisement({ lifetime: 3 }), toFa2);
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), []);
});

test("RFC 5944 §2.4.2.1: contact lost, another agent's lifetime still runs: registered with at once [5944-2.4.2.1-03] [5944-2.4.2-02] [5944-3.6-06] [5944-2.4.2.2-05]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement({ lifetime: 3 }));
  line.accept();
  line.until(1000);
  line.event(toFa2);
  line.clear();
  line.until(2999);
  assert.deepEqual(line.requests(), []);
  line.until(3000);
  assert.deepEqual(
    line.requests().map(({ at, effect }) => [at, effect.destination, effect.link?.destination]),
    [[3000, FA2, FA2_MAC]],
  );
  assert.equal(line.node.state, "handover");
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.until(3040);
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.deepEqual(line.items(), ["home-address", "visiting/wlan0"]);
  const [started] = line.reports("handover-started");
  assert.equal(started?.fields.from_agent, "192.0.2.1");
  assert.equal(started?.fields.to_agent, "192.0.2.65");
  const [finished] = line.reports("handover-finished");
  assert.equal(finished?.fields.duration_ms, 40);
});

test("RFC 5944 §3.6: with a link-layer indication the move is made at once, within the second too [5944-3.6-06] [5944-3.6-09] [5944-A-01] [5944-2.4.2-01]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement());
  line.until(100);
  line.accept();
  line.until(300);
  line.linkDown();
  assert.equal(line.node.state, "searching");
  assert.deepEqual(line.items(), ["home-address"]);
  line.until(400);
  line.clear();
  line.linkUp();
  assert.deepEqual(line.solicitations(), [400]);
  line.until(410);
  line.event(toFa2);
  assert.deepEqual(
    line.requests().map(({ at, effect }) => [at, effect.destination]),
    [[410, FA2]],
  );
  assert.equal(line.node.state, "handover");
  line.until(430);
  line.accept();
  const [finished] = line.reports("handover-finished");
  assert.equal(finished?.fields.reason, "link-down");
  assert.equal(finished?.fields.duration_ms, 20);
  assert.equal(finished?.fields.gap_ms, 130);
});

test("RFC 5944 §2.4.2: a flapping link does not raise the average above one request a second [5944-2.4.2-03] [5944-3.6-12]", () => {
  const line = Timeline.registered();
  line.clear();
  const start = line.now;
  for (let i = 0; i < 200; i++) {
    line.linkDown();
    line.linkUp();
    line.event(i % 2 === 0 ? toFa2 : advertisement());
    line.until(line.now + 100);
  }
  const times = line.requests().map(({ at }) => at - start);
  for (const [i, at] of times.entries()) {
    const within = times.filter((other) => other >= at && other < at + 5000).length;
    assert.ok(within <= 5 + 2, `${within} requests in 5 s from request ${i}`);
  }
  assert.ok(times.length <= 20 + 3);
  assert.ok(times.length >= 15);
});

test("The pace: a second apart, the first after a link event at once, at most three ahead of the average [5944-3.6.3-06]", () => {
  const pace = new RequestPace();
  assert.equal(pace.earliest(), 0);
  const send = (at: number): void => pace.sent(at as Instant);
  send(5000);
  assert.equal(pace.earliest(), 6000);
  pace.linkChanged();
  assert.ok(pace.earliest() <= 5000);
  send(5001);
  pace.linkChanged();
  send(5002);
  pace.linkChanged();
  assert.equal(pace.earliest(), 6000);
});

test("RFC 5944 §3.6: the same agent after a link flap: the registration holds, and is made again at once [5944-3.6-06]", () => {
  const line = Timeline.registered();
  line.linkDown();
  line.linkUp();
  assert.equal(line.node.state, "searching");
  line.clear();
  line.event(advertisement({ sequenceNumber: 1001 }));
  assert.equal(line.node.state, "registered");
  assert.deepEqual(line.items(), ["home-address", "visiting/wlan0"]);
  assert.equal(line.requests().length, 1);
  assert.deepEqual(line.reports("handover-started"), []);
});

test("A link event that changes nothing is no movement", () => {
  const line = Timeline.registered();
  assert.deepEqual(line.linkUp(), []);
  assert.equal(line.node.state, "registered");
});

test("The preferred interface is used first; when its link goes the other takes over at once", () => {
  const line = new Timeline();
  line.linkUp("eth0", "02:00:00:00:00:08" as Mac);
  line.linkUp("wlan0");
  line.event(advertisement());
  line.accept();
  line.event(advertisement({ source: FA2, interface: "eth0" }));
  line.until(1000);
  line.clear();
  line.linkDown("wlan0");
  assert.deepEqual(
    line.requests().map(({ effect }) => effect.link?.interface),
    ["eth0"],
  );
  assert.equal(line.node.state, "handover");
});

test("Busy agents, and agents without F or care-of address, are not registered with", () => {
  for (const options of [
    { flags: FOREIGN_FLAGS | AdvertisementFlag.B },
    { flags: AdvertisementFlag.H | AdvertisementFlag.T },
    { careOf: [] },
    { registrationLifetime: 0 },
  ]) {
    const line = new Timeline();
    line.linkUp();
    assert.deepEqual(packets(line.event(advertisement(options))), []);
    assert.equal(line.node.state, "searching");
  }
});

test("An agent that becomes busy keeps the visitors that it has", () => {
  const line = Timeline.registered();
  line.clear();
  line.hearing(100_000, advertisement({ flags: FOREIGN_FLAGS | AdvertisementFlag.B }), toFa2);
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), []);
  assert.equal(line.node.state, "registered");
});

test("Lazy cell switching as a function of what it may look at", () => {
  const [a, b] = [{ key: "a" } as Agent, { key: "b" } as Agent];
  const view = { current: a, registered: true, refused: false, candidates: [b] };
  assert.equal(lazy(view), a);
  assert.equal(lazy({ ...view, current: undefined }), b);
  assert.equal(lazy({ ...view, current: undefined, candidates: [] }), undefined);
  assert.equal(lazy({ ...view, refused: true }), a, "a registration holds");
  assert.equal(lazy({ ...view, refused: true, registered: false }), b);
  assert.equal(lazy({ ...view, refused: true, registered: false, candidates: [] }), a);
});

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
