/** Keys that are not built yet: off may be said, on is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommonConfig, Program } from "../../shared/service/program.ts";
import {
  faProgram,
  haProgram,
  load,
  MINIMAL_FA,
  MINIMAL_HA,
  MINIMAL_MN,
  mnProgram,
} from "./support.ts";

test("a planned key with the value that says off may stand in a file", (t) => {
  const accepted = <F extends CommonConfig, C>(program: Program<F, C>, text: string): void => {
    const { loaded, faults } = load(t, program, text);
    assert.deepEqual(faults, []);
    assert.doesNotMatch(JSON.stringify(loaded?.shown), /networks|fast_handover/);
  };
  accepted(
    faProgram,
    `${MINIMAL_FA}[advertisement]
udp_tunneling = false
[fast_handover]
enabled = false
buffer_packets = 256
`,
  );
  accepted(mnProgram, `${MINIMAL_MN}[registration]\nnat_traversal = "off"\n`);
  accepted(
    haProgram,
    `${MINIMAL_HA}[[mobile_node]]
home_address = "10.1.0.7"
spi = 256
key = "00112233445566778899aabbccddeeff"
networks = []
`,
  );
});

test("a planned key with any other value is refused at its line, saying what is allowed", (t) => {
  const { faults } = load(
    t,
    faProgram,
    `${MINIMAL_FA}[fast_handover]
enabled = true
`,
  );
  assert.deepEqual(faults, [
    "c.toml:5: fast_handover.enabled: fast handover (RFC 4988) is not built yet, must be false or left out",
  ]);
});

test("a planned key in an array of tables is refused in the row that has it", (t) => {
  const row = (last: string): string =>
    `[[mobile_node]]\nhome_address = "10.1.0.${last}"\nspi = 256\nkey = "00"\n`;
  const { faults } = load(
    t,
    haProgram,
    `${MINIMAL_HA}${row("7")}networks = []\n${row("8")}networks = ["10.2.0.0/24"]\n`,
  );
  assert.deepEqual(faults, [
    "c.toml:13: mobile_node[1].networks: mobile networks (RFC 5177) are not built yet, must be [] or left out",
  ]);
});

test("other keys in a planned table, and faults of the schema beside planned ones, are all said", (t) => {
  const { faults } = load(
    t,
    faProgram,
    `${MINIMAL_FA}[fast_handover]\nenabled = false\nneighbour = 1\n[limits]\nvisitors = 0\n`,
  );
  assert.deepEqual(faults, [
    "c.toml:4: fast_handover: fast handover (RFC 4988) is not built yet; leave this key out",
    "c.toml:8: limits.visitors: 0 is not allowed, must be a whole number from 1 to 100000",
  ]);
});
