/** Frames made octet by octet for tests that send what no honest host would; independent of the codec. */

import type { Host } from "./host.ts";
import { CommandError, runSync } from "./process.ts";
import { wireBinary } from "./wire.ts";

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
export const ZERO_MAC = "00:00:00:00:00:00";

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

function address(text: string): Buffer {
  return Buffer.from(text.split(".").map(Number));
}

function number16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}

/** RFC 1071. */
function checksum(data: Buffer): Buffer {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return number16(~sum & 0xffff);
}

function withChecksum(data: Buffer, offset: number, covered: Buffer = data): Buffer {
  const out = Buffer.from(data);
  checksum(covered).copy(out, offset);
  return out;
}

export interface LinkHeader {
  readonly from: string;
  readonly to: string;
}

export function ethernet({ from, to }: LinkHeader, type: number, payload: Buffer): Buffer {
  return Buffer.concat([mac(to), mac(from), number16(type), payload]);
}

export interface ArpFields {
  readonly operation: "request" | "reply";
  readonly senderMac: string;
  readonly sender: string;
  readonly targetMac?: string;
  readonly target: string;
}

export function arpFrame(link: LinkHeader, arp: ArpFields): Buffer {
  const operation = arp.operation === "request" ? 1 : 2;
  return ethernet(
    link,
    0x0806,
    Buffer.concat([
      Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]),
      mac(arp.senderMac),
      address(arp.sender),
      mac(arp.targetMac ?? ZERO_MAC),
      address(arp.target),
    ]),
  );
}

export interface IpFields {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly dontFragment?: boolean;
  readonly payload: Buffer;
}

export function ipPacket(fields: IpFields): Buffer {
  const { source, destination, protocol, ttl = 64, tos = 0, dontFragment = false } = fields;
  const header = Buffer.concat([
    Buffer.from([0x45, tos]),
    number16(20 + fields.payload.length),
    Buffer.from([0x12, 0x34, dontFragment ? 0x40 : 0, 0, ttl, protocol, 0, 0]),
    address(source),
    address(destination),
  ]);
  return Buffer.concat([withChecksum(header, 10), fields.payload]);
}

/** Without a checksum, as UDP over IPv4 may be. */
export function udpDatagram(sourcePort: number, destinationPort: number, payload: Buffer): Buffer {
  const ports = [number16(sourcePort), number16(destinationPort)];
  return Buffer.concat([...ports, number16(8 + payload.length), number16(0), payload]);
}

/** An echo request, recognised by its identifier. */
export function echoRequest(identifier: number, size = 32): Buffer {
  const body = [Buffer.from([8, 0, 0, 0]), number16(identifier), number16(1)];
  return withChecksum(Buffer.concat([...body, Buffer.alloc(size, 0x61)]), 2);
}

/** Sends frames on a host's interface as they are; blocks until all are sent. */
export function inject(host: Host, ifname: string, frames: readonly Buffer[]): void {
  const argv = [...host.enter, wireBinary(host.lab.directory), "inject", ifname];
  const done = runSync(argv, frames.map((frame) => `${frame.toString("hex")}\n`).join(""));
  if (done.stdout !== `sent ${frames.length}\n`) throw new CommandError(argv, done);
}
