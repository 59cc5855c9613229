/** TCP segments for the tests of superpackets, and a device that only remembers or only tells. */

import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ipv4 } from "../../shared/base/address.ts";
import { HelperRuns } from "../../shared/linux/helper-runs.ts";
import { loadNative, type Native } from "../../shared/linux/native-loader.ts";
import { createBatch, HEADROOM, type PacketBatch } from "../../shared/linux/packet-io.ts";
import { finishChecksum, internetChecksum, sumWords } from "../../shared/wire/checksum.ts";

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;
export const ECE = 64;
export const CWR = 128;

export interface Segment {
  readonly source?: string;
  readonly sourcePort?: number;
  readonly sequence?: number;
  readonly acknowledged?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly urgent?: number;
  readonly options?: readonly number[];
  readonly ipOptions?: number;
  readonly tos?: number;
  readonly ttl?: number;
  readonly identification?: number;
  /** Flags and offset of the IP header; DF when absent. */
  readonly fragment?: number;
  readonly payload?: Uint8Array;
}

const TIMESTAMPS = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

export function segment(of: Segment = {}): Uint8Array {
  const { options = TIMESTAMPS, ipOptions = 0, payload = new Uint8Array(100) } = of;
  const ip = 20 + ipOptions;
  const header = ip + 20 + options.length;
  const bytes = new Uint8Array(header + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x40 | (ip / 4));
  view.setUint8(1, of.tos ?? 0);
  view.setUint16(2, bytes.length);
  view.setUint16(4, of.identification ?? 7);
  view.setUint16(6, of.fragment ?? 0x4000);
  view.setUint8(8, of.ttl ?? 64);
  view.setUint8(9, 6);
  view.setUint32(12, ipv4(of.source ?? "10.9.0.2"));
  view.setUint32(16, ipv4("10.1.0.7"));
  bytes.fill(1, 20, ip);
  view.setUint16(10, internetChecksum(bytes, 0, ip));
  view.setUint16(ip, of.sourcePort ?? 40_000);
  view.setUint16(ip + 2, 80);
  view.setUint32(ip + 4, of.sequence ?? 1000);
  view.setUint32(ip + 8, of.acknowledged ?? 5);
  view.setUint8(ip + 12, ((20 + options.length) / 4) << 4);
  view.setUint8(ip + 13, of.flags ?? ACK);
  view.setUint16(ip + 14, of.window ?? 500);
  view.setUint16(ip + 18, of.urgent ?? 0);
  bytes.set(options, ip + 20);
  bytes.set(payload, header);
  view.setUint16(ip + 16, transportChecksum(bytes));
  return bytes;
}

/** What the checksum of the TCP or UDP inside ought to be, whatever its field says now; 0: it is right. */
export function transportChecksum(packet: Uint8Array): number {
  const ip = ((packet[0] ?? 0) & 15) * 4;
  const pseudo = sumWords(packet, 12, 20, (packet[9] ?? 0) + packet.length - ip);
  return finishChecksum(sumWords(packet, ip, packet.length, pseudo));
}

/** One packet as a device with IFF_VNET_HDR has it. */
export interface Superpacket {
  readonly needsChecksum: boolean;
  readonly type: number;
  readonly header: number;
  readonly size: number;
  readonly start: number;
  readonly offset: number;
  readonly packet: Uint8Array;
}

const HOST = new DataView(Uint16Array.of(1).buffer).getUint8(0) === 1;

function withHeader(one: Superpacket): Uint8Array {
  const bytes = new Uint8Array(10 + one.packet.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, one.needsChecksum ? 1 : 0);
  view.setUint8(1, one.type);
  [one.header, one.size, one.start, one.offset].forEach((number, i) => {
    view.setUint16(2 + 2 * i, number, HOST);
  });
  bytes.set(one.packet, 10);
  return bytes;
}

function* superpacketsIn(bytes: Uint8Array): Generator<Superpacket> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint16(at + 12);
    const [header = 0, size = 0, start = 0, offset = 0] = [2, 4, 6, 8].map((field) =>
      view.getUint16(at + field, HOST),
    );
    const about = { needsChecksum: view.getUint8(at) === 1, type: view.getUint8(at + 1) };
    const packet = bytes.slice(at + 10, at + 10 + length);
    yield { ...about, header, size, start, offset, packet };
    at += 10 + length;
  }
}

type Packets = Pick<PacketBatch, "slab" | "offsets" | "lengths" | "count">;

function packetsIn({ slab, offsets, lengths, count }: Packets): Uint8Array[] {
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const at = offsets[i] ?? 0;
    return slab.slice(at, at + (lengths[i] ?? 0));
  });
}

function batchOf(packets: readonly Uint8Array[]): PacketBatch {
  const batch = createBatch(
    packets.length,
    HEADROOM + Math.max(...packets.map((one) => one.length)),
  );
  packets.forEach((bytes, i) => {
    batch.offsets[i] = i * batch.slot + HEADROOM;
    batch.lengths[i] = bytes.length;
    batch.slab.set(bytes, i * batch.slot + HEADROOM);
  });
  return { ...batch, count: packets.length };
}

/**
 * The helper's own functions on what is no TUN device but behaves like one: a file takes what is
 * written, a socket for whole datagrams gives what is read.
 */
