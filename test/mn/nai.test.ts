/** A mobile node that goes by its NAI, with or without a home address: RFC 2794, RFC 5944 §3.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST, formatIpv4, ipv4, type Mac, UNSPECIFIED } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import {
  advertisement,
  arpRequest,
  FA_CONTEXT,
  FA1,
  FA1_MAC,
  FA2,
  HOME,
  HOME_AGENT,
  homeAdvertisement,
  makeConfig,
  type ReplyOptions,
  replyTo,
  started,
  Timeline,
  WALL_START,
} from "./bench.ts";

const NAI = "bob@example.net";
const named = makeConfig({ nai: NAI });
const nameless = { address: UNSPECIFIED, length: 24 };
const dynamic = makeConfig({ nai: NAI, homeAddress: UNSPECIFIED, homePrefix: nameless });
const ASSIGNED = ipv4("10.1.0.107");
const bob = { name: "mobile-node-nai-extension", nai: NAI } as const;
const granted: ReplyOptions = {
  homeAddress: ASSIGNED,
  extensions: [bob],
  event: { destination: ASSIGNED },
};

/** Heard FA1, and registered with the address that came with the reply. */
function assigned(): Timeline {
  const line = started(dynamic);
  line.event(advertisement());
  line.accept(granted);
  assert.equal(line.node.state, "registered");
  return line;
}

/** The last value persisted under a key. */
function persisted(line: Timeline, key: string): Json | undefined {
  return line.sent("persist").findLast((each) => each.key === key)?.value;
}

test("RFC 2794 §2: the NAI stands before both authentication extensions, in every request [2794-2-02]", () => {
  const line = started({ ...named, foreignAgents: [FA_CONTEXT] });
  line.event(advertisement());
  line.accept({ extensions: [bob], foreign: [FA_CONTEXT] });
  line.command("deregister", 1);
  line.until(3500);
  const names = line.requests().map(({ message }) => message.extensions.map(({ name }) => name));
  assert.equal(names.length, 2);
  for (const each of names) {
    assert.deepEqual(each, [
      "mobile-node-nai-extension",
      "mobile-home-authentication-extension",
      "mobile-foreign-authentication-extension",
    ]);
  }
  assert.deepEqual(line.lastRequest().message.extensions[0], bob);
  assert.equal(line.status().nai, NAI);
});

test("RFC 2794 §2: a reply with the NAI of somebody else is not for this node; one without any is forgiven", () => {
  const line = started(named);
  line.event(advertisement());
  assert.deepEqual(line.accept({ extensions: [{ ...bob, nai: "eve@example.net" }] }), []);
  assert.equal(line.counter("reply-wrong-nai"), 1);
  line.accept();
  assert.equal(line.node.state, "registered");
});

test("RFC 5944 §3.6.1.1, RFC 2794 §2: without a home address the request is from and for 0.0.0.0, with the NAI [5944-3.6-03] [5944-3.6.1.1-02] [2794-1-01] [5944-3.6.1.2-17]", () => {
  const line = started(dynamic);
  assert.deepEqual(line.items(), ["listening/wlan0"]);
  assert.equal(line.status().home_address, null);
  line.event(advertisement());
  const { effect, message } = line.lastRequest();
  assert.equal(effect.source, UNSPECIFIED);
  assert.deepEqual(effect.link, { interface: "wlan0", destination: FA1_MAC });
  assert.equal(message.homeAddress, UNSPECIFIED);
  assert.equal(message.careOfAddress, FA1);
  assert.deepEqual(message.extensions[0], bob);
  assert.deepEqual(line.event(arpRequest({ targetAddress: UNSPECIFIED })), [], "and no ARP for it");
});

