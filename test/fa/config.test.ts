/** What the foreign agent's file says about advertising, in the core's terms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { faSchema } from "../../fa/config.ts";
import { crossCheckFa } from "../../fa/config-checks.ts";
import { resolveFa } from "../../fa/config-resolve.ts";
import { ALL_ROUTERS, ipv4, MOBILE_AGENTS } from "../../shared/base/address.ts";

const parse = (advertisement: object, careOf: unknown = "192.0.2.1") =>
  faSchema.safeParse({
    interface: [{ name: "lan0", care_of_address: careOf }],
    advertisement,
  });

function resolve(advertisement: object = {}) {
  const { data } = parse(advertisement);
  assert(data !== undefined);
  return resolveFa(data);
}

test("RFC 4721 §9: challenges are off; CHALLENGE_WINDOW is 2 and can be more, not less [4721-9-01] [4721-9-02]", () => {
  assert.equal(resolve().core.challengeWindow, 0);
  assert.equal(resolve({ challenge: true }).core.challengeWindow, 2);
  assert.equal(resolve({ challenge: true, challenge_window: 9 }).core.challengeWindow, 9);
  assert(!parse({ challenge_window: 1 }).success);
});

test("RFC 5944 §2.1: code 16 for an agent that routes no common traffic [5944-2.1-06]", () => {
  assert.equal(resolve().core.links[0]?.mobilityOnly, false);
  assert.equal(resolve({ common_traffic: false }).core.links[0]?.mobilityOnly, true);
});

test("RFC 4857 §8.2: the agent's own NAI is at most as long as its extension has room for [4857-8.2-02]", () => {
  assert.equal(resolve().core.links[0]?.nai, undefined);
  assert.equal(resolve({ nai: "fa1@example.net" }).core.links[0]?.nai, "fa1@example.net");
  assert(parse({ nai: "n".repeat(253) }).success);
  for (const nai of ["", "n".repeat(254), "fa 1@example.net", "fä@example.net"]) {
    assert(!parse({ nai }).success, nai);
  }
});

test("RFC 1256 §4.1: for each address Advertise and PreferenceLevel; by default TRUE and 0 [1256-4.1-05] [1256-4.1-06]", () => {
  const address = [
    { address: "192.0.2.1", preference: -0x80000000 },
    { address: "192.0.2.65", advertise: false },
  ];
  assert.deepEqual(resolve({ address }).core.links[0]?.addressRules, [
    { address: ipv4("192.0.2.1"), advertise: true, preference: -0x80000000 },
    { address: ipv4("192.0.2.65"), advertise: false, preference: 0 },
  ]);
  assert(!parse({ address: [{ address: "192.0.2.1", preference: 0x80000000 }] }).success);
  const twice = parse({ address: [{ address: "192.0.2.1" }, { address: "192.0.2.1" }] }).data;
  assert(twice !== undefined);
  assert.deepEqual(
    crossCheckFa(twice).map(({ key }) => key),
    ["advertisement.address[1].address"],
  );
});

test("RFC 5944 §2.1.1: as many care-of addresses as the extension has room for", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `203.0.113.${i + 1}`);
  assert(parse({}, many(62)).success);
  assert(!parse({}, many(63)).success);
  assert(!parse({}, []).success);
});

test("RFC 1256 §4.3, RFC 5944 §3.7.1: on each link the agent is in 224.0.0.2 and 224.0.0.11 [1256-4.3-01]", () => {
  const { links } = resolve().wiring;
  assert.deepEqual(
    links.map(({ groups }) => groups),
    [[MOBILE_AGENTS, ALL_ROUTERS]],
  );
});

test("RFC 3024 §A.4: a private home address between global ends needs a reverse tunnel, unless the file says otherwise [3024-A.4-06]", () => {
  assert.equal(resolve().core.privateNeedsReverseTunnel, true);
  const registration = { reverse_tunnel_for_private: false };
  const { data } = faSchema.safeParse({ interface: [{ name: "lan0" }], registration });
  assert(data !== undefined);
  assert.equal(resolveFa(data).core.privateNeedsReverseTunnel, false);
});
