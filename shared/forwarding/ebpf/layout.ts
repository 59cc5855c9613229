/**
 * The octets of the maps that shared/bpf/tunnel.c reads. Addresses, keys and ports are in network
 * order, everything else in the machine's.
 */

import { type Ipv4, macToBytes } from "../../base/address.ts";
import { LITTLE_ENDIAN } from "../../linux/kernel-call.ts";
import { writeU16, writeU32 } from "../../wire/field.ts";
import { ABSENT } from "../gre.ts";
import type { DfPolicy } from "../ipip.ts";
import { REACHABLE, type Sender, type Tunnel } from "../tunnel-table.ts";

const FORM_GRE = 1;
const KEY_IN = 1;
const KEY_OUT = 2;
const DF: Readonly<Record<DfPolicy, number>> = { copy: 0, set: 4, clear: 8 };
const MTU_AT = 18;
const TUNNEL = 24;
export const OUT_KEY = 8;
export const IN_KEY = 12;
export const IN_VALUE = 12;
const VISITOR = 16;
const SETTINGS = 12;
/** The largest that fits. */
const ANY_MTU = 0xffff;

export const SETTING = { hasNetworks: 1, clampsMss: 2, intercepts: 4, hasVisitors: 8 } as const;
/** Kinds of links: with and without a link layer. */
export const LINK = { ethernet: 1, bare: 2 } as const;

export type Match = "source" | "destination";

/** Without a view of each key, which would be half the work of a hundred thousand. */
function host32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * (LITTLE_ENDIAN ? i : 3 - i));
}

export function number(value: number, into: Uint8Array = new Uint8Array(4)): Uint8Array {
  host32(into, 0, value);
  return into;
}

/** A key of a `Map` for these octets. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

export function readNumber(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, LITTLE_ENDIAN);
}

/** `struct tunnel` */
export function encodeTunnel(tunnel: Tunnel, df: DfPolicy): Uint8Array {
  const { local, remote, keyIn, keyOut, port, encapsulation, mtu, unreachable } = tunnel;
  const bytes = new Uint8Array(TUNNEL);
  const isGre = encapsulation === "gre";
  writeU32(bytes, 0, local);
  writeU32(bytes, 4, remote);
  if (keyIn !== ABSENT) writeU32(bytes, 8, keyIn);
  if (keyOut !== ABSENT) writeU32(bytes, 12, keyOut);
  writeU16(bytes, 16, port);
  // While there is an error to tell of, the daemon tells the senders (RFC 2003 §5).
  const most = unreachable === REACHABLE ? Math.min(mtu, ANY_MTU) : 0;
  new DataView(bytes.buffer).setUint16(MTU_AT, most, LITTLE_ENDIAN);
  bytes[20] = isGre ? FORM_GRE : 0;
  bytes[21] = (keyIn === ABSENT ? 0 : KEY_IN) | (keyOut === ABSENT ? 0 : KEY_OUT) | DF[df];
  return bytes;
}

/** What of `struct tunnel` stays the same as long as there is the tunnel. */
export function identityOf(bytes: Uint8Array): string {
  const identity = Buffer.from(bytes);
  identity.fill(0, MTU_AT, MTU_AT + 2);
  return identity.toString("latin1");
}

/** `struct out_key`; `anchor` is the interface that the packet comes from. */
export function outKey(
  match: Match,
  address: Ipv4,
  anchor: number,
  into: Uint8Array = new Uint8Array(OUT_KEY),
): Uint8Array {
  writeU32(into, 0, address);
  host32(into, 4, anchor * 2 + (match === "source" ? 1 : 0));
  return into;
}

/** `struct in_key`; `remote` is the other end of the tunnel. */
export function inKey(
  match: Match,
  address: Ipv4,
  remote: Ipv4,
  into: Uint8Array = new Uint8Array(IN_KEY),
): Uint8Array {
  writeU32(into, 0, address);
  writeU32(into, 4, remote);
  host32(into, 8, match === "source" ? 1 : 0);
  return into;
}

/** `struct in_value`; `broadcast` is the directed one of the node's home link, 0 without one. */
export function inValue(
  tunnel: number,
  anchor: number,
  broadcast: number,
  into: Uint8Array = new Uint8Array(IN_VALUE),
): Uint8Array {
  host32(into, 0, tunnel);
  host32(into, 4, anchor);
  writeU32(into, 8, broadcast);
  return into;
}

/** `struct visitor`; `link` is the interface that it is on. */
export function visitorKey(address: Ipv4, link: number, { mac }: Sender): Uint8Array {
  const bytes = new Uint8Array(VISITOR);
  writeU32(bytes, 0, address);
  host32(bytes, 4, link);
  bytes.set(macToBytes(mac), 8);
  return bytes;
}

/** `struct settings`; the anchor, and what fits there, matter in fast mode alone. */
export function encodeSettings(flags: number, anchor: number, mtu: number): Uint8Array {
  const bytes = new Uint8Array(SETTINGS);
  for (const [i, value] of [flags, anchor, mtu].entries()) host32(bytes, i * 4, value);
  return bytes;
}

export interface Traffic {
  readonly packetsOut: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly bytesIn: number;
}

/** The sums of `struct traffic` over all CPUs. */
export function readTraffic(bytes: Uint8Array): Traffic {
  const sums = [0, 0, 0, 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const field = (at / 8) % sums.length;
    sums[field] = (sums[field] ?? 0) + Number(view.getBigUint64(at, LITTLE_ENDIAN));
  }
  const [packetsOut = 0, bytesOut = 0, packetsIn = 0, bytesIn = 0] = sums;
  return { packetsOut, bytesOut, packetsIn, bytesIn };
}