test("RFC 5944 §3.6: the home address is taken from the reply, configured, and asked for from then on [5944-3.6-04] [2794-4-01]", () => {
  const line = assigned();
  assert.equal(line.status().home_address, "10.1.0.107");
  assert.deepEqual(line.node.forwarding().get("home-address"), {
    kind: "home-address",
    address: ASSIGNED,
  });
  assert.ok(line.node.forwarding().get("visiting/wlan0") !== undefined);
  assert.equal(line.reports("registered")[0]?.fields.home_address, "10.1.0.107");
  line.hearing(202_000, advertisement());
  const { effect, message } = line.lastRequest();
  assert.ok(line.requests().length > 1, "the renewal");
  assert.equal(effect.source, ASSIGNED);
  assert.equal(message.homeAddress, ASSIGNED);
  line.accept({ extensions: [bob], event: { destination: ASSIGNED } });
  line.event(advertisement({ source: FA2, interface: "eth0" }));
  assert.equal(line.status().home_address, "10.1.0.107");
});

test("RFC 5944 §3.7.2.3: the reply to a node without an address comes to the address assigned or to all; an acceptance without one is none", () => {
  for (const destination of [ASSIGNED, BROADCAST]) {
    const line = started(dynamic);
    line.event(advertisement());
    line.accept({ ...granted, event: { destination } });
    assert.equal(line.node.state, "registered");
  }
  const line = started(dynamic);
  line.event(advertisement());
  assert.deepEqual(line.accept({ ...granted, event: { destination: HOME } }), []);
  const none = { homeAddress: UNSPECIFIED, event: { destination: BROADCAST } };
  assert.deepEqual(line.accept({ extensions: [bob], ...none }), []);
  assert.equal(line.counter("reply-without-home-address"), 1);
  line.accept({ ...none, code: 66, home: [] });
  assert.equal(line.status().last_code, 66, "a denial needs no address");
});

test("RFC 5944 §3.6: an assigned address lasts as long as the registration: then another may be given it", () => {
  const line = assigned();
  line.hearing(310_000, advertisement());
  assert.equal(line.reports("registration-expired").length, 1);
  assert.equal(line.lastRequest().message.homeAddress, UNSPECIFIED);
  assert.ok(!line.items().includes("home-address"));
  const other = assigned();
  other.command("deregister", 1);
  other.until(5000);
  assert.equal(other.lastRequest().message.homeAddress, ASSIGNED);
  assert.equal(other.lastRequest().message.careOfAddress, ASSIGNED);
  other.accept({ event: { destination: ASSIGNED } });
  assert.equal(other.status().home_address, null);
  assert.equal(persisted(other, "session"), null);
});

test("RFC 5944 §3.8.3.2: an address that the home agent does not support any more (129) is not asked for again", () => {
  const line = new Timeline(dynamic);
  const entry = { home_address: "10.1.0.107", until: WALL_START + 60_000 };
  line.event({ type: "restore", entries: [["session", entry]] });
  line.linkUp();
  line.event(advertisement());
  assert.equal(line.lastRequest().message.homeAddress, ASSIGNED);
  line.accept({ code: 129, event: { destination: ASSIGNED } });
  line.hearing(4000, advertisement());
  assert.equal(line.lastRequest().message.homeAddress, UNSPECIFIED);
});

test("RFC 5944 §3.8.3.2: nor while a registration without an end holds, unless that still serves", () => {
  const registration = { ...dynamic.registration, lifetime: 0xffff };
  const line = started({ ...dynamic, registration });
  line.event(advertisement({ registrationLifetime: 0xffff }));
  line.accept({ ...granted, lifetime: 0xffff });
  line.linkUp("eth0", "02:00:00:00:00:0e" as Mac);
  line.event(advertisement({ source: FA2, interface: "eth0", registrationLifetime: 0xffff }));
  const args = { agent: formatIpv4(FA2) };
  line.event({ type: "command", id: 1, name: "handover", args });
  line.until(line.now + 1500);
  assert.equal(line.lastRequest().effect.destination, FA2);
  line.accept({ code: 129, event: { destination: ASSIGNED } });
  assert.equal(
    line.status().home_address,
    "10.1.0.107",
    "the care-of address may be what it does not like",
  );
  line.event({ type: "link", interface: "wlan0", link: undefined });
  line.hearing(line.now + 70_000, advertisement({ source: FA2, interface: "eth0" }));
  line.accept({ code: 129, event: { destination: ASSIGNED } });
  assert.equal(line.status().home_address, null);
  line.hearing(line.now + 130_000, advertisement({ source: FA2, interface: "eth0" }));
  assert.equal(line.lastRequest().message.homeAddress, UNSPECIFIED);
});

