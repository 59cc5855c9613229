/**
 * A process with one driver in it, for driver-netns.test.ts: commands come as JSON lines on
 * standard input, each is answered by one line. The end of standard input ends it without cleaning
 * up, as a crash would.
 */

import { createInterface } from "node:readline";
import type { JsonObject } from "../../shared/base/result.ts";
import { type DriverConfig, ForwardingError } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { createTunDriver } from "../../shared/forwarding/tun/create.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";

export interface DriverCommand {
  readonly name: "start" | "apply" | "stop" | "show";
  readonly items?: readonly (readonly [string, ForwardingItem])[];
}

const [configText = "", sysctlFile = ""] = process.argv.slice(2);
const events: JsonObject[] = [];
const driver = createTunDriver({
  io: choosePacketIo("auto").io,
  config: JSON.parse(configText) as DriverConfig,
  sysctlFile,
  report: (event, fields) => events.push({ event, ...fields }),
});

async function run(command: DriverCommand): Promise<JsonObject> {
  if (command.name === "start") await driver.start();
  else if (command.name === "apply") await driver.apply(new Map(command.items ?? []));
  else if (command.name === "stop") await driver.stop();
  return {
    tunnels: driver.tunnels(),
    counters: driver.counters(),
    status: driver.status(),
    events: events.splice(0),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as DriverCommand;
  let answer: JsonObject;
  try {
    answer = await run(command);
  } catch (error) {
    const failures = error instanceof ForwardingError ? error.failures : [String(error)];
    answer = { failures, events: events.splice(0) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
