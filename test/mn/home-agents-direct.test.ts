/** RFC 4433 with a co-located care-of address, and what goes to a home agent directly. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HomeAgentSource } from "../../mn/core/config.ts";
import { BROADCAST, type Ipv4, ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { LinkChanged } from "../../shared/protocol/core.ts";
import {
  HA_MAC,
  HOME_AGENT,
  HOME_CONTEXT,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  type ReplyOptions,
  started,
  Timeline,
} from "./bench.ts";

const HA1 = ipv4("198.51.100.1");
const HA2 = ipv4("198.51.100.2");
const OWN = ipv4("203.0.113.50");
const ASSIGNED = ipv4("10.1.0.107");

const host: LinkChanged = {
  type: "link",
  interface: "wlan0",
  link: {
    ...{ up: true, mac: OWN_MAC, mtu: 1500, addresses: [{ address: OWN, length: 24 }] },
    defaultRoute: { gateway: ipv4("203.0.113.1") },
  },
};

function asked(...more: HomeAgentSource[]): Timeline {
  const line = new Timeline(
    makeConfig({
      homeAgents: [{ kind: "assigned" }, ...more],
      nai: "bob@example.net",
      homeAddress: UNSPECIFIED,
      homePrefix: { address: UNSPECIFIED, length: 24 },
      interfaces: [{ name: "wlan0", mode: "co-located" }],
      aaa: { ...HOME_CONTEXT, spi: 3000 },
    }),
  );
  line.event(host);
  line.until(5000);
  return line;
}

/** Home Agent field, Requested HA Extension, and where the last request goes. */
function target(line: Timeline): (Ipv4 | undefined)[] {
  const { message, effect } = line.lastRequest();
  const found = message.extensions.find(({ name }) => name === "requested-ha-extension");
  const requested = found?.name === "requested-ha-extension" ? found.haAddress : undefined;
  return [message.homeAgent, requested, effect.destination];
}

const fromHome = (homeAgent: Ipv4, more: ReplyOptions): ReplyOptions => ({
  ...{ homeAgent, homeAddress: ASSIGNED, event: { destination: OWN } },
  ...more,
});

test("RFC 4433 §5.1.2: the request goes to the requested home agent, which the extension names, and the field is left open [4433-3.4.1-03] [4433-5.1.2-01] [4433-5.1.2-06] [4433-5.1.2-07] [4433-5.1.2-08]", () => {
  assert.deepEqual(target(asked({ kind: "address", address: HA1 })), [BROADCAST, HA1, HA1]);
});

test("RFC 4433 §3.4, erratum 898: the Requested HA Extension that is sent has the short form, never the printed one [4433-3.4-03]", () => {
  const { payload } = asked({ kind: "address", address: HA1 }).lastRequest().effect;
  const octets = Buffer.from(payload).toString("hex");
  const address = HA1.toString(16).padStart(8, "0");
  assert.ok(octets.includes(`8b0501${address}`));
  assert.equal(octets.includes(`8b010004${address}`), false);
});

test("RFC 4433 §5.1.2: renewal and deregistration go to the one that has accepted [4433-5.1.2-03]", () => {
  const line = asked({ kind: "address", address: HA1 });
  line.accept(fromHome(HA1, {}));
  line.until(200_000);
  assert.deepEqual(target(line), [HA1, undefined, HA1]);
  line.accept(fromHome(HA1, {}));
  line.command("deregister", 1);
  line.until(line.now + 1000);
  assert.equal(line.lastRequest().message.lifetime, 0);
  assert.deepEqual(target(line), [HA1, undefined, HA1]);
});

test("RFC 4433 §5.1.2: code 143 is followed when it is authenticated, to the home agent that it names [4433-5.1.2-04] [4433-5.1.2-05]", () => {
  const line = asked({ kind: "address", address: HA1 });
  const to = { name: "redirected-ha-extension", haAddress: HA2 } as const;
  const denial = { code: 143, homeAddress: UNSPECIFIED, extensions: [to] };
  line.accept(fromHome(HA1, { ...denial, home: [{ ...HOME_CONTEXT, key: new Uint8Array(16) }] }));
  assert.deepEqual(target(line), [BROADCAST, HA1, HA1]);
  line.accept(fromHome(HA1, denial));
  line.until(line.now + 1000);
  assert.deepEqual(target(line), [BROADCAST, HA2, HA2]);
});

test("RFC 4433 §5.1.2: without anybody to ask nothing is sent directly", () => {
  const line = new Timeline(
    makeConfig({
      homeAgents: [{ kind: "assigned" }],
      nai: "bob@example.net",
      interfaces: [{ name: "wlan0", mode: "co-located" }],
    }),
  );
  line.event(host);
  line.until(20_000);
  assert.deepEqual(line.requests(), []);
});

test("RFC 5944 §3.6.1.2: at home who has no home agent at the moment is at home all the same, and asks all for it; 136 names it", () => {
  const config = makeConfig({ homeAgents: [{ kind: "assigned" }], nai: "bob@example.net" });
  const line = started(config);
  line.event(homeAdvertisement());
  line.until(line.now + 1000);
  const { message, effect } = line.lastRequest();
  assert.deepEqual([message.lifetime, message.homeAgent], [0, BROADCAST]);
  assert.deepEqual([effect.destination, effect.link?.destination], [BROADCAST, HA_MAC]);
  line.accept({ code: 136, homeAgent: HOME_AGENT });
  line.until(line.now + 1500);
  assert.equal(line.lastRequest().message.homeAgent, HOME_AGENT);
  line.accept();
  assert.equal(line.node.state, "home");
});

test("RFC 4721 §3.1: registering directly there is no challenge, and no Mobile-AAA extension either [4721-3.1-13]", () => {
  const { message } = asked({ kind: "address", address: HA1 }).lastRequest();
  const names = message.extensions.map(({ name }) => name);
  assert.ok(!names.includes("mobile-foreign-challenge-extension"));
  assert.ok(!names.includes("mn-aaa-authentication-subtype"));
});
