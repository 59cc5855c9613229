/** What replies tell beside their verdict: words, identities, the home network's configuration. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import { controlMessages } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { brokenOrderRules } from "../../shared/wire/order.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA2,
  HOME_CONTEXT,
  makeConfig,
  started,
  Timeline,
} from "./bench.ts";

const fromHomeAgent = (text: string): ControlExtension => ({ name: "home-agent", text });
const fromAgent = (text: string): ControlExtension => ({ name: "foreign-agent", text });
const names = (line: Timeline): string[] =>
  line.lastRequest().message.extensions.map(({ name }) => name);

function asked(config = makeConfig()): Timeline {
  const line = started(config);
  line.event(advertisement());
  return line;
}

test("RFC 4917 §4: words of the agents are shown to the user, fit for a terminal, and change nothing [4917-3-05] [4917-4-02]", () => {
  const line = asked();
  line.accept({
    extensions: [fromHomeAgent("Welcome\u001b[2J")],
    behind: [fromAgent("Lunch until 2")],
  });
  assert.equal(line.node.state, "registered");
  assert.deepEqual(
    line.reports("message-string").map(({ fields }) => fields),
    [
      { from: "home-agent", text: '"Welcome\\u{1b}[2J"' },
      { from: "foreign-agent", text: '"Lunch until 2"' },
    ],
  );
  assert.equal(line.status().message, '"Lunch until 2"');
  const denied = asked();
  denied.accept({ code: 65, home: [], extensions: [fromAgent("not on this floor")] });
  assert.equal(denied.status().message, '"not on this floor"');
  assert.equal(denied.node.state, "failed");
  const plain = asked();
  plain.accept({ code: 65, home: [] });
  const times = (each: Timeline) => each.requests().map(({ at }) => at);
  for (const each of [denied, plain]) each.until(20_000);
  assert.deepEqual(times(denied), times(plain));
});

test("RFC 4332 §2: host configuration is asked for in requests alone, before extension 32, and only what the home agent has signed is handed on [4332-2-01] [4332-2-04] [4332-2-05] [4332-4-01]", () => {
  const wanting = makeConfig({
    nai: "bob@example.net",
    registration: { hostConfiguration: true },
    foreignAgents: [FA_CONTEXT],
  });
  const line = asked(wanting);
  assert.deepEqual(names(line), [
    "mobile-node-nai-extension",
    "host-configuration-request",
    "mobile-home-authentication-extension",
    "mobile-foreign-authentication-extension",
  ]);
  assert.deepEqual(brokenOrderRules(controlMessages, line.lastRequest().message), []);
  const vendor = { reserved: 0 } as const;
  line.accept({
    extensions: [
      { name: "home-network-prefix-length", ...vendor, prefixLength: 24 },
      {
        ...{ name: "dns-server", ...vendor, primaryDnsServer: ipv4("10.1.0.53") },
        secondaryDnsServer: UNSPECIFIED,
      },
      { name: "default-gateway", ...vendor, defaultGateway: ipv4("10.1.0.1") },
      { name: "dhcp-server", ...vendor, dhcpServer: ipv4("10.1.0.2") },
      { name: "dhcp-client-id", ...vendor, clientId: Uint8Array.of(1, 171) },
      { name: "dns-suffix", ...vendor, dnsSuffix: "example.net" },
      { name: "configuration-url", ...vendor, urlString: "https://example.net/\u202e" },
    ],
    behind: [
      {
        ...{ name: "dns-server", ...vendor, primaryDnsServer: FA2 },
        secondaryDnsServer: UNSPECIFIED,
      },
    ],
    foreign: [FA_CONTEXT],
  });
  const fields = {
    prefix_length: 24,
    dns_servers: ["10.1.0.53"],
    gateway: "10.1.0.1",
    dhcp_server: "10.1.0.2",
    dhcp_client_id: "01ab",
    dns_suffix: "example.net",
    url: null,
  };
  assert.deepEqual(
    line.reports("host-configuration").map((each) => each.fields),
    [fields],
  );
  assert.deepEqual(line.status().host_configuration, fields);
  line.command("deregister", 1);
  line.until(line.now + 1000);
  assert.ok(!names(line).includes("host-configuration-request"));
});

test("RFC 3846 §4, §5: identities of the home agent and its AAA server are kept and returned, in front of extension 32 [3846-3.1-01] [3846-4-04] [3846-4-05] [3846-5-03] [3846-5-04] [3846-6-01]", () => {
  const nai = "bob@example.net";
  const line = asked(makeConfig({ nai }));
  assert.ok(!names(line).includes("ha-identity"));
  const told = [
    { name: "ha-identity", nai: "ha7@example.net" },
    { name: "aaah-identity", nai: "aaa1@example.net" },
  ] as const;
  line.accept({ extensions: told, behind: [{ name: "ha-identity", nai: "eve@example.org" }] });
  line.linkDown();
  line.linkUp();
  line.event(advertisement({ source: FA2 }));
  assert.deepEqual(line.lastRequest().message.extensions.slice(1, 3), told);
  assert.deepEqual(names(line).slice(3), ["mobile-home-authentication-extension"]);
  const kept = line.sent("persist").find(({ key }) => key === "identities")?.value ?? null;
  const again = new Timeline(makeConfig({ nai }));
  again.event({ type: "restore", entries: [["identities", kept]] });
  again.linkUp();
  again.event(advertisement());
  assert.deepEqual(again.lastRequest().message.extensions.slice(1, 3), told);
  again.node.reconfigure(makeConfig({ nai: "eve@example.net" }), again.clock());
  again.until(again.now + 1000);
  assert.ok(!names(again).includes("ha-identity"), "another node");
});

test("RFC 3115 §2.3: a reply with a critical extension of a vendor is a denial [3115-2.3-03]", () => {
  const critical = {
    ...{ name: "critical-vendor-organization-specific-extension", vendorOrgId: 9 },
    ...{ reserved: 0, vendorCvseType: 1, vendorCvseValue: new Uint8Array(2) },
  } as const;
  const line = asked();
  line.accept({ extensions: [critical as unknown as ControlExtension] });
  assert.equal(line.node.state, "failed");
  assert.equal(line.status().last_code, 101);
  const forged = asked();
  const wrong = { ...HOME_CONTEXT, key: new Uint8Array(16) };
  forged.accept({ extensions: [critical as unknown as ControlExtension], home: [wrong] });
  assert.equal(forged.status().last_code, null, "and an unauthenticated one is nothing");
});
