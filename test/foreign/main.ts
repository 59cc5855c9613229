/**
 * `make test-foreign`: the bundles on other CPUs, under qemu-user with Node for these. Commands must
 * say what they say here; a foreign agent that is emulated serves a mobile node that is not.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enterLab } from "../lab/enter.ts";
import { ADDRESS } from "../lab/mobile-net.ts";
import { PROJECT_ROOT } from "../lab/root.ts";
import { bundleOf, registeredVia, startSession } from "../lab/session.ts";

const MACHINES = [
  { arch: "arm64", qemu: "qemu-aarch64-static", prefix: "/usr/aarch64-linux-gnu" },
  { arch: "arm", qemu: "qemu-arm-static", prefix: "/usr/arm-linux-gnueabihf" },
] as const;
type Machine = (typeof MACHINES)[number];

const REQUEST = "010207080a010007c6336401c00002010000000000000001";
const CONFIG = '[[interface]]\nname = "lan0"\ncare_of_address = "192.0.2.1"\n';

await enterLab({ tun: true, programs: ["ping", ...MACHINES.map(({ qemu }) => qemu)] });

/** The command that is Node on that machine. */
function node({ arch, qemu, prefix }: Machine): string[] {
  const folder = join(PROJECT_ROOT, ".cache", "foreign", arch);
  const shim = join(folder, "qemu-shim.so");
  const missing = join(PROJECT_ROOT, "test", "foreign", "crc32.cjs");
  return [qemu, "-L", prefix, "-E", `LD_PRELOAD=${shim}`, join(folder, "node"), "-r", missing];
}

function run(command: readonly string[], words: readonly string[]): string {
  const [file = "", ...first] = command;
  const { status, stdout, stderr } = spawnSync(file, [...first, ...words], { encoding: "utf8" });
  assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
  return stdout;
}

function commandsAgree(machine: Machine): void {
  const file = `/run/lab-${machine.arch}.toml`;
  writeFileSync(file, CONFIG);
  for (const words of [
    [bundleOf("fa"), "check", "--config", file],
    [bundleOf("fa"), "decode", "--json", "--hex", REQUEST],
    [bundleOf("mn"), "boards", "--json"],
    [bundleOf("ha"), "schema"],
  ]) {
    assert.equal(run(node(machine), words), run([process.execPath], words));
  }
}

/** Registered through the emulated agent, and a ping through its tunnel. */
async function servesNode(machine: Machine): Promise<string> {
  const session = await startSession({ start: "foreign1", node: { fa1: node(machine) } });
  try {
    await registeredVia(session, ADDRESS.fa1);
    const { net, programs } = session;
    const ping = await net.cn.exec(["ping", "-c", "5", "-i", "0.2", "-W", "5", ADDRESS.home]);
    assert.equal(ping.status, 0, ping.stdout);
    const [tunnel] = await programs.daemons.fa1.json<{ packets_in: number }[]>("tunnels");
    assert.ok((tunnel?.packets_in ?? 0) >= 5);
    const statuses = await programs.stop();
    assert.equal(statuses.fa1, 0);
    return ping.stdout.trim().split("\n").at(-1) ?? "";
  } finally {
    await session.close();
  }
}

for (const machine of MACHINES) {
  assert.ok(
    node(machine)
      .slice(5)
      .every((part) => part === "-r" || existsSync(part)),
  );
  const [version] = run(node(machine), ["-p", 'process.version + " " + process.arch']).split("\n");
  commandsAgree(machine);
  console.log(
    `${machine.arch}: check, decode, boards and schema say what they say here (${version})`,
  );
  console.log(
    `${machine.arch}: a mobile node is registered through it; ping: ${await servesNode(machine)}`,
  );
}
