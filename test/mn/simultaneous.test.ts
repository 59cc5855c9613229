/** The former binding beside the new one, for what is under way: RFC 5944 §3.6.1.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnCoreConfig } from "../../mn/core/config.ts";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import {
  advertisement,
  FA1,
  FA2,
  FA2_MAC,
  HOME,
  HOME_AGENT,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  packets,
  Timeline,
} from "./bench.ts";

const CARE_OF = { eth0: ipv4("203.0.113.50"), wlan0: ipv4("192.0.2.170") } as const;
type Name = keyof typeof CARE_OF;

type When = MnCoreConfig["registration"]["simultaneous"];

function coLocated(simultaneous: When): MnCoreConfig {
  return makeConfig({
    interfaces: [
      { name: "eth0", mode: "co-located" },
      { name: "wlan0", mode: "co-located" },
    ],
    registration: { simultaneous },
  });
}

function plug(line: Timeline, name: Name, up = true, careOf: Ipv4 = CARE_OF[name]): void {
  const addresses = [{ address: careOf, length: 24 }];
  const defaultRoute = { gateway: ipv4("203.0.113.1") };
  const link = { up, mac: OWN_MAC, mtu: 1500, addresses, defaultRoute };
  line.event({ type: "link", interface: name, link });
  line.until(line.now);
}

/** Registered by wlan0, and eth0, which is preferred, has just come. */
function between(simultaneous: When = "auto"): Timeline {
  const line = new Timeline(coLocated(simultaneous));
  plug(line, "wlan0");
  line.accept();
  line.until(5000);
  line.clear();
  plug(line, "eth0");
  return line;
}

const isSimultaneous = (line: Timeline): boolean =>
  (line.lastRequest().message.flags & RequestFlag.S) !== 0;
const asked = (line: Timeline) =>
  line.requests().map(({ at, message }) => ({
    at,
    careOf: message.careOfAddress,
    lifetime: message.lifetime,
    s: (message.flags & RequestFlag.S) !== 0,
  }));

test("RFC 5944 §3.6.1.2: the way in use works still: its binding is kept beside the new one, and deleted two seconds later, alone [5944-3.6.1.2-01] [5944-3.6.1.2-14]", () => {
  const line = between();
  line.until(5050);
  line.accept();
  line.until(20_000);
  assert.deepEqual(asked(line), [
    { at: 5000, careOf: CARE_OF.eth0, lifetime: 300, s: true },
    { at: 7050, careOf: CARE_OF.wlan0, lifetime: 0, s: false },
    // Nobody has answered yet (§3.6.3).
    { at: 8050, careOf: CARE_OF.wlan0, lifetime: 0, s: false },
    { at: 10_050, careOf: CARE_OF.wlan0, lifetime: 0, s: false },
    { at: 14_050, careOf: CARE_OF.wlan0, lifetime: 0, s: false },
  ]);
  assert.equal(line.lastRequest().effect.source, CARE_OF.eth0, "by the way that serves");
  assert.equal(line.lastRequest().effect.destination, HOME_AGENT);
  assert.deepEqual(packets(line.accept()), []);
  assert.equal(line.node.state, "registered");
  assert.equal(line.status().care_of_address, "203.0.113.50");
  assert.equal(line.reports("deregistered").length, 0, "the node is still registered");
  assert.equal(line.reports("binding-released").length, 1);
  line.clear();
  line.until(60_000);
  assert.deepEqual(line.requests(), []);
});

test("nobody answers the deletion: it is given up, and the way that serves is not blamed", () => {
  const line = between();
  line.accept();
  line.until(60_000);
  assert.equal(asked(line).length, 5);
  assert.equal(line.node.state, "registered");
  assert.equal(line.status().interface, "eth0");
  assert.equal(line.status().last_error, null);
});

test("RFC 5944 §3.6.1.2: not asked for: the S bit is clear and nothing is deleted", () => {
  const line = between("off");
  line.accept();
  line.until(60_000);
  assert.deepEqual(asked(line), [{ at: 5000, careOf: CARE_OF.eth0, lifetime: 300, s: false }]);
});

test("RFC 5944 §3.6.1.2: a way that is lost is worth no binding: the new one replaces it", () => {
  const line = new Timeline(coLocated("auto"));
  plug(line, "eth0");
  line.accept();
  assert.equal(isSimultaneous(line), false, "the first one");
  plug(line, "wlan0");
  line.until(5000);
  plug(line, "eth0", false);
  assert.equal(line.lastRequest().message.careOfAddress, CARE_OF.wlan0);
  assert.equal(isSimultaneous(line), false);
  line.accept();
  line.clear();
  line.until(60_000);
  assert.deepEqual(line.requests(), []);
});

