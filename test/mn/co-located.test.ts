/** Care-of addresses of the node's own: when they are taken, and how they are registered. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { InterfaceConfig, MnCoreConfig } from "../../mn/core/config.ts";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import type { LinkChanged } from "../../shared/protocol/core.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  FA1,
  FA1_MAC,
  HOME,
  HOME_AGENT,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  replyTo,
  Timeline,
} from "./bench.ts";

const OWN = ipv4("203.0.113.50");
const OTHER = ipv4("203.0.113.51");
const GATEWAY = ipv4("203.0.113.1");
const { F, T } = AdvertisementFlag;
/** An agent that leaves the choice to the node. */
const noR = advertisement({ flags: F | T });

function config(mode: InterfaceConfig["mode"], changes: Partial<MnCoreConfig> = {}): MnCoreConfig {
  return makeConfig({ interfaces: [{ name: "wlan0", mode }], ...changes });
}

/** The interface as the system's DHCP client leaves it. */
function host(addresses: readonly Ipv4[], gateway: Ipv4 | undefined = GATEWAY): LinkChanged {
  return {
    type: "link",
    interface: "wlan0",
    link: {
      up: true,
      mac: OWN_MAC,
      mtu: 1500,
      addresses: addresses.map((address) => ({ address, length: 24 })),
      ...(gateway === undefined ? {} : { defaultRoute: { gateway } }),
    },
  };
}

function registered(mode: InterfaceConfig["mode"], changes: Partial<MnCoreConfig> = {}): Timeline {
  const line = new Timeline(config(mode, changes));
  line.event(host([OWN]));
  line.until(10_000);
  line.accept();
  assert.equal(line.node.state, "registered");
  return line;
}

test("auto: three solicitations that nobody answers, then the interface's own address [5944-3.6.1.1-01] [5944-3.1-03] [5944-3.6.1.2-02]", () => {
  const line = new Timeline(config("auto"));
  line.event(host([OWN]));
  line.until(10_000);
  const [first] = line.requests();
  assert.ok(first !== undefined);
  const before = line.solicitations().filter((at) => at < first.at);
  assert.equal(before.length, 3);
  assert.equal(first.at - (before[2] ?? 0), 1000);
  assert.deepEqual(
    [first.effect.source, first.effect.destination, first.effect.device, first.effect.link],
    [OWN, HOME_AGENT, "wlan0", undefined],
  );
  assert.equal(first.effect.ttl, 64);
  assert.equal(first.message.careOfAddress, OWN);
  assert.equal(first.message.flags, RequestFlag.D | RequestFlag.T);
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0", "awaited/wlan0"]);
  line.accept();
  assert.deepEqual(line.node.forwarding().get("co-located/wlan0"), {
    kind: "co-located",
    encapsulation: "ipip",
    homeAddress: HOME,
    homeAgent: HOME_AGENT,
    path: { interface: "wlan0", number: 1, careOfAddress: OWN, gateway: GATEWAY },
    reverse: true,
    groups: { broadcasts: undefined, joins: true },
  });
  assert.deepEqual(
    [line.status().mode, line.status().agent, line.status().interface],
    ["co-located", null, "wlan0"],
  );
  line.clear();
  line.until(line.now + 60_000);
  assert.deepEqual(line.solicitations(), [], "nobody is needed");
});

test("auto: three solicitations without an answer after an agent has fallen silent, however many were sent before it was heard", () => {
  const line = new Timeline(config("auto"));
  line.event(host([]));
  line.until(20_000);
  const before = line.solicitations().length;
  assert.ok(before > 3, `${before}`);
  line.event(homeAdvertisement({ lifetime: 30 }));
  assert.equal(line.node.state, "home");
  // On to a link without agents, and nobody has seen the carrier go.
  line.event(host([OWN]));
  line.until(line.now + 29_000);
  assert.equal(line.solicitations().length, before);
  line.until(line.now + 300_000);
  const first = line.requests().find(({ message }) => message.careOfAddress === OWN);
  assert(first !== undefined);
  const unanswered = line.solicitations().filter((at) => at < first.at).length - before;
  assert.equal(unanswered, 3);
});

