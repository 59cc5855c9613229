/** Configuration: faults at their lines, defaults that follow from others, boards, key files. */

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import { merge, toPlain } from "../../shared/service/config/located.ts";
import { parseToml } from "../../shared/service/config/toml.ts";
import {
  faRules,
  haRules,
  host,
  load,
  loadGood,
  MINIMAL_FA,
  MINIMAL_HA,
  MINIMAL_MN,
  mnRules,
  temporaryDirectory,
} from "./support.ts";

test("check: all faults at once, each with file, line, key, what is wrong, what is allowed", (t) => {
  const text = `[[interface]]
name = "lan0"
care_of_addres = "192.0.2.1"

[advertisement]
max_interval = 0
challenge_window = 1
[registration]
reverse_tunnel = "alow"
[[security_association]]
with = "corespondent"
[security_assocation]
`;
  assert.deepEqual(load(t, faRules, text).faults, [
    'c.toml:3: interface[0].care_of_addres: unknown key, did you mean "care_of_address"?',
    "c.toml:6: advertisement.max_interval: 0 is not allowed, must be seconds from 0.1 to 1800",
    "c.toml:7: advertisement.challenge_window: 1 is not allowed, must be a whole number from 2 to 256",
    'c.toml:9: registration.reverse_tunnel: "alow" is not allowed, must be "allow" or "require" or "refuse"',
    'c.toml:11: security_association[0].with: "corespondent" is not allowed, must be "home-agent", "foreign-agent" or "mobile-node"',
    'c.toml:12: security_assocation: unknown key, did you mean "security_association"?',
  ]);
});

test("check: a syntax error is one fault at its line", (t) => {
  assert.deepEqual(load(t, faRules, 'a = 1\nb = "x\n').faults, [
    "c.toml:2: not valid TOML: Unterminated string constant (column 7)",
  ]);
});

test("check: a line that is not complete is named, not the one behind it", (t) => {
  const incomplete = "not valid TOML: a key, = and a value, or a [table], must be on one line";
  const cases: readonly (readonly [string, number, string])[] = [
    ["a = 1\n[advertisement\nb = 2\n", 2, incomplete],
    ["[[interface]\nname = 2\n", 1, incomplete],
    ["a = 1\nb = # none\n# more\nc = 3\n", 2, incomplete],
    ["a = 1\nb =\n[table]\n", 2, incomplete],
    ["a = 1\nb =\n", 2, incomplete],
    ["a = 1\nb =", 2, "not valid TOML: Unspecified values are invalid"],
    ["a = 1\n[advertisement\n# end\n", 2, "not valid TOML: Unterminated table-key"],
  ];
  for (const [text, line, message] of cases) {
    assert.deepEqual(load(t, faRules, text).faults, [`c.toml:${line}: ${message}`]);
  }
});

test("check: a byte order mark, as some editors write it, is no fault", (t) => {
  assert.deepEqual(load(t, faRules, `\ufeff${MINIMAL_FA}`).faults, []);
});

test("check: an empty file lacks what is required, at line 1", (t) => {
  assert.deepEqual(load(t, mnRules, "").faults, [
    'c.toml:1: home_address: missing, must be the IPv4 address of one node, like 192.0.2.1, or "dynamic"',
    'c.toml:1: home_agent: missing, must be an address like 198.51.100.1, a DNS name or "dynamic", or an array of those',
    "c.toml:1: interface: missing, must be an array of tables, at least 1",
    "c.toml:1: security_association: missing, must be an array of tables, at least 1",
  ]);
});

test("RFC 5944 §1.6, RFC 4721 §7, §12: an SPI of 0 to 255 is refused, so also 2, CHAP_SPI; 256 and 2^32-1 are taken [5944-1.6-02, 4721-7-01, 4721-12-02]", (t) => {
  const withSpi = (spi: number): string => MINIMAL_MN.replace("spi = 256", `spi = ${spi}`);
  for (const spi of [-1, 0, 1, 2, 255, 2 ** 32, 300.5]) {
    assert.deepEqual(load(t, mnRules, withSpi(spi)).faults, [
      `c.toml:7: security_association[0].spi: ${spi} is not allowed, must be an SPI from 256 to 4294967295 (RFC 5944 section 1.6 reserves 0 to 255)`,
    ]);
  }
  for (const spi of [256, 2 ** 32 - 1]) {
    assert.equal(loadGood(t, mnRules, withSpi(spi)).core.homeAssociation.spi, spi);
  }
  const ends = `with = "home-agent"\naddress = "198.51.100.1"\nkey = "00"\nspi = 2\n`;
  const { faults } = load(t, faRules, `${MINIMAL_FA}[[security_association]]\n${ends}`);
  assert.match(faults[0] ?? "", /spi: 2 is not allowed/);
});