test("RFC 5944 §3.8.3.2: at home with an address that is not its own any more a node has none, and is not at home", () => {
  const line = assigned();
  line.hearing(line.now + 40_000, homeAdvertisement());
  line.accept({ code: 129, event: { destination: ASSIGNED } });
  line.hearing(line.now + 1000, homeAdvertisement());
  const before = line.requests().length;
  line.hearing(line.now + 400_000, homeAdvertisement());
  assert.equal(line.requests().length, before);
  assert.equal(line.node.state, "searching");
  assert.equal(line.status().home_address, null);
});

test("After a restart the address is asked for again, as long as the home agent still keeps it", () => {
  const kept = persisted(assigned(), "session");
  const until = WALL_START + 302_000;
  assert.deepEqual(kept, { home_address: "10.1.0.107", home_agent: "198.51.100.1", until });
  const later = (value: Json, wallShift: number): Timeline => {
    const line = new Timeline(dynamic);
    line.wallShift = wallShift;
    line.event({ type: "restore", entries: [["session", value]] });
    line.linkUp();
    line.event(advertisement());
    return line;
  };
  const first = (line: Timeline) => line.lastRequest().message.homeAddress;
  assert.equal(first(later(kept ?? null, 300_000)), ASSIGNED);
  assert.equal(first(later({ home_address: "10.1.0.107", until: null }, 9e9)), ASSIGNED);
  assert.equal(first(later(kept ?? null, 302_000)), UNSPECIFIED);
  for (const odd of [null, 7, [], {}, { home_address: 1, until: null }]) {
    assert.equal(first(later(odd, 0)), UNSPECIFIED);
  }
  const fixed = new Timeline(named);
  fixed.event({ type: "restore", entries: [["session", kept ?? null]] });
  assert.equal(fixed.status().home_address, "10.1.0.7", "a configured address is never replaced");
});

test("At home an assigned address stays, and the next request away from home asks for it", () => {
  const line = assigned();
  line.event(homeAdvertisement());
  line.until(line.now + 1000);
  const { message } = line.lastRequest();
  assert.equal(message.lifetime, 0);
  assert.equal(message.homeAddress, ASSIGNED);
  line.accept({ event: { destination: ASSIGNED } });
  assert.equal(line.node.state, "home");
  assert.equal(line.status().home_address, "10.1.0.107");
  line.event(homeAdvertisement({ lifetime: 0 }));
  line.hearing(10_000, advertisement({ source: FA2 }));
  assert.equal(line.lastRequest().message.homeAddress, ASSIGNED);
  assert.equal(line.lastRequest().message.homeAgent, HOME_AGENT);
});

test("Without an address a node is not at home anywhere: its home agent's link is no reason to deregister", () => {
  const line = started(dynamic);
  line.event(homeAdvertisement());
  line.until(4000);
  assert.deepEqual(line.requests(), []);
  assert.equal(line.node.state, "searching");
});

test("Another NAI in a reloaded configuration is another node: it asks for an address of its own", () => {
  const line = assigned();
  line.node.reconfigure({ ...dynamic, nai: "eve@example.net" }, line.clock());
  assert.equal(line.status().home_address, null);
  const same = assigned();
  same.node.reconfigure(
    { ...dynamic, interfaces: [{ name: "wlan0", mode: "auto" }] },
    same.clock(),
  );
  assert.equal(same.status().home_address, "10.1.0.107");
  same.until(10_000);
  same.event(replyTo(same.lastRequest(), { event: { destination: ASSIGNED } }));
  assert.equal(same.node.state, "registered");
});
