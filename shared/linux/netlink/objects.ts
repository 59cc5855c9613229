/** The rtnetlink objects that the programs use (rtnetlink(7)): IPv4 only, known fields only. */

import { type Ipv4, type Mac, macFromBytes, macToBytes, toIpv4 } from "../../base/address.ts";
import { type AttributeList, addressBytes, put, readIpv4, TABLE_UNSPEC } from "./attributes.ts";
import {
  decodeAttributes,
  encodeBody,
  fixedPart,
  fixedView,
  LITTLE_ENDIAN,
  readText,
  readU8,
  readU32,
  text,
  u8,
  u32,
} from "./message.ts";

export const RTM = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbor: 28,
  deleteNeighbor: 29,
  getNeighbor: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
  newNetconf: 80,
} as const;

/** Notification groups, as bits of the mask an rtnetlink socket is bound with. */
export const RTMGRP = {
  link: 0x1,
  /** Neighbours, and what bridges learn and lose. */
  neighbor: 0x4,
  address: 0x10,
  route: 0x40,
  /** Settings such as forwarding and rp_filter. */
  netconf: 0x800000,
} as const;

export const AF_INET = 2;
export const AF_INET6 = 10;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const ONLINK = 4;
const UNICAST = 1;
const NTF_PROXY = 0x8;
const NUD_PERMANENT = 0x80;
const METRIC_MTU = 2;
const IFA_F_SECONDARY = 0x1;
const IFA_F_NOPREFIXROUTE = 0x200;

export interface LinkMessage {
  readonly index: number;
  readonly name?: string | undefined;
  readonly isUp?: boolean | undefined;
  /** The carrier is there too. */
  readonly isRunning?: boolean | undefined;
  readonly mac?: Mac | undefined;
  readonly mtu?: number | undefined;
  /** How often the carrier has gone. */
  readonly carrierLosses?: number | undefined;
}

export interface AddressMessage {
  readonly index: number;
  readonly address: Ipv4;
  readonly prefixLength: number;
  readonly scope: number;
  readonly isSecondary: boolean;
  readonly broadcast?: Ipv4 | undefined;
  readonly label?: string | undefined;
  readonly noPrefixRoute?: boolean | undefined;
  /** Seconds, preferred and valid alike. */
  readonly lifetime?: number | undefined;
}

export interface RouteMessage {
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly destination: Ipv4;
  readonly prefixLength: number;
  readonly index?: number | undefined;
  readonly gateway?: Ipv4 | undefined;
  readonly source?: Ipv4 | undefined;
  readonly onlink: boolean;
  readonly priority?: number | undefined;
  readonly mtu?: number | undefined;
}

export interface NeighborMessage {
  readonly index: number;
  readonly address: Ipv4;
  readonly mac?: Mac | undefined;
  readonly isProxy: boolean;
  readonly isPermanent: boolean;
  readonly protocol: number;
}

function readMac(value: Uint8Array | undefined): Mac | undefined {
  return value?.length === 6 ? macFromBytes(value, 0) : undefined;
}

export function encodeLink(link: LinkMessage): Uint8Array {
  const attributes: AttributeList = [];
  put(attributes, 3, link.name, text);
  put(attributes, 4, link.mtu, u32);
  const fixed = fixedPart(16, (view) => {
    view.setInt32(4, link.index, LITTLE_ENDIAN);
    if (link.isUp === undefined) return;
    view.setUint32(8, link.isUp ? IFF_UP : 0, LITTLE_ENDIAN);
    view.setUint32(12, IFF_UP, LITTLE_ENDIAN);
  });
  return encodeBody(fixed, attributes);
}

export function decodeLink(body: Uint8Array): LinkMessage | undefined {
  const view = fixedView(body, 16);
  if (view === undefined) return undefined;
  const attributes = decodeAttributes(body, 16);
  const flags = view.getUint32(8, LITTLE_ENDIAN);
  return {
    index: view.getInt32(4, LITTLE_ENDIAN),
    name: readText(attributes.get(3)),
    isUp: (flags & IFF_UP) !== 0,
    isRunning: (flags & IFF_RUNNING) !== 0,
    mac: readMac(attributes.get(1)),
    mtu: readU32(attributes.get(4)),
    carrierLosses: readU32(attributes.get(48)),
  };
}

export function encodeAddress(address: AddressMessage): Uint8Array {
  const fixed = fixedPart(8, (view) => {
    view.setUint8(0, AF_INET);
    view.setUint8(1, address.prefixLength);
    view.setUint8(3, address.scope);
    view.setUint32(4, address.index, LITTLE_ENDIAN);
  });
  const attributes: AttributeList = [];
  put(attributes, 1, address.address, addressBytes);
  put(attributes, 2, address.address, addressBytes);
  put(attributes, 3, address.label, text);
  put(attributes, 4, address.broadcast, addressBytes);
  // struct ifa_cacheinfo: preferred, valid, and when it was made and changed, which the kernel knows.
  put(attributes, 6, address.lifetime, (seconds) =>
    fixedPart(16, (view) => {
      view.setUint32(0, seconds, LITTLE_ENDIAN);
      view.setUint32(4, seconds, LITTLE_ENDIAN);
    }),
  );
  if (address.noPrefixRoute === true) attributes.push([8, u32(IFA_F_NOPREFIXROUTE)]);
  return encodeBody(fixed, attributes);
}