test("RFC 5944 §5.1: a key is any octets, NUL included, and is never shown", (t) => {
  const text = MINIMAL_MN.replace("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "00ff00");
  const loaded = loadGood(t, mnRules, text);
  assert.deepEqual([...loaded.core.homeAssociation.key], [0, 255, 0]);
  assert.match(JSON.stringify(loaded.shown), /"key":"\(hidden\)"/);
  assert.doesNotMatch(JSON.stringify(loaded.shown), /00ff00/);
  const { faults } = load(t, mnRules, MINIMAL_MN.replace("0f1e2d", "secret"));
  assert.equal(faults.length, 1);
  assert.doesNotMatch(faults[0] ?? "", /secret/);
});

test("a key file: hex, relative to the configuration, refused when others can read it", (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, "ha.key");
  const text = MINIMAL_MN.replace(/key = .*/, 'key_file = "ha.key"');
  writeFileSync(file, "00112233\n", { mode: 0o600 });
  const loaded = loadGood(t, mnRules, text, { directory });
  assert.deepEqual([...loaded.core.homeAssociation.key], [0, 0x11, 0x22, 0x33]);
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    chmodSync(file, mode);
    const { faults } = load(t, mnRules, text, { directory });
    const octal = `0${mode.toString(8)}`;
    assert.equal(faults.length, 1);
    assert.match(
      faults[0] ?? "",
      new RegExp(`^c.toml:8: security_association\\[0\\].key_file: .*${octal}.*0600`),
    );
  }
  writeFileSync(file, "not hex");
  chmodSync(file, 0o400);
  assert.match(load(t, mnRules, text, { directory }).faults.join(), /does not hold a key/);
});

test("a key file that is not there, a directory, or given beside key: one fault each", (t) => {
  const directory = temporaryDirectory(t);
  const withKey = (lines: string): string => MINIMAL_MN.replace(/key = .*/, lines);
  const faultOf = (lines: string): string =>
    load(t, mnRules, withKey(lines), { directory }).faults.join("\n");
  assert.match(faultOf('key_file = "none"'), /^c.toml:8: .*ENOENT/);
  assert.match(faultOf('key_file = "."'), /is not a file/);
  assert.match(faultOf('key = "00"\nkey_file = "x"'), /^c.toml:9: .*one of the two$/);
  assert.match(faultOf(""), /^c.toml:\d+: security_association\[0\].key: missing/);
});

test("RFC 1256 §4.1, RFC 5944 §2.1: intervals follow from max_interval, which may be 1 second [1256-4.1-03] [1256-4.1-04]", (t) => {
  const intervals = (lines: string): unknown => {
    const { advertisement } = loadGood(t, faRules, `${MINIMAL_FA}[advertisement]\n${lines}`).config;
    return [advertisement.max_interval, advertisement.min_interval, advertisement.lifetime];
  };
  assert.deepEqual(intervals(""), [10, 7.5, 30]);
  assert.deepEqual(intervals("max_interval = 1"), [1, 0.75, 3]);
  assert.deepEqual(intervals("max_interval = 0.1"), [0.1, 0.75 * 0.1, 1]);
  assert.deepEqual(intervals("max_interval = 20\nlifetime = 20\nmin_interval = 20"), [20, 20, 20]);
});

test("RFC 1256 §4.1: min_interval <= max_interval <= lifetime, at most 1800 and 9000 [1256-4.1-03] [1256-4.1-04]", (t) => {
  const text = `${MINIMAL_FA}[advertisement]\nmax_interval = 5\nmin_interval = 6\nlifetime = 4\n`;
  assert.deepEqual(load(t, faRules, text).faults, [
    "c.toml:6: advertisement.min_interval: 6 is more than max_interval, must be at most 5",
    "c.toml:7: advertisement.lifetime: 4 is less than max_interval, must be at least 5",
  ]);
  const beyond = `${MINIMAL_FA}[advertisement]\nmax_interval = 1801\nlifetime = 9001\n`;
  assert.equal(load(t, faRules, beyond).faults.length, 2);
});

