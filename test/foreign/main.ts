/**
 * `make test-foreign`: the bundles on other CPUs, under qemu-user with Node for these, and on a Node of
 * musl. Commands must say what they say here; a foreign agent there serves a mobile node here.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enterLab } from "../lab/enter.ts";
import { ADDRESS } from "../lab/mobile-net.ts";
import { PROJECT_ROOT } from "../lab/root.ts";
import { bundleOf, registeredVia, startSession } from "../lab/session.ts";
import { waitFor } from "../lab/wait.ts";

interface Machine {
  readonly name: string;
  /** The command that is Node there. */
  readonly node: readonly string[];
}

const cached = (...path: readonly string[]): string =>
  join(PROJECT_ROOT, ".cache", "foreign", ...path);

function emulated(name: string, qemu: string, prefix: string): Machine {
  const shim = `LD_PRELOAD=${cached(name, "qemu-shim.so")}`;
  const missing = join(PROJECT_ROOT, "test", "foreign", "crc32.cjs");
  return { name, node: [qemu, "-L", prefix, "-E", shim, cached(name, "node"), "-r", missing] };
}

const musl: Machine = {
  name: "musl",
  node: [
    ...["/lib/ld-musl-x86_64.so.1", "--library-path", cached("musl", "lib")],
    ...["--preload", cached("musl", "shim.so"), cached("musl", "node")],
  ],
};

const MACHINES: readonly Machine[] = [
  emulated("arm64", "qemu-aarch64-static", "/usr/aarch64-linux-gnu"),
  emulated("arm", "qemu-arm-static", "/usr/arm-linux-gnueabihf"),
  ...(process.arch === "x64" ? [musl] : []),
];

const REQUEST = "010207080a010007c6336401c00002010000000000000001";
const CONFIG = '[[interface]]\nname = "lan0"\ncare_of_address = "192.0.2.1"\n';

const emulators = MACHINES.flatMap(({ node }) => node.slice(0, 1)).filter(
  (one) => !one.includes("/"),
);
await enterLab({ tun: true, programs: ["ping", ...emulators] });

function run(command: readonly string[], words: readonly string[]): string {
  const [file = "", ...first] = command;
  const { status, stdout, stderr } = spawnSync(file, [...first, ...words], { encoding: "utf8" });
  assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
  return stdout;
}

function commandsAgree(machine: Machine): void {
  const file = `/run/lab-${machine.name}.toml`;
  writeFileSync(file, CONFIG);
  for (const words of [
    [bundleOf("fa"), "check", "--config", file],
    [bundleOf("fa"), "decode", "--json", "--hex", REQUEST],
    [bundleOf("mn"), "boards", "--json"],
    [bundleOf("ha"), "schema"],
  ]) {
    assert.equal(run(machine.node, words), run([process.execPath], words));
  }
}

/** Registered through the agent there, and a ping through its tunnel. */
async function servesNode(machine: Machine): Promise<string> {
  // It would start again as what Node there calls itself, which is not the whole command.
  const overrides = { fa1: { privileges: { drop: false } } };
  const session = await startSession({
    start: "foreign1",
    node: { fa1: machine.node },
    overrides,
  });
  try {
    await registeredVia(session, ADDRESS.fa1);
    const { net, programs } = session;
    const ping = await net.cn.exec(["ping", "-c", "5", "-i", "0.2", "-W", "5", ADDRESS.home]);
    assert.equal(ping.status, 0, ping.stdout);
    // An emulated CPU that collects garbage may take longer than a question waits.
    await waitFor("fa1 to say what came by the tunnel", async () => {
      const [tunnel] = await programs.daemons.fa1.query<{ packets_in: number }[]>("tunnels");
      return (tunnel?.packets_in ?? 0) >= 5;
    });
    const statuses = await programs.stop();
    assert.equal(statuses.fa1, 0);
    return ping.stdout.trim().split("\n").at(-1) ?? "";
  } finally {
    await session.close();
  }
}

const WHICH =
  '[process.version, process.arch, process.report.getReport().header.glibcVersionRuntime ?? "musl"].join(" ")';

for (const machine of MACHINES) {
  assert.ok(existsSync(machine.node.find((word) => word.endsWith("/node")) ?? ""), machine.name);
  const [version] = run(machine.node, ["-p", WHICH]).split("\n");
  assert.equal(machine.name === "musl", version?.endsWith(" musl"));
  commandsAgree(machine);
  console.log(
    `${machine.name}: check, decode, boards and schema say what they say here (${version})`,
  );
  console.log(
    `${machine.name}: a mobile node is registered through it; ping: ${await servesNode(machine)}`,
  );
}
