/**
 * Run by run.test.ts in a network namespace of its own: a real foreign agent on real interfaces,
 * and what was seen of it, as JSON. With `daemon` as its first argument it is that agent.
 */

import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaConfig } from "../../fa/config.ts";
import { faRules } from "../../fa/config-rules.ts";
import type { FaCoreConfig } from "../../fa/core/config.ts";
import { ForeignAgent } from "../../fa/core/foreign-agent.ts";
import { ALL_ROUTERS, ipv4, multicastMac } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { buildIcmpPacket, parseFrame } from "../../shared/linux/frames.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";
import { ask } from "../../shared/service/control/client.ts";
import type { Program } from "../../shared/service/program.ts";
import { runProgram } from "../../shared/service/runtime/run.ts";

const [role, directory = ""] = process.argv.slice(2);
const configFile = join(directory, "fa.toml");
const socket = join(directory, "fa.sock");

const program: Program<FaConfig, FaCoreConfig> = {
  name: "mip4-fa",
  role: "fa",
  summary: "",
  rules: async () => faRules,
  engine: async () => ({
    createCore: (config, random) => new ForeignAgent(config, random),
    metrics: { gauges: [], counters: {}, mib: [] },
  }),
  tables: [],
  actions: [],
  describe: () => [],
  health: () => [],
  performance: () => [],
};

function ip(...words: string[]): string {
  return execFileSync("ip", words, { encoding: "utf8" });
}

function addVisitorLink(): void {
  ip("link", "add", "lan0", "type", "veth", "peer", "name", "peer0");
  ip("address", "add", "10.0.0.1/24", "dev", "lan0");
  ip("link", "set", "lan0", "up");
  ip("link", "set", "peer0", "up");
}

/** Interfaces, rules and routes, without what differs from one run to the next. */
function traces(): string[] {
  const links = JSON.parse(ip("-j", "link")) as { ifname: string }[];
  const names = links.map(({ ifname }) => ifname).sort();
  return [
    ...names,
    ...ip("rule").split("\n"),
    ...ip("-4", "route", "show", "table", "all").split("\n").sort(),
  ];
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within 5 s: ${what}`);
}

async function status(): Promise<JsonObject> {
  try {
    const answer = await ask(socket, { query: "status" }, 2000);
    return answer.ok ? (answer.value.result as JsonObject) : {};
  } catch {
    return {};
  }
}

/** A whole life of the agent. */
async function drive(): Promise<JsonObject> {
  ip("link", "set", "lo", "up");
  ip("link", "add", "wan0", "type", "veth", "peer", "name", "far0");
  ip("address", "add", "192.0.2.1/24", "dev", "wan0");
  ip("link", "set", "wan0", "up");
  ip("link", "set", "far0", "up");
  ip("route", "add", "default", "via", "192.0.2.254");
  addVisitorLink();
  const before = traces();
  const text = `[[interface]]\nname = "lan0"\n[state]\npath = "${directory}/fa.journal"\n[control]\nsocket = "${socket}"\n`;
  writeFileSync(configFile, text);
  const log = join(directory, "log");
  const daemon = spawn(process.execPath, [process.argv[1] ?? "", "daemon", directory], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  daemon.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
    writeFileSync(log, said);
  });
  const exit = new Promise<number | null>((resolve) => daemon.on("exit", resolve));
  try {
    await until(async () => (await status()).state === "ready", "ready");
    const { io } = choosePacketIo("auto");
    const peer = io.openLink("peer0", { icmpTypes: [9] });
    const advertisements: string[] = [];
    peer.onFrame((frame) => {
      const event = parseFrame("peer0", frame);
      advertisements.push(event.ok ? event.value.type : event.error);
    });
    const solicitation = Uint8Array.of(10, 0, 0xf5, 0xff, 0, 0, 0, 0);
    const packet = buildIcmpPacket({
      source: ipv4("10.1.0.7"),
      destination: ALL_ROUTERS,
      ttl: 1,
      payload: solicitation,
    });
    const heard = advertisements.length;
    const sendError = peer.send(multicastMac(ALL_ROUTERS), 0x0800, packet) ?? null;
    await until(() => advertisements.length > heard, "an advertisement");
    peer.close();

    ip("link", "delete", "lan0");
    await until(async () => (await status()).state === "degraded", "degraded");
    addVisitorLink();
    await until(async () => (await status()).state === "ready", "ready again");

    writeFileSync(configFile, `${text}nonsense = 1\n`);
    daemon.kill("SIGHUP");
    await until(() => said.includes("the old one stays"), "refusal of the file");
    writeFileSync(configFile, `${text}[limits]\nvisitors = 3\n`);
    daemon.kill("SIGHUP");
    await until(() => said.includes("configuration reloaded"), "reload");

    const last = await status();
    daemon.kill("SIGTERM");
    const code = await exit;
    return {
      sendError,
      advertisement: advertisements[0] ?? null,
      fault: /fa\.toml:\d+: [^\n]*nonsense[^\n]*/.exec(said)?.[0] ?? null,
      driver: last.driver ?? null,
      problems: last.problems ?? null,
      code,
      before,
      after: traces(),
      errors: said.split("\n").filter((line) => / error internal|warning not finished/.test(line)),
    };
  } catch (error) {
    return { failed: String(error), log: readFileSync(log, "utf8"), status: await status() };
  } finally {
    daemon.kill("SIGKILL");
  }
}

if (role === "daemon") process.exit(await runProgram(program, { configFile }));
console.log(JSON.stringify(await drive()));
process.exit(0);
