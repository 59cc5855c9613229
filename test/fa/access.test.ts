/** Who may register: allow and deny lists by home agent, realm and link-layer address. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AccessList,
  isAllowed,
  isInRealms,
  NOBODY,
} from "../../fa/core/registration/access.ts";
import { ipv4, type Mac, parsePrefix } from "../../shared/base/address.ts";
import { realmOf } from "../../shared/protocol/identity.ts";
import { Bench, HA, NODE_MAC, oneSend, type RequestOptions, replyIn, sends } from "./harness.ts";

const OTHER_MAC = "02:00:00:00:00:99" as Mac;
const withNai = (nai: string): RequestOptions => ({
  fields: { extensions: [{ name: "mobile-node-nai-extension", nai }] },
});
const bob = withNai("bob@pc.example.net");

const prefix = (text: string) => {
  const value = parsePrefix(text);
  assert(value !== undefined);
  return value;
};

const cases: readonly [string, Partial<AccessList>, RequestOptions, boolean][] = [
  ["its home agent", { homeAgents: [prefix("198.51.100.0/24")] }, {}, true],
  ["another home agent", { homeAgents: [prefix("203.0.113.0/24")] }, {}, false],
  ["its link-layer address", { macs: [NODE_MAC] }, {}, true],
  ["another link-layer address", { macs: [OTHER_MAC] }, {}, false],
  ["the realm above its own", { realms: ["example.net"] }, bob, true],
  ["a realm that its own only ends like", { realms: ["ample.net"] }, bob, false],
  ["a realm, and the node has no NAI", { realms: ["example.net"] }, {}, false],
];

for (const [what, list, options, isOn] of cases) {
  test(`access: a list with ${what}: ${isOn ? "the node is on it" : "the node is not on it"}`, () => {
    const rules = { ...NOBODY, ...list };
    const codeUnder = (access: { allow: AccessList; deny: AccessList }): number | undefined => {
      const send = oneSend(Bench.up({ access }).request(options));
      return send.link === undefined ? undefined : replyIn(send).code;
    };
    assert.equal(codeUnder({ allow: rules, deny: NOBODY }), isOn ? undefined : 65);
    assert.equal(codeUnder({ allow: NOBODY, deny: rules }), isOn ? 65 : undefined);
    assert.equal(codeUnder({ allow: rules, deny: rules }), 65, "deny goes first");
  });
}

test("access: what is denied makes no state and goes nowhere but back", () => {
  const access = { allow: NOBODY, deny: { ...NOBODY, macs: [NODE_MAC] } };
  const bench = Bench.up({ access });
  const send = oneSend(bench.request());
  assert.equal(send.link?.destination, NODE_MAC);
  assert.deepEqual(bench.visitors(), []);
  assert.equal(bench.counter("denied-65"), 1);
  assert.deepEqual(sends(bench.request()), [], "one denial a second");
});

test("access: the home agent that counts is the one that the request would go to", () => {
  const deny = { ...NOBODY, homeAgents: [{ address: HA, length: 32 }] };
  const fields = {
    homeAgent: ipv4("203.0.113.5"),
    extensions: [{ name: "requested-ha-extension", haAddress: HA } as const],
  };
  const bench = Bench.up({ access: { allow: NOBODY, deny } });
  assert.equal(replyIn(oneSend(bench.request({ fields }))).code, 65);
});

test("access: realms stand behind the last @, whatever their case", () => {
  assert.equal(realmOf("bob@Example.NET"), "example.net");
  assert.equal(realmOf("a@b@c.org"), "c.org");
  assert.equal(realmOf("bob"), undefined);
  assert.equal(realmOf(undefined), undefined);
  assert.equal(isInRealms("example.net", ["example.net"]), true);
  assert.equal(isInRealms("net", ["example.net"]), false);
  assert.equal(isInRealms(undefined, ["example.net"]), false);
  const applicant = { mac: NODE_MAC, nai: undefined, homeAgent: HA };
  assert.equal(isAllowed({ allow: NOBODY, deny: NOBODY }, applicant), true);
});
