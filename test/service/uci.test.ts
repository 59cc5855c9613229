/** UCI, OpenWrt's form of the configuration: the same keys, the same faults at their lines. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toPlain } from "../../shared/service/config/located.ts";
import { parseToml } from "../../shared/service/config/toml.ts";
import { isUci, parseUci } from "../../shared/service/config/uci.ts";
import type { CommonConfig, ConfigRules } from "../../shared/service/program.ts";
import { FA_EXAMPLE, HA_EXAMPLE, MN_EXAMPLE } from "./contract-examples.ts";
import {
  faRules,
  haRules,
  load,
  loadGood,
  MINIMAL_FA,
  MINIMAL_HA,
  MINIMAL_MN,
  mnRules,
} from "./support.ts";

/** The words of each statement, by what they make: sections with their options. */
function sections(text: string): unknown {
  const parsed = parseUci("f", text);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
  return parsed.value.map(({ type, options }) => [
    type,
    Object.fromEntries([...options].map(([name, { value }]) => [name, value])),
  ]);
}

function fault(text: string): string {
  const parsed = parseUci("f", text);
  assert.ok(!parsed.ok);
  return `${parsed.error.line}: ${parsed.error.message}`;
}

test("UCI: quotes, escapes, comments, continued lines and lists, as libuci reads them", () => {
  const text = `# head
package mip4
config interface 'lan'  # named
	option name 'br-lan'
	option a "x\\"y"; option b plain\\ word
	option c 'it is'"'"'s'
	list d one
	list d 'two # not a comment'
	option e ''

config\tglobals
	option f 'over
two lines'
	option g long\\
er
`;
  assert.deepEqual(sections(text), [
    [
      "interface",
      {
        name: "br-lan",
        a: 'x"y',
        b: "plain word",
        c: "it is's",
        d: ["one", "two # not a comment"],
        e: "",
      },
    ],
    ["globals", { f: "over\ntwo lines", g: "longer" }],
  ]);
});

test("UCI: what is not UCI is one fault at its line", () => {
  assert.match(fault("config a\noption x 'never ends\n"), /^2: .*quote that does not end/);
  assert.match(fault("option x 1\n"), /^1: .*before the first section/);
  assert.match(fault("config a\n\noption x\n"), /^3: .*takes a name and a value/);
  assert.match(fault("config a\noption x 1 2\n"), /^2: .*too many words/);
  assert.match(fault("config a\nnonsense x 1\n"), /^2: .*"nonsense" is none of/);
  assert.match(fault("config\n"), /^1: .*without a type/);
});

test("UCI is told from TOML by its first line", () => {
  for (const text of ["config a", "\n# x\n\tconfig 'a'", 'package "x"\nconfig a']) {
    assert.ok(isUci(text), text);
  }
  for (const text of ["", "config = 1", "[config]", "config.a = 1", "#config a", "configure x"]) {
    assert.ok(!isUci(text), text);
  }
});

test("any text: reading UCI never throws, and what was quoted comes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      parseUci("f", `config a\n${text}`);
      const quoted = `'${text.replaceAll("'", `'"'"'`)}'`;
      assert.deepEqual(sections(`config a\noption x ${quoted}`), [["a", { x: text }]]);
    }),
  );
});

/** A TOML configuration, written as UCI. */
function asUci(toml: string): string {
  const parsed = parseToml("f", toml);
  assert.ok(parsed.ok);
  const out: string[] = [];
  const quote = (value: unknown): string =>
    typeof value === "boolean" ? `'${value ? 1 : 0}'` : `'${value}'`;
  const section = (type: string, table: object): void => {
    out.push(`config ${type === "" ? "globals" : type}`);
    const inner: [string, object][] = [];
    for (const [key, value] of Object.entries(table)) {
      const name = type === "" ? key : `${type}_${key}`;
      if (Array.isArray(value) && typeof value[0] === "object") {
        inner.push(...value.map((row): [string, object] => [name, row]));
      } else if (Array.isArray(value)) {
        for (const each of value) out.push(`\tlist ${key} ${quote(each)}`);
      } else if (typeof value === "object" && value !== null) {
        inner.push([name, value]);
      } else {
        out.push(`\toption ${key} ${quote(value)}`);
      }
    }
    for (const [name, value] of inner) section(name, value);
  };
  section("", toPlain(parsed.value) as object);
  return `${out.join("\n")}\n`;
}