export class Device {
  readonly #native: Native = loadNative();
  readonly #folder = mkdtempSync(join(tmpdir(), "mip4-segments-"));
  readonly #file: number;
  readonly #from: number;
  readonly #to: number;
  readonly #address: Uint8Array;
  readonly #batch = {
    slab: new Uint8Array(4 * 1024 * 1024),
    offsets: new Int32Array(2048),
    lengths: new Int32Array(2048),
  };

  constructor() {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
    this.#file = openSync(join(this.#folder, "written"), flags);
    const unixDatagrams = [1, 2 | 0x800, 0] as const;
    this.#from = this.#native.socket(...unixDatagrams);
    this.#to = this.#native.socket(...unixDatagrams);
    const path = new TextEncoder().encode(`${join(this.#folder, "read")}\0`);
    this.#address = Uint8Array.of(...new Uint8Array(Uint16Array.of(1).buffer), ...path);
    if (this.#native.bind(this.#from, this.#address) < 0) throw new Error("bind");
  }

  /** What the device gets when these packets are written at once. */
  write(packets: readonly Uint8Array[]): Superpacket[] {
    const path = join(this.#folder, "written");
    const before = readFileSync(path).length;
    const { slab, offsets, lengths, count } = batchOf(packets);
    const taken = this.#native.tunWrite(this.#file, slab, offsets, lengths, count);
    if (taken !== count) throw new Error(`${taken} of ${count} written`);
    return [...superpacketsIn(new Uint8Array(readFileSync(path)).subarray(before))];
  }

  /** What is read when the device has this. */
  read(one: Superpacket): Uint8Array[] {
    const { slab, offsets, lengths } = this.#batch;
    const sent = this.#native.sendTo(this.#to, withHeader(one), this.#address, -1);
    if (sent < 0) throw new Error(`sending: ${sent}`);
    const count = this.#native.tunRead(this.#from, slab, offsets, lengths, HEADROOM);
    return packetsIn({ slab, offsets, lengths, count });
  }

  /**
   * What is read when the device has this, and runs are taken: the packets, which are the first of each run,
   * and each segment of one, after these headers have been written before it.
   */
  readRuns(one: Superpacket) {
    const batch = { ...this.#batch, slot: 65536, capacity: 2048, count: 0 };
    const runs = new HelperRuns(this.#native, batch);
    const { slab, offsets, lengths } = batch;
    const sent = this.#native.sendTo(this.#to, withHeader(one), this.#address, -1);
    if (sent < 0) throw new Error(`sending: ${sent}`);
    const places = [HEADROOM, runs.of, runs.about] as const;
    const count = this.#native.tunRead(this.#from, slab, offsets, lengths, ...places);
    const packets = packetsIn({ ...batch, count });
    const spread = (i: number, before: Uint8Array): Uint8Array[] => {
      offsets[i] = (offsets[i] ?? 0) - before.length;
      lengths[i] = (lengths[i] ?? 0) + before.length;
      slab.set(before, offsets[i]);
      return packetsIn(runs.spread(i));
    };
    return { packets, runs, spread };
  }

  /** What the device gets when these datagrams, the octets `inside` of each left out, are written as a run. */
  writeRun(datagrams: readonly Uint8Array[], inside: number): Superpacket[] {
    const step = datagrams[0]?.length ?? 0;
    const all = Uint8Array.from(datagrams.flatMap((bytes) => [...bytes]));
    const slab = new Uint8Array(HEADROOM + all.length);
    slab.set(all, HEADROOM);
    const about = new Int32Array(16);
    about.set([1, datagrams.length - 1]);
    about.set([datagrams.length, 0, HEADROOM, all.length, step, 0, HEADROOM], 8);
    const path = join(this.#folder, "written");
    const before = readFileSync(path).length;
    const offsets = Int32Array.of(HEADROOM + inside);
    const lengths = Int32Array.of(step - inside);
    const run = [1, Int32Array.of(1), about] as const;
    const taken = this.#native.tunWrite(this.#file, slab, offsets, lengths, ...run);
    if (taken !== datagrams.length) throw new Error(`${taken} of ${datagrams.length} written`);
    return [...superpacketsIn(new Uint8Array(readFileSync(path)).subarray(before))];
  }

  /** What a raw socket gives up when it has this packet. */
  receive(packet: Uint8Array): Uint8Array[] {
    const { slab, offsets, lengths } = this.#batch;
    const sent = this.#native.sendTo(this.#to, packet, this.#address, -1);
    if (sent < 0) throw new Error(`sending: ${sent}`);
    const slot = 65536 + 32768;
    const count = this.#native.rawReceive(this.#from, slab, offsets, lengths, slot, HEADROOM);
    return packetsIn({ slab, offsets, lengths, count });
  }

  /** Free octets before each of the packets that were read last. */
  headroomOf(count: number): number[] {
    const { offsets, lengths } = this.#batch;
    return Array.from({ length: count }, (_, i) => {
      const end = i === 0 ? 0 : (offsets[i - 1] ?? 0) + (lengths[i - 1] ?? 0);
      return (offsets[i] ?? 0) - end;
    });
  }

  close(): void {
    closeSync(this.#file);
    this.#native.close(this.#from);
    this.#native.close(this.#to);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Type of a superpacket of TCP over IPv4 (VIRTIO_NET_HDR_GSO_TCPV4). */
export const TCP4 = 1;
/** Octets of the headers of `segment()`. */
export const HEADERS = 52;

/** So many octets that count up. */
export function octets(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
