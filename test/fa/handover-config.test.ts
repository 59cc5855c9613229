/** The `[fast_handover]` table of a foreign agent. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../shared/base/address.ts";
import { faRules, load, loadGood, MINIMAL_FA } from "../service/support.ts";

const NEIGHBOR = `[[fast_handover.neighbor]]
access_point = "02:00:00:00:02:0A"
router = "192.0.2.65"
router_mac = "02:00:00:00:02:01"
prefix_length = 26
`;

const ASSOCIATION = `[[security_association]]
with = "foreign-agent"
address = "192.0.2.65"
spi = 3000
key = "00112233445566778899aabbccddeeff"
`;

test("RFC 4988 §7: a router that takes part needs an association, unless IPsec protects what is said [4988-7-03] [4988-7-04]", (t) => {
  const enabled = `${MINIMAL_FA}[fast_handover]\nenabled = true\n`;
  const { faults } = load(t, faRules, `${enabled}${NEIGHBOR}`);
  assert.deepEqual(faults, [
    "c.toml:8: fast_handover.neighbor[0].router: no security_association with the foreign-agent 192.0.2.65, must be one, or fast_handover.router_authentication false",
  ]);
  loadGood(t, faRules, `${enabled}router_authentication = false\n${NEIGHBOR}`);
  loadGood(t, faRules, `${enabled}${NEIGHBOR}fast_handover = false\n`);
  const { core } = loadGood(t, faRules, `${enabled}${NEIGHBOR}${ASSOCIATION}`);
  const { neighbors, routers, limits } = core.fastHandover ?? {};
  assert.deepEqual(neighbors?.[0]?.accessPoint, "02:00:00:00:02:0a");
  assert.deepEqual(
    routers?.map(({ peer }) => formatIpv4(peer)),
    ["192.0.2.65"],
  );
  assert.deepEqual(limits, { packets: 256, octets: 524_288, time: 2000 });
});

test("RFC 4988 §5.1: no handover lasts longer than 10 seconds; constants of RFC 4068 are keys [4988-5.1-05] [4068-7-01]", (t) => {
  const table = "[fast_handover]\nlifetime = 11\nhi_retries = 11\naddress_pool = '1.2.3.4'\n";
  const { faults } = load(t, faRules, `${MINIMAL_FA}${table}`);
  assert.deepEqual(faults, [
    "c.toml:5: fast_handover.lifetime: 11 is not allowed, must be whole seconds from 1 to 10",
    "c.toml:6: fast_handover.hi_retries: 11 is not allowed, must be a whole number from 0 to 10",
    'c.toml:7: fast_handover.address_pool: "1.2.3.4" is not allowed, must be a range of addresses like 192.0.2.100-192.0.2.119',
  ]);
  const { core } = loadGood(t, faRules, MINIMAL_FA);
  assert.equal(core.fastHandover, undefined);
});
