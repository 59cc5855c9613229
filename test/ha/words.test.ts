/** What replies tell beside their answer: RFC 3846, RFC 4332, RFC 4917. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { controlMessages, decodeControl } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { brokenOrderRules } from "../../shared/wire/order.ts";
import { Bench, FOREIGN_HOME, MOBILE_HOME, oneSend, type RequestOptions } from "./harness.ts";
import { RevocationBench } from "./revocation-bench.ts";

const IDENTITY = "ha1@example.net";
const identity: ControlExtension = { name: "ha-identity", nai: IDENTITY };

/** The extensions of the reply. */
function told(bench: Bench, options: RequestOptions = {}): readonly ControlExtension[] {
  const reply = bench.replyTo(options);
  assert.deepEqual(brokenOrderRules(controlMessages, reply), []);
  return reply.extensions;
}

const names = (extensions: readonly ControlExtension[]): string[] =>
  extensions.map(({ name }) => name);

test("RFC 3846 §4: the home agent says who it is to a node that is not registered, then only to who asks [3846-3.1-01] [3846-3.1-03] [3846-4-01] [3846-4-02] [3846-4-03]", () => {
  const bench = Bench.up({ identity: IDENTITY });
  const [first, second] = told(bench);
  assert.deepEqual([first, second?.name], [identity, MOBILE_HOME]);
  assert.deepEqual(names(told(bench)), [MOBILE_HOME]);
  assert.deepEqual(told(bench, { fields: { extensions: [identity] } })[0], identity);
  bench.request({ fields: { lifetime: 0 } });
  assert.deepEqual(told(bench)[0], identity);
  assert.deepEqual(names(told(Bench.up())), [MOBILE_HOME]);
});

const hostConfiguration = {
  defaultGateway: ipv4("10.1.0.1"),
  dnsServers: [ipv4("10.1.0.53")],
  dnsSuffix: "example.net",
  url: "https://example.net/mn",
};
const request: ControlExtension = {
  name: "host-configuration-request",
  reserved: 0,
  selector: 0,
};
const vendor: ControlExtension = {
  name: "normal-vendor-organization-specific-extension",
  ...{ reserved: 0, vendorOrgId: 4711, vendorNvseType: 1, vendorNvseValue: new Uint8Array(2) },
};

test("RFC 4332 §2: who asks is told how a host of the home network is set up, ahead of extension 32; nobody else is [4332-2-02] [4332-2-04] [4332-2-05]", () => {
  const bench = Bench.up({ hostConfiguration });
  assert.deepEqual(names(told(bench)), [MOBILE_HOME]);
  const extensions = told(bench, { fields: { extensions: [request, vendor] } });
  assert.deepEqual(extensions.slice(0, -1), [
    { name: "home-network-prefix-length", reserved: 0, prefixLength: 24 },
    { name: "default-gateway", reserved: 0, defaultGateway: ipv4("10.1.0.1") },
    {
      ...{ name: "dns-server", reserved: 0, primaryDnsServer: ipv4("10.1.0.53") },
      secondaryDnsServer: ipv4("0.0.0.0"),
    },
    { name: "dns-suffix", reserved: 0, dnsSuffix: "example.net" },
    { name: "configuration-url", reserved: 0, urlString: "https://example.net/mn" },
  ]);
  assert.equal(extensions.at(-1)?.name, MOBILE_HOME);
  const denied = { careOfAddress: ipv4("0.0.0.0"), extensions: [request] };
  assert.deepEqual(names(told(bench, { fields: denied })), [MOBILE_HOME]);
});

test("RFC 4917 §5: a denial has words for the node's user, of the home agent and ahead of extension 32 [4917-5-01] [4917-3-03] [4917-3-06]", () => {
  const denialMessage = "Bitte rufen Sie 4711 an: Störung";
  const bench = Bench.up({ denialMessage });
  assert.deepEqual(names(told(bench)), [MOBILE_HOME]);
  const extensions = told(bench, { fields: { careOfAddress: ipv4("0.0.0.0") } });
  assert.deepEqual(extensions[0], { name: "home-agent", text: denialMessage });
  assert.equal(extensions[1]?.name, MOBILE_HOME);
});

test("RFC 4917 §4: so has a revocation, when the administrator says why [4917-4-01]", () => {
  const bench = RevocationBench.bound();
  const args = { home_address: "10.1.0.7", message: "the contract has ended" };
  const effects = bench.handle({ type: "command", id: 1, name: "revoke", args });
  const decoded = decodeControl(oneSend(effects).payload);
  assert.ok(decoded.ok);
  const { extensions } = decoded.value.message;
  assert.deepEqual(extensions[0], { name: "home-agent", text: "the contract has ended" });
  assert.equal(extensions[1]?.name, FOREIGN_HOME);
});
