/** Packets for the tests of tunnels: octets with room before them. */

import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import {
  type Tunnel,
  type TunnelEntry,
  TunnelTable,
} from "../../shared/forwarding/tunnel-table.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";

/** Octets before each packet. */
export const ROOM = 64;
export const TUNNEL = { local: ipv4("198.51.100.1"), remote: ipv4("192.0.2.1") };
export const HOME = ipv4("10.1.0.7");
export const CORRESPONDENT = ipv4("10.9.0.2");

export interface Fields {
  readonly tos?: number;
  readonly flags?: number;
  readonly ttl?: number;
  readonly protocol?: number;
  readonly source?: string;
  readonly destination?: string;
  /** Octets of options, all of them No-Operation. */
  readonly options?: number;
  readonly payload?: Uint8Array;
}

/** A packet after `ROOM` free octets. */
export function packet(fields: Fields = {}): Uint8Array {
  const { payload = new Uint8Array(8), options = 0 } = fields;
  const header = 20 + options;
  const bytes = new Uint8Array(ROOM + header + payload.length);
  const view = new DataView(bytes.buffer, ROOM);
  view.setUint8(0, 0x40 | (header / 4));
  view.setUint8(1, fields.tos ?? 0);
  view.setUint16(2, header + payload.length);
  view.setUint16(4, 0x1234);
  view.setUint16(6, fields.flags ?? 0);
  view.setUint8(8, fields.ttl ?? 63);
  view.setUint8(9, fields.protocol ?? 17);
  view.setUint32(12, ipv4(fields.source ?? "10.9.0.2"));
  view.setUint32(16, ipv4(fields.destination ?? "10.1.0.7"));
  bytes.fill(1, ROOM + 20, ROOM + header);
  bytes.set(payload, ROOM + header);
  view.setUint16(10, internetChecksum(bytes, ROOM, ROOM + header));
  return bytes;
}

export const fields: fc.Arbitrary<Fields> = fc.record({
  tos: fc.integer({ min: 0, max: 255 }),
  flags: fc.constantFrom(0, 0x4000),
  ttl: fc.integer({ min: 1, max: 255 }),
  options: fc.constantFrom(0, 4, 40),
  payload: fc.uint8Array({ maxLength: 64 }),
});

/** Every form of tunnel. */
export const FORMS: readonly TunnelForm[] = [
  { encapsulation: "ipip" },
  { encapsulation: "minimal" },
  { encapsulation: "gre" },
  { encapsulation: "gre", greKeyIn: 0xfedcba98, greKeyOut: 7 },
  { encapsulation: "ipip", udpPort: 40_000 },
  { encapsulation: "minimal", udpPort: 40_000 },
  { encapsulation: "gre", udpPort: 40_000 },
  { encapsulation: "gre", udpPort: 40_000, greKeyIn: 0, greKeyOut: 0xffffffff },
];

export function formText({ encapsulation, udpPort, greKeyOut }: TunnelForm): string {
  const key = greKeyOut === undefined ? "" : " with a key";
  return `${encapsulation}${key}${udpPort === undefined ? "" : " in UDP"}`;
}

export function entry(values: Partial<TunnelEntry> = {}): TunnelEntry {
  const ends = { ...TUNNEL, encapsulation: "ipip", address: HOME } as const;
  return { ...ends, direction: "out", match: "destination", ...values };
}

/** A tunnel of this form between the usual ends. */
export function tunnelOf(form: TunnelForm): Tunnel {
  const tunnel = new TunnelTable().add(entry(form));
  if (tunnel === undefined) throw new Error("a new table has a tunnel");
  return tunnel;
}

/** The form as the other end has it, which sends what we receive. */
export function mirrored(form: TunnelForm): TunnelForm {
  const { encapsulation, greKeyIn, greKeyOut, udpPort } = form;
  return { encapsulation, greKeyIn: greKeyOut, greKeyOut: greKeyIn, udpPort };
}

export function octets(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The same octets with `ROOM` free ones before them. */
export function withRoom(bytes: Uint8Array): Uint8Array {
  const roomy = new Uint8Array(ROOM + bytes.length);
  roomy.set(bytes, ROOM);
  return roomy;
}

/** What a NAT does: the other end's port, as it is outside, becomes its own, which is 434. */
export function translated(bytes: Uint8Array, start: number): void {
  if (bytes[start + 9] !== 17) return;
  const udp = start + ((bytes[start] ?? 0) & 15) * 4;
  bytes[udp + 2] = 434 >>> 8;
  bytes[udp + 3] = 434 & 0xff;
}
