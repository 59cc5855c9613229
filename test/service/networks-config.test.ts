/** Mobile networks and routing in the configuration files: what is refused, and why. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPrefix } from "../../shared/base/address.ts";
import { haRules, load, loadGood, MINIMAL_HA, MINIMAL_MN, mnRules } from "./support.ts";

const network = (prefix: string, link = "lan0", more = "") =>
  `[[mobile_network]]\nprefix = "${prefix}"\ninterface = "${link}"\n${more}`;
const node = (last: number, more: string) =>
  `[[mobile_node]]\nhome_address = "10.1.0.${last}"\nspi = 256\nkey = "00"\n${more}`;

test("mn.toml: the networks of a mobile router, and what cannot be one [5177-5.2-01]", (t) => {
  const good = network("10.20.0.0/24") + network("dynamic", "lan1", "prefix_length = 26\n");
  const { mobileRouter } = loadGood(t, mnRules, MINIMAL_MN + good).core;
  assert.deepEqual(
    mobileRouter?.networks.map((row) => [row.prefix && formatPrefix(row.prefix), row.wishedLength]),
    [
      ["10.20.0.0/24", 0],
      [undefined, 26],
    ],
  );
  for (const [text, why] of [
    [network("10.20.0.1/24"), /prefix: .*(host bits|must be)/],
    [network("10.20.0.0/24", "wlan0"), /interface: wlan0 is one of \[\[interface\]\]/],
    [network("198.51.0.0/16"), /prefix: 198\.51\.0\.0\/16 holds home_agent/],
    [network("10.20.0.0/24") + network("10.20.0.0/25"), /overlaps mobile_network\[0\]\.prefix/],
    [network("dynamic") + network("dynamic"), /lan0 has a dynamic network already/],
    [network("10.20.0.0/24", "lan0", "prefix_length = 31\n"), /from 0 to 30/],
  ] as const) {
    const { faults } = load(t, mnRules, MINIMAL_MN + text);
    assert.equal(faults.length, 1, faults.join("\n"));
    assert.match(faults[0] ?? "", why);
  }
});

test("mn.toml: what goes by the home address; without a word everything", (t) => {
  const policy = (text: string) => loadGood(t, mnRules, MINIMAL_MN + text).core.policy;
  assert.equal(policy(""), undefined);
  const split = policy('[routing]\ntunnel = ["10.0.0.0/8"]\nexclude = ["10.9.0.0/16"]\n');
  assert.deepEqual(split?.tunnel.map(formatPrefix), ["10.0.0.0/8"]);
  assert.deepEqual(split?.exclude.map(formatPrefix), ["10.9.0.0/16"]);
  assert.deepEqual(policy("[routing]\ntunnel = []\n")?.tunnel, []);
  const twice = '[routing]\nexclude = ["10.9.0.0/16", "10.9.0.0/16"]\n';
  assert.match(load(t, mnRules, MINIMAL_MN + twice).faults.join(), /is in the list already/);
  const hosts = '[routing]\ntunnel = ["10.9.0.1/16"]\n';
  assert.match(load(t, mnRules, MINIMAL_MN + hosts).faults.join(), /has host bits set/);
});

test("ha.toml: each network belongs to one node or one pool, and none holds what does not move [5177-6.2.2-01]", (t) => {
  const POOL = '[[network_pool]]\nprefix = "10.64.0.0/16"\nprefix_length = 24\n';
  const two = 'networks = ["10.20.0.0/24", "10.20.4.0/22"]\ndynamic_networks = 1\n';
  const { core } = loadGood(t, haRules, MINIMAL_HA + POOL + node(7, two));
  assert.equal(core.mobileNodes[0]?.networks?.length, 2);
  assert.equal(core.mobileNodes[0]?.dynamicNetworks, 1);
  assert.equal(core.networkPools[0]?.length, 24);
  for (const [text, why] of [
    [
      node(7, two) + node(8, 'networks = ["10.20.4.0/24"]\n'),
      /overlaps mobile_node\[0\]\.networks/,
    ],
    [POOL + node(7, 'networks = ["10.64.9.0/24"]\n'), /network_pool\[0\]\.prefix: .* overlaps/],
    [node(7, 'networks = ["198.51.100.0/24"]\n'), /holds the home agent's own address/],
    [node(7, 'networks = ["10.0.0.0/8"]\n'), /holds home_network\[0\]/],
    [node(7, 'networks = ["10.20.0.1/24"]\n'), /host bits/],
    [POOL.replace("24", "33"), /prefix_length/],
    [POOL.replace("= 24", "= 8"), /must be a prefix length from 16 to 30/],
    ['[[network_pool]]\nprefix = "10.0.0.0/9"\nprefix_length = 30\n', /from 9 to 25/],
  ] as const) {
    const { faults } = load(t, haRules, MINIMAL_HA + text);
    assert.match(faults.join("\n"), why);
  }
});
