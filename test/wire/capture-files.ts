/** Writes capture files for the tests of what reads them. */

import type { CapturedPacket } from "../../shared/wire/capture/capture.ts";

export interface Recorded {
  /** Milliseconds. */
  readonly time: number;
  readonly bytes: Uint8Array;
  /** Octets that the packet had before the capture cut it. */
  readonly sent?: number;
}

/** A UDP datagram without a checksum. */
export function udp(from: number, to: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, from);
  view.setUint16(2, to);
  view.setUint16(4, bytes.length);
  bytes.set(payload, 8);
  return bytes;
}

/** From 192.0.2.7 to 192.0.2.1; the header's checksum is nobody's business here. */
export function ipPacket(
  protocol: number,
  body: Uint8Array,
  options: {
    /** Octets. */
    readonly fragmentOffset?: number;
    readonly moreFragments?: boolean;
    readonly source?: number;
    readonly destination?: number;
  } = {},
): Uint8Array {
  const bytes = new Uint8Array(20 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  const more = options.moreFragments === true ? 0x2000 : 0;
  view.setUint16(6, more | ((options.fragmentOffset ?? 0) / 8));
  view.setUint8(8, 1);
  view.setUint8(9, protocol);
  view.setUint32(12, options.source ?? 0xc0000207);
  view.setUint32(16, options.destination ?? 0xc0000201);
  bytes.set(body, 20);
  return bytes;
}

/** A packet of a raw IP capture. */
export function rawIp(bytes: Uint8Array, sent = bytes.length): CapturedPacket {
  return { number: 1, time: 0, linkType: RAW_IP, sent, bytes };
}

/** One after the other. */
export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const RAW_IP = 101;

export function pcap(
  records: readonly Recorded[],
  {
    little,
    nano,
    linkType = RAW_IP,
  }: { readonly little: boolean; readonly nano: boolean; readonly linkType?: number },
): Uint8Array {
  const length = records.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  view.setUint32(0, nano ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 65535, little);
  view.setUint32(20, linkType, little);
  let at = 24;
  for (const { time, bytes, sent = bytes.length } of records) {
    view.setUint32(at, Math.floor(time / 1000), little);
    view.setUint32(at + 4, Math.round((time % 1000) * (nano ? 1e6 : 1e3)), little);
    view.setUint32(at + 8, bytes.length, little);
    view.setUint32(at + 12, sent, little);
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}

/** `resolution`: the exponent of `if_tsresol`; without it microseconds hold. */
export function pcapng(
  records: readonly Recorded[],
  { little, resolution }: { readonly little: boolean; readonly resolution?: number },
): Uint8Array {
  const block = (type: number, body: Uint8Array): Uint8Array => {
    const padded = Math.ceil(body.length / 4) * 4;
    const bytes = new Uint8Array(12 + padded);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, little);
    view.setUint32(4, bytes.length, little);
    bytes.set(body, 8);
    view.setUint32(8 + padded, bytes.length, little);
    return bytes;
  };
  const fields = (length: number, write: (view: DataView) => void): Uint8Array => {
    const body = new Uint8Array(length);
    write(new DataView(body.buffer));
    return body;
  };
  const section = fields(16, (view) => {
    view.setUint32(0, 0x1a2b3c4d, little);
    view.setUint16(4, 1, little);
    view.setBigInt64(8, -1n, little);
  });
  const described = fields(resolution === undefined ? 8 : 20, (view) => {
    view.setUint16(0, RAW_IP, little);
    if (resolution === undefined) return;
    view.setUint16(8, 9, little);
    view.setUint16(10, 1, little);
    view.setUint8(12, resolution);
  });
  const unitsPerMs = 10 ** ((resolution ?? 6) - 3);
  const packets = records.map(({ time, bytes, sent = bytes.length }) => {
    const body = fields(20 + bytes.length, (view) => {
      const units =
        BigInt(Math.floor(time)) * BigInt(unitsPerMs) + BigInt(Math.round((time % 1) * unitsPerMs));
      view.setUint32(4, Number(units >> 32n), little);
      view.setUint32(8, Number(units & 0xffffffffn), little);
      view.setUint32(12, bytes.length, little);
      view.setUint32(16, sent, little);
    });
    body.set(bytes, 20);
    return block(6, body);
  });
  const blocks = [block(0x0a0d0d0a, section), block(1, described), ...packets];
  const file = new Uint8Array(blocks.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of blocks) {
    file.set(each, at);
    at += each.length;
  }
  return file;
}
