/**
 * The kernel objects that forwarding is made of, as plain values. Each program marks what it makes,
 * all marks derived from one table number, so that it finds its own again after a crash and never
 * touches anything else.
 */

import { formatIpv4, formatPrefix, type Ipv4, type Mac, type Prefix } from "../base/address.ts";
import { flat } from "../base/flat.ts";

export interface AddressObject {
  readonly kind: "address";
  readonly device: string;
  readonly prefix: Prefix;
  /** `host`: never a source address of anything that leaves. */
  readonly scope?: "host" | "link";
  readonly broadcast?: Ipv4;
  readonly label?: string;
  /** The kernel makes no route to the connected network of it. */
  readonly noPrefixRoute?: boolean;
  /**
   * Whole seconds after which the kernel removes it, with the routes whose `source` it is, unless
   * it is renewed before.
   */
  readonly lifetime?: number;
}

/**
 * An address that only the anchor may have: other interfaces that the system gave it to lose it,
 * with the routes that depend on it, until this object goes.
 */
export interface ExclusiveAddressObject {
  readonly kind: "exclusive-address";
  readonly address: Ipv4;
  /** The other interfaces that have it now. */
  readonly elsewhere?: readonly string[];
}

export interface RouteObject {
  readonly kind: "route";
  readonly table: number;
  readonly destination: Prefix;
  readonly device: string;
  readonly gateway?: Ipv4;
  /** Preferred source address of what starts here. */
  readonly source?: Ipv4;
  readonly scope: "global" | "link";
  /** The gateway counts as a neighbour whatever its address is. */
  readonly onlink?: boolean;
  readonly mtu?: number;
  /** Where two holders want different routes to one destination the higher one holds. */
  readonly precedence?: number;
  /** Whose route it is, when it is the system's and not ours. */
  readonly protocol?: number;
  readonly metric?: number;
}

export interface RuleObject {
  readonly kind: "rule";
  readonly priority: number;
  readonly table: number;
  readonly from?: Ipv4;
  readonly to?: Prefix;
  readonly fwmark?: number;
  readonly iif?: string;
  /** Ignore routes whose prefix is not longer than this. */
  readonly suppressPrefixLength?: number;
}

/** A neighbour entry that needs no ARP and does not expire. */
export interface NeighborObject {
  readonly kind: "neighbor";
  readonly device: string;
  readonly address: Ipv4;
  readonly mac: Mac;
}

/** An address for which this host answers ARP on a link. */
export interface ProxyNeighborObject {
  readonly kind: "proxy-neighbor";
  readonly device: string;
  readonly address: Ipv4;
}

/** A kernel setting below /proc/sys; the value found is remembered and put back. */
export interface SysctlObject {
  readonly kind: "sysctl";
  readonly path: string;
  readonly value: string;
  /** Where two items want different values the higher one holds. */
  readonly precedence?: number;
}

/** A source (link, link-layer address, IP address) whose packets get a firewall mark. */
export interface VisitorObject {
  readonly kind: "visitor";
  readonly device: string;
  readonly mac: Mac;
  readonly address: Ipv4;
  readonly mark: number;
}

/**
 * In `passages`, a home address that may come out of a tunnel's device, at a home agent as source,
 * else as destination; nothing else comes out of one (RFC 3024 §4.3.2, RFC 5944 §4.2.2). In `exits`,
 * a source that may not go into it (RFC 2003 §3.2).
 */
export interface PassageObject {
  readonly kind: "passage";
  readonly set: "passages" | "exits";
  readonly device: string;
  readonly address: Ipv4;
}

export type KernelObject =
  | AddressObject
  | ExclusiveAddressObject
  | RouteObject
  | RuleObject
  | NeighborObject
  | ProxyNeighborObject
  | SysctlObject
  | VisitorObject
  | PassageObject;

export const MAIN_TABLE = 254;

/** The marks of one program. */
export interface Marks {
  readonly table: number;
  /** `proto` of routes, rules and neighbours. */
  readonly protocol: number;
  /** The TUN device. */
  readonly anchor: string;
  readonly nftTable: string;
  readonly fwmark: number;
}

/** Protocol numbers up to here mean the kernel itself, boot and static configuration. */
const LAST_RESERVED_PROTOCOL = 4;

export function marksOf(routeTable: number): Marks {
  if (latest?.table === routeTable) return latest; // asked for with every item
  const low = routeTable & 0xff;
  latest = {
    table: routeTable,
    protocol: low > LAST_RESERVED_PROTOCOL ? low : low + 128,
    anchor: `mip${routeTable}`,
    nftTable: `mip${routeTable}`,
    fwmark: routeTable,
  };
  return latest;
}

let latest: Marks | undefined;

const LONGEST_LABEL = 15;

/** Marks an address on a device that is not ours; `undefined`: the device's name is too long. */
export function ownLabel({ anchor }: Marks, device: string): string | undefined {
  const label = `${device}:${anchor}`;
  return label.length > LONGEST_LABEL ? undefined : label;
}

/** The marks of one plane of visitors (state.ts). */
export interface PlaneMarks {
  /** The TUN device. */
  readonly anchor: string;
  /** For what visitors send: all of it goes into the anchor. */
  readonly table: number;
  /** For what is delivered to them. */
  readonly deliveryTable: number;
  /** Of packets that go into the tunnel as they come. */
  readonly fwmark: number;
  /** Of packets that visitors have encapsulated to the agent. */
  readonly encapsulatedMark: number;
}

