/**
 * A process with one driver in it, for driver-netns.test.ts: commands come as JSON lines on
 * standard input, each is answered by one line. The end of standard input ends it without cleaning
 * up, as a crash would.
 */

import { createInterface } from "node:readline";
import {
  BROADCAST_MAC,
  formatPrefix,
  ipv4,
  type Mac,
  macToBytes,
  ZERO_MAC,
} from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { type DriverConfig, ForwardingError } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { createTunDriver } from "../../shared/forwarding/tun/create.ts";
import { TUNNEL_DATA, TUNNEL_PORT } from "../../shared/forwarding/udp-tunnel.ts";
import { LinkMonitor } from "../../shared/linux/netlink/link-monitor.ts";
import { choosePacketIo, type ProviderPreference } from "../../shared/linux/providers.ts";

export interface DriverCommand {
  readonly name:
    | "start"
    | "apply"
    | "stop"
    | "show"
    | "watch-arp"
    | "ask-arp"
    | "watch-links"
    | "open-udp"
    | "send-raw";
  readonly device?: string;
  /** Sender and target of an ARP Request. */
  readonly mac?: Mac;
  readonly target?: string;
  readonly packet?: readonly number[];
  readonly items?: readonly (readonly [string, ForwardingItem])[];
}

const [configText = "", sysctlFile = "", provider = "helper"] = process.argv.slice(2);
const events: JsonObject[] = [];
const arp: string[] = [];
/** The same with the link's addresses: `from` is the sender's, `to` is `all` for a broadcast. */
const arpFrames: JsonObject[] = [];
const { io } = choosePacketIo(
  provider === "per-packet" ? "helper" : (provider as ProviderPreference),
  { offload: provider !== "per-packet" },
);
const links: JsonObject[] = [];
const driver = createTunDriver({
  io,
  config: JSON.parse(configText) as DriverConfig,
  sysctlFile,
  events: {
    report: (event, fields) => events.push({ event, ...fields }),
    bound: () => {},
    path: () => {},
  },
});

/** A broadcast ARP Request from an address of the link that nobody has. */
function askArp({ device = "", mac = ZERO_MAC, target = "" }: DriverCommand): void {
  const bytes = (text: string): number[] => text.split(".").map(Number);
  const request = [0, 1, 8, 0, 6, 4, 0, 1, ...macToBytes(mac), ...bytes("192.168.7.55")];
  const payload = Uint8Array.from([...request, 0, 0, 0, 0, 0, 0, ...bytes(target)]);
  io.openLink(device, { arp: true }).send(BROADCAST_MAC, 0x0806, payload);
}

/** The registration socket, as the daemon has it: without one the kernel refuses tunnel data. */
function openUdp(address: string): void {
  const options = { port: TUNNEL_PORT, exceptFirstOctet: TUNNEL_DATA };
  io.openUdp({ ...options, address: ipv4(address) }).onDatagram(({ source }) =>
    events.push({ event: "datagram", source }),
  );
}

/** One IP packet as it is. */
function sendRaw(packet: readonly number[]): void {
  const socket = io.openRawIp({ protocol: packet[9] ?? 0 });
  const error = socket.sendOne(Uint8Array.from(packet));
  socket.close();
  if (error !== undefined) throw new Error(error);
}

/** Each change as the monitor tells it; first what it begins with. */
async function watchLinks(): Promise<void> {
  const monitor = await LinkMonitor.open(io);
  const note = (name: string): void => {
    const link = monitor.link(name);
    const addresses = link?.addresses.map(formatPrefix) ?? [];
    const { defaultInterface = null } = monitor.facts();
    const found = link === undefined ? null : { up: link.up, mtu: link.mtu, addresses };
    links.push({ name, link: found, default: defaultInterface });
  };
  note("net1");
  monitor.onChange(note);
}

async function run(command: DriverCommand): Promise<JsonObject> {
  if (command.name === "start") await driver.start();
  else if (command.name === "apply") await driver.apply(new Map(command.items ?? []));
  else if (command.name === "stop") await driver.stop();
  else if (command.name === "watch-arp") {
    // Senders and targets of all ARP packets that arrive on the link.
    io.openLink(command.device ?? "", { arp: true }).onFrame((frame) => {
      const { payload, linkSource: from, linkDestination } = frame;
      const line = `${payload.slice(14, 18).join(".")} asks ${payload.slice(24, 28).join(".")}`;
      arp.push(line);
      const to = linkDestination === BROADCAST_MAC ? "all" : linkDestination;
      arpFrames.push({ from, to, isReply: payload[7] === 2, line });
    });
  } else if (command.name === "ask-arp") askArp(command);
  else if (command.name === "open-udp") openUdp(command.target ?? "");
  else if (command.name === "send-raw") sendRaw(command.packet ?? []);
  else if (command.name === "watch-links") await watchLinks();
  return {
    arp,
    arpFrames,
    links: links.splice(0),
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