test("auto: a foreign agent that is heard within three solicitations is taken", () => {
  const line = new Timeline(config("auto"));
  line.event(host([OWN]));
  line.until(3000);
  line.event(noR);
  assert.equal(line.lastRequest().effect.destination, FA1);
  assert.equal(line.lastRequest().message.flags & RequestFlag.D, 0);
  line.accept();
  line.hearing(20_000, noR);
  assert.equal(line.status().mode, "foreign-agent");
});

test("auto: who has begun with its own address goes on with it when an agent is heard later, as long as that requires nothing [5944-3.6-08]", () => {
  const line = registered("auto");
  line.clear();
  line.hearing(line.now + 5000, noR);
  assert.deepEqual(line.requests(), []);
  line.event(advertisement());
  assert.equal(line.lastRequest().effect.destination, FA1);
  assert.equal(line.node.state, "handover");
  assert.ok(line.items().includes("co-located/wlan0"), "it serves until the agent does");
});

test("auto: an agent that refuses leaves the interface's own address, unless it requires registration [5944-2.4.1-01]", () => {
  for (const [heard, isFree] of [
    [noR, true],
    [advertisement(), false],
  ] as const) {
    const line = new Timeline(config("auto"));
    line.event(host([OWN]));
    line.event(heard);
    line.event(replyTo(line.lastRequest(), { code: 66, home: [] }));
    line.until(1500);
    assert.equal(line.lastRequest().effect.source, isFree ? OWN : HOME);
  }
});

test("RFC 5944 §2.4.1, §3.1: a co-located address is registered through an agent that requires it: from that address, to the agent's link-layer address, D set [5944-2.4.1-01] [5944-3.1-02] [5944-3.6.1.1-01] [5944-3.6.1.2-02]", () => {
  const line = registered("co-located");
  line.clear();
  line.event(advertisement({ registrationLifetime: 100 }));
  const { effect, message } = line.lastRequest();
  assert.deepEqual(
    [effect.source, effect.destination, effect.link],
    [OWN, FA1, { interface: "wlan0", destination: FA1_MAC }],
  );
  assert.deepEqual([message.careOfAddress, message.lifetime], [OWN, 100]);
  assert.equal(message.flags & RequestFlag.D, RequestFlag.D);
  line.accept({ event: { destination: HOME } });
  assert.equal(line.node.state, "registered");
  assert.equal(line.status().agent, "192.0.2.1");
  assert.ok(line.items().includes("co-located/wlan0"));
});

test("RFC 5944 §3.7.2.3: an agent sends its replies to the home address, also where the request came from a co-located address; one that answers to where it came from is understood", () => {
  for (const destination of [HOME, OWN]) {
    const line = new Timeline(config("co-located"));
    line.event(host([OWN]));
    line.event(advertisement());
    line.until(line.now + 1000);
    assert.equal(line.lastRequest().effect.destination, FA1);
    line.accept({ code: 66, home: [], event: { destination } });
    assert.equal(line.status().last_code, 66);
    line.until(line.now + 3000);
    line.accept({ event: { destination } });
    assert.equal(line.status().agent, "192.0.2.1");
    assert.equal(line.node.state, "registered");
    assert.equal(line.counter("reply-not-for-us"), 0);
  }
});

test("co-located: at once, without waiting for agents; foreign-agent: never", () => {
  const own = new Timeline(config("co-located"));
  own.event(host([OWN]));
  assert.deepEqual(own.requests(), [], "ARP for the address comes first");
  own.until(own.now);
  assert.equal(own.lastRequest().effect.source, OWN);
  const other = new Timeline(config("foreign-agent"));
  other.event(host([OWN]));
  other.until(60_000);
  assert.deepEqual(other.requests(), []);
  assert.deepEqual(
    other.node.forwarding().get("listening/wlan0"),
    { kind: "listening", interface: "wlan0" },
    "no ARP there",
  );
});

