/** Revocation as a mobile node meets it: RFC 3543 §3.2, §4.2.2.3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { Effect, LinkChanged, UdpReceived } from "../../shared/protocol/core.ts";
import { RevocationFlag } from "../../shared/wire/control/revocation.ts";
import { controlMessages } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { brokenOrderRules } from "../../shared/wire/order.ts";
import {
  holds,
  MOBILE_HOME,
  oneAcknowledgment,
  revocationBytes,
  revocations,
  support,
} from "../revocation.ts";
import {
  advertisement,
  HOME,
  HOME_AGENT,
  HOME_CONTEXT,
  makeConfig,
  OWN_MAC,
  packets,
  started,
  Timeline,
} from "./bench.ts";

const OWN = ipv4("203.0.113.50");
const SINCE = 1_000_000;

const host: LinkChanged = {
  type: "link",
  interface: "wlan0",
  link: {
    ...{ up: true, mac: OWN_MAC, mtu: 1500, addresses: [{ address: OWN, length: 24 }] },
    defaultRoute: { gateway: ipv4("203.0.113.1") },
  },
};
const own = makeConfig({
  interfaces: [{ name: "wlan0", mode: "co-located" }],
  registration: { revocation: true },
});

function registered(extensions: readonly ControlExtension[] = [support(SINCE, false)]): Timeline {
  const line = new Timeline(own);
  line.event(host);
  line.until(5000);
  line.accept({ extensions });
  assert.equal(line.node.state, "registered");
  line.clear();
  return line;
}

type Fields = Parameters<typeof revocationBytes>[0];

function revocation(fields: Fields = {}, context = HOME_CONTEXT): UdpReceived {
  const binding = {
    homeAddress: HOME,
    homeDomainAddress: HOME_AGENT,
    foreignDomainAddress: OWN,
  };
  const more = { flags: RevocationFlag.A, revocationIdentifier: SINCE + 10, ...fields };
  return {
    ...{ type: "udp", interface: undefined, linkSource: undefined, ttl: 60 },
    ...{ source: HOME_AGENT, sourcePort: 434, destination: OWN, destinationPort: 434 },
    payload: revocationBytes({ ...binding, ...more }, context, MOBILE_HOME),
  };
}

const isSilent = (effects: readonly Effect[]) => assert.deepEqual(packets(effects), []);
const supported = (line: Timeline): boolean =>
  line.lastRequest().message.extensions.some(({ name }) => name === "revocation-support-extension");

test("RFC 3543 §3.2: who registers by itself says that it wants to be told, in front of extension 32; with an agent's care-of address it does not [3543-3.2-01] [3543-3.2-02] [3543-3.2-03] [3543-3.2-09] [3543-3.2-13] [3543-4.2.1-08] [3543-4.2.1-12]", () => {
  const line = new Timeline(own);
  line.event(host);
  line.until(5000);
  const { message } = line.lastRequest();
  const [first, second] = message.extensions;
  assert.ok(first?.name === "revocation-support-extension");
  assert.equal(first.timestamp, Number(message.identification >> 32n));
  assert.equal(second?.name, MOBILE_HOME);
  assert.deepEqual(brokenOrderRules(controlMessages, message), []);
  const away = started(makeConfig({ registration: { revocation: true } }));
  away.event(advertisement());
  assert.equal(supported(away), false);
  const relayed = new Timeline(own);
  relayed.event(host);
  relayed.event(advertisement());
  relayed.until(5000);
  assert.equal(supported(relayed), false, "through an agent that requires it neither");
});

test("RFC 3543 §4.2.2.3: the revocation of its binding is acknowledged first, to where it came from; then the binding is over [3543-4-01] [3543-3.4-01] [3543-3.4-08] [3543-3.4-09] [3543-3.4-10] [3543-3.5-01] [3543-4.2.2.3-01] [3543-4.2.2.3-03] [3543-4.2.2.3-04]", () => {
  const line = registered();
  const effects = line.event(revocation());
  const sent = oneAcknowledgment(effects);
  assert.equal(effects[0], sent.send);
  const { source, sourcePort, destination, destinationPort, device } = sent.send;
  assert.deepEqual([source, sourcePort, destination, destinationPort], [OWN, 434, HOME_AGENT, 434]);
  assert.equal(device, "wlan0");
  assert.equal(sent.message.homeAddress, HOME);
  assert.equal(sent.message.revocationIdentifier, SINCE + 10);
  assert.ok(holds(sent, MOBILE_HOME, HOME_CONTEXT));
  assert.deepEqual(line.reports("revoked")[0]?.fields, {
    ...{ home_address: "10.1.0.7", home_agent: "198.51.100.1", by: "home-agent" },
  });
  assert.ok(!line.items().some((key) => key.startsWith("co-located")));
  assert.notEqual(line.node.state, "registered");
  isSilent(line.event(revocation()));
  assert.equal(line.counter("discarded-revocation-replayed"), 1);
  const again = oneAcknowledgment(line.event(revocation({ revocationIdentifier: SINCE + 12 })));
  assert.equal(again.message.revocationIdentifier, SINCE + 12, "its acknowledgment was lost");
  const before = line.requests().length;
  line.until(line.now + 1900);
  assert.equal(line.requests().length, before);
  line.until(line.now + 1000);
  assert.equal(line.requests().length, before + 1, "and it is asked for again after a while");
});

test("RFC 3543 §3.5: forged, reflected, outdated ones and those of another binding are silently discarded [3543-3.3-13] [3543-3.5-02] [3543-3.5-04] [3543-4.2.2.3-02]", () => {
  const wrong = { ...HOME_CONTEXT, key: new Uint8Array(16) };
  const cases: [UdpReceived, string][] = [
    [revocation({}, wrong), "unauthenticated"],
    [revocation({ flags: 0 }), "reflected"],
    [revocation({ revocationIdentifier: SINCE }), "outdated"],
    [revocation({ homeAddress: ipv4("10.1.0.8") }), "not-ours"],
    [revocation({ homeDomainAddress: ipv4("198.51.100.9") }), "not-ours"],
    [revocation({ foreignDomainAddress: ipv4("203.0.113.9") }), "not-ours"],
  ];
  for (const [event, reason] of cases) {
    const line = registered();
    isSilent(line.event(event));
    assert.equal(line.counter(`discarded-revocation-${reason}`), 1, reason);
    assert.equal(line.node.state, "registered");
  }
  const unagreed = registered([]);
  isSilent(unagreed.event(revocation()));
  assert.equal(unagreed.node.state, "registered", "the home agent takes no part in it");
});

test("RFC 3543 §4.2.4: to end its binding the node deregisters, and revokes nothing [3543-4-02] [3543-4.2.4-01] [3543-4.2.4-02]", () => {
  const line = registered();
  line.command("deregister", 1);
  line.until(line.now + 1000);
  assert.equal(line.lastRequest().message.lifetime, 0);
  line.accept();
  line.event({ type: "shutdown" });
  assert.deepEqual(revocations(line.log.map(({ effect }) => effect)), []);
});
