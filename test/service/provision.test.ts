/** `mip4-ha add`: what it prints is right for both programs. */

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { haProgram } from "../../ha/program.ts";
import { main } from "../../shared/service/cli/main.ts";
import { haRules, loadGood, MINIMAL_HA, mnRules, temporaryDirectory } from "./support.ts";

const POOL = '[[address_pool]]\nrange = "10.1.0.100-10.1.0.199"\n';

/** Runs the command on a configuration; its exit code and what it said. */
async function add(t: TestContext, config: string, ...words: readonly string[]) {
  const directory = temporaryDirectory(t);
  const file = join(directory, "ha.toml");
  writeFileSync(file, config);
  const said = { out: "", err: "" };
  const output = {
    hasColour: false,
    out: (line: string) => {
      said.out += `${line}\n`;
    },
    err: (line: string) => {
      said.err += `${line}\n`;
    },
  };
  const argv = ["node", "mip4-ha", "add", ...words, "--config", file];
  const code = await main(haProgram, async () => 0, argv, output);
  return { ...said, code, directory };
}

/** The home agent's part and the node's. */
function parts(out: string): readonly [string, string] {
  const [, homeAgent = "", mobileNode = ""] = out.split(/^# .*\n/m);
  return [homeAgent, mobileNode];
}

for (const [words, home, nai] of [
  [["10.1.0.9"], "10.1.0.9", undefined],
  [["bob@example.net"], "dynamic", "bob@example.net"],
  [["ann@example.net", "--address", "10.1.0.10"], "10.1.0.10", "ann@example.net"],
  [["10.1.0.9", "--algorithm", "hmac-md5", "--interface", "wwan0"], "10.1.0.9", undefined],
] as const) {
  test(`mip4-ha add ${words.join(" ")}: both sides pass check, with one new key`, async (t) => {
    const { code, out, err } = await add(t, MINIMAL_HA + POOL, ...words);
    assert.equal(code, 0, err);
    const [homeAgent, mobileNode] = parts(out);
    const ha = loadGood(t, haRules, MINIMAL_HA + POOL + homeAgent).config.mobile_node[0];
    const mn = loadGood(t, mnRules, mobileNode).config;
    assert.deepEqual([ha?.home_address, ha?.nai], [home, nai]);
    assert.deepEqual([mn.home_address, mn.nai, mn.home_agent], [home, nai, "198.51.100.1"]);
    const [association] = mn.security_association;
    assert.deepEqual(
      [association?.spi, association?.key, association?.algorithm],
      [ha?.spi, ha?.key, ha?.algorithm],
    );
    const isDefault = words.length < 5;
    assert.equal(ha?.key?.length, isDefault ? 64 : 32);
    assert.equal(mn.interface[0]?.name, isDefault ? "wlan0" : "wwan0");
    const again = parts((await add(t, MINIMAL_HA + POOL, ...words)).out);
    assert.notEqual(again[0], homeAgent); // every key is another one
  });
}

test("mip4-ha add --node: the node's part in a file of its own that nobody else can read", async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, "mn.toml");
  const { code, out } = await add(t, MINIMAL_HA, "10.1.0.9", "--node", file);
  assert.equal(code, 0);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const key = /key = "(\w+)"/.exec(readFileSync(file, "utf8"))?.[1] ?? "none";
  assert.equal(out.match(/^\[\[/gm)?.length, 1);
  assert.ok(out.startsWith("[[mobile_node]]") && out.includes(key));
  const again = await add(t, MINIMAL_HA, "10.1.0.10", "--node", file);
  assert.equal(again.code, 1);
  assert.match(again.err, /EEXIST/);
  assert.equal(again.out, "");
});

test("mip4-ha add: who cannot be added is refused with the reason", async (t) => {
  const taken = `${MINIMAL_HA}[[mobile_node]]\nhome_address = "10.1.0.7"\nnai = "bob@example.net"\nspi = 256\nkey = "00"\n`;
  for (const [words, why] of [
    [["10.1.0.7"], /10.1.0.7 is in the configuration already/],
    [["bob@EXAMPLE.net", "--address", "10.1.0.8"], /bob@EXAMPLE.net is in the configuration/],
    [["ann@example.net"], /there is no address_pool/],
    [["10.9.0.1"], /10.9.0.1 is in no home network/],
    [["bob"], /must be a home address like 10.1.0.7, or a NAI/],
    [["10.1.0.8", "--address", "10.1.0.9"], /is for a node that is named by its NAI/],
  ] as const) {
    const { code, out, err } = await add(t, taken, ...words);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, why);
  }
  assert.match((await add(t, "address = 1\n", "10.1.0.8")).err, /ha.toml:1: address/);
  const usage = await add(t, MINIMAL_HA, "10.1.0.8", "--algorithm", "keyed-md5");
  assert.deepEqual([usage.code, /must be hmac-md5/.test(usage.err)], [2, true]);
});
