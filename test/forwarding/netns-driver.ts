/**
 * A process with one driver in it, for driver-netns.test.ts: commands come as JSON lines on
 * standard input, each is answered by one line. The end of standard input ends it without cleaning
 * up, as a crash would.
 */

import { createInterface } from "node:readline";
import { BROADCAST_MAC } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { type DriverConfig, ForwardingError } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { createTunDriver } from "../../shared/forwarding/tun/create.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";

export interface DriverCommand {
  readonly name: "start" | "apply" | "stop" | "show" | "watch-arp" | "ask-arp";
  readonly device?: string;
  readonly items?: readonly (readonly [string, ForwardingItem])[];
}

const [configText = "", sysctlFile = ""] = process.argv.slice(2);
const events: JsonObject[] = [];
const arp: string[] = [];
const { io } = choosePacketIo("auto");
const driver = createTunDriver({
  io,
  config: JSON.parse(configText) as DriverConfig,
  sysctlFile,
  report: (event, fields) => events.push({ event, ...fields }),
});

/** A broadcast ARP Request from an address of the link that nobody has. */
function askArp(device: string, target: string): void {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 0x55);
  const bytes = (text: string): number[] => text.split(".").map(Number);
  const request = [0, 1, 8, 0, 6, 4, 0, 1, ...mac, ...bytes("192.168.7.55")];
  const payload = Uint8Array.from([...request, 0, 0, 0, 0, 0, 0, ...bytes(target)]);
  io.openLink(device, { arp: true }).send(BROADCAST_MAC, 0x0806, payload);
}

async function run(command: DriverCommand): Promise<JsonObject> {
  if (command.name === "start") await driver.start();
  else if (command.name === "apply") await driver.apply(new Map(command.items ?? []));
  else if (command.name === "stop") await driver.stop();
  else if (command.name === "watch-arp") {
    // Senders and targets of all ARP packets that arrive on the link.
    io.openLink(command.device ?? "", { arp: true }).onFrame(({ payload }) => {
      arp.push(`${payload.slice(14, 18).join(".")} asks ${payload.slice(24, 28).join(".")}`);
    });
  }
  else if (command.name === "ask-arp") askArp(command.device ?? "", command.items?.[0]?.[0] ?? "");
  return {
    arp,
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
