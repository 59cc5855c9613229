/** `mip4-mn init`: what it writes and prints is right for both programs. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { initCommand } from "../../mn/init-command.ts";
import { mnProgram } from "../../mn/program.ts";
import type { Terminal } from "../../mn/terminal.ts";
import { main } from "../../shared/service/cli/main.ts";
import { haRules, loadGood, MINIMAL_HA, mnRules, temporaryDirectory } from "./support.ts";

const POOLS =
  '[[address_pool]]\nrange = "10.1.0.100-10.1.0.199"\n[[network_pool]]\nprefix = "10.64.0.0/16"\nprefix_length = 24\n';

/** Somebody who gives these answers, or nobody. */
function typing(answers: readonly string[] | undefined) {
  const left = [...(answers ?? [])];
  const seen: string[] = [];
  const terminal: Terminal = {
    isInteractive: answers !== undefined,
    ask: async (question) => {
      seen.push(question);
      const answer = left.shift();
      assert(answer !== undefined, `one question more: ${question}`);
      return answer;
    },
    tell: (text) => seen.push(text),
    close: () => {},
  };
  return { terminal, seen, left };
}

async function init(
  t: TestContext,
  words: readonly string[],
  options: { readonly answers?: readonly string[]; readonly directory?: string } = {},
) {
  const directory = options.directory ?? temporaryDirectory(t);
  const file = join(directory, "mn.toml");
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
  const typist = typing(options.answers);
  const program = {
    ...mnProgram,
    commands: () => [initCommand(mnProgram, typist.terminal)],
  };
  const argv = ["node", "mip4-mn", "init", ...words, "--config", file];
  const code = await main(program, async () => 0, argv, output);
  return { ...said, ...typist, code, file, directory };
}

/** Both sides, as their programs read them. */
function understood(
  t: TestContext,
  { file, out }: { readonly file: string; readonly out: string },
) {
  const mn = loadGood(t, mnRules, readFileSync(file, "utf8")).config;
  const [node] = loadGood(t, haRules, MINIMAL_HA + POOLS + out).config.mobile_node;
  const [association] = mn.security_association;
  assert.deepEqual(
    [association?.spi, association?.key, association?.algorithm],
    [node?.spi, node?.key, node?.algorithm],
  );
  return { mn, node };
}

const WORDS = ["--home-address", "10.1.0.9", "--home-agent", "198.51.100.1"];

test("mip4-mn init: from options alone, a file that nobody else can read, and the home agent's part on standard output", async (t) => {
  const done = await init(t, [...WORDS, "--interface", "eth0,wlan0"]);
  assert.equal(done.code, 0, done.err);
  assert.equal(statSync(done.file).mode & 0o777, 0o600);
  const { mn, node } = understood(t, done);
  assert.equal(node?.home_address, "10.1.0.9");
  assert.deepEqual([mn.home_address, mn.home_agent], ["10.1.0.9", "198.51.100.1"]);
  assert.deepEqual(
    mn.interface.map(({ name }) => name),
    ["eth0", "wlan0"],
  );
  assert.equal(node?.key?.length, 64);
  assert.deepEqual(done.seen, []);
  const other = await init(t, [...WORDS, "--interface", "eth0"]);
  assert.notEqual(understood(t, other).node?.key, node?.key);
});

test("mip4-mn init: a NAI, a home agent by name, networks that move along, another algorithm", async (t) => {
  const identity = ["--home-address", "dynamic", "--nai", "bob@example.net"];
  const home = ["--home-agent", "ha.example.net", "--home-prefix-length", "22"];
  const networks = ["--network", "10.20.0.0/24@lan0", "--network=dynamic@lan1"];
  const words = [...identity, ...home, ...networks, "--algorithm", "hmac-md5"];
  const done = await init(t, [...words, "--interface", "wwan0"]);
  assert.equal(done.code, 0, done.err);
  const { mn, node } = understood(t, done);
  assert.deepEqual([node?.home_address, node?.nai], ["dynamic", "bob@example.net"]);
  assert.deepEqual([node?.networks, node?.dynamic_networks], [["10.20.0.0/24"], 1]);
  assert.deepEqual([mn.home_agent, mn.home_prefix_length], ["ha.example.net", 22]);
  assert.deepEqual(
    mn.mobile_network.map((row) => [row.prefix, row.interface]),
    [
      ["10.20.0.0/24", "lan0"],
      ["dynamic", "lan1"],
    ],
  );
});

test("mip4-mn init: on a terminal it asks for what is missing, again until it can be meant", async (t) => {
  const answers = ["10.1.0.256", "10.1.0.9", "", "", "198.51.100.1", "wlan0 eth0"];
  const done = await init(t, [], { answers });
  assert.equal(done.code, 0, done.err);
  assert.deepEqual(done.left, []);
  assert.match(done.seen[1] ?? "", /"10\.1\.0\.256" is not allowed, must be the IPv4 address/);
  assert.match(done.seen[5] ?? "", /must be/);
  const { mn } = understood(t, done);
  assert.deepEqual([mn.home_address, mn.nai], ["10.1.0.9", undefined]);
  assert.deepEqual(
    mn.interface.map(({ name }) => name),
    ["wlan0", "eth0"],
  );
  const asked = (await init(t, WORDS, { answers: ["bob@example.net", "eth0"] })).seen;
  assert.equal(asked.length, 2);
});

test("mip4-mn init: a file that is there stays, but for --force", async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, "mn.toml");
  writeFileSync(file, "precious\n", { mode: 0o644 });
  const words = [...WORDS, "--interface", "eth0"];
  const refused = await init(t, words, { directory });
  assert.deepEqual([refused.code, refused.out], [1, ""]);
  assert.match(refused.err, /mn\.toml is there already; --force/);
  assert.equal(readFileSync(file, "utf8"), "precious\n");
  const forced = await init(t, [...words, "--force"], { directory });
  assert.equal(forced.code, 0, forced.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  understood(t, forced);
});

test("mip4-mn init: what cannot be is refused, and nothing is written", async (t) => {
  for (const [words, code, why] of [
    [["--home-agent", "198.51.100.1"], 2, /--home-address is missing: --home-address ADDRESS/],
    [["--home-address", "10.1.0", "--home-agent", "ha"], 2, /--home-address: "10\.1\.0" is not/],
    [[...WORDS, "--interface", "eth 0/"], 2, /--interface: "0\/" is not allowed/],
    [[...WORDS, "--network", "10.20.0.0/24"], 2, /must be a network and its link/],
    [[...WORDS, "--algorithm", "rot13"], 2, /--algorithm rot13: must be hmac-md5, /],
    [[...WORDS, "--home-prefix-length", "x"], 2, /must be a number/],
    [["--home-address", "10.1.0.9", "--home-agent", "10.1.0.9"], 1, /mn\.toml:\d+: home_agent/],
    [[...WORDS, "--network", "10.20.0.1/24@lan0"], 1, /mn\.toml:\d+: mobile_network\[0\]\.prefix/],
    [["--home-address", "dynamic", "--home-agent", "10.1.0.1"], 1, /needs nai/],
  ] as const) {
    const given = words.includes("--interface" as never) ? [] : ["--interface", "wlan0"];
    const done = await init(t, [...words, ...given]);
    assert.deepEqual([done.code, done.out], [code, ""], done.err);
    assert.match(done.err, why);
    assert.equal(existsSync(done.file), false);
    assert.equal(existsSync(`${done.file}.new`), false);
  }
});