test("RFC 5944 §3.4: code 1: there is one binding only; nothing is to be deleted, and nobody is asked again", () => {
  const line = between();
  line.accept({ code: 1 });
  assert.equal(line.node.state, "registered");
  line.until(10_000);
  assert.equal(line.requests().length, 1);
  plug(line, "eth0", false);
  line.accept();
  plug(line, "eth0");
  assert.equal(line.lastRequest().message.careOfAddress, CARE_OF.eth0);
  assert.equal(isSimultaneous(line), false);
});

for (const code of [135, 129]) {
  test(`RFC 5944 §3.4: code ${code}: the new binding replaces them all, so it is asked for again without the S bit`, () => {
    denied(code);
  });
}

function denied(code: number): void {
  const line = between();
  line.accept({ code });
  line.until(6000);
  assert.deepEqual(
    asked(line).map(({ s }) => s),
    [true, false],
  );
  line.accept();
  line.until(30_000);
  assert.equal(line.requests().length, 2, "and none is left to be deleted");
  assert.equal(line.status().interface, "eth0");
}

test("RFC 5944 §3.6.1.2: back on the former way before its binding is deleted: the other one is the former now", () => {
  const line = between();
  line.accept();
  line.until(6000);
  line.event({
    type: "command",
    id: 1,
    name: "handover",
    args: {},
  });
  line.until(6100);
  assert.equal(line.lastRequest().message.careOfAddress, CARE_OF.wlan0);
  assert.equal(isSimultaneous(line), true);
  line.accept();
  line.clear();
  line.until(8200);
  assert.deepEqual(asked(line), [{ at: 8100, careOf: CARE_OF.eth0, lifetime: 0, s: false }]);
});

test("RFC 5944 §3.6.1.2: a deletion that is refused: the binding runs out, and the node stays where it is", () => {
  const line = between();
  line.accept();
  line.until(7000);
  line.accept({ code: 128, lifetime: 0 });
  line.until(60_000);
  assert.equal(line.requests().length, 2);
  assert.equal(line.node.state, "registered");
  assert.equal(line.reports("denied").length, 0);
  assert.equal(line.reports("binding-released")[0]?.fields.code, 128);
});

function betweenAgents(simultaneous: When): Timeline {
  const line = new Timeline(
    makeConfig({
      interfaces: [
        { name: "eth0", mode: "foreign-agent" },
        { name: "wlan0", mode: "foreign-agent" },
      ],
      registration: { simultaneous },
    }),
  );
  line.linkUp("wlan0");
  line.event(advertisement({ lifetime: 9000 }));
  line.accept();
  line.until(5000);
  line.linkUp("eth0");
  line.event(advertisement({ interface: "eth0", source: FA2, lifetime: 9000 }));
  assert.equal(line.lastRequest().message.careOfAddress, FA2);
  return line;
}

test("RFC 5944 §3.6.1.2: between agents the node cannot drop the copies: the S bit only if it is always wanted", () => {
  assert.equal(isSimultaneous(betweenAgents("auto")), false);
  assert.equal(isSimultaneous(betweenAgents("off")), false);
});

test("RFC 5944 §3.6.1.2: from one agent to another one on another interface: the new agent relays the deletion [5944-3.6.1.2-14]", () => {
  const line = betweenAgents("always");
  assert.equal(isSimultaneous(line), true);
  line.accept();
  line.clear();
  line.until(7500);
  const [release] = line.requests();
  assert.ok(release !== undefined);
  assert.equal(release.message.careOfAddress, FA1);
  assert.equal(release.effect.destination, FA2);
  assert.deepEqual(release.effect.link, { interface: "eth0", destination: FA2_MAC });
});

test("RFC 5944 §3.6.2: at home all bindings go at once, the former one too [5944-3.6.1.2-15]", () => {
  const line = between();
  line.accept();
  line.clear();
  line.event(homeAdvertisement({ interface: "wlan0", lifetime: 9000 }));
  line.until(6500);
  assert.equal(line.lastRequest().message.careOfAddress, HOME);
  assert.equal(line.lastRequest().message.lifetime, 0);
  line.accept();
  line.clear();
  line.until(30_000);
  assert.deepEqual(line.requests(), []);
  assert.equal(line.node.state, "home");
});

test("a request whose answer is lost may have made a binding that the node knows nothing of: the next one replaces it, whatever it is", () => {
  const line = between();
  line.until(5050);
  assert.equal(isSimultaneous(line), true);
  plug(line, "eth0", false);
  line.clear();
  plug(line, "eth0", true, ipv4("203.0.113.51"));
  line.until(7000);
  assert.deepEqual(
    [line.lastRequest().message.careOfAddress, isSimultaneous(line)],
    [ipv4("203.0.113.51"), false],
  );
});