test("fa: without care_of_address the first global address on the default route's interface, none is an error [5944-3.7.1-01]", (t) => {
  const text = '[[interface]]\nname = "lan0"\n';
  const facts = host(["169.254.1.1/16", "203.0.113.9/24", "203.0.113.10/24"]);
  const loaded = loadGood(t, faRules, text, { host: facts });
  assert.deepEqual(loaded.core.links[0]?.careOfAddresses, [ipv4("203.0.113.9")]);
  assert.deepEqual(loaded.wiring.udpAddresses, [ipv4("203.0.113.9")]);
  assert.match(JSON.stringify(loaded.shown), /"care_of_address":"203.0.113.9"/);
  const none = { addresses: new Map(), defaultInterface: undefined };
  assert.deepEqual(load(t, faRules, text, { host: none }).faults, [
    "c.toml:1: interface[0].care_of_address: missing, and no interface holds a default route, must be the address of this agent that tunnels end at",
  ]);
});

test("fa: reverse tunnelling that is off is neither advertised nor granted", (t) => {
  const off = loadGood(t, faRules, `${MINIMAL_FA}[advertisement]\nreverse_tunneling = false`);
  assert.equal(off.core.reverseTunnel, "refuse");
  assert.equal(off.core.links[0]?.reverseTunneling, false);
  const refused = loadGood(t, faRules, `${MINIMAL_FA}[registration]\nreverse_tunnel = "refuse"`);
  assert.equal(refused.core.links[0]?.reverseTunneling, false);
  const text = `${MINIMAL_FA}[registration]\nreverse_tunnel = "require"\n[advertisement]\nreverse_tunneling = false`;
  assert.match(load(t, faRules, text).faults.join(), /^c.toml:7: advertisement.reverse_tunneling/);
});

test("mn: what is not built yet is refused with its own sentence", (t) => {
  const faultOf = (from: string | RegExp, to: string): string =>
    load(t, mnRules, MINIMAL_MN.replace(from, to)).faults.join("\n");
  assert.match(
    faultOf('"10.1.0.7"', '"dynamic"'),
    /^c.toml:1: home_address: "dynamic" needs nai, .*RFC 2794/,
  );
});

test("mn: home_agent is an address, a name, dynamic, or several in order; dynamic comes first and with others needs nai", (t) => {
  const load1 = (value: string, more = "") =>
    load(t, mnRules, `${more}${MINIMAL_MN}`.replace('"198.51.100.1"', value));
  const sources = (value: string, more = "") =>
    load1(value, more).loaded?.core.homeAgents.map((source) => source.kind);
  const nai = 'nai = "bob@example.net"\n';
  assert.deepEqual(sources('"198.51.100.1"'), ["address"]);
  assert.deepEqual(sources('"ha.example.net"'), ["name"]);
  assert.deepEqual(sources('"dynamic"'), ["assigned"]);
  assert.deepEqual(sources('["198.51.100.1", "ha2.example.net."]'), ["address", "name"]);
  assert.deepEqual(sources('["dynamic", "ha.example.net"]', nai), ["assigned", "name"]);
  const faults: [string, RegExp][] = [
    ['["dynamic", "ha.example.net"]', /needs nai/],
    ['["ha.example.net", "dynamic"]', /must be the first/],
    ['["198.51.100.1", "198.51.100.1"]', /only once/],
    ["[]", /home_agent: .*or an array of those/],
    ['"10.1.0.7"', /is the home_address/],
    ['"not a name"', /a DNS name or "dynamic"/],
    ['"198.51.100.256"', /a DNS name or "dynamic"/],
    ['["224.0.0.1"]', /a DNS name or "dynamic"/],
  ];
  for (const [value, wrong] of faults) assert.match(load1(value).faults.join(), wrong, value);
});