test("RFC 5944 §1.7: another address of the interface is registered at once, the one before is forgotten [5944-1.7-07] [5944-3.6-06]", () => {
  const line = registered("auto");
  line.clear();
  line.event(host([OTHER]));
  const request = line.lastRequest();
  assert.equal(request.effect.source, OTHER);
  assert.equal(request.message.careOfAddress, OTHER);
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0", "awaited/wlan0"]);
  assert.equal(line.reports("handover-started")[0]?.fields.reason, "address-lost");
  line.accept();
  assert.equal(line.status().care_of_address, "203.0.113.51");
});

test("Another gateway is followed without a registration; without any route the path is lost [5944-1.7-07]", () => {
  const line = registered("auto");
  line.clear();
  const gateway = ipv4("203.0.113.2");
  line.event(host([OWN], gateway));
  assert.deepEqual(line.requests(), []);
  const item = line.node.forwarding().get("co-located/wlan0");
  assert.equal(item?.kind === "co-located" && item.path.gateway, gateway);
  const { link } = host([OWN]);
  assert.ok(link !== undefined);
  const { defaultRoute: _, ...routeless } = link;
  line.event({ type: "link", interface: "wlan0", link: routeless });
  assert.equal(line.node.state, "searching");
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
});

test("An address of the home network, of one link alone, or the home address is no care-of address", () => {
  for (const address of ["10.1.0.50", "169.254.7.7", "10.1.0.7"]) {
    const line = new Timeline(config("co-located"));
    line.event(host([ipv4(address)]));
    line.until(60_000);
    assert.deepEqual(line.requests(), [], address);
  }
});

test("RFC 5944 §2.4.3: home is recognised in every mode, and left again when another address is there [5944-2.4.3-01] [5944-4.6-17]", () => {
  for (const mode of ["auto", "co-located"] as const) {
    const line = registered(mode);
    line.event(homeAdvertisement({ lifetime: 3 }));
    line.until(line.now);
    assert.equal(line.lastRequest().message.lifetime, 0, mode);
    assert.equal(line.lastRequest().effect.source, HOME, mode);
    line.accept();
    assert.equal(line.node.state, "home", mode);
    assert.ok(line.items().includes("at-home/wlan0"), mode);
    line.until(line.now + 15_000);
    assert.equal(line.lastRequest().effect.source, OWN, mode);
    line.accept();
    assert.equal(line.status().mode, "co-located", mode);
  }
});

test("RFC 5944 §3.6.1.2: the node decapsulates itself, so M and G are its own to choose [5944-3.6.1.2-10]", () => {
  const flags = { minimal: RequestFlag.M, gre: RequestFlag.G } as const;
  for (const encapsulation of ["minimal", "gre"] as const) {
    const { registration: usual } = makeConfig();
    const registration = { ...usual, reverseTunnel: false, encapsulation };
    const line = registered("co-located", { registration });
    assert.equal(line.lastRequest().message.flags, RequestFlag.D | flags[encapsulation]);
    const item = line.node.forwarding().get("co-located/wlan0");
    assert.ok(item?.kind === "co-located");
    assert.deepEqual([item.encapsulation, item.reverse], [encapsulation, false]);
  }
});

test("A deregistration leaves from the care-of address, for all bindings; D is not set [5944-3.6.1.2-15] [5944-3.6.1.1-01] [5944-3.6.1.2-03]", () => {
  const line = registered("auto");
  line.until(line.now + 2000);
  line.clear();
  line.command("deregister", 1);
  const { effect, message } = line.lastRequest();
  assert.deepEqual([effect.source, effect.destination], [OWN, HOME_AGENT]);
  assert.deepEqual([message.careOfAddress, message.lifetime, message.flags], [HOME, 0, 0]);
  line.accept();
  assert.deepEqual(line.answers(), [{ id: 1, ok: true, message: "deregistered" }]);
});

test("RFC 5944 §3.6.2.1: what the home agent itself sends to another address than the request left from is no reply", () => {
  const line = new Timeline(config("co-located"));
  line.event(host([OWN]));
  line.until(line.now);
  line.accept({ event: { destination: HOME } });
  assert.notEqual(line.node.state, "registered");
  assert.equal(line.counter("reply-not-for-us"), 1);
  line.accept();
  assert.equal(line.node.state, "registered");
});