const shownFaults = (faults: readonly string[]): string[] =>
  faults.map((each) => each.replace(/^[^:]*:\d+: /, "").replace(/"(true|false|\d+)"/, "$1")).sort();

function sameInBothForms<FileConfig extends CommonConfig, CoreConfig>(
  rules: ConfigRules<FileConfig, CoreConfig>,
  example: string,
): void {
  test(`UCI: the contract's ${rules.role}.toml means the same as UCI, faults included`, (t) => {
    const toml = load(t, rules, example);
    const uci = load(t, rules, asUci(example));
    assert.deepEqual(shownFaults(uci.faults), shownFaults(toml.faults));
    assert.deepEqual(uci.loaded?.shown, toml.loaded?.shown);
  });
}

sameInBothForms(faRules, FA_EXAMPLE);
sameInBothForms(mnRules, MN_EXAMPLE);
sameInBothForms(haRules, HA_EXAMPLE);
// Nothing of these is refused, so the values themselves are compared.
sameInBothForms(faRules, `${MINIMAL_FA}[advertisement]\nmax_interval = 1.5\nchallenge = true\n`);
sameInBothForms(mnRules, MINIMAL_MN);
sameInBothForms(haRules, `${MINIMAL_HA}[nat_traversal]\nkeepalive = 20\nforce = true\n`);

test("UCI: flags, numbers and single values of arrays become what the schema wants", (t) => {
  const text = `config service
	option enabled 1
config interface
	option name lan0
	option care_of_address 192.0.2.1
config advertisement
	option max_interval 2.5
	option challenge on
	option encapsulations ipip
config security_association
	option with mobile-node
	option nai 12345
	option spi 256
	option key 00112233445566778899001122334455
`;
  const { config } = loadGood(t, faRules, text);
  assert.deepEqual(config.interface[0], { name: "lan0", care_of_address: "192.0.2.1" });
  const { max_interval, challenge, encapsulations } = config.advertisement;
  assert.deepEqual([max_interval, challenge, encapsulations], [2.5, true, ["ipip"]]);
  const [association] = config.security_association;
  assert.ok(association?.with === "mobile-node");
  assert.deepEqual([association.nai, association.spi], ["12345", 256]);
});

test("UCI: faults have the line of the option, a doubled section is one", (t) => {
  const text = `config interface
	option name lan0
	option nmae x
config limits
	option visitors many
config advertisment
	option max_interval 1
`;
  assert.deepEqual(load(t, faRules, text).faults, [
    'c.toml:3: interface[0].nmae: unknown key, did you mean "name"?',
    'c.toml:5: limits.visitors: "many" is not allowed, must be a whole number from 1 to 100000',
    'c.toml:6: advertisment: unknown key, did you mean "advertisement"?',
  ]);
  const twice = `config interface\n\toption name lan0\nconfig limits\nconfig limits\n`;
  assert.deepEqual(load(t, faRules, twice).faults, [
    "c.toml:4: limits: a second section of a type that has only one",
  ]);
});

test("UCI: a board goes under it", (t) => {
  const { config } = loadGood(t, faRules, "config limits\n\toption visitors 7\n", {
    board: "glinet-gl-mt3000",
  });
  assert.deepEqual(
    [config.interface.map(({ name }) => name), config.limits.visitors],
    [["br-lan"], 7],
  );
  assert.ok(loadGood(t, faRules, MINIMAL_FA).config.limits.visitors > 7);
});
