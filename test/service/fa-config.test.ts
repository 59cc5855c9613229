/** What the foreign agent's configuration means for its core, and what does not fit together. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { faRules, load, loadGood, MINIMAL_FA } from "./support.ts";

const KEY = 'spi = 1000\nkey = "00112233445566778899aabbccddeeff"\n';

test("fa.toml: who is allowed and denied", (t) => {
  const { core } = loadGood(
    t,
    faRules,
    `${MINIMAL_FA}[access]
allow_home_agents = ["198.51.100.0/24", "203.0.113.5"]
deny_realms = ["Example.ORG"]
deny_macs = ["02:00:00:00:00:AA"]
`,
  );
  assert.deepEqual(core.access, {
    allow: {
      homeAgents: [
        { address: ipv4("198.51.100.0"), length: 24 },
        { address: ipv4("203.0.113.5"), length: 32 },
      ],
      realms: [],
      macs: [],
    },
    deny: { homeAgents: [], realms: ["example.org"], macs: ["02:00:00:00:00:aa"] },
  });
});

test("fa.toml: what is no prefix, realm or link-layer address is refused at its line", (t) => {
  const { faults } = load(
    t,
    faRules,
    `${MINIMAL_FA}[access]
allow_home_agents = ["198.51.100.1/24"]
allow_realms = ["bob@example.net"]
allow_macs = ["02-00-00-00-00-01"]
`,
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(": ")[1]),
    ["access.allow_home_agents[0]", "access.allow_realms[0]", "access.allow_macs[0]"],
  );
});

test("fa.toml: home agents for those who leave the choice to the network, in order", (t) => {
  const { core } = loadGood(
    t,
    faRules,
    `${MINIMAL_FA}[[dynamic_home_agent]]
address = "198.51.100.1"
realms = ["Example.net"]
[[dynamic_home_agent]]
address = "203.0.113.5"
`,
  );
  assert.deepEqual(core.dynamicHomeAgents, [
    { address: ipv4("198.51.100.1"), realms: ["example.net"] },
    { address: ipv4("203.0.113.5"), realms: [] },
  ]);
});

test("fa.toml: a mobile node is named by its home address or its NAI, one of the two", (t) => {
  const row = (name: string): string =>
    `${MINIMAL_FA}[[security_association]]\nwith = "mobile-node"\n${name}${KEY}`;
  const { core } = loadGood(t, faRules, row('nai = "bob@example.net"\n'));
  assert.deepEqual(core.mobileNodes, []);
  assert.equal(core.mobileNodesByNai[0]?.nai, "bob@example.net");
  for (const name of ["", 'home_address = "10.1.0.7"\nnai = "bob@example.net"\n']) {
    const { faults } = load(t, faRules, row(name));
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? "", /security_association\[0\]\.home_address: /);
  }
});

test("RFC 3519 §4.5: behind a NAT reverse tunnels are mandatory, unless the NAT is known to be harmless", (t) => {
  const behind = "[advertisement]\nudp_tunneling = true\n";
  const { core } = loadGood(t, faRules, `${MINIMAL_FA}${behind}`);
  assert.deepEqual([core.udpTunneling, core.reverseTunnel], [true, "require"]);
  assert.equal(core.links[0]?.udpTunneling, true);
  const harmless = "[registration]\ntriangular_behind_nat = true\n";
  const known = loadGood(t, faRules, `${MINIMAL_FA}${behind}${harmless}`).core;
  assert.equal(known.reverseTunnel, "allow");
  for (const refusal of [
    `${behind}reverse_tunneling = false\n`,
    `${behind}[registration]\nreverse_tunnel = "refuse"\n`,
  ]) {
    const { faults } = load(t, faRules, `${MINIMAL_FA}${refusal}`);
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? "", /advertisement\.udp_tunneling: /);
  }
  const usual = loadGood(t, faRules, MINIMAL_FA).core;
  assert.deepEqual([usual.udpTunneling, usual.reverseTunnel], [false, "allow"]);
});

test("RFC 6245 §4.1: keys need GRE among the encapsulations", (t) => {
  const keys = '[registration]\ngre_keys = "always"\n';
  assert.equal(loadGood(t, faRules, `${MINIMAL_FA}${keys}`).core.greKeys, "always");
  const without = `${MINIMAL_FA}[advertisement]\nencapsulations = ["ipip"]\n${keys}`;
  const { faults } = load(t, faRules, without);
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? "", /registration\.gre_keys: "always"/);
});
