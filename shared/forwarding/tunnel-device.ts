/**
 * Point-to-point tunnel devices of the kernel, as plain values: one carries one tunnel in place of
 * the anchor. Never the `external` kind: it takes packets from any outer source and keeps neither
 * DF nor TOS nor ICMP errors (RFC 2003 §3.1, §4).
 */

import { formatIpv4, type Ipv4 } from "../base/address.ts";
import { overheadOf } from "./encapsulate.ts";
import { MAX_PLANE, type Marks, type PlaneMarks, planeMarks } from "./kernel-objects.ts";
import { type Encapsulation, formOf, type TunnelForm } from "./state.ts";

/** Both ends of a tunnel and its form, which tell it from every other one. */
export interface TunnelEnds extends TunnelForm {
  readonly local: Ipv4;
  readonly remote: Ipv4;
}

/** TTL 64, TOS and ECN as inside, DF always or, with GRE and where that is configured, as inside. */
export interface TunnelDevice {
  readonly name: string;
  /** From 1 up; its name and its marks derive from it. */
  readonly number: number;
  readonly ends: TunnelEnds;
  readonly df: "set" | "copy";
}

/** Devices of one program; each costs 45 KB. */
export const MAX_DEVICES = 1000;
/** IFNAMSIZ without the zero octet. */
const LONGEST_NAME = 15;

export function endsOf({ local, remote, ...form }: TunnelEnds): TunnelEnds {
  return { local, remote, ...formOf(form) };
}

export function endsKey({ local, remote, ...form }: TunnelEnds): string {
  const { encapsulation, greKeyIn, greKeyOut, udpPort } = form;
  return [local, remote, encapsulation, greKeyIn, greKeyOut, udpPort].join(" ");
}

/** Has the kernel devices of this kind? */
export function isDeviceKind(encapsulation: Encapsulation): encapsulation is "ipip" | "gre" {
  return encapsulation !== "minimal";
}

/** By what the headers take: 20 octets, 24, and 28 for GRE with a key. */
export const DEVICE_LETTERS = [
  ["t", 20],
  ["g", 24],
  ["k", 28],
] as const;

/** `undefined`: the table's number is so long that there is no name for it. */
export function deviceName(
  { anchor }: Marks,
  number: number,
  ends: TunnelForm,
): string | undefined {
  const overhead = overheadOf(ends);
  const letter = DEVICE_LETTERS.find(([, octets]) => octets === overhead)?.[0];
  const name = `${anchor}${letter}${number}`;
  return letter === undefined || name.length > LONGEST_NAME ? undefined : name;
}

/** Of a device at a foreign agent: what its visitors send has a mark and a table, as in a plane. */
export function deviceMarks(routeTable: number, device: TunnelDevice): PlaneMarks {
  const marks = planeMarks(routeTable, MAX_PLANE + device.number);
  const { deliveryTable } = planeMarks(routeTable, 0);
  return { ...marks, anchor: device.name, deliveryTable };
}

/** As `ip` has it. */
export function deviceText({ name, ends, df }: TunnelDevice): string {
  const { encapsulation, local, remote, greKeyIn, greKeyOut } = ends;
  const words = ["link", name, "type", encapsulation];
  words.push("local", formatIpv4(local), "remote", formatIpv4(remote));
  if (greKeyIn !== undefined) words.push("ikey", String(greKeyIn));
  if (greKeyOut !== undefined) words.push("okey", String(greKeyOut));
  return [...words, "ttl", "64", "tos", "inherit", df === "set" ? "pmtudisc" : "nopmtudisc"].join(
    " ",
  );
}