export function decodeAddress(body: Uint8Array): AddressMessage | undefined {
  const view = fixedView(body, 8);
  if (view === undefined || view.getUint8(0) !== AF_INET) return undefined;
  const attributes = decodeAttributes(body, 8);
  // On a point-to-point link IFA_ADDRESS is the other end.
  const address = readIpv4(attributes.get(2)) ?? readIpv4(attributes.get(1));
  const prefixLength = view.getUint8(1);
  if (address === undefined || prefixLength > 32) return undefined;
  return {
    index: view.getUint32(4, LITTLE_ENDIAN),
    address,
    prefixLength,
    scope: view.getUint8(3),
    isSecondary: (view.getUint8(2) & IFA_F_SECONDARY) !== 0,
    broadcast: readIpv4(attributes.get(4)),
    label: readText(attributes.get(3)),
    // This flag does not fit the octet of the fixed part.
    noPrefixRoute: ((readU32(attributes.get(8)) ?? 0) & IFA_F_NOPREFIXROUTE) !== 0 || undefined,
  };
}

export function encodeRoute(route: RouteMessage): Uint8Array {
  const attributes: AttributeList = [];
  if (route.prefixLength > 0) put(attributes, 1, route.destination, addressBytes);
  put(attributes, 4, route.index, u32);
  put(attributes, 5, route.gateway, addressBytes);
  put(attributes, 6, route.priority, u32);
  put(attributes, 7, route.source, addressBytes);
  put(attributes, 8, route.mtu, (mtu) => encodeBody(new Uint8Array(0), [[METRIC_MTU, u32(mtu)]]));
  put(attributes, 15, route.table, u32);
  const fixed = fixedPart(12, (view) => {
    view.setUint8(0, AF_INET);
    view.setUint8(1, route.prefixLength);
    view.setUint8(4, route.table < 256 ? route.table : TABLE_UNSPEC);
    view.setUint8(5, route.protocol);
    view.setUint8(6, route.scope);
    view.setUint8(7, route.type);
    view.setUint32(8, route.onlink ? ONLINK : 0, LITTLE_ENDIAN);
  });
  return encodeBody(fixed, attributes);
}

export function decodeRoute(body: Uint8Array): RouteMessage | undefined {
  const view = fixedView(body, 12);
  if (view === undefined || view.getUint8(0) !== AF_INET || view.getUint8(1) > 32) return undefined;
  const attributes = decodeAttributes(body, 12);
  const metrics = attributes.get(8);
  return {
    table: readU32(attributes.get(15)) ?? view.getUint8(4),
    protocol: view.getUint8(5),
    scope: view.getUint8(6),
    type: view.getUint8(7),
    destination: readIpv4(attributes.get(1)) ?? toIpv4(0),
    prefixLength: view.getUint8(1),
    index: readU32(attributes.get(4)),
    gateway: readIpv4(attributes.get(5)),
    source: readIpv4(attributes.get(7)),
    onlink: (view.getUint32(8, LITTLE_ENDIAN) & ONLINK) !== 0,
    priority: readU32(attributes.get(6)),
    mtu: metrics === undefined ? undefined : readU32(decodeAttributes(metrics, 0).get(METRIC_MTU)),
  };
}

export const ROUTE_UNICAST = UNICAST;

export function encodeNeighbor(neighbor: NeighborMessage): Uint8Array {
  const attributes: AttributeList = [];
  put(attributes, 1, neighbor.address, addressBytes);
  put(attributes, 2, neighbor.mac, macToBytes);
  put(attributes, 12, neighbor.protocol, u8);
  const fixed = fixedPart(12, (view) => {
    view.setUint8(0, AF_INET);
    view.setInt32(4, neighbor.index, LITTLE_ENDIAN);
    view.setUint16(8, neighbor.isPermanent ? NUD_PERMANENT : 0, LITTLE_ENDIAN);
    view.setUint8(10, neighbor.isProxy ? NTF_PROXY : 0);
  });
  return encodeBody(fixed, attributes);
}

/** Asks for ordinary or for proxy entries. */
export function encodeNeighborDump(isProxy: boolean): Uint8Array {
  return fixedPart(12, (view) => {
    view.setUint8(0, AF_INET);
    view.setUint8(10, isProxy ? NTF_PROXY : 0);
  });
}

export function decodeNeighbor(body: Uint8Array): NeighborMessage | undefined {
  const view = fixedView(body, 12);
  if (view === undefined || view.getUint8(0) !== AF_INET) return undefined;
  const attributes = decodeAttributes(body, 12);
  const address = readIpv4(attributes.get(1));
  if (address === undefined) return undefined;
  return {
    index: view.getInt32(4, LITTLE_ENDIAN),
    address,
    mac: readMac(attributes.get(2)),
    isProxy: (view.getUint8(10) & NTF_PROXY) !== 0,
    isPermanent: (view.getUint16(8, LITTLE_ENDIAN) & NUD_PERMANENT) !== 0,
    protocol: readU8(attributes.get(12)) ?? 0,
  };
}

/** A dump request for one address family: the generic header all dumps understand. */
export function encodeFamily(length: number): Uint8Array {
  return fixedPart(length, (view) => view.setUint8(0, AF_INET));
}
