/** Interfaces, packets and waiting for the packet I/O suite; everything runs inside a lab. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import {
  type Closable,
  createBatch,
  type PacketBatch,
  type PacketIo,
} from "../../shared/linux/packet-io.ts";
import { finishChecksum, internetChecksum, sumWords } from "../../shared/wire/checksum.ts";

export function ip(command: string): string {
  return execFileSync("ip", command.split(" "), { encoding: "utf8", stdio: "pipe" });
}

/** Waits until something holds; fails after two seconds, saying what did not. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `still waiting: ${what}`);
    await sleep(2);
  }
}

/** Long enough for anything that would come to have come. */
export const quiet = (): Promise<void> => sleep(60);

export const MAC_0 = "02:00:00:00:00:10" as Mac;
export const MAC_1 = "02:00:00:00:00:11" as Mac;

/** A pair of interfaces of one Ethernet link, `<name>0` and `<name>1`, without addresses. */
export function addLink(name: string): void {
  ip(`link add ${name}0 address ${MAC_0} type veth peer name ${name}1 address ${MAC_1}`);
  ip(`link set ${name}0 up`);
  ip(`link set ${name}1 up`);
}

export interface PacketSpec {
  readonly source?: Ipv4;
  readonly destination: Ipv4;
  readonly protocol: number;
  readonly payload: Uint8Array;
  readonly identification?: number;
  /** The 16 bits of flags and fragment offset. */
  readonly fragment?: number;
  /** Octets of options, a multiple of 4. */
  readonly options?: number;
  readonly version?: number;
}

export function packet(spec: PacketSpec): Uint8Array {
  const headerLength = 20 + (spec.options ?? 0);
  const bytes = new Uint8Array(headerLength + spec.payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = ((spec.version ?? 4) << 4) | (headerLength / 4);
  view.setUint16(2, bytes.length);
  view.setUint16(4, spec.identification ?? 1);
  view.setUint16(6, spec.fragment ?? 0);
  bytes[8] = 64;
  bytes[9] = spec.protocol;
  view.setUint32(12, spec.source ?? ipv4("192.0.2.1"));
  view.setUint32(16, spec.destination);
  bytes.fill(1, 20, headerLength); // "no operation" options
  view.setUint16(10, internetChecksum(bytes, 0, headerLength));
  bytes.set(spec.payload, headerLength);
  return bytes;
}

/** A UDP header and payload, with the checksum that the addresses ask for. */
export function udp(
  [source, destination]: readonly [Ipv4, Ipv4],
  [sourcePort, port]: readonly [number, number],
  payload: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, port);
  view.setUint16(4, bytes.length);
  bytes.set(payload, 8);
  const pseudo = [source >>> 16, source & 0xffff, destination >>> 16, destination & 0xffff];
  const sum = pseudo.reduce((a, b) => a + b, 17 + bytes.length);
  view.setUint16(6, finishChecksum(sumWords(bytes, 0, bytes.length, sum)) || 0xffff);
  return bytes;
}

/** `length` octets, the first four of which are a number. */
export function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function numberAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at);
}

/** The packets of a batch, as copies. */
export function packetsOf(batch: PacketBatch): Uint8Array[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const start = batch.offsets[i] ?? 0;
    return batch.slab.slice(start, start + (batch.lengths[i] ?? 0));
  });
}

/** A batch of these packets. */
export function batchOf(packets: readonly Uint8Array[]): PacketBatch {
  const slot = Math.max(...packets.map(({ length }) => length));
  const batch = createBatch(packets.length, slot);
  packets.forEach((bytes, i) => {
    batch.slab.set(bytes, i * slot);
    batch.offsets[i] = i * slot;
    batch.lengths[i] = bytes.length;
  });
  batch.count = packets.length;
  return batch;
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The same provider, and a way to close whatever a failed case left open. */
export function tracked(io: PacketIo): { readonly io: PacketIo; readonly closeAll: () => void } {
  const open: Closable[] = [];
  const keep = <T extends Closable>(closable: T): T => {
    open.push(closable);
    return closable;
  };
  return {
    io: {
      ...io,
      openTun: (options) => keep(io.openTun(options)),
      openRawIp: (options) => keep(io.openRawIp(options)),
      openUdp: (options) => keep(io.openUdp(options)),
      openLink: (name, filter) => keep(io.openLink(name, filter)),
      openNetlink: (groups) => keep(io.openNetlink(groups)),
      openNetfilter: () => keep(io.openNetfilter()),
      ...(io.shareUdpPort === undefined
        ? {}
        : {
            shareUdpPort: (options: Parameters<NonNullable<PacketIo["shareUdpPort"]>>[0]) =>
              keep(io.shareUdpPort?.(options) ?? assert.fail()),
          }),
    },
    closeAll: () => {
      for (const closable of open.splice(0)) closable.close();
    },
  };
}
