/** Broadcasts and groups of the home link at the node itself: RFC 5944 §3.6.1.2, §4.3, §4.4. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { advertisement, HOME_AGENT, makeConfig, OWN_MAC, Timeline } from "./bench.ts";

const HOME_NETWORK = { address: ipv4("10.1.0.0"), length: 24 };
const { B, D, T } = RequestFlag;

type Changes = Partial<ReturnType<typeof makeConfig>["registration"]>;

function atAgent(registration: Changes): Timeline {
  const line = new Timeline(makeConfig({ registration }));
  line.linkUp();
  line.event(advertisement());
  line.accept();
  return line;
}

function coLocated(registration: Changes): Timeline {
  const interfaces = [{ name: "wlan0", mode: "co-located" }] as const;
  const line = new Timeline(makeConfig({ interfaces, registration }));
  const addresses = [{ address: ipv4("203.0.113.50"), length: 24 }];
  const defaultRoute = { gateway: ipv4("203.0.113.1") };
  const link = { up: true, mac: OWN_MAC, mtu: 1500, addresses, defaultRoute };
  line.event({ type: "link", interface: "wlan0", link });
  line.until(0);
  line.accept();
  return line;
}

function groupsAt(line: Timeline): unknown {
  for (const item of line.node.forwarding().values()) {
    if (item.kind === "visiting" || item.kind === "co-located") return item.groups;
  }
  return "not registered";
}

test("RFC 5944 §3.6.1.2: the B bit when broadcasts are wanted, with D and without, and what comes then is taken [5944-3.6.1.2-04] [5944-3.6.1.2-08] [5944-4.3-02]", () => {
  const visiting = atAgent({ broadcasts: true });
  assert.equal(visiting.lastRequest().message.flags, B | T);
  const broadcasts = HOME_NETWORK;
  assert.deepEqual(groupsAt(visiting), { broadcasts, joins: false, homeAgent: HOME_AGENT });
  const own = coLocated({ broadcasts: true, reverseTunnel: false });
  assert.equal(own.lastRequest().message.flags, B | D);
  assert.deepEqual(groupsAt(own), { broadcasts, joins: false });
});

test("RFC 5944 §3.6.1.2: without the wish no B bit, and nothing for all is taken", () => {
  assert.equal(atAgent({}).lastRequest().message.flags, T);
  assert.equal(groupsAt(atAgent({})), undefined);
  assert.equal(groupsAt(coLocated({ reverseTunnel: false })), undefined);
});

test("RFC 5944 §4.4: groups are joined by the home agent where IGMP goes through the tunnel, at an agent with encapsulating delivery [5944-4.4-01] [5944-4.4-05]", () => {
  const broadcasts = undefined;
  assert.deepEqual(groupsAt(coLocated({})), { broadcasts, joins: true });
  const encapsulating = atAgent({ deliveryStyle: "encapsulating" });
  assert.deepEqual(groupsAt(encapsulating), { broadcasts, joins: true, homeAgent: HOME_AGENT });
});
