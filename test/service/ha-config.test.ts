/** The home agent's configuration: nodes by NAI, pools of addresses, another home agent. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { haRules, load, loadGood, MINIMAL_HA } from "./support.ts";

const BOB = '[[mobile_node]]\nnai = "bob@example.net"\nspi = 256\nkey = "00"\n';
const POOL = '[[address_pool]]\nrange = "10.1.0.100-10.1.0.199"\n';

const faultsOf = (t: TestContext, text: string): readonly string[] =>
  load(t, haRules, MINIMAL_HA + text).faults;

test("ha: a node with a NAI alone gets its address from the pools", (t) => {
  const { core } = loadGood(t, haRules, MINIMAL_HA + BOB + POOL);
  assert.equal(core.mobileNodes[0]?.homeAddress, undefined);
  assert.equal(core.mobileNodes[0]?.nai, "bob@example.net");
  assert.deepEqual(core.addressPools, [{ first: ipv4("10.1.0.100"), last: ipv4("10.1.0.199") }]);
  assert.match(
    faultsOf(t, BOB).join(),
    /mobile_node\[0\].home_address: "dynamic" needs an address_pool/,
  );
  const nameless = BOB.replace(/nai.*\n/, "");
  assert.match(faultsOf(t, nameless + POOL).join(), /missing, must be the node's home address, or/);
});

test("ha: rows with one NAI are one node with one home address; a realm has no case", (t) => {
  const again = BOB.replace("256", "300").replace("example.net", "EXAMPLE.net");
  const { core } = loadGood(t, haRules, MINIMAL_HA + BOB + again + POOL);
  assert.deepEqual(
    core.mobileNodes.map((node) => node.associations.map((each) => each.spi)),
    [[256, 300]],
  );
  const fixed = again.replace("nai", 'home_address = "10.1.0.7"\nnai');
  assert.match(
    faultsOf(t, BOB + fixed + POOL).join(),
    /mobile_node\[1\].nai: .* has home_address dynamic already/,
  );
});

test("ha: a pool lies in one home network and is apart from the others", (t) => {
  const outside = POOL.replace("10.1.0.199", "10.1.1.5");
  assert.match(faultsOf(t, outside).join(), /is not in one home network, must be in 10.1.0.0\/24/);
  const again = POOL.replace("100", "199").replace('10.1.0.199"', '10.1.0.210"');
  assert.match(faultsOf(t, POOL + again).join(), /overlaps address_pool\[0\].range/);
  for (const range of ["10.1.0.9", "10.1.0.9-10.1.0.8", "10.0.0.1-10.2.0.1", "0.0.0.1-0.0.0.2"]) {
    const fault = faultsOf(t, `[[address_pool]]\nrange = "${range}"\n`).join();
    assert.match(fault, /must be a range of addresses like 10.1.0.100-10.1.0.199/);
  }
});

test("ha: nodes are redirected to another home agent than this, before it is full", (t) => {
  const to = (rest: string): string => `[redirection]\nhome_agent = ${rest}`;
  const { core } = loadGood(t, haRules, `${MINIMAL_HA}${to('"198.51.100.2"\nabove = 9\n')}`);
  assert.deepEqual(core.redirection, { homeAgent: ipv4("198.51.100.2"), above: 9 });
  assert.equal(loadGood(t, haRules, MINIMAL_HA).core.redirection, undefined);
  assert.match(faultsOf(t, to('"198.51.100.1"\n')).join(), /is the home agent's own/);
  assert.match(faultsOf(t, to('"198.51.100.2"\nabove = 100000\n')).join(), /is never reached/);
});

test("ha: what one node may have stands in its table, and is else as for all", (t) => {
  const own =
    'max_lifetime = 60\nreverse_tunnel = "require"\nencapsulations = ["gre"]\ncare_of_networks = ["192.0.2.0/26"]\n';
  const plain = BOB.replace("bob", "ann");
  const { core } = loadGood(t, haRules, MINIMAL_HA + BOB + own + plain + POOL);
  assert.deepEqual(
    core.mobileNodes.map(({ limits }) => limits),
    [{ maxLifetime: 60, reverseTunnel: "require", encapsulations: ["gre"] }, {}],
  );
  const area = { address: ipv4("192.0.2.0"), length: 26 };
  assert.deepEqual(core.mobileNodes[0]?.careOfNetworks, [area]);
  assert.match(faultsOf(t, `${BOB}encapsulations = []\n${POOL}`).join(), /at least one/);
});