test("duplicates are faults that name the first", (t) => {
  const twice = `${MINIMAL_FA}[[interface]]\nname = "lan0"\ncare_of_address = "192.0.2.1"\n`;
  assert.deepEqual(load(t, faRules, twice).faults, [
    "c.toml:5: interface[1].name: lan0 is already in interface[0], must be there only once",
  ]);
  const node = '[[mobile_node]]\nhome_address = "10.1.0.7"\nspi = 256\nkey = "00"\n';
  assert.match(
    load(t, haRules, MINIMAL_HA + node + node).faults.join(),
    /^c.toml:10: mobile_node\[1\].spi/,
  );
});

test("ha: a home address outside every home network, an overlap, host bits: faults", (t) => {
  const node = '[[mobile_node]]\nhome_address = "10.2.0.7"\nspi = 256\nkey = "00"\n';
  assert.deepEqual(load(t, haRules, MINIMAL_HA + node).faults, [
    "c.toml:5: mobile_node[0].home_address: 10.2.0.7 is in no home network, must be in 10.1.0.0/24",
  ]);
  const overlap = `${MINIMAL_HA}[[home_network]]\nprefix = "10.1.0.128/25"\n`;
  assert.match(load(t, haRules, overlap).faults.join(), /^c.toml:5: .*overlaps home_network\[0\]/);
  const hostBits = MINIMAL_HA.replace("10.1.0.0/24", "10.1.0.7/24");
  assert.match(
    load(t, haRules, hostBits).faults.join(),
    /host bits set, must be the network: "10.1.0.0\/24"/,
  );
});

test("ha: rows with one home address are one node with several contexts", (t) => {
  const row = (spi: number): string =>
    `[[mobile_node]]\nhome_address = "10.1.0.7"\nspi = ${spi}\nkey = "00"\n`;
  const { mobileNodes } = loadGood(t, haRules, MINIMAL_HA + row(256) + row(300)).core;
  assert.deepEqual(
    mobileNodes.map((node) => node.associations.map((each) => each.spi)),
    [[256, 300]],
  );
});

test("wiring: what each program listens to", (t) => {
  const fa = loadGood(t, faRules, MINIMAL_FA).wiring;
  assert.deepEqual(fa.links, [
    {
      interface: "lan0",
      filter: { udpPort: 434, icmpTypes: [10, 41] },
      groups: [ipv4("224.0.0.11"), ipv4("224.0.0.2")],
    },
  ]);
  assert.equal(fa.icmpErrors, true);
  const mn = loadGood(t, mnRules, MINIMAL_MN).wiring;
  assert.deepEqual(mn.links[0]?.filter, { udpPort: 434, icmpTypes: [9, 41], arp: true });
  assert.deepEqual([mn.links[0]?.groups, mn.udpAddresses], [[], []]);
  const virtual = loadGood(t, haRules, MINIMAL_HA);
  assert.deepEqual([virtual.wiring.links, virtual.core.links], [[], []]);
  const real = loadGood(t, haRules, `${MINIMAL_HA}interface = "home0"\n`);
  assert.deepEqual(real.wiring.links[0]?.filter, { udpPort: 434, icmpTypes: [10], arp: false });
  assert.deepEqual(real.wiring.udpAddresses, [ipv4("198.51.100.1")]);
});

test("TOML: dotted keys, inline tables and nested arrays of tables keep their lines", () => {
  const parsed = parseToml("f", "a.b.c = 1\n[[x]]\ny = { z = [1,\n 2] }\n[[x.w]]\nv = 1\n[[x]]\n");
  assert.ok(parsed.ok);
  assert.deepEqual(toPlain(parsed.value), {
    a: { b: { c: 1 } },
    x: [{ y: { z: [1, 2] }, w: [{ v: 1 }] }, {}],
  });
});

test("any text: reading TOML and merging it never throws", () => {
  const base = parseToml("b", "a = 1\n[t]\nx = 2\n");
  assert.ok(base.ok);
  const piece = fc.constantFrom(
    "[",
    "]",
    "=",
    '"',
    "a",
    "t",
    "x",
    ".",
    "1",
    "\n",
    "{",
    "}",
    ",",
    " ",
    "'",
    "#",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const parsed = parseToml("f", pieces.join(""));
      if (parsed.ok) toPlain(merge(base.value, parsed.value));
    }),
    { numRuns: 2000 },
  );
});