export const MAX_PLANE = 99;
/**
 * Tunnels at a foreign agent that may have a device each, with marks beyond those of the planes:
 * each has two policy rules, which cost every packet 16 ns each.
 */
export const MAX_AGENT_DEVICES = 64;
/**
 * Two tables a plane, 65536 apart: the low half says whose they are, and a program's own numbers
 * (434, 435, 436) are never 65536 apart.
 */
const TABLE_STEP = 0x10000;
const TABLES = 2 * (MAX_PLANE + MAX_AGENT_DEVICES + 1);

/** Plane 0 is the program's own table and the main one. */
export function planeMarks(routeTable: number, plane: number): PlaneMarks {
  const { anchor } = marksOf(routeTable);
  const table = routeTable + 2 * plane * TABLE_STEP;
  return {
    anchor: plane === 0 ? anchor : `${anchor}p${plane}`,
    table,
    deliveryTable: plane === 0 ? MAIN_TABLE : table + TABLE_STEP,
    fwmark: table,
    encapsulatedMark: (table ^ 0x80000000) >>> 0,
  };
}

/** Table of a mobile node's way out by one uplink, from 1 up: where other programs have planes. */
export function uplinkTable(routeTable: number, uplink: number): number {
  return routeTable + 2 * uplink * TABLE_STEP;
}

/** Table for what comes from networks that move with a mobile router. */
export function networkTable(routeTable: number): number {
  return routeTable + TABLE_STEP;
}

/** Table for what a mobile node sends while the link that it should leave by has no carrier. */
export function waitingTable(routeTable: number): number {
  return routeTable + 3 * TABLE_STEP;
}

/** Is it the main table, or one that these marks stand for? */
export function mayHoldOurs(marks: Marks, table: number): boolean {
  const steps = (table - marks.table) / TABLE_STEP;
  return table === MAIN_TABLE || (Number.isInteger(steps) && steps >= 0 && steps < TABLES);
}

/** The plane whose anchor a device is; `undefined` when it is none of these marks. */
export function planeOfDevice(marks: Marks, device: string): number | undefined {
  if (device === marks.anchor) return 0;
  const [, plane] = /^p([1-9]\d?)$/.exec(device.slice(marks.anchor.length)) ?? [];
  return plane !== undefined && device.startsWith(marks.anchor) ? Number(plane) : undefined;
}

/** The number of a tunnel's device that bears these marks; `undefined` when it does not. */
export function deviceNumber({ anchor }: Marks, name: string): number | undefined {
  const [, digits] = /^[tgk]([1-9]\d{0,3})$/.exec(name.slice(anchor.length)) ?? [];
  return digits !== undefined && name.startsWith(anchor) ? Number(digits) : undefined;
}

/** Is an address that was found one that we have made? */
export function isOurAddress(marks: Marks, { device, label }: AddressObject): boolean {
  if (planeOfDevice(marks, device) !== undefined) return true;
  if (deviceNumber(marks, device) !== undefined) return true;
  return label !== undefined && label === ownLabel(marks, device);
}

/** What the kernel takes as the same object: adding it twice fails or replaces. */
export function objectKey(object: KernelObject): string {
  return flat(keyText(object));
}

function keyText(object: KernelObject): string {
  switch (object.kind) {
    case "address":
      return `address ${object.device} ${formatPrefix(object.prefix)}`;
    case "exclusive-address":
      return `exclusive-address ${formatIpv4(object.address)}`;
    case "route":
      return `route ${object.table} ${formatPrefix(object.destination)}`;
    case "rule":
      return `rule ${object.priority} ${object.table} ${object.from ?? ""} ${object.to === undefined ? "" : formatPrefix(object.to)} ${object.fwmark ?? ""} ${object.iif ?? ""} ${object.suppressPrefixLength ?? ""}`;
    case "neighbor":
      return `neighbor ${object.device} ${formatIpv4(object.address)}`;
    case "proxy-neighbor":
      return `proxy-neighbor ${object.device} ${formatIpv4(object.address)}`;
    case "sysctl":
      return `sysctl ${object.path}`;
    case "visitor":
      return `visitor ${object.device} ${object.mac} ${formatIpv4(object.address)}`;
    case "passage":
      return `passage ${object.set} ${object.device} ${formatIpv4(object.address)}`;
  }
}

/** Same key and same content, so nothing need be done. */
export function isSameObject(a: KernelObject, b: KernelObject): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || objectKey(a) !== objectKey(b)) return false;
  if (a.kind === "neighbor" && b.kind === "neighbor") return a.mac === b.mac;
  if (a.kind === "sysctl" && b.kind === "sysctl") return a.value === b.value;
  if (a.kind === "visitor" && b.kind === "visitor") return a.mark === b.mark;
  if (a.kind === "route" && b.kind === "route") return isSameRoute(a, b);
  if (a.kind === "exclusive-address" && b.kind === "exclusive-address") {
    return (a.elsewhere ?? []).join(" ") === (b.elsewhere ?? []).join(" ");
  }
  return true;
}

function isSameRoute(a: RouteObject, b: RouteObject): boolean {
  return (
    a.device === b.device &&
    a.gateway === b.gateway &&
    a.source === b.source &&
    a.scope === b.scope &&
    (a.onlink ?? false) === (b.onlink ?? false) &&
    a.mtu === b.mtu
  );
}
